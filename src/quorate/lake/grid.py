"""Many coins' bars on one regular grid, with each bar's status.

In: checked ``Series``, one a coin, and the grid (first open, length, number of bars). Out: arrays
(time, coin), NaN where nothing is known. While a gap is under one hour the last price is carried
with volume 0 and status IMPUTED, from then on it is ABSENT, so that what stands at a bar never
depends on how long the gap will last; nothing is ever filled backwards or interpolated (Spec 13,
METHODS 12). A venue that goes on printing a frozen price after trading stopped is not believed:
see ``alive``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.core.types import Bar
from quorate.lake.sources import COLUMNS, MINUTE_MS, PRICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import ByteMat, IntVec, Mat
    from quorate.lake.sources import Mask, Series

NEVER = 2**62
"""``delisted_k`` of a coin whose data go on to the end of the panel."""
GAP_MINUTES = 60
FROZEN_HOURS = 24.0


class Grid(NamedTuple):
    """A regular grid of bars: the first open time, the length of a bar, how many."""

    first_ms: int
    bar_minutes: int
    n_bars: int

    @property
    def bar_ms(self) -> int:
        """Return the length of a bar in milliseconds."""
        return self.bar_minutes * MINUTE_MS

    @property
    def end_ms(self) -> int:
        """Return the close of the last bar in milliseconds."""
        return self.first_ms + self.n_bars * self.bar_ms

    def part(self, t: int, n: int) -> Grid:
        """Return the grid of n bars from a row on."""
        return Grid(self.first_ms + t * self.bar_ms, self.bar_minutes, n)

    @property
    def k0(self) -> int:
        """Return the bar counter of the first bar: its close stamp over the length of a bar.

        Examples
        --------
        >>> Grid(first_ms=0, bar_minutes=5, n_bars=3).k0
        1
        """
        return self.first_ms // self.bar_ms + 1


class Laid(NamedTuple):
    """One venue's bars on a grid, shape (time, coin); ``first``, ``last`` rows per coin.

    ``first`` is 0 for a coin that has bars before the grid, ``last`` -1 for one without bars in it;
    ``since`` is the row of the last price before the grid, below zero, or ``-NEVER``.
    """

    open: Mat
    high: Mat
    low: Mat
    close: Mat
    volume: Mat
    taker_buy: Mat
    status: ByteMat
    first: IntVec
    last: IntVec
    since: IntVec


def hidden(laid: Laid, where: Mask) -> Laid:
    """Return bars of one coin of which some are as if they had never been printed.

    Parameters
    ----------
    laid : Laid
        Of one coin.
    where : Mask
        True on the bars to hide, shape (time,).

    Notes
    -----
    Units: as ``Laid``.  Causal: a bar at a time.  Missing: ABSENT, numbers NaN.

    Examples
    --------
    >>> from quorate.lake.sources import Series
    >>> one = np.ones(2)
    >>> coin = Series("A", np.array([0, 300_000]), one, one, one, one, one, one)
    >>> laid = hidden(lay([coin], Grid(0, 5, 2)), np.array([True, False]))
    >>> laid.close[:, 0].tolist(), laid.status[:, 0].tolist()
    ([nan, 1.0], [0, 1])
    """
    # copied even where nothing is hidden: which columns share memory must not depend on the bars
    columns = {name: getattr(laid, name).copy() for name in (*COLUMNS[1:], "status")}
    for name, column in columns.items():
        column[where] = Bar.ABSENT if name == "status" else np.nan
    return laid._replace(**columns)


def alive(series: Series, frozen_hours: float = FROZEN_HOURS) -> Series:
    """Leave out the bars which a venue printed after trading had stopped, or before it began.

    A bar is flat when its volume is 0 and ``high == low``. Of a run of flat bars longer than 24 h
    (``frozen_hours``), a halt or the coin's end, the first 24 h stay as they are and the rest goes,
    so that what is known at a bar never depends on how long the run will last or on how it ends.
    Shorter runs stay: a quiet coin is a fact. Before the first bar that is not flat nothing stays:
    that the coin will ever trade is not known then.

    Parameters
    ----------
    series : Series
        Bars of one coin on the grid.
    frozen_hours : float
        The longest run that is a quiet coin's.

    Returns
    -------
    Series
        The believed rows; none if the coin never trades.

    Notes
    -----
    Units: hours.  Causal: yes.  Missing: rows left out become ABSENT.
    Spec 13.
    """
    moving = moves(series)
    rows = np.flatnonzero(moving)
    if rows.size == 0:
        return take(series, slice(0))
    if rows.size == moving.size:
        return series
    quiet_ms = frozen_hours * 60 * MINUTE_MS
    at = series.open_ms
    # The last moving bar at or before each row.
    latest = np.maximum.accumulate(np.where(moving, np.arange(moving.size), -1))
    kept = (latest >= 0) & (at - at[latest] <= quiet_ms)
    return series if bool(kept.all()) else take(series, kept)


def moves(series: Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which bars traded or moved, shape (bar,)."""
    moving: np.ndarray[tuple[int], np.dtype[np.bool_]] = series.volume > 0.0
    return moving | (series.high > series.low)


