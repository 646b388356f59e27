"""The way of an order, by the clock: decision to wire, the gate, a restart, a missed fill.

``python -m benchmarks.orders [path gate restart missed] [--store WHERE]``; what a desk holds as the
days go by is ``benchmarks.memory``.
Exchange, desk and a desk that begins again are processes of their own over loopback HTTP; the
journal is a file on the disk of this folder, ``synchronous=FULL``, or the database of ``--store``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from asyncio import selector_events
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quorate.live.broker.broker import SWEEP_S, Broker, Tools
from quorate.live.broker.trail import Trail
from quorate.live.broker.waking import wake
from quorate.live.controls.facts import Facts, Proposal, Quote
from quorate.live.controls.gate import Passed, judge
from quorate.live.controls.limits import Limits, limits
from quorate.live.controls.standing import Standing, Trading
from quorate.live.orders.events import Acknowledged, Adjusted, Intended, Sending, Source, StatusSeen
from quorate.live.orders.ids import client_id, intent_id
from quorate.live.orders.reducer import init, scan
from quorate.store import open_store
from quorate.venues.base import OrderKind, OrderStatus, Side, TimeInForce, Touch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quorate.venues.account.venue import CcxtVenue

COINS = ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "LTC", "LINK", "DOT")
SYMBOLS = tuple(f"{coin}/USDT:USDT" for coin in COINS)
MUCH = Decimal(10**9)
NOON_MS = 1_700_006_400_000 + 23 * 3_600_000
D = Decimal


def now_ms() -> int:
    """Return this machine's time of day."""
    return time.time_ns() // 1_000_000


def spread(name: str, seconds: list[float], goal: str, unit: float = 1e3, said: str = "ms") -> None:
    """Print the middle, the 99th of 100 and the most of some times."""
    ranked = sorted(seconds)
    p50, p99 = (ranked[min(int(len(ranked) * q), len(ranked) - 1)] * unit for q in (0.5, 0.99))
    most = ranked[-1] * unit
    load = os.getloadavg()[0]
    print(
        f"{name}: p50 {p50:.3g}, p99 {p99:.3g}, most {most:.3g} {said}"
        f" (n {len(ranked)}, goal {goal}, load {load:.1f})",
        flush=True,
    )


# -- a desk over loopback


