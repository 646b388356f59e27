r"""Returns that are far out: kept where the market says so, dropped where only the feed does.

In: one coin's bars. Out: what each return is measured by; ``belief`` judges the suspects. A suspect
return is one whose robust z-score is beyond a bound,

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
    middle = median(returns)
    return middle, median(np.abs(returns - middle))


def median(values: Vec) -> float:
    """Return the median of finite values; a third of the time of ``numpy.median``, which checks.

    Examples
    --------
    >>> median(np.array([3.0, 1.0, 2.0, 4.0]))
    2.5
    """
    half = values.size // 2
    if values.size % 2:
        return float(np.partition(values, half)[half])
    upper = np.partition(values, half)
    return 0.5 * float(upper[:half].max() + upper[half])


class Scales(NamedTuple):
    """Median and deviation that a bar's return is measured by, NaN where too little is known."""

    middle: Vec
    deviation: Vec


def returns(
    series: Series, bar_minutes: int, gap_minutes: float, last: tuple[int, float] | None = None
) -> Vec:
    """Return the log return of each bar, NaN for the first one and across a gap that breaks.

    ``last`` is the open and the close of the bar before, where these are a stretch of more.

    Examples
    --------
    >>> from quorate.lake.sources import Series
    >>> one = np.ones(3)
    >>> bars = Series("f", np.array([0, 300_000, 7_200_000]), one, one, one, one, one, one)
    >>> returns(bars, 5, 60.0).tolist()
    [nan, 0.0, nan]
    >>> returns(bars, 5, 60.0, (-300_000, 1.0)).tolist()
    [0.0, 0.0, nan]
    """
    at, close = series.open_ms, series.close
    if last is not None:
        at, close = np.append(last[0], at), np.append(last[1], close)
    moved = np.full(close.size, np.nan)
    moved[1:] = np.diff(np.log(close))
    missing = np.diff(at) // MINUTE_MS - bar_minutes
    moved[1:][missing >= gap_minutes] = np.nan
    return moved if last is None else moved[1:]


class Known(NamedTuple):
    """The returns that are known, and when: what days are measured by."""

    at_ms: IntVec
    value: Vec

    def and_then(self, at_ms: IntVec, moved: Vec) -> Known:
        """Return these and the finite ones of later bars."""
        finite = np.isfinite(moved)
        at, value = at_ms[finite], moved[finite]
        if self.value.size == 0:
            return Known(at, value)
        return Known(np.concatenate([self.at_ms, at]), np.concatenate([self.value, value]))

    def since(self, at_ms: int, least: int) -> Known:
        """Return those from a time on, or as many as are asked for at least."""
        first = min(int(np.searchsorted(self.at_ms, at_ms)), max(self.value.size - least, 0))
        return Known(self.at_ms[first:].copy(), self.value[first:].copy())


NONE: Final = Known(np.empty(0, np.int64), np.empty(0))


def scales(at_ms: IntVec, moved: Vec, params: Params, before: Known = NONE) -> Scales:
    """Return median and deviation of the days before each bar's own UTC day.

    Parameters
    ----------
    at_ms, moved : IntVec, Vec
        Open times, sorted, and returns, shape (bar,).
    params : Params
        ``z_days`` and ``z_bars``.
    before : Known
        Returns of days before, where these are a stretch of more: all that are not older than
        ``z_days``, or the last ``z_bars``.

    Returns
    -------
    Scales
        The same all through a day, shape (bar,).

    Notes
    -----
    Units: log return.  Causal: a day is measured by the days before it.  Missing: NaN returns do
    not count; NaN where fewer than ``z_bars`` are known.  METHODS 12.
    """
    known = before.and_then(at_ms, moved)
    out = Scales(np.full(moved.size, np.nan), np.full(moved.size, np.nan))
    span = round(params.z_days * _DAY_MS)
    days = at_ms // _DAY_MS
    starts = np.flatnonzero(np.diff(days, prepend=-1))
    ends = np.append(starts[1:], days.size)
    # how many known returns stand before each day, and before its window
    n_before = np.searchsorted(known.at_ms, days[starts] * _DAY_MS)
    early = np.searchsorted(known.at_ms, days[starts] * _DAY_MS - span)
    rows = zip(starts.tolist(), ends.tolist(), n_before.tolist(), early.tolist(), strict=True)
    for first, end, n, n_early in rows:
        if n >= params.z_bars:
            middle, deviation = _middle(known.value[min(n_early, n - params.z_bars) : n])
            out.middle[first:end], out.deviation[first:end] = middle, deviation
    return out