def lay(
    coins: Sequence[Series | None],
    grid: Grid,
    *,
    gap_minutes: float = GAP_MINUTES,
    frozen_hours: float = FROZEN_HOURS,
) -> Laid:
    """Put each coin's bars on the grid and mark what each bar is worth.

    Parameters
    ----------
    coins : sequence of Series or None
        One entry a coin, on the grid's open times; None or empty leaves the column ABSENT.
    grid : Grid
        Where the rows go. Rows before it are not laid, but what they carry over its first bars is,
        so that a grid that begins later reads the same from there on.
    gap_minutes : float
        A price is carried while less than this is missing.
    frozen_hours : float
        As ``alive``.

    Returns
    -------
    Laid
        Prices NaN and volume NaN where ABSENT; where IMPUTED all four prices are the close
        before the gap and the volume is 0; a bar that is IMPUTED itself (``resampling``) keeps what
        it has.

    Notes
    -----
    Units: prices in quote, volume in coins.  Causal: a carried price is the last one before.
    Missing: the first bars of a gap, less than ``gap_minutes`` of them, IMPUTED, the others ABSENT,
    after the last bar too; before the first ABSENT.
    Spec 13.
    """
    shape = (grid.n_bars, len(coins))
    n_coins = len(coins)
    laid = Laid(
        open=np.full(shape, np.nan),
        high=np.full(shape, np.nan),
        low=np.full(shape, np.nan),
        close=np.full(shape, np.nan),
        volume=np.full(shape, np.nan),
        taker_buy=np.full(shape, np.nan),
        status=np.zeros(shape, dtype=np.int8),
        first=np.full(n_coins, grid.n_bars, dtype=np.int64),
        last=np.full(n_coins, -1, dtype=np.int64),
        since=np.full(n_coins, -NEVER, dtype=np.int64),
    )
    for c, series in enumerate(coins):
        if series is not None and series.open_ms.size > 0:
            # what stands before says what the first bars are worth: carried, halted, listed
            begun = window(series, int(series.open_ms[0]), grid.end_ms)
            believed = alive(begun, frozen_hours)
            if believed.open_ms.size > 0:
                _lay_coin(laid, c, believed, grid, gap_minutes)
    return laid


def _lay_coin(laid: Laid, c: int, believed: Series, grid: Grid, gap_minutes: float) -> None:
    """Write one coin's column."""
    row = (believed.open_ms - grid.first_ms) // grid.bar_ms
    inside = row >= 0
    status = np.full(row.size, Bar.TRADED) if believed.status is None else believed.status
    laid.status[row[inside], c] = status[inside]
    known = inside & (status != Bar.ABSENT)
    for column in COLUMNS[1:]:
        getattr(laid, column)[row[known], c] = getattr(believed, column)[known]
    laid.first[c] = max(row[0], 0)
    laid.last[c] = max(row[-1], -1)
    most = most_carried(gap_minutes, grid.bar_minutes)
    missing = np.minimum(np.diff(row, append=grid.n_bars) - 1, most)
    laid.since[c] = _last_before(row, status, missing)
    _carry(laid, c, row, believed, missing)


