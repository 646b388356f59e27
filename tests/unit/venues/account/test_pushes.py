"""What every venue pushes is read as what it answers, and a frame that is none ends nothing."""

from __future__ import annotations

import asyncio
import gc
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.binance.client import START_MS
from tests.unit.venues.account.desk import BINANCE, BYBIT, PLACES, SPOT

from quorate.exchange.session import Session
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.venues.account import pushes
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances
from quorate.venues.base import Accepted, Found, Listed, OrderView, Side, Trade, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.unit.venues.account.desk import Place

pytest.importorskip("ccxt")
STREAMS = {
    BINANCE.name: ("fstream.binance.com",),
    BYBIT.name: ("stream.bybit.com",),
    SPOT.name: ("stream.binance.com:9443", "ws-api.binance.com:443"),
}

SAID = {BINANCE.name: "-2015", BYBIT.name: "the key is not valid", SPOT.name: "cannot be read"}
"""What of a venue's refusal of a key is told."""


def listening(
    play: Callable[[CcxtVenue, Session, list[Any]], Coroutine[Any, Any, None]], place: Place
) -> None:
    """Let something happen at a venue while what it pushes is listened to."""
    exchange = place.build()
    session = Session(dict.fromkeys((place.host, *STREAMS[place.name]), exchange))

    async def main() -> None:
        keys = {"apiKey": "key", "secret": "secret"}
        made = instances(place.dialect, keys, session=lambda: session)
        desk = CcxtVenue(place.name, place.dialect, made, lambda: START_MS)
        await desk.open()
        told: list[Any] = []

        async def follow(listen: Any) -> None:
            while True:
                told.extend(await listen(made.trade, place.dialect))

        tasks = [asyncio.create_task(follow(each)) for each in (pushes.orders, pushes.trades)]
        await asyncio.sleep(1)
        await play(desk, session, told)
        for task in tasks:
            assert not task.done()
            task.cancel()
        await desk.close()

    run_virtually(main(), VirtualLoop(START_MS))


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_what_is_pushed_is_what_would_be_answered(place: Place) -> None:
    async def play(desk: CcxtVenue, _: Session, told: list[Any]) -> None:
        assert isinstance(await desk.place(place.limit()), Accepted)
        await desk.cancel(place.symbol, "mine", is_conditional=False)
        assert isinstance(await desk.place(place.market()), Accepted)
        await asyncio.sleep(0.1)
        orders = [each for each in told if isinstance(each, OrderView)]
        for name in ("mine", "now"):
            asked = await desk.order(place.symbol, name, is_conditional=False)
            assert isinstance(asked, Found)
            last = [each for each in orders if each.client_id == name][-1]
            for field in ("venue_order_id", "symbol", "side", "status", "quantity", "filled"):
                assert getattr(last, field) == getattr(asked.view, field), field
        trades = await desk.trades(place.symbol, None)
        assert isinstance(trades, Listed)
        (pushed,) = [each for each in told if isinstance(each, Trade)]
        (trade,) = trades.items
        for field in ("trade_id", "venue_order_id", "side", "price", "quantity", "fee", "at_ms"):
            assert getattr(pushed, field) == getattr(trade, field), field
        assert len(told) == len(orders) + 1

    listening(play, place)


def test_a_stop_among_the_orders_of_a_pair_is_told_apart() -> None:
    async def play(desk: CcxtVenue, _: Session, told: list[Any]) -> None:
        await desk.place(SPOT.stop(is_reduce_only=True))
        await desk.place(SPOT.limit())
        await desk.cancel(SPOT.symbol, "stop", is_conditional=True)
        await asyncio.sleep(0.1)
        seen = [(each.client_id, each.is_conditional, each.status.value) for each in told]
        stop, plain = [("stop", True, "new"), ("stop", True, "canceled")], [("mine", False, "new")]
        assert seen == [stop[0], plain[0], stop[1]]

    listening(play, SPOT)


def test_a_stop_is_told_apart_and_a_frame_that_is_none_ends_nothing() -> None:
    async def play(desk: CcxtVenue, session: Session, told: list[Any]) -> None:
        await desk.place(BINANCE.market())
        await desk.place(BINANCE.stop(is_reduce_only=True))
        await asyncio.sleep(0.1)
        stop = told[-1]
        assert (stop.client_id, stop.side, stop.is_conditional) == ("stop", Side.SELL, True)
        for spoilt in ("{nope", "[null]", '{"e":"ORDER_TRADE_UPDATE","o":5}'):
            told.clear()
            connection = session.sockets[-1].connection
            connection.outbox.append(spoilt)
            connection.wake()
            await asyncio.sleep(0.1)
            assert [type(each) for each in told] == [Unanswered] * len(told)
        told.clear()
        await desk.place(BINANCE.limit())
        await asyncio.sleep(0.1)
        (whole,) = told
        assert (whole.client_id, whole.quantity) == ("mine", Decimal("0.1"))

    listening(play, BINANCE)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_line_that_is_refused_says_why_and_nothing_is_left_that_nobody_awaits(
    place: Place,
) -> None:
    exchange = place.build()
    session = Session(dict.fromkeys((place.host, *STREAMS[place.name]), exchange))
    unheard: list[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: unheard.append(what))
        keys = {"apiKey": "key", "secret": "secret"}
        made = instances(place.dialect, keys, session=lambda: session)
        desk = CcxtVenue(place.name, place.dialect, made, lambda: START_MS)
        await desk.open()
        exchange.keys["key"] = exchange.keys["key"]._replace(is_revoked=True)
        line = desk.line()
        assert SAID[place.name] in await line.dial()
        await desk.close()
        gc.collect()

    run_virtually(main(), VirtualLoop(START_MS))
    assert unheard == []
