"""Bugs to plant, one at a time: each is one that a real system had, and the harness must see it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from quorate.live.broker import heard, sweep
from quorate.live.broker import send as sending
from quorate.live.controls.gate import Passed
from quorate.live.orders import resolver
from quorate.live.orders.events import Refused, StatusSeen
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.base import (
    Accepted,
    Done,
    OrderStatus,
    Rejected,
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
)
