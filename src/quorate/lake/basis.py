r"""Marks of longer bars than the panel's: what is carried between them is the basis, not the mark.

In: marks with the times that they are of and that they became known at, and the closes of a coin.
Out: the mark of every bar,

.. math:: mark_t = close_t \cdot M_\tau / C_\tau

with :math:`\tau` the close of the latest mark that was known at t, and C the panel's own close
there. Valued by the mark on one bar in twelve and by the close on the others, equity would jump by
the basis twice an hour; valued by the last mark it would stand still between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.types import Bar
from quorate.lake import asof, months, multiples, renames
from quorate.lake.asof import Told
from quorate.lake.grid import window
from quorate.lake.kinds import KNOWN_AT, epoch
from quorate.lake.sources import MARK, MINUTE_MS, SNAP_MS, epoch_ms, floats, snap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from quorate.core.types import IntVec, Vec
    from quorate.lake.grid import Grid, Laid
    from quorate.lake.lives import Life
    from quorate.lake.shelf import Lying, Reading


class HeldBasis(NamedTuple):
    """On how many bars of a coin the mark is the close times a basis that was carried.

    ``n_bars`` of them, ``oldest_ms`` the age of the oldest, ``minutes`` the length of the marks'
    bars.
    """

    n_bars: int
    oldest_ms: int
    minutes: int


def known(lying: Lying, paths: Sequence[Path], life: Life, reading: Reading, minutes: int) -> Told:
    """Return a coin's marks, each with its close and when it became known.

    Parameters
    ----------
    lying : Lying
        The marks as they were read and checked.
    paths : sequence of Path
        Their files. Those of the lake say when each version of a mark became known; a mark of
        other files was known at its close.
    life : Life
        From when to when its symbol means the coin, and its unit.
    reading : Reading
        As ``lying`` was read.
    minutes : int
        Length of the marks' bars.

    Returns
    -------
    Told
        A correction is a second mark of one time.

    Raises
    ------
    SchemaError, DataError
        As ``months.rows`` and ``sources.snap``.

    Notes
    -----
    Units: the coin's; milliseconds.  Causal: no mark is known before its close.  Missing: none.
    Memory: the coin's marks.  METHODS 6.4, 12.
    """
    length = minutes * MINUTE_MS
    if not months.is_ours(paths[-1]):
        series = window(snap(lying.within(), minutes), *life.span)
        closes_ms = series.open_ms + length
        return Told(closes_ms, closes_ms, series.close / life.units.of(series.open_ms))
    parts = [_version(rows, reading, length) for rows in _versions(paths, reading)]
    at, known_ms, value = (np.concatenate(each) for each in zip(*parts, strict=True))
    inside = (at - length >= life.span[0]) & (at - length < life.span[1])
    price = value[inside] / life.units.of(at[inside] - length)
    return Told(at[inside], np.maximum(known_ms, at)[inside], price)


def _versions(paths: Sequence[Path], reading: Reading) -> Iterator[pl.DataFrame]:
    """Yield every version of the rows of each part of a coin, in the unit that is asked."""
    if not reading.legs:
        yield months.rows(paths)
    for leg in reading.legs:
        yield renames.cut(months.rows(leg.paths), leg.part, leg.part.symbol)


def _version(rows: pl.DataFrame, reading: Reading, length_ms: int) -> tuple[IntVec, IntVec, Vec]:
    """Return closes, when each was known, and prices, of what a reader may see."""
    rows = multiples.scaled(rows, reading.times)
    at, known_ms = epoch_ms(rows, MARK[0]), epoch(rows[KNOWN_AT])
    near = (at + length_ms // 2) // length_ms * length_ms
    seen = (np.abs(at - near) <= SNAP_MS) & (near >= reading.since_ms)
    if reading.as_of_ms is not None:
        seen &= known_ms <= reading.as_of_ms
    late_ms = np.maximum(known_ms - at - length_ms, 0)  # jitter of the stamp is no delay
    closes_ms = near + length_ms
    return closes_ms[seen], (closes_ms + late_ms)[seen], floats(rows, "close", "mark")[seen]


def carried(told: Told, minutes: int, grid: Grid, before: Laid, laid: Laid) -> tuple[Vec, IntVec]:
    """Return the marks of a part of the grid, and how old the basis of each is.

    Parameters
    ----------
    told : Told
        From ``known``.
    minutes : int
        Length of the marks' bars, a multiple of the grid's.
    grid : Grid
        The part.
    before, laid : Laid
        The coin's bars just before the part, ``minutes`` of them, and in it.

    Returns
    -------
    (Vec, IntVec)
        Marks, the close where no basis is known; ages in milliseconds, -1 there.

    Notes
    -----
    Units: quote.  Causal: a mark counts from when it was known, and its basis is to the close of
    the same time.  Missing: no basis where nothing traded at the mark's close, and none that is
    older than one of the marks' bars.  METHODS 6.4, 12.

    Examples
    --------
    A mark of 10 minutes is 1 % above the close of its time; it holds for 10 minutes:

    >>> from quorate.lake.grid import Grid, lay
    >>> from quorate.lake.sources import Series
    >>> p = np.array([100.0, 200.0, 210.0, 220.0, 230.0])
    >>> bars = Series("A", np.arange(5) * 300_000, p, p, p, p, p, p)
    >>> grid, at = Grid(0, 5, 5), np.array([600_000])
    >>> laid, none = lay([bars], grid), lay([bars], grid.part(-2, 2))
    >>> mark, age = carried(Told(at, at, np.array([202.0])), 10, grid, none, laid)
    >>> mark.round(6).tolist(), (age // 60_000).tolist()
    ([100.0, 202.0, 212.1, 222.2, 230.0], [-1, 0, 5, 10, -1])
    """
    length, close = minutes * MINUTE_MS, laid.close[:, 0]
    stamps = (np.arange(grid.n_bars) + grid.k0) * grid.bar_ms
    traded = np.concatenate(
        [
            np.where(each.status[:, 0] == Bar.TRADED, each.close[:, 0], np.nan)
            for each in (before, laid)
        ]
    )
    row = told.at_ms // grid.bar_ms - grid.k0 + before.close.shape[0]
    inside = (row >= 0) & (row < traded.size)
    ratio = np.full(row.size, np.nan)
    ratio[inside] = told.value[inside] / traded[row[inside]]
    ratio[~((ratio > 0.0) & (ratio < np.inf))] = np.nan
    is_known = np.isfinite(ratio)
    at, basis = told.at_ms[is_known], ratio[is_known]
    last = asof.latest(at, told.known_ms[is_known], stamps, float(length))
    held = (last >= 0) & np.isfinite(close)
    mark, age = close.copy(), np.full(grid.n_bars, -1, np.int64)
    mark[held] = close[held] * basis[last[held]]
    age[held] = stamps[held] - at[last[held]]
    return mark, age
