"""One symbol's files come in stretches of whole days, so that no history is too long for memory.

In: files of the lake, month after month, or one plain file. Out: their rows in the order in which
they stand, cut where every row before the cut is of an earlier UTC day than every row behind it: a
file whose rows are in no order comes in one piece. A plain file is copied as it is hashed, and read
from the copy: what is parsed is what was hashed, though it is written to meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from quorate.lake import disk, months
from quorate.lake.prints import Print
from quorate.lake.sources import BAR, check_columns, epoch_ms, one_coin, stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from quorate.core.types import IntVec
    from quorate.lake.prints import Prints

_DAY_MS = 86_400_000
_HALF_MINUTE_MS = 30_000
_NEVER = 2**62


class Cutting(NamedTuple):
    """How files are cut: so many rows a stretch, and a folder for what is read meanwhile."""

    n_rows: int
    scratch: Path


class Stretch(NamedTuple):
    """Some rows of a symbol, a name for messages, and whether more will come."""

    rows: pl.DataFrame
    name: str
    is_last: bool


class _Part(NamedTuple):
    """Rows as they are read, and the first day that a later part may have rows of."""

    rows: pl.DataFrame
    name: str
    later: int


def stretches(
    paths: Sequence[Path],
    cutting: Cutting | None,
    as_of_ms: int | None = None,
    prints: Prints | None = None,
    needed: tuple[str, ...] = BAR,
) -> Iterator[Stretch]:
    """Yield one symbol's bars as they are stored, at least once; the last one says so.

    Parameters
    ----------
    paths : sequence of Path
        The symbol's files in order of time.
    cutting : Cutting, optional
        Everything in one piece when left out.
    as_of_ms, prints
        As ``sources.bar_rows``.
    needed : tuple of str
        The columns that may not lack.

    Raises
    ------
    SchemaError, DataError
        As ``sources.bar_rows``.
    OSError
        The disk refuses the copy.

    Notes
    -----
    Units: as stored.  Causal: rows are not combined.  Missing: as stored.  Memory: a stretch, and
    a month or a row group of a file.  Spec 13.
    """
    if cutting is None:
        yield Stretch(*stored(paths, needed, as_of_ms, prints), is_last=True)
        return
    held: list[pl.DataFrame] = []
    name = ""
    for part in _parts(paths, cutting, needed, (as_of_ms, prints)):
        held.append(part.rows)
        name = part.name
        if part.later == _NEVER or sum(each.height for each in held) < cutting.n_rows:
            continue
        rows = _together(held)
        n = _clean(_days(epoch_ms(rows, name)), part.later)
        if n > 0:
            yield Stretch(rows[:n], name, is_last=False)
        held = [rows[n:]]
    yield Stretch(_together(held), name, is_last=True)


def _together(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(parts, how="diagonal") if len(parts) > 1 else parts[0]


def _days(at_ms: IntVec) -> IntVec:
    """Return the UTC day of each time; one that may be put on midnight is of the next day."""
    days: IntVec = (at_ms + _HALF_MINUTE_MS) // _DAY_MS
    return days


def _clean(days: IntVec, later: int) -> int:
    """Return before how many rows the last cut can be: all of them of earlier days than the rest.

    Examples
    --------
    >>> _clean(np.array([1, 1, 2, 3, 3]), 3), _clean(np.array([1, 3, 2, 3]), 4)
    (3, 4)
    >>> _clean(np.array([3, 1]), 2)
    0
    """
    before = np.append(-1, np.maximum.accumulate(days))
    behind = np.append(np.minimum.accumulate(days[::-1])[::-1], later)
    return int(np.flatnonzero(before < np.minimum(behind, later))[-1])


def _parts(
    paths: Sequence[Path],
    cutting: Cutting,
    needed: tuple[str, ...],
    given: tuple[int | None, Prints | None],
) -> Iterator[_Part]:
    last = paths[-1] if paths else None
    if last is not None and months.is_ours(last):
        yield from _months(paths, needed, *given)
    elif last is not None and given[0] is None and len(paths) == 1:
        yield from _slices(last, cutting, needed, given[1])
    else:
        yield _Part(*stored(paths, needed, *given), _NEVER)


def _months(
    paths: Sequence[Path],
    needed: tuple[str, ...],
    as_of_ms: int | None,
    prints: Prints | None,
) -> Iterator[_Part]:
    name = "/".join(paths[-1].parts[-3:-1])
    for nth, rows in enumerate(months.each_seen(paths, as_of_ms, prints), start=1):
        check_columns(rows, needed, name)
        at = epoch_ms(rows, name)
        # a month is in order, and no later one has a row of an earlier day than its last
        later = int(_days(at[-1:])[0]) if at.size else 0
        yield _Part(rows, name, later if nth < len(paths) else _NEVER)


def _slices(
    path: Path, cutting: Cutting, needed: tuple[str, ...], prints: Prints | None
) -> Iterator[_Part]:
    """Yield a plain file's rows, so many at a time."""
    name = "/".join(path.parts[-3:])
    copy = cutting.scratch / f"{path.name}.copy"
    try:
        n_bytes, digest = disk.copied(path, copy)
        scan = disk.scanned(path, copy)
        check_columns(disk.collected(path, scan.slice(0, 0)), needed, str(path))
        spans = _spans(path, scan, cutting.n_rows)
        if prints is not None:
            n_rows, *_ = (sum(each) for each in zip(*spans, strict=True))
            span = min(first for _, first, _ in spans), max(last for _, _, last in spans)
            prints[path] = Print(n_bytes, digest, n_rows, span if n_rows else None)
        symbols: set[str] = set()
        for nth in range(len(spans)):
            rows = disk.collected(path, scan.slice(nth * cutting.n_rows, cutting.n_rows))
            symbols |= set(rows["symbol"].unique()) if "symbol" in rows.columns else set()
            one_coin(path, len(symbols))
            later = min((first for _, first, _ in spans[nth + 1 :]), default=_NEVER)
            yield _Part(rows, name, int(_days(np.array([later]))[0]) if later < _NEVER else _NEVER)
    finally:
        copy.unlink(missing_ok=True)


def _spans(path: Path, scan: pl.LazyFrame, n_rows: int) -> list[tuple[int, int, int]]:
    """Return how many rows each slice has, and between which times."""
    spans: list[tuple[int, int, int]] = []
    while True:
        part = disk.collected(path, scan.select("ts").slice(len(spans) * n_rows, n_rows))
        at = epoch_ms(part, str(path))
        if at.size or not spans:
            spans.append((at.size, int(at.min(initial=_NEVER)), int(at.max(initial=0))))
        if at.size < n_rows:
            return spans
