"""The fold: a book and an event give a book and what is to be done; nothing else decides either.

No clock, no file, no chance: the journal folded from zero is the book that a running desk holds
(I9). Reports are merged by rank and by the largest amount, so that twice, late or out of order
changes nothing (I6, I8). Trades are taken in any state; only they move positions. Nothing that a
venue can say makes it raise: what does not fit is an alarm, and the cautious reading is kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from quorate.live.orders.book import ZERO, Book, Order
from quorate.live.orders.draft import Draft, move, touch
from quorate.live.orders.effects import LookUp, Resolve, Trouble
from quorate.live.orders.events import (
    Absence,
    Acknowledged,
    Adjusted,
    Attributed,
    Baseline,
    CancelIntended,
    Cancelling,
    CancelOutcome,
    ExternalFill,
    Filled,
    InDoubt,
    Intended,
    JournalEvent,
    Opened,
    Reconciled,
    Refused,
    Retired,
    Sending,
    StatusSeen,
    Stood,
)
from quorate.live.orders.examined import Examined
from quorate.live.orders.parents import ParentClosed, ParentOpened, ParentOrder
from quorate.live.orders.reports import told
from quorate.live.orders.states import NEVER_LIVED, State
from quorate.live.orders.trades import adjusted, attributed, external_fill, filled
from quorate.venues.base import PositionSide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from quorate.live.orders.effects import Effect


def init() -> Book:
    """Return the book of an account of which nothing was ever written."""
    return Book()


def step(book: Book, event: JournalEvent) -> tuple[Book, tuple[Effect, ...]]:
    """Fold one event into a book.

    Parameters
    ----------
    book : Book
        Left as it is.
    event : JournalEvent
        The next of the journal.

    Returns
    -------
    book, effects : Book, tuple
        The book after it, and what the desk is to do.

    Notes
    -----
    Units: those of the events.  Causal: reads nothing but its arguments.  Missing: an event of an
    unknown intent is an alarm and changes nothing but accounts.

    Examples
    --------
    >>> book, effects = step(init(), Opened(at_ms=1, epoch=1))
    >>> book.epoch, effects
    (1, ())
    """
    return scan(book, (event,))


def scan(book: Book, events: Iterable[JournalEvent]) -> tuple[Book, tuple[Effect, ...]]:
    """Fold events in their order; the same as ``step`` for each, with one copy for all of them."""
    draft = Draft(book)
    for event in events:
        draft.n_events += 1
        _TAKE[type(event)](draft, event)
    return draft.book(), tuple(draft.effects)


def _opened(draft: Draft, event: Opened) -> None:
    if event.epoch <= draft.epoch:
        draft.alarm(Trouble.OLD_EPOCH, "", f"epoch {event.epoch} opened after {draft.epoch}")
        return
    draft.epoch = event.epoch
    for order in tuple(draft.orders.values()):
        after = _AFTER_CRASH.get(order.state)
        if after is not None:
            reason = "the desk ended before it was sent" if after is State.NOT_PLACED else "restart"
            draft.put(move(order, after, event.at_ms, reason))
        if after in (State.UNKNOWN, State.UNKNOWN_CANCEL):
            draft.ask(Resolve(order.intent.intent_id))


_AFTER_CRASH: Final = {
    State.INTENT: State.NOT_PLACED,
    State.SENDING: State.UNKNOWN,
    State.UNKNOWN: State.UNKNOWN,
    State.CANCELING: State.UNKNOWN_CANCEL,
    State.UNKNOWN_CANCEL: State.UNKNOWN_CANCEL,
}


def _baseline(draft: Draft, event: Baseline) -> None:
    """Begin a symbol where the account stands, once and before anything of it is known."""
    place = (event.venue, event.symbol)
    held = {
        PositionSide.BOTH: event.both,
        PositionSide.LONG: event.long,
        PositionSide.SHORT: event.short,
    }
    is_known = place in draft.baselines or place in draft.last_trades
    if is_known or any((*place, side) in draft.positions for side in held):
        text = f"{event.symbol} had begun when its baseline came"
        draft.alarm(Trouble.LATE_BASELINE, "", text)
        return
    draft.baselines[place] = (event.traded_at_ms, event.trade_id)
    if event.trade_id:
        draft.last_trades[place] = (event.traded_at_ms, event.trade_id)
    for side, quantity in held.items():
        if quantity:
            draft.add((*place, side), quantity)
            text = f"{event.symbol} begins with {quantity} that somebody else holds"
            draft.alarm(Trouble.HELD_BEFORE, "", text)


def _intended(draft: Draft, event: Intended) -> None:
    before = draft.orders.get(event.intent_id)
    if before is not None:
        if before.intent != event:
            draft.alarm(Trouble.DUPLICATE_INTENT, event.intent_id, "the intent is there already")
        return
    name = (event.venue, event.client_id)
    if name in draft.by_client:
        text = f"the client id {event.client_id} is that of {draft.by_client[name]}"
        draft.alarm(Trouble.DUPLICATE_CLIENT_ID, event.intent_id, text)
        return
    draft.by_client[name] = event.intent_id
    at_ms = event.at_ms
    draft.put(Order(intent=event, state=State.INTENT, since_ms=at_ms, touched_ms=at_ms))


def _sending(draft: Draft, event: Sending) -> None:
    order = draft.known(event.intent_id, "a sending")
    if order is None:
        return
    sent = (event.epoch, event.sent_at_ms, event.window_ms)
    if order.state is State.INTENT and event.attempt == 1:
        order = move(order, State.SENDING, event.at_ms)
        epoch, sent_at_ms, window_ms = sent
        order = replace(order, epoch=epoch, sent_at_ms=sent_at_ms, window_ms=window_ms)
        draft.put(touch(order, event.at_ms))
    elif event.attempt != 1 or sent != (order.epoch, order.sent_at_ms, order.window_ms):
        text = f"attempt {event.attempt} of an order that is {order.state}"
        draft.halt(Trouble.SECOND_SEND, order.intent, text)


def _refused(draft: Draft, event: Refused) -> None:
    order = draft.known(event.intent_id, "a refusal")
    if order is None or order.state in NEVER_LIVED:
        return  # a refusal that comes after the proof says the same
    if order.state in (State.SENDING, State.UNKNOWN) and _is_unseen(order):
        order = move(order, State.REJECTED, event.at_ms, event.code)
        draft.put(touch(order, event.at_ms))
        return
    text = f"refused with {event.code}, and {order.state}"
    draft.alarm(Trouble.REFUSED_YET_SEEN, event.intent_id, text)
    draft.ask(LookUp(event.intent_id))


def _in_doubt(draft: Draft, event: InDoubt) -> None:
    order = draft.known(event.intent_id, "a doubt")
    if order is not None and order.state is State.SENDING:
        order = move(order, State.UNKNOWN, event.at_ms, event.reason)
        draft.put(touch(order, event.at_ms))
        draft.ask(Resolve(event.intent_id))


def _absence(draft: Draft, event: Absence) -> None:
    order = draft.known(event.intent_id, "an absence")
    if order is None or order.state in NEVER_LIVED:
        return
    if order.state is State.UNKNOWN and _is_unseen(order):
        order = move(order, State.NOT_PLACED, event.at_ms, "absent")
        draft.put(touch(order, event.at_ms))
        return
    text = f"taken for absent, and {order.state}"
    draft.alarm(Trouble.ABSENT_YET_SEEN, event.intent_id, text)
    draft.ask(LookUp(event.intent_id))


def _is_unseen(order: Order) -> bool:
    """Say whether nothing was ever heard of an order."""
    return not order.venue_order_id and order.filled == ZERO


def _cancel_intended(draft: Draft, event: CancelIntended) -> None:
    order = draft.known(event.intent_id, "a cancellation")
    if order is None or order.is_over:
        return
    order = replace(touch(order, event.at_ms), is_cancel_wanted=True)
    if order.state in (State.ACKED, State.PARTIAL, State.UNKNOWN_CANCEL):
        order = move(order, State.CANCELING, event.at_ms, event.reason)
    draft.put(order)


def _cancel_outcome(draft: Draft, event: CancelOutcome) -> None:
    """Whatever came of it, only a status ends an order: "no such order" may mean it filled."""
    order = draft.known(event.intent_id, "a cancellation")
    if order is None or order.state is not State.CANCELING:
        return
    if event.outcome is Cancelling.ACCEPTED:
        draft.ask(LookUp(event.intent_id))
        return
    order = move(order, State.UNKNOWN_CANCEL, event.at_ms, event.code or event.outcome.value)
    draft.put(touch(order, event.at_ms))
    draft.ask(Resolve(event.intent_id))


def _reconciled(_draft: Draft, _event: Reconciled) -> None:
    """Change nothing: a comparison is evidence, what follows from it are events of their own."""


def _examined(_draft: Draft, _event: Examined) -> None:
    """Change nothing: what follows from it is how the desk stands, which is an event of its own."""


def _retired(draft: Draft, event: Retired) -> None:
    """Forget what is over, booked and old; the journal's unique keys remember its trades.

    Children of an open parent stay: what is left of it is what they did not trade.
    """
    open_parents = {name for name, parent in draft.parents.items() if parent.is_open}
    gone = {
        name
        for name, order in draft.orders.items()
        if order.is_over
        and order.reserved == ZERO
        and order.touched_ms <= event.before_ms
        and order.intent.parent_id not in open_parents
    }
    draft.forget(gone)
    draft.by_client = {key: name for key, name in draft.by_client.items() if name not in gone}
    draft.by_number = {key: name for key, name in draft.by_number.items() if name not in gone}
    draft.trades = {
        key: trade
        for key, trade in draft.trades.items()
        if trade.intent_id not in gone and (trade.intent_id or trade.traded_at_ms > event.before_ms)
    }
    needed = {order.intent.parent_id for order in draft.orders.values()}
    draft.parents = {
        name: parent
        for name, parent in draft.parents.items()
        if parent.closed_at_ms is None or parent.closed_at_ms > event.before_ms or name in needed
    }


def _stood(draft: Draft, event: Stood) -> None:
    draft.standing = event.standing


def _parent_opened(draft: Draft, event: ParentOpened) -> None:
    before = draft.parents.get(event.parent_id)
    if before is None:
        draft.parents[event.parent_id] = ParentOrder(event)
    elif before.opened != event:
        text = f"the parent {event.parent_id} is there already"
        draft.alarm(Trouble.DUPLICATE_PARENT, "", text)


def _parent_closed(draft: Draft, event: ParentClosed) -> None:
    before = draft.parents.get(event.parent_id)
    if before is None:
        draft.alarm(Trouble.UNKNOWN_PARENT, "", f"{event.parent_id} is closed and is not here")
    elif before.is_open:
        draft.parents[event.parent_id] = replace(
            before, closed_at_ms=event.at_ms, reason=event.reason
        )


_TAKE: Final[Mapping[type[JournalEvent], Callable[[Draft, Any], None]]] = {
    Opened: _opened,
    Intended: _intended,
    Sending: _sending,
    Acknowledged: told,
    StatusSeen: told,
    Filled: filled,
    Refused: _refused,
    InDoubt: _in_doubt,
    Absence: _absence,
    CancelIntended: _cancel_intended,
    CancelOutcome: _cancel_outcome,
    ExternalFill: external_fill,
    Adjusted: adjusted,
    Attributed: attributed,
    Reconciled: _reconciled,
    Examined: _examined,
    Retired: _retired,
    ParentOpened: _parent_opened,
    ParentClosed: _parent_closed,
    Baseline: _baseline,
    Stood: _stood,
}
