"""What every venue pushes is read as what it answers, and a frame that is none ends nothing."""

from __future__ import annotations

import asyncio
import gc
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.venues.account.desk import (
    BINANCE,
    BYBIT,
    PAPER,
    PLACES,
    SPOT,
    at_desk,
    quoted,
)

from quorate.venues.account import pushes
from quorate.venues.base import Accepted, Found, Listed, OrderView, Side, Trade, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.unit.venues.account.desk import Place

    from quorate.exchange.session import Session
    from quorate.venues.account.venue import CcxtVenue

pytest.importorskip("ccxt")

SAID = {BINANCE.name: "-2015", BYBIT.name: "the key is not valid", SPOT.name: "cannot be read"}
"""What of a venue's refusal of a key is told."""


def listening(
    play: Callable[[CcxtVenue, Session, list[Any]], Coroutine[Any, Any, None]],
    place: Place,
    exchange: Any = None,
) -> None:
    """Let something happen at a venue while what it pushes is listened to."""

    async def main(desk: CcxtVenue) -> None:
        made, told = desk._instances, list[Any]()

        async def follow(listen: Any) -> None:
            while True:
                told.extend(await listen(made.trade, place.dialect))

        tasks = [asyncio.create_task(follow(each)) for each in (pushes.orders, pushes.trades)]
        await asyncio.sleep(1)
        await play(desk, made.trade.session, told)
        for task in tasks:
            assert not task.done()
            task.cancel()

    at_desk(main, exchange, place=place)


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


def test_what_a_price_fills_at_paper_is_pushed_though_nobody_asks() -> None:
    exchange = PAPER.build()

    async def play(desk: CcxtVenue, _: Session, told: list[Any]) -> None:
        assert isinstance(await desk.place(PAPER.limit()), Accepted)
        await asyncio.sleep(0.1)
        told.clear()
        exchange.hear(quoted("96"))
        await asyncio.sleep(20)
        assert told == []
        exchange.hear(quoted("96"))
        await asyncio.sleep(0.1)
        (trade,) = [each for each in told if isinstance(each, Trade)]
        assert (trade.price, trade.quantity) == (Decimal(97), Decimal("0.1"))

    listening(play, PAPER, exchange)


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


@pytest.mark.parametrize("place", [BINANCE, BYBIT, SPOT], ids=lambda place: place.name)
def test_a_line_that_is_refused_says_why_and_nothing_is_left_that_nobody_awaits(
    place: Place,
) -> None:
    exchange = place.build()
    unheard: list[Any] = []

    async def play(desk: CcxtVenue) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: unheard.append(what))
        exchange.keys["key"] = exchange.keys["key"]._replace(is_revoked=True)
        line = desk.line()
        assert SAID[place.name] in await line.dial()
        await desk.close()
        gc.collect()

    at_desk(play, exchange, place=place)
    assert unheard == []
