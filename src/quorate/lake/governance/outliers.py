r"""Returns that are far out: kept where the market says so, dropped where only the feed does.

In: one coin's bars. Out: the bars that are believed, and what was found. A suspect return is one
whose robust z-score is beyond a bound,

.. math:: z = (r - \operatorname{med} r) / (1.4826\,\max(\operatorname{MAD}, \text{tick}/P))

with median and deviation of the days before. It is dropped only if a second vendor shows another
price and no more was traded than usual (on the way down much is), or if it has no volume and goes
back within two bars; anything else is a crash and stays.
A price without volume is held back at once and believed when it stays or trades, so that what a
bar is worth never waits for a later one.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quorate.lake.governance.findings import Finding, Rule, found
from quorate.lake.grid import take
from quorate.lake.sources import MINUTE_MS

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec
    from quorate.lake.governance.params import Params
    from quorate.lake.sources import Series

CONSISTENT: Final = 1.0 / NormalDist().inv_cdf(0.75)
"""1.4826...: makes the median absolute deviation a standard deviation of normal returns."""
_DAY_MS = 86_400_000


def robust_z(returns: Vec, floor: float = 0.0) -> Vec:
    r"""Return the robust z-scores of returns by their own median and deviation.

    .. math:: z_i = \frac{r_i - \operatorname{med}(r)}{1.4826\,\max(\operatorname{MAD}(r), floor)}

    Parameters
    ----------
    returns : Vec
        Log returns, finite, at least one.
    floor : float
        The least deviation believed, such as a tick over the price.

    Returns
    -------
    Vec
        As many scores; infinite or NaN where the deviation and its floor are 0.

    Notes
    -----
    Units: robust standard deviations.  Causal: as the window given is.  Missing: not allowed.
    METHODS 12; vector G17.

    Examples
    --------
    >>> r = np.array([0.001, -0.002, 0.0005, 0.0015, -0.001, 0.08, 0.0])
    >>> round(robust_z(r)[5].item(), 9)
    53.621935141
    """
    middle, deviation = _middle(returns)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores: Vec = (returns - middle) / (CONSISTENT * max(deviation, floor))
    return scores


def _middle(returns: Vec) -> tuple[float, float]:
    """Return median and median absolute deviation."""
    middle = _median(returns)
    return middle, _median(np.abs(returns - middle))


def _median(values: Vec) -> float:
    """Return the median of finite values; a third of the time of ``numpy.median``, which checks."""
    half = values.size // 2
    if values.size % 2:
        return float(np.partition(values, half)[half])
    upper = np.partition(values, half)
    return 0.5 * float(upper[:half].max() + upper[half])


class Scales(NamedTuple):
    """Median and deviation that a bar's return is measured by, NaN where too little is known."""

    middle: Vec
    deviation: Vec


def returns(series: Series, bar_minutes: int, gap_minutes: float) -> Vec:
    """Return the log return of each bar, NaN for the first one and across a gap that breaks.

    Examples
    --------
    >>> from quorate.lake.sources import Series
    >>> p = np.array([1.0, 1.0, 2.0])
    >>> bars = Series("f", np.array([0, 300_000, 9_000_000]), p, p, p, p, p, p)
    >>> returns(bars, 5, 60.0).tolist()
    [nan, 0.0, nan]
    """
    moved = np.full(series.close.size, np.nan)
    moved[1:] = np.diff(np.log(series.close))
    missing = np.diff(series.open_ms) // MINUTE_MS - bar_minutes
    moved[1:][missing >= gap_minutes] = np.nan
    return moved


def scales(at_ms: IntVec, moved: Vec, params: Params) -> Scales:
    """Return median and deviation of the days before each bar's own UTC day.

    Parameters
    ----------
    at_ms, moved : IntVec, Vec
        Open times, sorted, and returns, shape (bar,).
    params : Params
        ``z_days`` and ``z_bars``.

    Returns
    -------
    Scales
        The same all through a day, shape (bar,).

    Notes
    -----
    Units: log return.  Causal: a day is measured by the days before it.  Missing: NaN returns do
    not count; NaN where fewer than ``z_bars`` are known.  METHODS 12.
    """
    known = np.flatnonzero(np.isfinite(moved))
    values = moved[known]
    out = Scales(np.full(moved.size, np.nan), np.full(moved.size, np.nan))
    span = round(params.z_days * _DAY_MS)
    days = at_ms // _DAY_MS
    starts = np.flatnonzero(np.diff(days, prepend=-1))
    ends = np.append(starts[1:], days.size)
    # how many known returns stand before each day, and before its window
    before = np.searchsorted(known, starts)
    early = np.searchsorted(at_ms[known], days[starts] * _DAY_MS - span)
    rows = zip(starts.tolist(), ends.tolist(), before.tolist(), early.tolist(), strict=True)
    for first, end, n, n_early in rows:
        if n >= params.z_bars:
            middle, deviation = _middle(values[min(n_early, n - params.z_bars) : n])
            out.middle[first:end], out.deviation[first:end] = middle, deviation
    return out


