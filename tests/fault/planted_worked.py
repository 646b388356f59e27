"""Bugs to plant in how parents are worked and stops are kept: plays see each."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from quorate.harness.ground import GROUNDS
from quorate.live.broker import sweep
from quorate.live.execution import executor, protection, stops
from quorate.live.execution.effects import Close
from quorate.live.execution.executor import Executor
from quorate.live.execution.progress import Progress
from quorate.live.orders.states import State
from quorate.venues.account import binance, views

if TYPE_CHECKING:
    from collections.abc import Iterator


def _told(change: Any) -> Any:
    """Return a bug of what is told of a parent's children."""

    @contextmanager
    def bug() -> Iterator[None]:
        real = vars(executor)["progress"]
        with mock.patch.object(executor, "progress", lambda *asked: change(real(*asked))):
            yield

    return bug


def _twice(done: Progress) -> Progress:
    return done._replace(committed=done.committed * 2, filled=done.filled * 2)


def _over_at_cancel(done: Progress) -> Progress:
    children = tuple(
        each._replace(is_over=True, committed=each.filled, state=State.CANCELED)
        if each.is_cancel_wanted and not each.is_over
        else each
        for each in done.children
    )
    return Progress(children, sum((e.committed for e in children), Decimal(0)), done.filled)


def _over_in_doubt(done: Progress) -> Progress:
    children = tuple(
        each._replace(is_over=True, committed=each.filled, state=State.NOT_PLACED)
        if each.state is State.UNKNOWN
        else each
        for each in done.children
    )
    return Progress(children, sum((e.committed for e in children), Decimal(0)), done.filled)


@contextmanager
def a_schedule_begins_anew() -> Iterator[None]:
    """Work what was open when a life began as if it were decided now."""
    real = Executor.working.fget  # type: ignore[attr-defined]

    def working(self: Any) -> Any:
        since_ms = vars(self).setdefault("began_ms", self._now())
        return tuple(
            each
            if each.opened.begin_ms >= since_ms
            else replace(
                each,
                opened=replace(
                    each.opened,
                    begin_ms=since_ms,
                    deadline_ms=since_ms + each.opened.deadline_ms - each.opened.begin_ms,
                ),
            )
            for each in real(self)
        )

    with mock.patch.object(Executor, "working", property(working)):
        yield


@contextmanager
def a_parent_ends_without_its_child() -> Iterator[None]:
    """Close a parent that is taken back, and leave its child where it is."""

    async def stop(self: Any, parent_id: str, why: str) -> bool:
        parent = self._broker.desk.book.parents[parent_id]
        self._close(parent_id, Close(why), await self._market(parent.opened))
        return True

    with (
        mock.patch.object(Executor, "stop", stop),
        mock.patch.object(Executor, "_outlived", return_value=()),
    ):
        yield


@contextmanager
def a_stop_outlives_its_position() -> Iterator[None]:
    """Leave a stop at the venue when nothing is held any more."""
    real = stops.step

    def kept(state: Any, held: Any, *more: Any) -> Any:
        return real(state, held, *more) if held else (state, ())

    with mock.patch.object(stops, "step", kept):
        yield


@contextmanager
def a_stop_is_never_made_smaller() -> Iterator[None]:
    """Be content with stops that cover more than what is held."""
    real = stops._kept

    def kept(size: Any, side: Any, trigger: Any, resting: Any, *more: Any) -> Any:
        good = [e for e in resting if stops.rests(e) and stops.is_right(e, side, trigger)]
        if sum((stops.still_open(each) for each in good), Decimal(0)) >= size:
            return ()
        return real(size, side, trigger, resting, *more)

    with mock.patch.object(stops, "_kept", kept):
        yield


@contextmanager
def stops_are_forgotten() -> Iterator[None]:
    """Rest no stop under what is held."""

    async def nothing(*_: Any) -> int:
        return 0

    with mock.patch.object(protection.Protection, "step", nothing):
        yield


@contextmanager
def a_stop_is_numbered_as_an_order() -> Iterator[None]:
    """Take the number of a stop for that of an order."""
    with mock.patch.object(views, "STOP_SERIES", ""):
        yield


@contextmanager
def a_stop_that_fired_still_rests() -> Iterator[None]:
    """Ask for a stop only: never for the order that it became, nor whose its trades are."""

    async def look(client: Any, symbol: str, client_id: str, is_conditional: bool) -> Any:
        asked = binance._named(client_id, is_conditional)
        return [await client.fetch_order(None, symbol, asked)]

    ground = GROUNDS["binance"]
    changed = ground._replace(dialect=ground.dialect._replace(look=look))
    with (
        mock.patch.dict(GROUNDS, binance=changed),
        mock.patch.object(sweep, "_named", return_value=None),
    ):
        yield


a_fill_counts_twice = _told(_twice)
a_cancel_that_was_sent_is_done = _told(_over_at_cancel)
a_child_in_doubt_is_none = _told(_over_in_doubt)

WORKED: Final = {
    name: globals()[name]
    for name in (
        "a_schedule_begins_anew",
        "a_fill_counts_twice",
        "a_stop_outlives_its_position",
        "a_stop_is_never_made_smaller",
        "a_cancel_that_was_sent_is_done",
        "a_child_in_doubt_is_none",
        "a_parent_ends_without_its_child",
        "stops_are_forgotten",
        "a_stop_is_numbered_as_an_order",
        "a_stop_that_fired_still_rests",
    )
}
