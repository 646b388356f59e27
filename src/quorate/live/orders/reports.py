"""What a venue says of an order, by whichever road, merged by rank and by the largest amount."""

from __future__ import annotations

from dataclasses import replace

from quorate.live.orders.book import ZERO, Order
from quorate.live.orders.draft import Draft, is_second, move, touch
from quorate.live.orders.effects import Cancel, FetchTrades, LookUp, Resolve, Trouble
from quorate.live.orders.events import Acknowledged, Source, StatusSeen
from quorate.live.orders.states import (
    AS_STATE,
    END_RANK,
    MAYBE_THERE,
    NEVER_LIVED,
    RANK,
    State,
)
from quorate.venues.base import OrderStatus


def told(draft: Draft, event: Acknowledged | StatusSeen) -> None:
    """Take what the venue says of an order, by whichever road."""
    order = draft.known(event.intent_id, "a status")
    if order is None:
        return
    intent, status = order.intent, event.status
    order = draft.numbered(touch(order, event.at_ms), event.venue_order_id)
    if event.filled > intent.quantity:
        text = f"the venue tells of {event.filled} of {intent.quantity}"
        draft.halt(Trouble.OVERFILL, intent, text)
    order = replace(order, told=max(order.told, min(event.filled, intent.quantity)))
    if order.state is State.INTENT:
        draft.alarm(Trouble.UNSENT_YET_SEEN, event.intent_id, "seen at the venue, never sent")
    if status is OrderStatus.FILLED and event.filled < intent.quantity:
        text = f"filled, says the venue, and tells of {event.filled} of {intent.quantity}"
        draft.alarm(Trouble.FILLED_SHORT, event.intent_id, text)
        draft.ask(LookUp(event.intent_id))
        status = OrderStatus.PARTIAL
    order = _moved(draft, order, event, status)
    if order.told > order.traded:
        draft.ask(FetchTrades(event.intent_id))
    draft.put(order)


def _moved(
    draft: Draft, order: Order, event: Acknowledged | StatusSeen, status: OrderStatus
) -> Order:
    """Bring an order to where a report says that it is."""
    if is_second(order, event.venue_order_id) and order.state not in NEVER_LIVED:
        return _second(draft, order, event, status)
    if status is OrderStatus.UNREADABLE:
        return _unreadable(draft, order, event)
    if order.is_over:
        return _after_the_end(draft, order, event, status)
    if RANK[status] >= END_RANK:
        if event.filled < order.filled:
            draft.ask(LookUp(event.intent_id))  # it ended with less than it had
        return move(order, AS_STATE[status], event.at_ms, event.raw_status)
    is_lookup = isinstance(event, Acknowledged) or event.source is Source.LOOKUP
    return _alive(draft, order, event.at_ms, status, is_lookup=is_lookup)


def _unreadable(draft: Draft, order: Order, event: Acknowledged | StatusSeen) -> Order:
    """Take a word that nobody knows: the order is there, and its state is to be found out."""
    text = f"the venue says {event.raw_status!r}"
    draft.alarm(Trouble.UNREADABLE_STATUS, event.intent_id, text)
    if order.state in NEVER_LIVED:
        order = replace(order, is_stray=True)
    if order.state is State.SENDING:
        order = move(order, State.UNKNOWN, event.at_ms, event.raw_status)
    draft.ask(Resolve(event.intent_id) if order.state is State.UNKNOWN else LookUp(event.intent_id))
    return order


def _alive(
    draft: Draft, order: Order, at_ms: int, status: OrderStatus, *, is_lookup: bool
) -> Order:
    """Take a report that the order is open."""
    has_traded = order.filled > ZERO or status is OrderStatus.PARTIAL
    state = State.PARTIAL if has_traded else State.ACKED
    if order.state in MAYBE_THERE:
        if order.is_cancel_wanted:
            draft.ask(Cancel(order.intent.intent_id))
        return move(order, state, at_ms)
    if order.state is State.UNKNOWN_CANCEL and is_lookup:
        draft.ask(Cancel(order.intent.intent_id))  # it lives on: a second cancellation is safe
        return move(order, state, at_ms)
    if order.state is State.ACKED:
        return move(order, state, at_ms)
    return order


def _after_the_end(
    draft: Draft, order: Order, event: Acknowledged | StatusSeen, status: OrderStatus
) -> Order:
    """Take a report of an order that is over: its state stays, its reservation may not."""
    ended = RANK[status] >= END_RANK
    if order.state in NEVER_LIVED:
        text = f"{order.state}, and the venue says {event.raw_status!r}"
        draft.halt(Trouble.ALIVE_AFTER_END, order.intent, text)
        return _stray(draft, order, is_stray=not ended)
    if ended and isinstance(event, StatusSeen) and event.source is Source.LOOKUP:
        order = replace(order, is_stray=False)  # nothing is open under its name
    if ended and AS_STATE[status] is not order.state:
        text = f"it is {order.state}, and the venue says {event.raw_status!r}"
        draft.alarm(Trouble.CONFLICTING_END, event.intent_id, text)
        draft.ask(LookUp(event.intent_id))
    return order


def _second(
    draft: Draft, order: Order, event: Acknowledged | StatusSeen, status: OrderStatus
) -> Order:
    """Take a report of a second order under the name of one: a venue has one open at a time."""
    if event.filled > ZERO:
        draft.ask(FetchTrades(event.intent_id))
    ended = RANK[status] >= END_RANK
    if ended and not order.is_over:
        order = move(order, AS_STATE[status], event.at_ms, event.raw_status)
    return _stray(draft, order, is_stray=not ended)


def _stray(draft: Draft, order: Order, *, is_stray: bool) -> Order:
    """Note whether something is alive under the name of an order, and take it back."""
    if is_stray:
        draft.ask(Cancel(order.intent.intent_id))
    return replace(order, is_stray=is_stray)
