"""The state of orders by definition: read off the whole list of events, again for every question.

Nothing is folded and nothing of the reducer is used: each answer is a sentence about the set of
events, so that order and repetition cannot matter. Holds for a venue that does not contradict
itself.
"""

from decimal import Decimal

from quorate.live.orders.events import (
    Absence,
    Acknowledged,
    Adjusted,
    CancelIntended,
    ExternalFill,
    Filled,
    InDoubt,
    Intended,
    Opened,
    Refused,
    Sending,
    StatusSeen,
)
from quorate.venues.base import OrderStatus

ENDS = {
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.EXPIRED: "expired",
}


def of(events, kind, intent_id):
    return [item for item in events if isinstance(item, kind) and item.intent_id == intent_id]


def intent(events, intent_id):
    return of(events, Intended, intent_id)[0]


def traded(events, intent_id):
    """Return what its distinct trades add up to."""
    return sum({t.trade_id: t.quantity for t in of(events, Filled, intent_id)}.values(), Decimal(0))


def told(events, intent_id):
    reports = of(events, Acknowledged | StatusSeen, intent_id)
    return max((report.filled for report in reports), default=Decimal(0))


def filled(events, intent_id):
    return max(traded(events, intent_id), told(events, intent_id))


def state(events, intent_id):
    """Return its state in a word, ``open`` for all four in which the venue has it."""
    quantity = intent(events, intent_id).quantity
    if traded(events, intent_id) == quantity:
        return "filled"
    reports = of(events, Acknowledged | StatusSeen, intent_id)
    ends = {ENDS[report.status] for report in reports if report.status in ENDS}
    assert len(ends) <= 1, "a venue that contradicts itself"
    if ends:
        return ends.pop()
    if reports or traded(events, intent_id):
        return "open"
    return unseen(events, intent_id)


def unseen(events, intent_id):
    """Return the state of an order of which the venue has said nothing."""
    verdicts = of(events, Refused | Absence, intent_id)
    if verdicts:
        return "rejected" if isinstance(verdicts[0], Refused) else "not_placed"
    place = {id(item): number for number, item in enumerate(events)}
    starts = [place[id(item)] for item in events if isinstance(item, Opened)]
    sends = of(events, Sending, intent_id)
    if not sends:
        is_new = place[id(intent(events, intent_id))] > starts[-1]
        return "intent" if is_new else "not_placed"
    is_doubted = of(events, InDoubt, intent_id) or place[id(sends[0])] < starts[-1]
    return "unknown" if is_doubted else "sending"


def is_cancel_wanted(events, intent_id):
    return bool(of(events, CancelIntended, intent_id))


def positions(events):
    """Return the coins held by (venue, symbol), of distinct trades and corrections."""
    trades = {
        (t.venue, t.symbol, t.trade_id): t for t in events if isinstance(t, Filled | ExternalFill)
    }
    found = {}
    for trade in trades.values():
        key = (trade.venue, trade.symbol)
        signed = trade.quantity if trade.side.value == "buy" else -trade.quantity
        found[key] = found.get(key, Decimal(0)) + signed
    for change in events:
        if isinstance(change, Adjusted):
            key = (change.venue, change.symbol)
            found[key] = found.get(key, Decimal(0)) + change.delta
    return found


def fees(events):
    trades = {
        (t.venue, t.symbol, t.trade_id): t for t in events if isinstance(t, Filled | ExternalFill)
    }
    found = {}
    for trade in trades.values():
        key = (trade.venue, trade.fee_asset)
        found[key] = found.get(key, Decimal(0)) + trade.fee
    return found
