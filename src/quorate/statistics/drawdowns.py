"""How deep an equity curve fell, how often, and how long it took to come back.

In: daily returns, shape (day,). Out: the curve below its peak, its episodes, and what is said of
them. Day 0 is the start, before the first return, so that a loss on the first day is a drawdown
from the start (METHODS 11). Wealth within 1e-12 of the peak counts as at the peak: less is the
rounding of the product, not a loss.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.kernel import kernel

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec

OPEN = -1
"""``Episodes.recovery`` of an episode that has not ended."""


class Episodes(NamedTuple):
    """Every maximal run below a peak, shape (episode,), in order.

    ``peak``, ``trough`` and ``recovery`` are day numbers, 0 the start; ``recovery`` is ``OPEN``
    for the last one if it has not ended; ``depth`` is the return from peak to trough, below 0.
    """

    peak: IntVec
    trough: IntVec
    recovery: IntVec
    depth: Vec


@kernel
def _scan(returns: Vec, peak: IntVec, trough: IntVec, recovery: IntVec, depth: Vec) -> int:
    """Fill one row an episode and return how many there are."""
    wealth = 1.0
    top = 1.0
    top_day = 0
    n = 0
    under = False
    for t in range(returns.shape[0]):
        wealth *= 1.0 + returns[t]
        if np.isnan(wealth):
            break
        if wealth < top * (1.0 - 1e-12):
            fall = wealth / top - 1.0
            if not under:
                under = True
                peak[n] = top_day
                trough[n] = t + 1
                recovery[n] = -1
                depth[n] = fall
                n += 1
            elif fall < depth[n - 1]:
                trough[n - 1] = t + 1
                depth[n - 1] = fall
        else:
            if under:
                recovery[n - 1] = t + 1
                under = False
            top = max(top, wealth)
            top_day = t + 1
    return n


def episodes(returns: Vec) -> Episodes:
    """Find every drawdown of a series of returns.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    Episodes
        One row an episode; none if the curve never fell.

    Notes
    -----
    Units: days; fractions.  Causal: an episode is known as it unfolds.  Missing: a NaN return
    ends the curve: what follows it cannot be compared with a peak before.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> found = episodes(np.array([0.10, -0.20, 0.30, -0.05]))
    >>> found.peak.tolist(), found.trough.tolist(), found.recovery.tolist()
    ([1, 3], [2, 4], [3, -1])
    """
    series = np.ascontiguousarray(returns, dtype=np.float64).copy()
    size = len(series) // 2 + 1
    peak, trough, recovery = (np.empty(size, np.int64) for _ in range(3))
    depth = np.empty(size, np.float64)
    n = _scan(series, peak, trough, recovery, depth)
    return Episodes(peak[:n], trough[:n], recovery[:n], depth[:n])


def max_drawdown(returns: Vec) -> float:
    r"""Return the deepest fall from a peak, :math:`\min_t W_t / \max_{u \le t} W_u - 1`.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,); the start counts as a peak.

    Returns
    -------
    float
        At most 0.0; 0.0 where the curve never fell.

    Notes
    -----
    Units: fraction.  Causal: reads all days.  Missing: NaN where a day is.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> round(max_drawdown(np.array([-0.03, 0.10])), 6)
    -0.03
    """
    if np.isnan(returns).any():
        return math.nan
    depth = episodes(returns).depth
    return float(depth.min()) if len(depth) else 0.0


def average_drawdown(returns: Vec) -> float:
    """Return the mean depth of the episodes, the open one included.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        At most 0.0; 0.0 where the curve never fell.

    Notes
    -----
    Units: fraction.  Causal: reads all days.  Missing: NaN where a day is.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> round(average_drawdown(np.array([0.10, -0.20, 0.30, -0.05])), 6)
    -0.125
    """
    if np.isnan(returns).any():
        return math.nan
    depth = episodes(returns).depth
    return float(np.mean(depth)) if len(depth) else 0.0


class Recovery(NamedTuple):
    """How long drawdowns lasted, in days; NaN where there is none of that kind.

    The first three are over the episodes that ended: an open one is censored, its length so far
    says nothing of its end. ``open_days`` counts from the peak to the last day.
    """

    mean_days_from_peak: float
    max_days_from_peak: float
    mean_days_from_trough: float
    open_days: float


def time_to_recover(returns: Vec) -> Recovery:
    """Return how long it took to come back to a peak.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    Recovery
        Means and maximum over the episodes that ended, and the age of an open one.

    Notes
    -----
    Units: days.  Causal: reads all days.  Missing: NaN where no episode ended, or none is open.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> time_to_recover(np.array([0.10, -0.20, 0.10, 0.30, -0.05]))
    Recovery(mean_days_from_peak=3.0, max_days_from_peak=3.0, mean_days_from_trough=2.0,
    open_days=1.0)
    """
    found = episodes(returns)
    ended = found.recovery != OPEN
    from_peak = (found.recovery - found.peak)[ended]
    from_trough = (found.recovery - found.trough)[ended]
    still = found.peak[~ended]
    return Recovery(
        float(np.mean(from_peak)) if len(from_peak) else math.nan,
        float(from_peak.max()) if len(from_peak) else math.nan,
        float(np.mean(from_trough)) if len(from_trough) else math.nan,
        float(len(returns) - still[0]) if len(still) else math.nan,
    )
