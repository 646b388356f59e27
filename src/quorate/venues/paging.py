"""A history is walked page by page, and a page that is not what was asked for is noticed.

In: a function that asks a venue for rows from a time on. Out: rows in order, each time once. Every
page is asked from the last row known, which must come back: a page without it has skipped. A page
with a hole is asked again, because a venue's own hole comes twice and a lost row does not. One that
begins late is asked again for the time before it alone: of a span that holds more rows than their
pages, venues give the newest.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from quorate.errors import DataError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    Row = tuple[float | None, ...]
    Ask = Callable[[int, int], Awaitable[Sequence[Row]]]
    Doubt = Callable[[int, Sequence[int]], Awaitable[None]]

_ROOM = 1.5
"""A settlement this many usual spacings after the last one leaves a hole."""


class Walk(NamedTuple):
    """How a venue pages.

    Notes
    -----
    Units: milliseconds. ``step_ms`` is the length of a bar, 0 where rows come as events do;
    ``window_ms`` what one page spans for sure: an empty page says that nothing is in its window,
    and on a venue with ``open_ended`` pages that nothing is left at all. The last row of a living
    market lies at most ``reach_ms`` before the end, or the venue stands still; None for a dead one.
    """

    step_ms: int
    window_ms: int
    open_ended: bool = False
    reach_ms: int | None = None
    tries: int = 5


async def pages(
    ask: Ask,
    start_ms: int,
    end_ms: int,
    walk: Walk,
    name: str,
    doubt: Doubt | None = None,
) -> AsyncIterator[list[Row]]:
    """Yield a history's rows page by page, oldest first.

    Parameters
    ----------
    ask : callable
        Gives rows ``(ts, ...)`` from a time on, that time included, for so many milliseconds or
        longer; any order, any doubles.
    start_ms, end_ms : int
        UTC; the first included, the second not.
    walk : Walk
        How the venue pages.
    name : str
        What is asked for, for messages.
    doubt : callable, optional
        Is given where the first page was asked for, and its times, if it begins later: it raises
        where that is not because nothing lies before.

    Yields
    ------
    list of tuple
        New rows in order of time; never empty. The last row of the page before comes first if the
        venue has given it other values since.

    Raises
    ------
    DataError
        If the venue never gives the page that was asked for.

    Notes
    -----
    Units: milliseconds.  Causal: none.  Missing: a hole that comes twice is the venue's and stays.
    """
    cursor, last, reached, turns = start_ms, None, start_ms, 0
    while cursor < end_ms:
        found = await _whole(ask, cursor, last, walk, name)
        if doubt is not None and last is None and min(found, default=0) > cursor + walk.step_ms:
            await doubt(cursor, list(found))
        doubt = None if found else doubt
        rows = [found[at] for at in sorted(found) if at < end_ms]
        fresh = [row for row in rows if row != last]
        if fresh:
            yield fresh
        if max(found, default=start_ms) >= end_ms:
            return  # what lies behind the end says that nothing more lies before it
        if rows and (last is None or _at(rows[-1]) > _at(last)):
            last, turns = rows[-1], 0
            cursor = reached = _at(last)
            if cursor + max(walk.step_ms, 1) >= end_ms:
                return
        elif not walk.open_ended:
            cursor, last = cursor + walk.window_ms, None
        elif _falls_short(reached, end_ms, walk) and turns + 1 < walk.tries:
            turns += 1
        else:
            break
    if _falls_short(reached, end_ms, walk):
        raise DataError(
            f"{name}: nothing after {reached}, {end_ms - reached} ms before the end asked for, "
            "though the market trades",
            hint="the venue stands still: try again later, what was fetched is kept",
        )


def _falls_short(reached: int, end_ms: int, walk: Walk) -> bool:
    return walk.reach_ms is not None and end_ms - reached > walk.reach_ms


async def _whole(ask: Ask, cursor: int, last: Row | None, walk: Walk, name: str) -> dict[int, Row]:
    """Return one page's rows by time, asked again until two answers agree or none is doubtful."""
    # Some venues leave the asked time out, and of a span one row too long the oldest.
    since, span_ms, turn = max(cursor - 1, 0), walk.window_ms, 0
    found: dict[int, Row] = {}
    while turn < walk.tries:
        told = await ask(since, span_ms)
        answer = [row for row in told if row[0] is not None and _at(row) >= cursor]
        before, begin = len(found), min(found, default=None)
        found.update({_at(row): row for row in answer})
        is_earlier = begin is not None and min(found) < begin
        is_settled = turn > 0 and len(found) == before
        turn += not is_earlier  # a page that comes nearer to the beginning is none too many
        room_ms = max(walk.step_ms - 1, 0) if last is None else 0
        is_late = bool(found) and min(found) > cursor + room_ms
        span_ms = min(found) - since if is_late and not walk.open_ended else walk.window_ms
        span_ms = min(span_ms, walk.window_ms)
        if last is not None and _at(last) not in found:
            continue
        if is_settled or not _is_doubtful(sorted(found), answer, cursor, last, walk):
            return found
    raise DataError(
        f"{name}: pages from {_at(last) if last else since} do not hold what was asked for, "
        f"{walk.tries} times over",
        hint="the venue's history is moving or broken: try again later, or a later start",
    )


def _is_doubtful(
    stamps: list[int], answer: Sequence[Row], cursor: int, last: Row | None, walk: Walk
) -> bool:
    """Return whether a page may have lost rows, brings nothing, or tells two things of one time."""
    brings = stamps[-1:] != [] and (last is None or stamps[-1] > _at(last))
    if not brings or len({row[0] for row in answer}) < len(set(answer)):
        return True
    gaps = [later - earlier for earlier, later in pairwise(stamps)]
    allowed: float = walk.step_ms
    if allowed == 0:
        allowed = _ROOM * sorted(gaps)[len(gaps) // 2] if gaps else 0
    is_late = last is None and stamps[0] - cursor >= max(allowed, 1)
    return is_late or any(gap > allowed for gap in gaps)


def _at(row: Row) -> int:
    at = row[0]
    if at is None:
        raise DataError("a row has no time", hint="this is a fault of the reader, please tell")
    return int(at)
