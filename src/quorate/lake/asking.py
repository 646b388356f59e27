"""Which spans of a symbol a pull has to ask for: what the lake lacks, and the rows stored last.

In: the rows of the lake, and where the venue has said that it has none. Out: spans to ask for. The
rows themselves say what is lacking, so that no kill and no deleted month is forgotten; only what
came of asking in vain is written down (``.pull/venue/VENDOR/KIND/INTERVAL/SYMBOL/empty.json``), and
whoever deletes it has everything that is lacking asked for once more.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.errors import DataError
from quorate.lake import disk, layout, locking, manifest
from quorate.lake.kinds import epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from quorate.lake.layout import Key

_ROOM: Final = 1.5
"""Settlements this many spacings of their neighbours apart have something between them."""


class Span(NamedTuple):
    """Times from ``start_ms`` on, before ``end_ms``."""

    start_ms: int
    end_ms: int


class Stored(NamedTuple):
    """A symbol in the lake, and how far its rows lie apart: 0 where they come as events do."""

    root: Path
    key: Key
    name: str
    step_ms: int

    @property
    def place(self) -> Path:
        """Return the folder of its months."""
        return layout.folder(self.root, self.key) / f"symbol={self.name}"

    @property
    def notes(self) -> Path:
        """Return the folder of what is known of its pulls."""
        where = self.root / ".pull" / "venue" / self.key.vendor / self.key.kind
        return where / self.key.interval / self.name

    @property
    def unit_ms(self) -> int:
        """Return how long a row lasts: its step, or a moment."""
        return self.step_ms or 1


def union(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that touch or overlap as one.

    Examples
    --------
    >>> union([Span(5, 9), Span(0, 3), Span(3, 4)])
    [Span(start_ms=0, end_ms=4), Span(start_ms=5, end_ms=9)]
    """
    found: list[Span] = []
    for each in sorted(spans):
        if each.start_ms >= each.end_ms:
            continue
        if found and each.start_ms <= found[-1].end_ms:
            found[-1] = Span(found[-1].start_ms, max(found[-1].end_ms, each.end_ms))
        else:
            found.append(each)
    return found


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Return what of some spans is in none of the others.

    Examples
    --------
    >>> without([Span(0, 9)], [Span(2, 4), Span(8, 12)])
    [Span(start_ms=0, end_ms=2), Span(start_ms=4, end_ms=8)]
    """
    gone = union(taken)
    found = []
    for start, end in union(spans):
        at = start
        for low, high in gone:
            if low < end and high > at:
                found.append(Span(at, low))
                at = high
        found.append(Span(at, end))
    return union(found)


def held(stored: Stored, within: Span) -> list[Span]:
    """Return the spans of which the lake holds rows without a hole.

    A month whose rows are as many as its first and last one say is not read.
    """
    runs: list[Span] = []
    unit = stored.unit_ms
    for month in (manifest.load(stored.place) or {}).values():
        if month.last_ms < within.start_ms or month.first_ms >= within.end_ms:
            continue
        whole = Span(month.first_ms, month.last_ms + unit)
        is_whole = whole.end_ms - whole.start_ms == month.times * unit
        runs += [whole] if stored.step_ms and is_whole else _runs(_stamps(stored, whole), unit)
    return union(runs) if stored.step_ms else _joined(stored, runs)


def lacking(stored: Stored, wanted: Span, empty: Iterable[Span] = ()) -> list[Span]:
    """Return what the lake lacks of a span, and what is not known to be empty.

    Parameters
    ----------
    stored : Stored
        Of which symbol.
    wanted : Span
        What should be there.
    empty : iterable of Span
        Where the venue has nothing.

    Returns
    -------
    list of Span
        In order; none is too short for a row.
    """
    holes = without([wanted], held(stored, wanted))
    left = without([each for each in holes if _has_room(each, stored)], empty)
    return [each for each in left if _has_room(each, stored)]


def settle(stored: Stored) -> None:
    """Make the manifest of a symbol that has files and none: whoever deleted a month deleted it."""
    if manifest.load(stored.place) is None and any(stored.place.glob(f"month=*/{manifest.PART}")):
        layout.verify(stored.place)


def latest(stored: Stored, n_rows: int) -> Span | None:
    """Return the span of the rows stored last, so many of them; None if there are none."""
    known = manifest.load(stored.place) or {}
    tail: list[int] = []
    for month in sorted(known, reverse=True):
        whole = Span(known[month].first_ms, known[month].last_ms + 1)
        tail = (_stamps(stored, whole) + tail)[-n_rows:]
        if len(tail) >= n_rows:
            break
    return Span(tail[0], tail[-1] + stored.unit_ms) if tail else None


def empty(stored: Stored) -> list[Span]:
    """Return where the venue has said that it has nothing; a damaged note says nothing."""
    try:
        told = json.loads((stored.notes / "empty.json").read_bytes())
        return union(Span(int(low), int(high)) for low, high in told)
    except (OSError, ValueError, TypeError):
        return []


def note_empty(stored: Stored, spans: Sequence[Span]) -> None:
    """Note where the venue has nothing; ``DataError`` if the disk refuses."""
    before = empty(stored)
    now = union([*before, *spans])
    if now != before:
        disk.replace(stored.notes / "empty.json", json.dumps(now).encode())


@contextmanager
def alone(where: Path, symbol: str) -> Iterator[None]:
    """Keep other pulls of a symbol out; ``DataError`` if one is under way."""
    with locking.taking(where) as is_free:
        if not is_free:
            raise DataError(
                f"{symbol} is being pulled by another process",
                hint="wait until it is done, then pull again: it fetches only what is missing",
            )
        yield


def _has_room(span: Span, stored: Stored) -> bool:
    return span.end_ms - span.start_ms >= stored.unit_ms


def _stamps(stored: Stored, span: Span) -> list[int]:
    first, last = (datetime.fromtimestamp(ms / 1e3, UTC) for ms in span)
    rows = layout.read(stored.root, stored.key, [stored.name], first, last)
    return [int(at) for at in epoch(rows["ts"])]


def _runs(stamps: Sequence[int], unit_ms: int) -> list[Span]:
    return [Span(at, at + unit_ms) for at in stamps]


def _joined(stored: Stored, runs: list[Span]) -> list[Span]:
    """Return events as spans: a gap that is wide beside its neighbours on both sides is a hole."""
    stamps = [run.start_ms for run in sorted(runs)]
    gaps = [later - earlier for earlier, later in pairwise(stamps)]
    found = []
    for n, gap in enumerate(gaps):
        near = [gaps[i] for i in (n - 1, n + 1) if 0 <= i < len(gaps)]
        is_hole = not near or gap > _ROOM * min(near)
        found.append(Span(stamps[n], stamps[n] + stored.unit_ms if is_hole else stamps[n + 1]))
    return union([*found, *(Span(at, at + stored.unit_ms) for at in stamps[-1:])])
