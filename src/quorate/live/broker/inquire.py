"""Find out what became of an order in doubt: questions asked, the verdict written down."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quorate.live.broker import heard
from quorate.live.broker.baseline import since
from quorate.live.orders import resolver
from quorate.live.orders.book import EXACT, exposure, is_of_before
from quorate.live.orders.events import Absence
from quorate.live.orders.inquiry import (
    Ask,
    Heard,
    NotPlaced,
    OpenAnswer,
    OrderAnswer,
    Page,
    PositionAnswer,
    Present,
    Question,
    StreamSaid,
    Ticked,
    TradesAnswer,
    WakeAt,
    case_of,
)
from quorate.venues.base import Listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.orders.desk import Desk
    from quorate.live.orders.effects import Effect
    from quorate.live.orders.events import JournalEvent
    from quorate.live.orders.inquiry import Case
    from quorate.venues.base import Trade
    from quorate.venues.port import Venue


async def inquire(
    desk: Desk,
    venue: Venue,
    intent_id: str,
    *,
    now_ms: Callable[[], int],
    is_current: Callable[[], bool],
    page: Callable[[str], None],
) -> tuple[Effect, ...]:
    """Ask until it is certain what became of an order, and write that down.

    Parameters
    ----------
    desk : Desk
        The journal and its book; the order is in it, sent and in doubt.
    venue : Venue
        Who is asked.
    intent_id : str
        Which order.
    now_ms : callable
        This machine's clock.
    is_current : callable
        Whether everything pushed has been heard, or was swept since.
    page : callable
        Calls somebody.

    Returns
    -------
    tuple of Effect
        What the book asks for after the verdict.

    Notes
    -----
    Units: ms.  Causal: none.  Missing: ends without a verdict where another road brought one.
    RELIABILITY 3.
    """
    case = case_of(desk.book.orders[intent_id])
    state, said = resolver.init(case, now_ms())
    waiting: list[Heard] = []
    while True:
        wake_ms: int | None = None
        for each in said:
            if isinstance(each, Present | NotPlaced):
                return desk.record(_verdict(venue.name, each, now_ms()))
            if isinstance(each, Page):
                page(each.text)
            elif isinstance(each, WakeAt):
                wake_ms = each.at_ms
            elif isinstance(each, Ask):
                waiting += await _ask(desk, venue, case, each)
        order = desk.book.orders.get(intent_id)
        if order is None or order.is_over or order.venue_order_id:
            return ()
        if waiting:
            state, said = resolver.step(state, waiting.pop(0), now_ms())
            continue
        state, said = resolver.step(state, StreamSaid(is_current()), now_ms())
        if not any(isinstance(each, Ask | Present | NotPlaced) for each in said):
            left_ms = (now_ms() + 500 if wake_ms is None else wake_ms) - now_ms()
            await asyncio.sleep(max(left_ms, 10) / 1e3)
            state, said = resolver.step(state, Ticked(), now_ms())


async def _ask(desk: Desk, venue: Venue, case: Case, asked: Ask) -> list[Heard]:
    """Ask the questions of a round at once and return what was heard."""

    async def one(question: Question) -> Heard:
        is_conditional = question in {Question.CONDITIONAL_ORDER, Question.CONDITIONAL_OPEN}
        if question in {Question.ORDER, Question.CONDITIONAL_ORDER}:
            outcome = await venue.order(case.symbol, case.client_id, is_conditional=is_conditional)
            return OrderAnswer(asked.n_round, question, outcome)
        if question in {Question.OPEN, Question.CONDITIONAL_OPEN}:
            opened = await venue.open_orders(case.symbol, is_conditional=is_conditional)
            return OpenAnswer(asked.n_round, question, opened)
        if question is Question.TRADES:
            first = since(desk, venue.name, case.symbol)
            trades = await venue.trades(case.symbol, first)
            if isinstance(trades, Listed):
                fresh = [e for e in trades.items if _is_news(desk, venue.name, e)]
                trades = Listed(tuple(fresh), trades.venue_time_ms)
            return TradesAnswer(asked.n_round, trades, _explained(desk, venue.name, case))
        positions = await venue.positions()
        key = (venue.name, case.symbol, case.position_side)
        expected = EXACT.plus(exposure(desk.book, key).position)
        return PositionAnswer(asked.n_round, positions, expected)

    return list(await asyncio.gather(*(one(question) for question in asked.questions)))


def _is_news(desk: Desk, venue: str, trade: Trade) -> bool:
    """Say whether a trade may be of the order in doubt: what is booked has been asked about."""
    is_booked = (venue, trade.symbol, trade.trade_id) in desk.book.trades
    return not is_booked and not is_of_before(desk.book, venue, trade)


def _explained(desk: Desk, venue: str, case: Case) -> frozenset[str]:
    """Return the venue's ids of orders of the symbol that the book knows."""
    return frozenset(
        number
        for (at, symbol, number), _ in desk.book.by_number.items()
        if (at, symbol) == (venue, case.symbol)
    )


def _verdict(venue: str, found: Present | NotPlaced, at_ms: int) -> list[JournalEvent]:
    if isinstance(found, NotPlaced):
        return [Absence(at_ms=at_ms, intent_id=found.intent_id, evidence=found.evidence)]
    events: list[JournalEvent] = [
        heard.traded(found.intent_id, venue, trade, at_ms) for trade in found.trades
    ]
    if found.view is not None:
        events.append(heard.seen(found.intent_id, found.view, at_ms))
    return events
