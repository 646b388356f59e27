"""What a venue says of an order, by whichever road, merged by rank and by the largest amount."""

from __future__ import annotations

from dataclasses import replace

from quorate.live.orders.book import ZERO, Order
from quorate.live.orders.draft import Draft, move, touch
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
    if status is OrderStatus.UNREADABLE:
        order = _unreadable(draft, order, event)
    elif order.is_over:
        order = _after_the_end(draft, order, event, status)
    elif RANK[status] >= END_RANK:
        if event.filled < order.filled:
            draft.ask(LookUp(event.intent_id))  # it ended with less than it had
        order = move(order, AS_STATE[status], event.at_ms, event.raw_status)
    else:
        is_lookup = isinstance(event, Acknowledged) or event.source is Source.LOOKUP
        order = _alive(draft, order, event.at_ms, status, is_lookup=is_lookup)
    if order.told > order.traded:
        draft.ask(FetchTrades(event.intent_id))
    draft.put(order)


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
        if not ended:
            draft.ask(Cancel(event.intent_id))
        return replace(order, is_stray=not ended)
    if ended and AS_STATE[status] is not order.state:
        text = f"it is {order.state}, and the venue says {event.raw_status!r}"
        draft.alarm(Trouble.CONFLICTING_END, event.intent_id, text)
        draft.ask(LookUp(event.intent_id))
    return order
