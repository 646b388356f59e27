"""How soon a stream that says nothing is noticed, in virtual time, with the real ccxt.pro client.

``python -m benchmarks.silent [--times 40]``: a desk with an order loses its stream at moments that
fall anywhere between its looks, in five ways, and an order of it is filled at that moment.
"""

from __future__ import annotations

import argparse
import asyncio
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.orders import known, quote, spread, wanted, wide

from quorate.exchange.binance.futures import Futures
from quorate.exchange.binance.signing import Key
from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.instruments import Instrument
from quorate.exchange.matching.orders import SELL, Asked
from quorate.exchange.session import Session, beat
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.harness.memory import MemoryJournal
from quorate.live.broker.broker import Broker, Tools
from quorate.live.broker.stream import Stream
from quorate.live.controls.standing import Standing, Trading
from quorate.venues.account.dialects import BINANCE_FUTURES
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances
from quorate.venues.base import TimeInForce, Touch

if TYPE_CHECKING:
    from collections.abc import Callable

D = Decimal
START_MS = 1_700_006_400_000
SYMBOL = "BTC/USDT:USDT"
LOSSES: dict[str, Callable[[Futures, Any], None]] = {
    "mute, pongs go on": lambda _, socket: setattr(socket, "is_mute", True),
    "the other end is gone": lambda _, socket: setattr(socket, "is_dead", True),
    "key expired, told": lambda venue, _: venue.streams.expire("me"),
    "key expired, not told": lambda venue, _: venue.streams.expire("me", is_told=False),
    "cut by the venue": lambda venue, socket: venue.streams.drop(socket.connection),
}


def has_lost(stream: Stream, n_before: int) -> bool:
    """Say whether a loss was noticed."""
    return len(stream.losses) > n_before


def silences(n_times: int) -> dict[str, tuple[list[float], list[float]]]:
    """Return, by the way of the loss, seconds until noticed and until all is compared."""
    exchange = Exchange([Instrument("BTCUSDT", "BTC")], seed=1, start_ms=START_MS)
    exchange.open_account("me", {"USDT": D(10**6)})
    exchange.open_account("other", {"USDT": D(10**9)})
    venue = Futures(exchange, {"key": Key("key", "me", "secret", addresses=("127.0.0.1",))})
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in LOSSES}

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        session = Session(
            dict.fromkeys(("fapi.binance.com", "api.binance.com", "fstream.binance.com"), venue)
        )
        keys = {"apiKey": "key", "secret": "secret"}
        made = instances(BINANCE_FUTURES, keys, session=lambda: session)
        desk = CcxtVenue("binance_usdm", BINANCE_FUTURES, made, lambda: int(loop.now_ms))
        await desk.open()

        def facts(_: Broker) -> Any:
            at_ms = int(loop.now_ms)
            return known({SYMBOL: quote(D("99.9"), D("100.2"), D(100), at_ms)}, at_ms)

        def nobody(_: object) -> None:
            """Nobody keeps or is called."""

        tools = Tools(lambda: int(loop.now_ms), facts, wide(), nobody, nobody)
        broker = await Broker.begin(MemoryJournal("main"), desk, [SYMBOL], tools)
        await broker.obey(Standing(trading=Trading.ACTIVE, why="tried"))
        stream = Stream(broker, desk.line())
        tasks = [asyncio.create_task(each) for each in (stream.run(), beat(venue, 1.0))]
        touch = Touch(symbol=SYMBOL, bid=D("99.9"), ask=D("100.2"), mark=D("103.1"), at_ms=START_MS)

        async def until(is_so: Callable[[], bool], begun_s: float) -> float:
            while not is_so():  # noqa: ASYNC110 (the desk has no event)
                await asyncio.sleep(0.002)
            return float(loop.time() - begun_s)

        for number in range(n_times * len(LOSSES)):
            name = sorted(LOSSES)[number % len(LOSSES)]
            await until(lambda: broker.deaf_since_ms is None, 0.0)
            await asyncio.sleep(40 + number * 0.618 % 7)
            (answer,) = await broker.submit([wanted(broker, touch, number, TimeInForce.GTC)])
            assert answer.refusal is None, answer.refusal
            await asyncio.sleep(0.02)
            n_losses, begun_s = len(stream.losses), loop.time()
            LOSSES[name](venue, session.sockets[-1])
            exchange.place("other", Asked("BTCUSDT", SELL, "market", D(30)))
            venue.streams.spread()
            noticed = asyncio.create_task(until(partial(has_lost, stream, n_losses), begun_s))
            seconds = found[name]
            seconds[0].append(await noticed)
            seconds[1].append(await until(lambda: broker.deaf_since_ms is None, begun_s))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await broker.close()
        await desk.close()

    run_virtually(main(), VirtualLoop(START_MS))
    return found


def main() -> None:
    """Print the spread of each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=40)
    for name, (noticed, back) in silences(parser.parse_args().times).items():
        spread(f"{name}: noticed", noticed, "10 s", 1, "s")
        again = [after - before for before, after in zip(noticed, back, strict=True)]
        spread("  from there until it stands and all is compared", again, "3 s", 1, "s")


if __name__ == "__main__":
    main()
