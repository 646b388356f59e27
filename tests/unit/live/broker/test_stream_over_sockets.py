"""The account's stream over real sockets of this machine, in real time."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.unit.exchange.binance.client import BTC, START_MS, venue
from tests.unit.live.broker.test_broker import D, armed, facts, order, state

from quorate.exchange.loopback import clock_ms, listening
from quorate.exchange.matching.orders import SELL, Asked
from quorate.harness.memory import MemoryJournal
from quorate.live.broker.broker import Broker, Tools
from quorate.live.broker.stream import Stream
from quorate.live.controls.limits import limits
from quorate.live.orders.states import State
from quorate.venues.account.dialects import BINANCE_FUTURES
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from quorate.live.controls.facts import Proposal

pytest.importorskip("ccxt")


def is_filled(broker: Broker, sent: Proposal) -> bool:
    """Say whether an order is filled, for all that the book knows."""
    return state(broker, sent) is State.FILLED


def has_lost(stream: Stream, n_losses: int) -> bool:
    """Say whether so many losses were noticed."""
    return len(stream.losses) == n_losses


@pytest.mark.slow
def test_fills_are_heard_and_a_line_that_is_lost_is_dialled_anew_over_real_sockets() -> None:
    made = venue()
    made.exchange.open_account("other", {"USDT": D(10**6)})
    begun_ms = clock_ms()

    def now_ms() -> int:
        return START_MS + clock_ms() - begun_ms

    async def until(is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_so():  # noqa: ASYNC110 (the book has no event)
                await asyncio.sleep(0.01)

    def sell(quantity: Decimal) -> None:
        made.exchange.place("other", Asked("BTCUSDT", SELL, "market", quantity))
        made.streams.spread()

    def cut(account: str) -> None:
        for each in [one for one in made.streams.connections if one.account == account]:
            made.streams.drop(each)

    def muted(account: str) -> None:
        made.streams.expire(account, is_told=False)

    async def main() -> None:
        async with listening(made, now_ms=now_ms) as base:
            keys = {"apiKey": "key", "secret": "secret"}
            clients = instances(BINANCE_FUTURES, keys, url=base)
            for each in clients:
                each.milliseconds = now_ms
            desk = CcxtVenue("binance_usdm", BINANCE_FUTURES, clients, now_ms)
            await desk.open()
            before = asyncio.all_tasks()
            tools = Tools(now_ms, facts, limits("balanced"), lambda _: None, lambda _: None)
            broker = armed(await Broker.begin(MemoryJournal("main"), desk, [BTC], tools))
            stream = Stream(broker, desk.line())
            running = asyncio.create_task(stream.run())
            for leg, lose in enumerate((None, made.streams.expire, cut, muted)):
                await until(lambda: broker.deaf_since_ms is None)
                sent = order(broker, leg, "100.0", quantity=D("0.1") + D(leg) / 1000)
                (answer,) = await broker.submit([sent])
                assert answer.refusal is None
                if lose is not None:
                    lose("me")
                sell(sent.intent.quantity)
                await until(partial(is_filled, broker, sent))
                await until(partial(has_lost, stream, leg))
            await until(lambda: broker.deaf_since_ms is None)
            executed = made.exchange.state.accounts["me"].executions
            assert sorted(key[2] for key in broker.desk.book.trades) == sorted(
                str(each.trade_id) for each in executed
            )
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await broker.close()
            await asyncio.sleep(0.1)
            left = [each.get_name() for each in asyncio.all_tasks() - before]
            assert not [each for each in left if each.startswith(("stream", "follow", "inquire"))]
            await desk.close()

    asyncio.run(main())
