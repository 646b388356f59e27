"""Bugs to plant, one at a time: each is one that a real system had, and the harness must see it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from quorate.live.broker import heard, sweep, trail
from quorate.live.broker import send as sending
from quorate.live.broker.broker import Broker
from quorate.live.controls import gate, pace, sizes
from quorate.live.controls.gate import Passed
from quorate.live.orders import reducer, resolver
from quorate.live.orders.book import Order
from quorate.live.orders.events import CancelIntended, InDoubt, Reconciled, Refused, StatusSeen
from quorate.live.orders.states import State
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.base import (
    Accepted,
    Done,
    OrderStatus,
    Rejected,
    Side,
    Uncertain,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def unknown_is_refused() -> Iterator[None]:
    """Take an order without an answer for one that was refused."""
    real = heard.placed

    def placed(intent_id: str, outcome: Any, at_ms: int) -> Any:
        if isinstance(outcome, Uncertain):
            return Refused(at_ms=at_ms, intent_id=intent_id, code="timeout")
        return real(intent_id, outcome, at_ms)

    with mock.patch.object(heard, "placed", placed):
        yield


@contextmanager
def sent_again_on_timeout() -> Iterator[None]:
    """Send an order again where no answer came."""
    real = CcxtVenue.place

    async def place(self: Any, placement: Any) -> Any:
        outcome = await real(self, placement)
        return await real(self, placement) if isinstance(outcome, Uncertain) else outcome

    with mock.patch.object(CcxtVenue, "place", place):
        yield


@contextmanager
def absent_at_once() -> Iterator[None]:
    """Believe the first "there is no such order", before a held-up copy can have arrived."""
    with (
        mock.patch.object(resolver, "LEAST_ROUNDS", 1),
        mock.patch.object(resolver, "LEAST_SPREAD_MS", 0),
        mock.patch.object(resolver, "MARGIN_MS", -20_000),
    ):
        yield


@contextmanager
def trades_are_not_fetched() -> Iterator[None]:
    """Rely on what orders say of themselves, and never fetch trades."""

    async def trades(*_: Any) -> tuple[int, bool]:
        return 0, True

    with mock.patch.object(sweep, "_trades", trades):
        yield


@contextmanager
def fills_are_counted_twice() -> Iterator[None]:
    """Book every trade of an order under one more id."""
    real = heard.traded

    def traded(intent_id: str, venue: str, trade: Any, at_ms: int) -> Any:
        made = real(intent_id, venue, trade, at_ms)
        return replace(made, trade_id=f"{made.trade_id}.{at_ms}")

    with mock.patch.object(heard, "traded", traded):
        yield


@contextmanager
def a_refused_cancel_is_a_cancel() -> Iterator[None]:
    """Take "unknown order" for proof that the order is cancelled."""
    real = heard.cancelled

    def cancelled(intent_id: str, outcome: Any, at_ms: int) -> Any:
        if isinstance(outcome, Rejected | Uncertain | Done | Accepted):
            seen = StatusSeen(
                at_ms=at_ms,
                intent_id=intent_id,
                source=heard.Source.LOOKUP,
                venue_order_id="1",
                status=OrderStatus.CANCELED,
                raw_status="CANCELED",
                filled=Decimal(0),
                updated_ms=at_ms,
            )
            return [*real(intent_id, outcome, at_ms), seen]
        return real(intent_id, outcome, at_ms)

    with mock.patch.object(heard, "cancelled", cancelled):
        yield


@contextmanager
def the_gate_is_open() -> Iterator[None]:
    """Let everything out, whatever the controls say."""
    with mock.patch.object(sending, "judge", return_value=Passed()):
        yield


@contextmanager
def quantities_are_rounded() -> Iterator[None]:
    """Let what is sent differ from what was meant by one lot."""
    real = CcxtVenue.place

    async def place(self: Any, placement: Any) -> Any:
        lot = self.grid(placement.symbol).lot
        return await real(self, replace(placement, quantity=placement.quantity + lot))

    with mock.patch.object(CcxtVenue, "place", place):
        yield


@contextmanager
def a_broken_connection_is_a_refusal() -> Iterator[None]:
    """Take a connection that broke for an order that was refused."""
    real = CcxtVenue.place

    async def place(self: Any, placement: Any) -> Any:
        outcome = await real(self, placement)
        broke = ("Disconnected", "ClientPayload", "NotAvailable", "ended before")
        if isinstance(outcome, Uncertain) and any(word in outcome.reason for word in broke):
            return Rejected("broken", outcome.reason)
        return outcome

    with mock.patch.object(CcxtVenue, "place", place):
        yield


def _placed_otherwise(change: Any) -> Any:
    """Return a bug that sends an order otherwise than it was meant."""

    @contextmanager
    def bug() -> Iterator[None]:
        real = CcxtVenue.place

        async def place(self: Any, placement: Any) -> Any:
            return await real(self, change(self, placement))

        with mock.patch.object(CcxtVenue, "place", place):
            yield

    return bug


def _answered_otherwise(is_meant: Any, instead: Any) -> Any:
    """Return a bug that takes some outcomes of sending for others."""

    @contextmanager
    def bug() -> Iterator[None]:
        real = CcxtVenue.place

        async def place(self: Any, placement: Any) -> Any:
            outcome = await real(self, placement)
            return instead if is_meant(outcome) else outcome

        with mock.patch.object(CcxtVenue, "place", place):
            yield

    return bug


def _without(check: Any) -> Any:
    """Return a bug that leaves a control out."""

    @contextmanager
    def bug() -> Iterator[None]:
        left = tuple(each for each in gate.CHECKS if each is not check)
        with mock.patch.object(gate, "CHECKS", left):
            yield

    return bug


def _traded_otherwise(change: Any) -> Any:
    """Return a bug that books a trade otherwise than it was told."""

    @contextmanager
    def bug() -> Iterator[None]:
        real = heard.traded
        with mock.patch.object(heard, "traded", lambda *told: change(real(*told))):
            yield

    return bug


def _folded_otherwise(kind: Any, change: Any) -> Any:
    """Return a bug of the fold: ``change`` has the draft and the event after it was taken."""

    @contextmanager
    def bug() -> Iterator[None]:
        real = reducer._TAKE[kind]

        def take(draft: Any, event: Any) -> None:
            before = draft.orders.get(getattr(event, "intent_id", ""))
            real(draft, event)
            change(draft, event, before)

        with mock.patch.object(reducer, "_TAKE", {**reducer._TAKE, kind: take}):
            yield

    return bug


def _is_of(*words: str) -> Any:
    return lambda outcome: (
        isinstance(outcome, Uncertain) and any(word in outcome.reason for word in words)
    )


def _end_at_cancel(draft: Any, event: Any, before: Any) -> None:  # noqa: ARG001
    order = draft.orders.get(event.intent_id)
    if order is not None and not order.is_over:
        draft.orders[event.intent_id] = replace(order, state=State.CANCELED)


def _absent_at_doubt(draft: Any, event: Any, before: Any) -> None:  # noqa: ARG001
    order = draft.orders.get(event.intent_id)
    if order is not None and order.state is State.UNKNOWN:
        draft.orders[event.intent_id] = replace(order, state=State.NOT_PLACED)


prices_are_a_tick_away = _placed_otherwise(
    lambda venue, each: replace(each, limit_price=each.limit_price + venue.grid(each.symbol).tick)
)
closing_is_forgotten = _placed_otherwise(lambda _, each: replace(each, is_reduce_only=False))
everything_closes = _placed_otherwise(lambda _, each: replace(each, is_reduce_only=True))
sides_are_swapped = _placed_otherwise(
    lambda _, each: replace(each, side=Side.SELL if each.side is Side.BUY else Side.BUY)
)
ids_are_cut = _placed_otherwise(lambda _, each: replace(each, client_id=each.client_id[:-1]))
servers_that_fail_have_refused = _answered_otherwise(
    _is_of("500", "502", "503", "504"), Rejected("busy", "")
)
what_cannot_be_read_was_refused = _answered_otherwise(
    _is_of("cannot be read", "no list", "told of"), Rejected("garbage", "")
)
silence_was_a_refusal = _answered_otherwise(_is_of("Timeout"), Rejected("timeout", ""))
the_rate_is_free = _without(pace.rate)
parents_are_free = _without(sizes.child_sum)
trades_lose_digits = _traded_otherwise(
    lambda each: replace(each, quantity=max(each.quantity.quantize(Decimal("0.1")), Decimal("0.1")))
)
a_cancel_is_the_end = _folded_otherwise(CancelIntended, _end_at_cancel)
a_doubt_is_an_absence = _folded_otherwise(InDoubt, _absent_at_doubt)


@contextmanager
def sent_under_two_names() -> Iterator[None]:
    """Send an order without an answer again under another name."""
    real = CcxtVenue.place

    async def place(self: Any, placement: Any) -> Any:
        outcome = await real(self, placement)
        if isinstance(outcome, Uncertain):
            await real(self, replace(placement, client_id=placement.client_id[:-1] + "7"))
        return outcome

    with mock.patch.object(CcxtVenue, "place", place):
        yield


@contextmanager
def nothing_is_reserved_in_doubt() -> Iterator[None]:
    """Count an order in doubt at nothing."""
    real = Order.reserved.fget  # type: ignore[attr-defined]

    def reserved(self: Any) -> Any:
        return Decimal(0) if self.state is State.UNKNOWN else real(self)

    with mock.patch.object(Order, "reserved", property(reserved)):
        yield


@contextmanager
def one_symbol_is_swept() -> Iterator[None]:
    """Fetch the trades of the first symbol only."""
    real = sweep._trades

    async def trades(desk: Any, venue: Any, symbols: Any, *more: Any) -> Any:
        return await real(desk, venue, symbols[:1], *more)

    with mock.patch.object(sweep, "_trades", trades):
        yield


@contextmanager
def trades_are_skipped() -> Iterator[None]:
    """Ask for trades from a later id on than the last."""
    real = CcxtVenue.trades

    async def trades(self: Any, symbol: str, from_id: Any) -> Any:
        return await real(self, symbol, None if from_id is None else str(int(from_id) + 40))

    with mock.patch.object(CcxtVenue, "trades", trades):
        yield


@contextmanager
def strangers_are_passed_over() -> Iterator[None]:
    """Take no trade that no order of ours explains."""
    real = heard.external

    def external(venue: str, trade: Any, at_ms: int, cause: str) -> Any:
        return _nothing(real(venue, trade, at_ms, cause))

    with mock.patch.object(heard, "external", external):
        yield


def _nothing(made: Any) -> Any:
    return Reconciled(at_ms=made.at_ms, venue=made.venue, snapshot_hash="", n_differences=0)


@contextmanager
def nobody_asks() -> Iterator[None]:
    """Leave orders in doubt for good."""
    with mock.patch.object(Broker, "_ask", return_value=None):
        yield


@contextmanager
def a_batch_is_not_counted() -> Iterator[None]:
    """Count what has left, and not what is about to."""
    real = trail.Trail.facts

    def facts_of(self: Any, facts: Any, book: Any) -> Any:
        kept = real(self, facts, book)
        return replace(kept, sent=(), rejected=())

    with mock.patch.object(trail.Trail, "facts", facts_of):
        yield


@contextmanager
def children_are_not_summed() -> Iterator[None]:
    """Take a parent for untouched whatever its children did."""
    real = trail.Trail.facts

    def facts_of(self: Any, facts: Any, book: Any) -> Any:
        kept = real(self, facts, book)
        parents = {name: replace(each, sent=Decimal(0)) for name, each in kept.parents.items()}
        return replace(kept, parents=parents)

    with mock.patch.object(trail.Trail, "facts", facts_of):
        yield


@contextmanager
def a_stop_is_not_obeyed() -> Iterator[None]:
    """Let orders out in every state of the desk."""
    with mock.patch.object(gate, "_state", return_value=None):
        yield


@contextmanager
def a_crash_sent_nothing() -> Iterator[None]:
    """Take what was being sent when the desk ended for never sent."""
    after = {**reducer._AFTER_CRASH, State.SENDING: State.NOT_PLACED, State.UNKNOWN: None}
    with mock.patch.object(reducer, "_AFTER_CRASH", after):
        yield


BUGS: Final = (
    unknown_is_refused,
    sent_again_on_timeout,
    absent_at_once,
    trades_are_not_fetched,
    fills_are_counted_twice,
    a_refused_cancel_is_a_cancel,
    the_gate_is_open,
    quantities_are_rounded,
    a_broken_connection_is_a_refusal,
    prices_are_a_tick_away,
    closing_is_forgotten,
    everything_closes,
    sides_are_swapped,
    ids_are_cut,
    servers_that_fail_have_refused,
    what_cannot_be_read_was_refused,
    silence_was_a_refusal,
    the_rate_is_free,
    parents_are_free,
    trades_lose_digits,
    a_cancel_is_the_end,
    a_doubt_is_an_absence,
    sent_under_two_names,
    nothing_is_reserved_in_doubt,
    one_symbol_is_swept,
    trades_are_skipped,
    strangers_are_passed_over,
    nobody_asks,
    a_batch_is_not_counted,
    children_are_not_summed,
    a_stop_is_not_obeyed,
    a_crash_sent_nothing,
)
NAMES: Final = {id(bug): name for name, bug in list(globals().items()) if bug in BUGS}
