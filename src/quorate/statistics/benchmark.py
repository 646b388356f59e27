"""A run beside holding: what of its result was the market, and what was left.

In: daily returns of a run and growth curves of what was held. Out: numbers, NaN where undefined.
The definitions are those of empyrical-reloaded with ``annualization=365``; the tests hold them
against it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from quorate.statistics.drawdowns import max_drawdown
from quorate.statistics.metrics import Metric
from quorate.statistics.ratios import (
    DAYS_PER_YEAR,
    annual_volatility,
    sharpe,
    sharpe_per_day,
    total_return,
)

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec
    from quorate.statistics.daily import Daily

COMPARED: Final[tuple[Metric, ...]] = (
    Metric("total_return", "fraction", "prod(1 + b) - 1 of holding", "METHODS 11"),
    Metric("volatility", "fraction/sqrt(year)", "std(b, ddof=1) sqrt(365)", "METHODS 11"),
    Metric("sharpe", "1/sqrt(year)", "mean(b) / std(b, ddof=1) sqrt(365)", "Sharpe (1994)"),
    Metric("max_drawdown", "fraction", "deepest fall of holding from a peak", "METHODS 11"),
    Metric("beta", "ratio", "cov(r, b) / var(b)", "Jensen (1968)"),
    Metric("alpha", "fraction/year", "(1 + mean(r - beta b))^365 - 1", "Jensen (1968)"),
    Metric("alpha_low", "fraction/year", "alpha of 1.96 standard errors less", "Jensen (1968)"),
    Metric("alpha_high", "fraction/year", "alpha of 1.96 standard errors more", "Jensen (1968)"),
    Metric("correlation", "ratio", "cov(r, b) / (std(r) std(b))", "Pearson (1895)"),
    Metric(
        "information_ratio",
        "1/sqrt(year)",
        "mean(r - b) / std(r - b, ddof=1) sqrt(365)",
        "Goodwin (1998)",
    ),
)
"""What is said of each thing held: r are daily returns of the run, net, b those of holding."""

_LOST: Final = "the equity was not positive, or not known"
_FEW: Final = "fewer than three days, or no variation"


def beta(returns: Vec, held: Vec) -> float:
    r"""Return how far the run moved with what was held, :math:`\mathrm{cov}(r, b) / s_b^2`.

    Parameters
    ----------
    returns, held : Vec
        Daily returns of the same days, shape (day,).

    Returns
    -------
    float
        1.0 moves as it does, 0.0 does not care.

    Notes
    -----
    Units: ratio.  Causal: reads all days.  Missing: NaN below two days, without variation of what
    was held, or where a day is NaN.  Jensen (1968).

    Examples
    --------
    >>> round(beta(np.array([0.02, -0.01, 0.03]), np.array([0.04, -0.02, 0.06])), 6)
    0.5
    """
    if len(held) < 2 or math.isnan(sharpe_per_day(held)):
        return math.nan
    off = held - np.mean(held)
    return float(np.mean(off * returns) / np.mean(off * off))


def alpha_per_day(returns: Vec, held: Vec) -> tuple[float, float]:
    r"""Return what a day made beyond its share of what was held, and its standard error.

    .. math:: a = \overline{r - \beta b}, \qquad
              se^2 = \frac{\sum_d (r_d - a - \beta b_d)^2}{N - 2}
                     \left(\frac{1}{N} + \frac{\bar b^2}{\sum_d (b_d - \bar b)^2}\right)

    Parameters
    ----------
    returns, held : Vec
        Daily returns of the same days, shape (day,).

    Returns
    -------
    tuple of (float, float)
        The intercept of ordinary least squares and its error.

    Notes
    -----
    Units: fraction per day.  Causal: reads all days.  Missing: NaN where ``beta`` is; the error
    also below three days.  Jensen (1968).

    Examples
    --------
    >>> a, error = alpha_per_day(np.array([0.03, 0.0, 0.04]), np.array([0.04, -0.02, 0.06]))
    >>> round(a, 6), round(error, 6)
    (0.01, 0.0)
    """
    slope = beta(returns, held)
    if math.isnan(slope):
        return math.nan, math.nan
    mean = float(np.mean(returns - slope * held))
    if len(held) < 3:
        return mean, math.nan
    rest = returns - mean - slope * held
    off = held - np.mean(held)
    lever = 1.0 / len(held) + float(np.mean(held)) ** 2 / float(off @ off)
    return mean, math.sqrt(float(rest @ rest) / (len(held) - 2) * lever)


def annual(per_day: float) -> float:
    r"""Return a daily rate compounded over a year, :math:`(1 + a)^{365} - 1`.

    Parameters
    ----------
    per_day : float
        A rate a day; below -1 counts as -1.

    Returns
    -------
    float
        At least -1.

    Notes
    -----
    Units: fraction per year.  Causal: pure.  Missing: NaN for NaN.  METHODS 11.

    Examples
    --------
    >>> round(annual(0.001), 6)
    0.440251
    """
    try:
        return math.nan if math.isnan(per_day) else max(1.0 + per_day, 0.0) ** DAYS_PER_YEAR - 1.0
    except OverflowError:
        return math.inf


def correlation(returns: Vec, held: Vec) -> float:
    r"""Return the correlation of daily returns, :math:`\mathrm{cov}(r, b) / (s_r s_b)`.

    Parameters
    ----------
    returns, held : Vec
        Daily returns of the same days, shape (day,).

    Returns
    -------
    float
        Between -1 and 1.

    Notes
    -----
    Units: ratio.  Causal: reads all days.  Missing: NaN below three days (any two points lie on a
    line) or where either did not vary.  Pearson (1895).

    Examples
    --------
    >>> round(correlation(np.array([0.02, -0.01, 0.03]), np.array([-0.02, 0.01, -0.03])), 6)
    -1.0
    """
    if len(held) < 3 or math.isnan(sharpe_per_day(held)) or math.isnan(sharpe_per_day(returns)):
        return math.nan
    return float(np.corrcoef(returns, held)[0, 1])


def information_ratio(returns: Vec, held: Vec) -> float:
    r"""Return the annual information ratio: the Sharpe ratio of the returns beyond holding.

    .. math:: \sqrt{365}\; \overline{r - b} \,/\, s_{r - b}

    Parameters
    ----------
    returns, held : Vec
        Daily returns of the same days, shape (day,).

    Returns
    -------
    float
        Above 0 where the run made more a day than holding.

    Notes
    -----
    Units: per square root of a year.  Causal: reads all days.  Missing: as ``sharpe``.
    Goodwin (1998).

    Examples
    --------
    >>> round(information_ratio(np.array([0.02, -0.01, 0.03]), np.array([0.01, 0.01, 0.0])), 6)
    5.061031
    """
    return sharpe(returns - held)


def returns_of(growth: Vec, growth_day: IntVec, day: IntVec) -> Vec:
    """Return the daily returns of a growth curve on the days of a run.

    Parameters
    ----------
    growth, growth_day : Vec, IntVec
        What one unit had become at the ends of some days; days count from 1970, ascending.
    day : IntVec
        Days of the run, consecutive.

    Notes
    -----
    Units: fractions.  Causal: a day reads its own end and that of the day before.  Missing: before
    the first day the growth is 1, on a day that is not there it is that of the day before.

    Examples
    --------
    >>> returns_of(np.array([1.1, 1.21]), np.array([5, 7]), np.array([5, 6, 7])).round(6).tolist()
    [0.1, 0.0, 0.1]
    """
    ends = np.concatenate((day[:1] - 1, day))
    level = np.concatenate(([1.0], growth))[np.searchsorted(growth_day, ends, side="right")]
    return np.asarray(level[1:] / level[:-1] - 1.0)


def compare(returns: Vec, held: Vec) -> dict[str, float]:
    """Return everything ``COMPARED`` lists, of one thing held.

    Notes
    -----
    Units: as ``COMPARED`` says.  Causal: reads all days.  Missing: NaN.

    Examples
    --------
    >>> round(compare(np.array([0.0, 0.01]), np.array([0.1, -0.1]))["total_return"], 6)
    -0.01
    """
    mean, error = alpha_per_day(returns, held)
    return {
        "total_return": total_return(held),
        "volatility": annual_volatility(held),
        "sharpe": sharpe(held),
        "max_drawdown": max_drawdown(held),
        "beta": beta(returns, held),
        "alpha": annual(mean),
        "alpha_low": annual(mean - 1.96 * error),
        "alpha_high": annual(mean + 1.96 * error),
        "correlation": correlation(returns, held),
        "information_ratio": information_ratio(returns, held),
    }


def comparison(daily: Daily, benchmark: pl.DataFrame) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a run beside all that was held, ready to be written as JSON, and its flags.

    Parameters
    ----------
    daily : Daily
        Of the run.
    benchmark : DataFrame
        ``day`` and one growth curve a column, such as ``hold_btc``; nulls: it is not there.

    Returns
    -------
    tuple of (dict, dict)
        By name of what was held ``COMPARED``, None where not known; and why, by dotted name.

    Notes
    -----
    Units: as ``COMPARED`` says.  Causal: reads the whole run.  Missing: None and a flag; nothing
    is compared without a day.

    Examples
    --------
    >>> from quorate.statistics.daily import Daily
    >>> comparison(Daily(*np.zeros((4, 0))), pl.DataFrame())
    ({}, {})
    """
    tree: dict[str, Any] = {}
    flags: dict[str, str] = {}
    if not len(daily.net) or benchmark.is_empty():
        return tree, flags
    day = benchmark["day"].cast(pl.Date).to_physical().to_numpy().astype(np.int64)
    why = _LOST if np.isnan(daily.net).any() else _FEW
    for name in benchmark.columns:
        if name == "day" or benchmark[name].null_count():
            continue
        found = compare(daily.net, returns_of(benchmark[name].to_numpy(), day, daily.day))
        tree[name] = {key: value if math.isfinite(value) else None for key, value in found.items()}
        flags |= {
            f"benchmark.{name}.{key}": why for key, each in tree[name].items() if each is None
        }
    return tree, flags