def believed(
    series: Series,
    bar_minutes: int,
    tick: float,
    params: Params,
    disputed: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None,
) -> tuple[Series, list[Finding]]:
    """Drop what only the feed says, and tell every suspect.

    Parameters
    ----------
    series : Series
        Bars of one coin, tidy.
    bar_minutes : int
        Length of a bar.
    tick : float
        The venue's price step, in quote.
    params : Params
        ``suspect_z``, ``z_days``, ``z_bars``, ``revert_frac``, ``revert_bars``, ``gap_minutes``.
    disputed : array of bool, optional
        Where a second vendor shows another price, shape (bar,).

    Returns
    -------
    series, findings : Series, list[Finding]
        Without the dropped bars.

    Notes
    -----
    Units: as ``Series``.  Causal: whether a bar is in the result depends on bars up to it; only
    whether a held price is *told* as reverted or as held waits for the next ones.
    Missing: a dropped bar is a missing one.  Spec 13; METHODS 12.
    """
    moved = returns(series, bar_minutes, params.gap_minutes)
    by = scales(series.open_ms, moved, params)
    spread = CONSISTENT * np.maximum(by.deviation, tick / series.close)
    with np.errstate(invalid="ignore"):
        far = np.abs(moved - by.middle) > params.suspect_z * spread
    walk = _Walk(series, Scales(by.middle, spread), np.isfinite(moved), params, disputed)
    end = 0
    for row in np.flatnonzero(far).tolist():
        if row >= end:
            end = walk.judge(row)
    told = {rule: np.array(rows, np.int64) for rule, rows in walk.told.items() if rows}
    findings = [
        found(
            rule,
            series.open_ms[rows],
            value=np.array([walk.score[row] for row in rows.tolist()]),
            bound=params.suspect_z,
        )
        for rule, rows in told.items()
    ]
    return take(series, ~walk.dropped) if walk.dropped.any() else series, findings


class _Walk:
    """Judges suspects in order of time, against the last price that was believed."""

    def __init__(
        self,
        series: Series,
        by: Scales,
        follows: np.ndarray[tuple[int], np.dtype[np.bool_]],
        params: Params,
        disputed: np.ndarray[tuple[int], np.dtype[np.bool_]] | None,
    ) -> None:
        self._close = np.log(series.close)
        self._volume = series.volume
        self._middle, self._spread, self._params = by.middle, by.deviation, params
        self._follows = follows  # no gap before it that breaks
        self._disputed, self._open_ms = disputed, series.open_ms
        self.dropped = np.zeros(series.close.size, np.bool_)
        self.score: dict[int, float] = {}
        self.told: dict[Rule, list[int]] = {
            rule: []
            for rule in (
                Rule.RETURN_SUSPECT,
                Rule.SPIKE_DISPUTED,
                Rule.SPIKE_REVERTED,
                Rule.SPIKE_HELD,
            )
        }

    def judge(self, row: int) -> int:
        """Judge a suspect and what follows it; return the first row not judged."""
        base = self._close[row - 1]
        held: list[int] = []
        while self._is_next(row) and self._is_far(row, base):
            if self._is_disputed(row):
                self.told[Rule.SPIKE_DISPUTED].append(row)
                self.dropped[row] = True
            elif self._volume[row] <= 0.0 and len(held) < self._params.revert_bars:
                held.append(row)
                self.dropped[row] = True
            else:
                # it traded, or it stayed: the market is there
                self.told[Rule.RETURN_SUSPECT].append(row)
                self.told[Rule.SPIKE_HELD] += held
                return row + 1
            row += 1
        self._close_case(row, base, held)
        return row + 1 if self._is_next(row) else row

    def _close_case(self, row: int, base: float, held: list[int]) -> None:
        """Say of the held prices whether they went back."""
        if not held:
            return
        went = abs(self._close[held[0]] - base)
        is_back = self._is_next(row) and (
            abs(self._close[row] - base) <= (1.0 - self._params.revert_frac) * went
        )
        self.told[Rule.SPIKE_REVERTED if is_back else Rule.SPIKE_HELD] += held

    def _is_disputed(self, row: int) -> bool:
        """Return whether a second vendor shows another price, and little was traded here."""
        if self._disputed is None or not self._disputed[row]:
            return False
        since = self._open_ms[row] - round(self._params.z_days * _DAY_MS)
        first = min(int(np.searchsorted(self._open_ms, since)), max(row - self._params.z_bars, 0))
        return row > 0 and bool(self._volume[row] <= _median(self._volume[first:row]))

    def _is_next(self, row: int) -> bool:
        """Return whether there is such a bar, and no gap before it that breaks."""
        return row < self._close.size and bool(self._follows[row])

    def _is_far(self, row: int, base: float) -> bool:
        """Return whether a price is far out from the last believed one, and keep the score."""
        self.score[row] = float((self._close[row] - base - self._middle[row]) / self._spread[row])
        return abs(self.score[row]) > self._params.suspect_z
