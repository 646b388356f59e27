"""How far a number may be from the truth: intervals from series drawn again in blocks of days.

In: daily returns, or one number a group. Out: the bounds between which the drawn numbers lie. Days
are drawn in blocks of geometric length that start anywhere and wrap around the end, so that runs
of good and bad days stay together; groups are drawn one by one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.statistics import columns
from quorate.statistics.ratios import DAYS_PER_YEAR, sharpe_per_day

if TYPE_CHECKING:
    from quorate.core.types import Vec


class Interval(NamedTuple):
    """The bounds of an interval; NaN where there is none."""

    low: float
    high: float


class Intervals(NamedTuple):
    """Of the annual mean return, Sharpe and Sortino ratios, and of the maximum drawdown."""

    mean_return: Interval
    sharpe: Interval
    sortino: Interval
    max_drawdown: Interval


_NONE = Interval(math.nan, math.nan)


def intervals(
    returns: Vec,
    *,
    seed: int,
    level: float = 0.95,
    n_samples: int = 2_000,
    block_days: float | None = None,
) -> Intervals:
    """Return bootstrap intervals of what is said of daily returns, all from the same series.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).
    seed : int
        The same seed gives the same intervals.
    level : float
        Share of the drawn numbers inside, in (0, 1).
    n_samples : int
        How many series are drawn.
    block_days : float or None
        Mean length of a block, at least 1; None: the cube root of the number of days.

    Returns
    -------
    Intervals
        Percentiles over the drawn series.

    Notes
    -----
    Units: fraction per year; per square root of a year; fraction.  Causal: reads all days.
    Missing: NaN where the Sharpe ratio is. A drawn series in which nothing happened has a Sharpe
    ratio of 0, or one lucky day would be skill in every series that has a ratio; one that varies
    in nothing else, and one without a losing day for the Sortino ratio, are left out.
    METHODS 11; Politis and Romano (1994), "The stationary bootstrap".

    Examples
    --------
    >>> found = intervals(np.tile([0.02, -0.01, 0.005], 60), seed=7, n_samples=200)
    >>> found.mean_return.low < 0.005 * 365 < found.mean_return.high
    True
    >>> found.max_drawdown.low <= found.max_drawdown.high < 0.0
    True
    """
    n = len(returns)
    length = max(1.0, n ** (1.0 / 3.0)) if block_days is None else block_days
    if not 0.0 < level < 1.0 or n_samples < 1 or not length >= 1.0:
        raise ValueError(
            f"level {level} must be in (0, 1), n_samples {n_samples} and block_days {length} >= 1"
        )
    if math.isnan(sharpe_per_day(returns)):
        return Intervals(_NONE, _NONE, _NONE, _NONE)
    drawn = returns[stationary_days(n, n_samples, length, seed)]
    mean = np.mean(drawn, axis=0)
    varied = np.max(drawn, axis=0) > np.min(drawn, axis=0)
    deviation = np.std(drawn, axis=0, ddof=1)
    downside = np.sqrt(np.mean(np.square(np.minimum(drawn, 0.0)), axis=0))
    lost = downside > 0.0
    scale = math.sqrt(DAYS_PER_YEAR)
    sharpe = np.zeros(n_samples)
    sharpe[varied] = mean[varied] / deviation[varied] * scale
    return Intervals(
        mean_return=_between(mean * DAYS_PER_YEAR, level),
        sharpe=_between(sharpe[varied | (mean == 0.0)], level),
        sortino=_between(mean[lost] / downside[lost] * scale, level),
        max_drawdown=_between(columns.falls(drawn), level),
    )


def mean_interval(
    values: Vec, *, seed: int, level: float = 0.95, n_samples: int = 2_000
) -> Interval:
    """Return a bootstrap interval of the mean over groups, each drawn on its own.

    Parameters
    ----------
    values : Vec
        One finite number a year, coin or regime, shape (group,).
    seed : int
        The same seed gives the same interval.
    level : float
        Share of the drawn means inside, in (0, 1).
    n_samples : int
        How many sets of groups are drawn.

    Returns
    -------
    Interval
        Percentiles of the means.

    Notes
    -----
    Units: as given.  Causal: reads all groups.  Missing: NaN below three groups, which say nothing
    of their spread.
    METHODS 11; Efron (1979), "Bootstrap methods: another look at the jackknife".

    Examples
    --------
    >>> low, high = mean_interval(np.array([1.0, 2.0, 3.0, 4.0]), seed=1)
    >>> 1.0 <= low < 2.5 < high <= 4.0
    True
    """
    n = len(values)
    if n < 3:
        return _NONE
    drawn = np.random.default_rng(seed).integers(0, n, size=(n_samples, n))
    return _between(np.mean(values[drawn], axis=1), level)


def _between(drawn: Vec, level: float) -> Interval:
    if len(drawn) == 0:
        return _NONE
    low, high = np.quantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(float(low), float(high))


def stationary_days(
    n: int, n_samples: int, length: float, seed: int
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Draw the day numbers of every series, shape (day, sample)."""
    generator = np.random.default_rng(seed)
    days = generator.integers(0, n, size=(n, n_samples))
    goes_on = generator.random((n, n_samples)) >= 1.0 / length
    for t in range(1, n):
        days[t] = np.where(goes_on[t], (days[t - 1] + 1) % n, days[t])
    return days