def most_carried(gap_minutes: float, bar_minutes: int) -> int:
    """Return how many bars of a gap carry a price: all that end less than the limit after it began.

    Examples
    --------
    >>> most_carried(60.0, 5), most_carried(60.0, 60), most_carried(0.0, 5)
    (11, 0, 0)
    """
    return max(math.ceil(gap_minutes / bar_minutes) - 1, 0)


def _last_before(row: IntVec, status: np.ndarray[Any, Any], missing: IntVec) -> int:
    """Return the last row before the grid that has a price, carried ones too."""
    is_known = (row < 0) & (status != Bar.ABSENT)
    is_carried = (row < -1) & (missing > 0)
    known = row[is_known]
    carried = np.minimum(row[is_carried] + missing[is_carried], -1)
    return int(max(known.max(initial=-NEVER), carried.max(initial=-NEVER)))


def _carry(laid: Laid, c: int, row: IntVec, series: Series, missing: IntVec) -> None:
    """Carry the close over the first bars of every gap, that after the last bar too.

    ``missing`` is how many of them follow each bar.
    """
    before = np.flatnonzero((missing > 0) & (row + missing >= 0))
    if before.size == 0:
        return
    skipped = np.maximum(-1 - row[before], 0)  # bars carried before the grid begins
    count = missing[before] - skipped
    nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    gap = np.repeat(row[before] + 1 + skipped, count) + nth
    price = np.repeat(series.close[before], count)
    for column in PRICES:
        getattr(laid, column)[gap, c] = price
    laid.volume[gap, c] = 0.0
    laid.taker_buy[gap, c] = np.where(
        np.isnan(series.taker_buy[np.repeat(before, count)]), np.nan, 0
    )
    laid.status[gap, c] = Bar.IMPUTED


def window(series: Series, first_ms: int, end_ms: int) -> Series:
    """Return the rows which open in ``[first_ms, end_ms)``."""
    low, high = np.searchsorted(series.open_ms, (first_ms, end_ms))
    return take(series, slice(low, high))


def take(series: Series, which: slice | Mask | IntVec) -> Series:
    """Return some of the rows of a series."""
    kept = {name: getattr(series, name)[which] for name in COLUMNS}
    if series.status is not None:
        kept["status"] = series.status[which]
    return series._replace(**kept)


def join(parts: Sequence[Series]) -> Series:
    """Return series one after the other as one; what is said of the first is said of all.

    ``has_taker`` is True where it is for one of them: the others are NaN there.

    Examples
    --------
    >>> from quorate.lake.sources import Series
    >>> one = np.ones(1)
    >>> parts = [Series("f", np.array([t]), one, one, one, one, one, one) for t in (0, 300_000)]
    >>> join(parts).open_ms.tolist()
    [0, 300000]
    """
    if len(parts) == 1:
        return parts[0]
    names = COLUMNS if parts[0].status is None else (*COLUMNS, "status")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in names
    }
    return parts[0]._replace(has_taker=any(part.has_taker for part in parts), **columns)


def whole(series: Series) -> Series:
    """Return the bars that lack none of the shorter ones they were made of (``resampling``).

    Examples
    --------
    >>> from quorate.lake.sources import Series
    >>> one = np.ones(2)
    >>> bars = Series("f", np.array([0, 300_000]), one, one, one, one, one, one)
    >>> whole(bars._replace(status=np.array([2, 1], np.int8))).open_ms.tolist()
    [300000]
    """
    return series if series.status is None else take(series, series.status == Bar.TRADED)