@contextmanager
def exchange() -> Iterator[str]:
    """Run a simulated exchange as a process of its own; give its address."""
    command = [sys.executable, "-m", "quorate", "exchange", "serve", "--json", "--port", "0"]
    command += ["--balance", "1000000", "--coins", *COINS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield json.loads("" if server.stdout is None else server.stdout.readline())["url"]
        finally:
            server.terminate()


def venue_at(url: str) -> CcxtVenue:
    """Return the venue of an address, not yet open."""
    from quorate.live.guard.watch import opened
    from quorate.venues.account.connection import Connection

    return opened(
        Connection(venue="binance_usdm", api_key="key", secret="secret", symbols=SYMBOLS, url=url)
    )


def quote(bid: Decimal, ask: Decimal, mark: Decimal, at_ms: int) -> Quote:
    """Return a price of this moment, with all that the gate asks for."""
    return Quote(
        bid=bid,
        ask=ask,
        mark=mark,
        second=mark,
        volume_usd=MUCH,
        max_market_quantity=MUCH,
        own_quantity=MUCH,
        atr_frac=D("0.04"),
        liquidation_frac=D("0.3"),
        book_at_ms=at_ms,
        mark_at_ms=at_ms,
        bar_at_ms=at_ms,
        funding_at_ms=at_ms,
    )


def known(quotes: dict[str, Quote], at_ms: int, **more: Any) -> Facts:
    """Return what is known of a large account in good order."""
    return Facts(
        **{
            "now_ms": at_ms,
            "venue": "binance_usdm",
            "equity": D(10**6),
            "day_equity": D(10**6),
            "peak_equity": D(10**6),
            "quotes": quotes,
            "book": init(),
            "standing": Standing(trading=Trading.ACTIVE, why="armed"),
            "balance_at_ms": at_ms,
            **more,
        }
    )


def wide() -> Limits:
    """Return bounds that 500 orders within half a minute do not meet; each is still looked at."""
    return replace(
        limits("balanced"),
        n_second=10**6,
        n_minute=10**6,
        n_hour=10**6,
        n_open=10**4,
        n_open_symbol=10**4,
        turnover_day=MUCH,
        collar_mid_bps=D(1000),
        collar_mark_bps=D(1000),
        max_coin_frac=MUCH,
        max_gross_frac=MUCH,
        max_leverage=MUCH,
    )


async def begun(
    url: str, where: str, stood: Callable[[Standing], None] = lambda _: None
) -> tuple[Broker, dict[str, Touch]]:
    """Begin a life of the desk."""
    awake = wake(open_store(where).journal("main"), now_ms, stood)
    venue = venue_at(url)
    await venue.open()
    touches: dict[str, Touch] = {}

    def facts(broker: Broker) -> Facts:
        at_ms = now_ms()
        quotes = {s: quote(each.bid, each.ask, each.mark, at_ms) for s, each in touches.items()}
        return known(quotes, at_ms, standing=broker.standing)

    tools = Tools(now_ms, facts, wide(), stood, lambda _: None)
    return await Broker.meet(awake, venue, SYMBOLS, tools), touches


async def armed(url: str, where: str) -> tuple[Broker, dict[str, Touch]]:
    """Begin a life, with prices, that may trade."""
    broker, touches = await begun(url, where)
    for symbol in SYMBOLS:
        touch = await broker.venue.touch(symbol)
        if isinstance(touch, Touch):
            touches[symbol] = touch
    await broker.obey(Standing(trading=Trading.ACTIVE, why="tried"))
    return broker, touches


async def ended(broker: Broker) -> None:
    """End a life, and close what it talked over."""
    venue: Any = broker.venue
    await broker.close()
    await venue.close()


def wanted(broker: Broker, touch: Touch, number: int, force: TimeInForce) -> Proposal:
    """Return an order to buy, 3 % below the price."""
    symbol = touch.symbol
    grid = broker.venue.grid(symbol)
    name = intent_id(
        account="main", cycle=str(number), strategy="s", symbol=symbol, purpose="entry", leg=0
    )
    return Proposal(
        intent=Intended(
            at_ms=now_ms(),
            intent_id=name,
            client_id=client_id(name, broker.desk.epoch),
            venue="binance_usdm",
            symbol=symbol,
            side=Side.BUY,
            order_kind=OrderKind.LIMIT,
            quantity=grid.quantity((200 + number % 150) / touch.mark),
            limit_price=grid.price(touch.mark * D("0.97"), Side.BUY),
            time_in_force=force,
        )
    )


def path(where: str, n_orders: int) -> None:
    """Measure from the call of ``submit`` until the first byte of the order is with the kernel."""
    left: list[float] = []
    transports: Any = vars(selector_events)["_SelectorSocketTransport"]
    plain = transports.write

    def write(transport: Any, data: bytes) -> None:
        plain(transport, data)  # sends at once while nothing waits before it
        if bytes(data[:19]) == b"POST /fapi/v1/order":
            left.append(time.perf_counter())

    async def main(url: str) -> None:
        broker, touches = await armed(url, where)
        took, answered = [], []
        for number in range(n_orders):
            order = wanted(broker, touches[SYMBOLS[number % 10]], number, TimeInForce.IOC)
            left.clear()
            begun_s = time.perf_counter()
            (answer,) = await broker.submit([order])
            answered.append(time.perf_counter() - begun_s)
            assert answer.refusal is None, answer.refusal
            assert len(left) == 1
            took.append(left[0] - begun_s)
            await asyncio.sleep(max(0.04 - answered[-1], 0.0))  # 300 in ten seconds are taken
        spread("decision to the wire", took, "20 ms")
        spread("decision to the answer in the journal", answered, "none")
        await ended(broker)

    transports.write = write
    try:
        with exchange() as url:
            asyncio.run(main(url))
    finally:
        transports.write = plain


# -- the gate


def day(n_sent: int, n_open: int, symbols: list[str]) -> list[Any]:
    """Return the events of a day of orders: the last of them rest, the others were taken back."""
    events: list[Any] = []
    for number in range(n_sent):
        at_ms = NOON_MS - (n_sent - number) * 80_000_000 // n_sent
        at: dict[str, Any] = {"at_ms": at_ms, "intent_id": f"i{number}"}
        told: dict[str, Any] = {"venue_order_id": str(number), "updated_ms": at_ms, "filled": D(0)}
        events += [
            resting(number, symbols, at_ms),
            Sending(**at, epoch=1, sent_at_ms=at_ms, window_ms=5000),
            Acknowledged(**at, **told, status=OrderStatus.NEW, raw_status="NEW"),
        ]
        if number < n_sent - n_open:
            gone: dict[str, Any] = {"status": OrderStatus.CANCELED, "raw_status": "CANCELED"}
            events.append(StatusSeen(**at, **told, **gone, source=Source.STREAM))
    return events


def resting(number: int, symbols: list[str], at_ms: int) -> Intended:
    """Return an order that waits."""
    return Intended(
        at_ms=at_ms,
        intent_id=f"i{number}",
        client_id=f"q{number}",
        venue="binance_usdm",
        symbol=symbols[number % len(symbols)],
        side=Side.BUY if number % 3 else Side.SELL,
        order_kind=OrderKind.LIMIT,
        quantity=D(f"0.{number % 900 + 100}"),
        limit_price=D("99.97"),
    )


def gate(n_sent: int = 500, n_open: int = 100, n_symbols: int = 20) -> None:
    """Measure the controls, and the facts that they read, with a day of orders in the book."""
    symbols = [f"C{number}/USDT:USDT" for number in range(n_symbols)]
    events = day(n_sent, n_open, symbols)
    events += [
        Adjusted(
            at_ms=NOON_MS, venue="binance_usdm", symbol=each, delta=D("3.217"), cause="held before"
        )
        for each in symbols[::2]
    ]
    quotes = {s: quote(D("99.99"), D("100.01"), D(100), NOON_MS) for s in symbols}
    given, bounds = known(quotes, NOON_MS), wide()
    trail, base = Trail(), scan(init(), events)[0]
    judged, gathered, used = [], [], []
    for number in range(n_sent, n_sent + 3000):
        order = Proposal(intent=resting(number, symbols, NOON_MS))
        # each time one order more than the day before it, as while a batch is sent
        fresh = resting(number + 10_000, symbols, NOON_MS - 70_000)
        book = scan(base, [fresh])[0]
        begun_s = time.perf_counter()
        facts = trail.facts(given, book)
        middle_s, middle_cpu = time.perf_counter(), time.thread_time()
        found = judge(order, facts, bounds)
        judged.append(time.perf_counter() - middle_s)
        used.append(time.thread_time() - middle_cpu)
        gathered.append(middle_s - begun_s)
        assert isinstance(found, Passed), found
    what = f"{n_open} open orders, {n_symbols} symbols, {n_sent} sent within the day"
    spread(f"risk check, {what}", judged, "100 us", 1e6, "us")
    spread("  the same by the processor", used, "100 us", 1e6, "us")
    spread("  its facts of the book", gathered, "none", 1e6, "us")


# -- a restart


def restart(where: str, n_times: int) -> None:
    """Open 500 orders, kill the desk, and let others begin after it, in processes of their own."""
    with exchange() as url:
        command = [sys.executable, "-m", "benchmarks.orders", "--url", url, "--store", where]
        with subprocess.Popen([*command, "fill"], stdout=subprocess.PIPE, text=True) as desk:
            said = "" if desk.stdout is None else desk.stdout.readline()
            desk.kill()
        assert said.startswith("500 "), said
        found: dict[str, list[float]] = {}
        used: dict[str, list[float]] = {}
        for _ in range(n_times):
            begun_ns = time.time_ns()
            answer = subprocess.run(
                [*command, "again"], stdout=subprocess.PIPE, text=True, check=True
            )
            for name, (at_ns, cpu_s) in json.loads(answer.stdout).items():
                found.setdefault(name, []).append((at_ns - begun_ns) / 1e9)
                used.setdefault(name, []).append(cpu_s)
    goals = {"safe": "2 s", "reconciled": "5 s"}
    for name, took in found.items():
        spread(f"restart with 500 orders, {name}", took, goals.get(name, "none"), 1.0, "s")
        spread("  by the desk's processor", used[name], goals.get(name, "none"), 1.0, "s")


async def fill(url: str, where: str) -> None:
    """Open 500 orders, say so and wait to be killed."""
    broker, touches = await armed(url, where)
    for first in range(0, 500, 25):
        batch = [
            wanted(broker, touches[SYMBOLS[n % 10]], n, TimeInForce.GTC)
            for n in range(first, first + 25)
        ]
        answers = await broker.submit(batch)
        assert all(each.refusal is None for each in answers), answers
        await asyncio.sleep(1.0)
    print(broker.n_open, "orders are open", flush=True)
    await asyncio.sleep(600)


async def again(url: str, where: str) -> None:
    """Begin after somebody who died, and say when it stood safe and when all was compared."""
    stamps = {"modules imported": (time.time_ns(), time.process_time())}

    def stood(_: Standing) -> None:
        stamps.setdefault("safe", (time.time_ns(), time.process_time()))

    broker, _ = await begun(url, where, stood)
    stamps["reconciled"] = (time.time_ns(), time.process_time())
    assert broker.is_clean
    assert broker.n_open == 500, broker.n_open
    # the next one is to find a desk that trades
    await broker.obey(Standing(trading=Trading.ACTIVE, why="tried"))
    await broker.compare()
    stamps["compared again"] = (time.time_ns(), time.process_time())
    print(json.dumps(stamps))
    await ended(broker)


# -- a fill that nobody told of


def missed(hours: int = 24) -> None:
    """Let orders be filled while no stream tells of it, and see when the sweep books each."""
    from quorate.exchange.virtual import VirtualLoop, run_virtually
    from quorate.harness.ground import GROUNDS
    from quorate.harness.scene import START_MS, built, loop_ms
    from quorate.harness.schedule import Schedule
    from quorate.live.orders.codec import from_text
    from quorate.live.orders.events import Filled
    from quorate.venues.base import Liquidity

    symbol = "BTC/USDT:USDT"
    length_ms = hours * 3_600_000
    schedule = Schedule(2, length_ms, length_ms, (), ())
    with built(schedule, Standing(), GROUNDS["binance"]) as scene:

        async def main() -> None:
            venue = scene.venue(loop_ms)
            await venue.open()

            def facts(broker: Broker) -> Facts:
                touch, at_ms = touches[-1], loop_ms()
                quotes = {symbol: quote(touch.bid, touch.ask, touch.mark, at_ms)}
                return known(quotes, at_ms, standing=broker.standing)

            touches: list[Touch] = []
            tools = Tools(loop_ms, facts, wide(), scene.told.kept.append, lambda _: None)
            broker = await Broker.begin(scene.journal, venue, [symbol], tools)
            await broker.obey(Standing(trading=Trading.ACTIVE, why="tried"))
            sweeping = asyncio.create_task(broker.run())
            for number in range(length_ms // 300_000):
                touch = await venue.touch(symbol)
                assert isinstance(touch, Touch), touch
                touches.append(touch)
                near = wanted(broker, touches[-1], number, TimeInForce.GTC).intent
                price = venue.grid(symbol).price(touches[-1].bid * D("0.9995"), Side.BUY)
                near = replace(near, at_ms=loop_ms(), limit_price=price)
                await broker.submit([Proposal(intent=near)])
                await asyncio.sleep(291.3)
                await broker.cancel(near.intent_id, "its time is over")
                await asyncio.sleep(8.7)
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
            await venue.close()

        run_virtually(main(), VirtualLoop(START_MS))
        events = [from_text(row.payload) for row in scene.journal.rows()]
    late = [
        (each.at_ms - each.traded_at_ms) / 1e3
        for each in events
        if isinstance(each, Filled) and each.liquidity is Liquidity.MAKER
    ]
    spread("missed fill in the book, by virtual time", late, f"one sweep, {SWEEP_S:.0f} s", 1, "s")


WHAT = ("path", "gate", "restart", "missed")


def main() -> None:
    """Measure what is asked for, all of it by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*")
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--store", default="")
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    if given.url:  # a desk of ``restart``
        asyncio.run({"fill": fill, "again": again}[given.what[0]](given.url, given.store))
        return
    for what in given.what or WHAT:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            where = given.store or str(Path(folder) / "store.db")
            measured: dict[str, Callable[[], None]] = {
                "path": partial(path, where, given.orders),
                "gate": gate,
                "restart": partial(restart, where, given.times),
                "missed": missed,
            }
            measured[what]()


if __name__ == "__main__":
    main()
