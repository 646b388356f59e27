"""What a series of daily returns is worth: Sharpe, Sortino, growth, Calmar.

In: daily UTC returns, shape (day,), as fractions; crypto trades every day, so a year has 365 of
them. Out: one number, NaN where it is not defined. The definitions are those of METHODS 11; the
tests hold them against empyrical-reloaded with ``annualization=365``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.statistics.drawdowns import max_drawdown

if TYPE_CHECKING:
    from quorate.core.types import Vec

DAYS_PER_YEAR: Final = 365


def sharpe_per_day(returns: Vec) -> float:
    r"""Return the Sharpe ratio of one day.

    .. math:: \mathrm{SR} = \bar r / s, \qquad s^2 = \tfrac{1}{N-1} \sum_d (r_d - \bar r)^2

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        Mean over standard deviation (ddof 1); the risk-free rate is 0.

    Notes
    -----
    Units: per square root of a day.  Causal: reads all days.  Missing: NaN below two days, where
    all days are equal (their computed deviation is rounding, not risk), or where a day is NaN.
    Spec 12, METHODS 5.5.

    Examples
    --------
    >>> round(sharpe_per_day(np.array([0.01, -0.02, 0.03])), 6)
    0.264906
    """
    if len(returns) < 2 or np.max(returns) == np.min(returns):
        return math.nan
    return float(np.mean(returns) / np.std(returns, ddof=1))


def sharpe(returns: Vec) -> float:
    r"""Return the annual Sharpe ratio, :math:`\sqrt{365}\,\bar r / s`.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        ``sharpe_per_day`` times the square root of 365.

    Notes
    -----
    Units: per square root of a year.  Causal: reads all days.  Missing: as ``sharpe_per_day``.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> round(sharpe(np.array([0.01, -0.02, 0.03])), 6)
    5.061031
    """
    return sharpe_per_day(returns) * math.sqrt(DAYS_PER_YEAR)


def sortino(returns: Vec) -> float:
    r"""Return the annual Sortino ratio.

    .. math:: \sqrt{365}\,\bar r \Big/ \sqrt{\tfrac{1}{N} \sum_d \min(r_d, 0)^2}

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        The mean over the downside deviation around 0; the deviation counts *all* N days.

    Notes
    -----
    Units: per square root of a year.  Causal: reads all days.  Missing: NaN without a losing day.
    Spec 12, METHODS 11 (dividing by the number of losing days, or taking their standard
    deviation, are the two wrong variants in use).

    Examples
    --------
    >>> round(sortino(np.array([0.01, -0.02, 0.03])), 6)
    11.030261
    """
    if len(returns) == 0:
        return math.nan
    below = np.minimum(returns, 0.0)
    downside = math.sqrt(float(np.mean(np.square(below, out=below))))
    if not downside > 0.0:
        return math.nan
    return float(np.mean(returns)) / downside * math.sqrt(DAYS_PER_YEAR)


def mean_return(returns: Vec) -> float:
    r"""Return the mean return of a year, :math:`365\,\bar r`, not compounded.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        The numerator of the annual Sharpe ratio.

    Notes
    -----
    Units: fraction per year.  Causal: reads all days.  Missing: NaN without a day.
    METHODS 11.

    Examples
    --------
    >>> round(mean_return(np.array([0.01, -0.02, 0.03])), 6)
    2.433333
    """
    return float(np.mean(returns)) * DAYS_PER_YEAR if len(returns) else math.nan


def total_return(returns: Vec) -> float:
    r"""Return what one unit became, less that unit: :math:`\prod_d (1 + r_d) - 1`.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        0.0 without any day.

    Notes
    -----
    Units: fraction.  Causal: reads all days.  Missing: NaN where a day is.
    Spec 12.

    Examples
    --------
    >>> round(total_return(np.array([0.5, -0.5])), 6)
    -0.25
    """
    return float(np.prod(1.0 + returns)) - 1.0


def cagr(returns: Vec) -> float:
    r"""Return the compound annual growth rate, :math:`\prod_d (1 + r_d)^{365/N} - 1`.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        -1 after a total loss.

    Notes
    -----
    Units: fraction per year of 365 days, counted in returns and not in the calendar.
    Causal: reads all days.  Missing: NaN without a day, or after a loss of more than everything.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> round(cagr(np.full(730, 0.001)), 6)
    0.440251
    """
    if len(returns) == 0:
        return math.nan
    wealth = 1.0 + total_return(returns)
    if not wealth >= 0.0:
        return math.nan
    try:
        return float(wealth ** (DAYS_PER_YEAR / len(returns))) - 1.0
    except OverflowError:
        return math.inf


def calmar(returns: Vec) -> float:
    r"""Return growth over the deepest fall, :math:`\mathrm{CAGR} / |\mathrm{MDD}|`.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        Below a year of days it rests on an extrapolated growth; ``summary`` flags that.

    Notes
    -----
    Units: 1 per year.  Causal: reads all days.  Missing: NaN without a drawdown.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> calmar(np.array([0.01, 0.0, 0.02]))
    nan
    """
    deepest = max_drawdown(returns)
    return cagr(returns) / -deepest if deepest < 0.0 else math.nan


def annual_volatility(returns: Vec) -> float:
    r"""Return the annual standard deviation of the returns, :math:`s \sqrt{365}`.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        With ddof 1.

    Notes
    -----
    Units: fraction per square root of a year.  Causal: reads all days.  Missing: NaN below two
    days.
    Spec 12.

    Examples
    --------
    >>> round(annual_volatility(np.array([0.01, -0.02, 0.03])), 6)
    0.480798
    """
    if len(returns) < 2:
        return math.nan
    return float(np.std(returns, ddof=1)) * math.sqrt(DAYS_PER_YEAR)
