"""Trades, of our orders and of strangers, and corrections: all that moves a position."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from quorate.live.orders.book import EXACT, Order
from quorate.live.orders.draft import Draft, move, touch
from quorate.live.orders.effects import Cancel, Halt, LookUp, Trouble
from quorate.live.orders.states import MAYBE_THERE, NEVER_LIVED, State

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.live.orders.events import Adjusted, Attributed, ExternalFill, Filled
    from quorate.venues.base import PositionSide, Side


def filled(draft: Draft, event: Filled) -> None:
    """Take a trade of an order of ours, in whatever state the order is."""
    order = draft.known(event.intent_id, f"trade {event.trade_id}")
    place = (event.venue, event.symbol, event.side, event.position_side)
    if order is None or not fits(order, place):
        if draft.booked(event, ""):
            text = f"trade {event.trade_id} of {event.symbol} fits no order of ours"
            draft.alarm(Trouble.MISFIT_TRADE, event.intent_id, text)
            draft.ask(Halt(event.venue, event.symbol, Trouble.MISFIT_TRADE))
        return
    if not draft.booked(event, event.intent_id):
        return
    order = draft.numbered(touch(order, event.at_ms), event.venue_order_id)
    _add(draft, order, event.trade_id, event.quantity, event.at_ms)


def attributed(draft: Draft, event: Attributed) -> None:
    """Give a trade that nobody's order explained to an order of ours; the accounts have it."""
    order = draft.known(event.intent_id, f"trade {event.trade_id}")
    key = (event.venue, event.symbol, event.trade_id)
    trade = draft.trades.get(key)
    if order is None or trade is None or trade.intent_id:
        return
    if not fits(order, (event.venue, event.symbol, trade.side, trade.position_side)):
        text = f"trade {event.trade_id} of {event.symbol} does not fit"
        draft.alarm(Trouble.MISFIT_TRADE, event.intent_id, text)
        return
    draft.trades[key] = replace(trade, intent_id=event.intent_id)
    _add(draft, touch(order, event.at_ms), event.trade_id, trade.quantity, event.at_ms)


def _add(draft: Draft, order: Order, trade_id: str, quantity: Decimal, at_ms: int) -> None:
    """Add a trade to what its order has traded, whatever its state."""
    order = replace(order, traded=EXACT.add(order.traded, quantity))
    if order.traded > order.intent.quantity:
        text = f"trades of {order.traded} for an order of {order.intent.quantity}"
        draft.halt(Trouble.OVERFILL, order.intent, text)
        order = replace(order, overfilled_ms=at_ms)
    draft.put(_late(draft, order, trade_id) if order.is_over else _traded(draft, order, at_ms))


def fits(order: Order, place: tuple[str, str, Side, PositionSide]) -> bool:
    """Say whether a trade of this venue, symbol, side and position can be one of an order."""
    intent = order.intent
    return place == (intent.venue, intent.symbol, intent.side, intent.position_side)


def _traded(draft: Draft, order: Order, at_ms: int) -> Order:
    """Bring an order that has traded, and is not over, to where its trades say it is."""
    if order.state is State.INTENT:
        text = "traded, never sent"
        draft.alarm(Trouble.UNSENT_YET_SEEN, order.intent.intent_id, text)
    if order.traded >= order.intent.quantity:
        order = replace(order, told=order.intent.quantity)
        return move(order, State.FILLED, at_ms)
    if order.state in MAYBE_THERE and order.is_cancel_wanted:
        draft.ask(Cancel(order.intent.intent_id))
    if order.state in MAYBE_THERE or order.state is State.ACKED:
        return move(order, State.PARTIAL, at_ms)
    return order


def _late(draft: Draft, order: Order, trade_id: str) -> Order:
    """Take a trade of an order that is over: expected if its end told of as much."""
    if order.traded <= order.told:
        return order
    intent_id = order.intent.intent_id
    if order.state in NEVER_LIVED:
        text = f"trade {trade_id} of an order that was {order.state}"
        draft.halt(Trouble.FILL_WITHOUT_ORDER, order.intent, text)
        draft.ask(LookUp(intent_id))
        return replace(order, is_stray=order.traded < order.intent.quantity)
    text = f"trade {trade_id} after the end told of {order.told}, not of {order.traded}"
    draft.alarm(Trouble.LATE_FILL, intent_id, text)
    draft.ask(LookUp(intent_id))
    return order


def external_fill(draft: Draft, event: ExternalFill) -> None:
    """Take a trade that is on the account and not ours."""
    if draft.booked(event, ""):
        text = f"trade {event.trade_id} of {event.symbol}: {event.cause}"
        draft.alarm(Trouble.EXTERNAL_FILL, "", text)
        draft.ask(Halt(event.venue, event.symbol, Trouble.EXTERNAL_FILL))


def adjusted(draft: Draft, event: Adjusted) -> None:
    """Take the venue's word for a position that the trades do not explain."""
    draft.add((event.venue, event.symbol, event.position_side), event.delta)
    draft.alarm(Trouble.ADJUSTED, "", f"{event.symbol} by {event.delta}: {event.cause}")
    draft.ask(Halt(event.venue, event.symbol, Trouble.ADJUSTED))
