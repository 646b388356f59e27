"""What is said of many series at once, one a column: the definitions of ``ratios``, in arrays.

In: daily returns, shape (day, series), such as a record drawn again thousands of times. Out: one
number a series, NaN where it is not defined. ``ratios`` and ``drawdowns`` say the same of one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from quorate.statistics.ratios import DAYS_PER_YEAR

if TYPE_CHECKING:
    from quorate.core.types import Mat, Vec


def means(series: Mat) -> Vec:
    """Return the mean of each column, a day.

    Examples
    --------
    >>> means(np.array([[0.25], [0.75]])).tolist()
    [0.5]
    """
    found: Vec = np.mean(series, axis=0)
    return found


def volatilities(series: Mat) -> Vec:
    """Return the annual volatility of each column.

    Examples
    --------
    >>> volatilities(np.array([[0.0, 0.1], [0.0, 0.1]])).tolist()
    [0.0, 0.0]
    """
    found: Vec = np.std(series, axis=0, ddof=1) * math.sqrt(DAYS_PER_YEAR)
    return found


def sharpes(series: Mat) -> Vec:
    """Return the annual Sharpe ratio of each column, NaN where it does not vary.

    Examples
    --------
    >>> sharpes(np.array([[0.01, 0.1], [-0.02, 0.1], [0.03, 0.1]])).round(6).tolist()
    [5.061031, nan]
    """
    deviation = np.where(np.ptp(series, axis=0) > 0.0, np.std(series, axis=0, ddof=1), 0.0)
    return ratio(means(series), deviation) * math.sqrt(DAYS_PER_YEAR)


def sortinos(series: Mat) -> Vec:
    """Return the annual Sortino ratio of each column, NaN without a losing day.

    Examples
    --------
    >>> sortinos(np.array([[0.01, 0.1], [-0.02, 0.1], [0.03, 0.2]])).round(6).tolist()
    [11.030261, nan]
    """
    downside = np.sqrt(np.mean(np.square(np.minimum(series, 0.0)), axis=0))
    return ratio(means(series), downside) * math.sqrt(DAYS_PER_YEAR)


def total_returns(series: Mat) -> Vec:
    """Return what each column grew by in all.

    Examples
    --------
    >>> total_returns(np.array([[1.0], [0.5]])).tolist()
    [2.0]
    """
    found: Vec = np.prod(1.0 + series, axis=0) - 1.0
    return found


def growths(series: Mat) -> Vec:
    """Return what each column grew by in a year, NaN where all was lost and more.

    Examples
    --------
    >>> growths(np.array([[0.5], [0.0]])).round(3).tolist()[0] > 1e30
    True
    """
    wealth = 1.0 + total_returns(series)
    found: Vec = np.where(wealth >= 0.0, np.abs(wealth), np.nan) ** (DAYS_PER_YEAR / len(series))
    return found - 1.0


def falls(series: Mat) -> Vec:
    """Return the deepest fall of each column, at most 0; the start is a peak.

    Examples
    --------
    >>> falls(np.array([[-0.25, 0.1], [0.5, 0.1]])).tolist()
    [-0.25, 0.0]
    """
    wealth = np.cumprod(1.0 + series, axis=0)
    peak = np.maximum(np.maximum.accumulate(wealth, axis=0), 1.0)
    found: Vec = np.minimum(np.min(wealth / peak, axis=0) - 1.0, 0.0)
    return found


def calmars(series: Mat) -> Vec:
    """Return what each column grew by in a year over its deepest fall, NaN without one.

    Examples
    --------
    >>> calmars(np.array([[0.1], [0.1]])).tolist()
    [nan]
    """
    return ratio(growths(series), -falls(series))


def ratio(part: Vec, whole: Vec) -> Vec:
    """Return a part over its whole, NaN where the whole is not above 0.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0]), np.array([4.0, 0.0])).tolist()
    [0.25, nan]
    """
    found: Vec = np.full(len(part), np.nan)
    np.divide(part, whole, out=found, where=whole > 0.0)
    return found
