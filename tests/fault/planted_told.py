"""Bugs to plant in how a desk listens, what it decides on, and whom it calls: plays see each."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from quorate.live.broker import broker as brokers
from quorate.live.broker import checks, debts, pushed, stream
from quorate.live.broker.broker import Broker
from quorate.live.controls import gate, health
from quorate.live.execution.protection import Protection
from quorate.live.orders import reducer
from quorate.live.orders.events import Source, StatusSeen
from quorate.live.orders.states import TERMINAL, State

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def a_frame_is_counted_twice() -> Iterator[None]:
    """Book the trade of a frame under one more id, beside the one that is listed."""
    real = vars(brokers)["pushed"]

    def told(*given: Any) -> Any:
        events, is_open = real(*given)
        more = [
            replace(each, trade_id=f"{each.trade_id}.{each.at_ms}")
            for each in events
            if hasattr(each, "trade_id")
        ]
        return events + more, is_open

    with mock.patch.object(brokers, "pushed", told):
        yield


@contextmanager
def a_late_frame_opens_an_order_again() -> Iterator[None]:
    """Believe what comes last: a frame that is late says that an order lives which has ended."""
    real = reducer._TAKE[StatusSeen]

    def take(draft: Any, event: Any) -> None:
        before = draft.orders.get(event.intent_id)
        real(draft, event)
        is_late = event.source is Source.STREAM and before is not None and before.state in TERMINAL
        if is_late and event.status.value in {"new", "partial"}:
            draft.orders[event.intent_id] = replace(before, state=State.ACKED)

    with (
        mock.patch.object(reducer, "_TAKE", {**reducer._TAKE, StatusSeen: take}),
        mock.patch.object(pushed, "is_news", return_value=True),
    ):
        yield


@contextmanager
def nothing_is_swept_after_a_gap() -> Iterator[None]:
    """Trust a new connection at once, and compare nothing of what the old one did not tell."""

    async def compare(self: Any) -> None:
        self._why = ""
        self._debts = debts.Debts(self._broker.venue.name, self._broker.desk.book)
        self._broker.deaf_since_ms = None

    with mock.patch.object(stream.Stream, "_compare", compare):
        yield


@contextmanager
def entries_leave_while_deaf() -> Iterator[None]:
    """Let entries out though the stream is down."""
    real = Broker._facts

    def facts(self: Any) -> Any:
        return replace(real(self), deaf_since_ms=None)

    with mock.patch.object(Broker, "_facts", facts):
        yield


@contextmanager
def a_stream_is_given_up_for_good() -> Iterator[None]:
    """Listen until the line is lost, and never again."""
    real = stream.Stream._listen

    async def listen(self: Any) -> str:
        if self.losses:
            await asyncio.sleep(86_400)
        return await real(self)

    with mock.patch.object(stream.Stream, "_listen", listen):
        yield


@contextmanager
def a_lost_stream_is_told_nobody() -> Iterator[None]:
    """Dial anew, and call nobody."""
    with mock.patch.object(stream, "Alarm", return_value=None):
        yield


@contextmanager
def prices_may_be_of_any_age() -> Iterator[None]:
    """Enter on whatever is known, however old it is."""
    left = tuple(each for each in gate.CHECKS if each is not health.ages)
    with mock.patch.object(gate, "CHECKS", left):
        yield


@contextmanager
def a_bare_position_is_told_nobody() -> Iterator[None]:
    """Try to rest a stop for ever, and call nobody who could close by hand."""
    with (
        mock.patch.object(Protection, "_missed", return_value=None),
        mock.patch.object(Protection, "_page_refused", return_value=None),
    ):
        yield


@contextmanager
def a_silent_venue_is_told_nobody() -> Iterator[None]:
    """Compare in vain for ever, and call nobody."""
    with (
        mock.patch.object(checks.Silence, "heard", return_value=""),
        mock.patch.object(Protection, "_missed", return_value=None),
    ):
        yield


@contextmanager
def a_refused_key_is_told_nobody() -> Iterator[None]:
    """Halt since the key must not be used, and call nobody."""
    real = checks.Checks.examine

    async def examine(self: Any, broker: Any) -> Any:
        with mock.patch.object(broker, "tools", broker.tools._replace(page=lambda _: None)):
            return await real(self, broker)

    with mock.patch.object(checks.Checks, "examine", examine):
        yield


@contextmanager
def a_stop_is_told_nobody() -> Iterator[None]:
    """Write down that the desk is halted, and tell nobody who waits for it."""
    real = Broker._stand

    def stand(self: Any, after: Any) -> None:
        is_halt = after.trading.value == "halted" != self.standing.trading.value
        told = self.tools._replace(stood=lambda _: None) if is_halt else self.tools
        with mock.patch.object(self, "tools", told):
            real(self, after)

    with mock.patch.object(Broker, "_stand", stand):
        yield


HEARD: Final = {
    name: globals()[name]
    for name in (
        "a_frame_is_counted_twice",
        "a_late_frame_opens_an_order_again",
        "nothing_is_swept_after_a_gap",
        "entries_leave_while_deaf",
        "a_stream_is_given_up_for_good",
        "a_lost_stream_is_told_nobody",
    )
}
"""Seen where the desk has a stream."""

TOLD: Final = {
    name: globals()[name]
    for name in (
        "prices_may_be_of_any_age",
        "a_bare_position_is_told_nobody",
        "a_silent_venue_is_told_nobody",
        "a_refused_key_is_told_nobody",
        "a_stop_is_told_nobody",
    )
}
"""Seen with and without a stream."""
