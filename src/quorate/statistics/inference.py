"""How sure one may be of a Sharpe ratio: its probability, length of record, and luck of the draw.

In: daily returns, or the moments of them; all ratios here are *per day* unless said. Out: a
probability or a number of days. The conventions differ between libraries; ours are
the Sharpe ratio with ddof 1 and population moments (METHODS 5.5).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quorate.statistics.ratios import DAYS_PER_YEAR, sharpe_per_day

if TYPE_CHECKING:
    from quorate.core.types import Vec

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329


class Moments(NamedTuple):
    """What the distribution of a Sharpe ratio depends on; ``kurtosis`` of a normal is 3."""

    sharpe: float
    n_days: int
    skew: float
    kurtosis: float


def moments(returns: Vec) -> Moments:
    r"""Return the Sharpe ratio per day (ddof 1) with population skew and kurtosis.

    .. math:: \gamma_3 = m_3 / m_2^{3/2}, \quad \gamma_4 = m_4 / m_2^2, \quad
              m_j = \tfrac{1}{N} \sum_d (r_d - \bar r)^j

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    Moments
        All NaN where the Sharpe ratio is.

    Notes
    -----
    Units: per day.  Causal: reads all days.  Missing: NaN below two days or without variation.
    METHODS 5.5.

    Examples
    --------
    >>> moments(np.array([-0.01, 0.01])).kurtosis
    1.0
    """
    ratio = sharpe_per_day(returns)
    if math.isnan(ratio):
        return Moments(math.nan, len(returns), math.nan, math.nan)
    centred = returns - np.mean(returns)
    second = float(np.mean(centred**2))
    return Moments(
        ratio,
        len(returns),
        float(np.mean(centred**3)) / second**1.5,
        float(np.mean(centred**4)) / second**2,
    )


def probabilistic_sharpe(found: Moments, benchmark: float = 0.0) -> float:
    r"""Return the probability that the true Sharpe ratio is above a benchmark.

    .. math:: \Phi\!\left(\frac{(\mathrm{SR} - \mathrm{SR}^*) \sqrt{T - 1}}
              {\sqrt{1 - \gamma_3 \mathrm{SR} + \tfrac{\gamma_4 - 1}{4} \mathrm{SR}^2}}\right)

    Parameters
    ----------
    found : Moments
        From ``moments``.
    benchmark : float
        The Sharpe ratio per day to beat.

    Returns
    -------
    float
        In [0, 1].

    Notes
    -----
    Units: probability.  Causal: reads all days.  Missing: NaN where the moments are, or where
    the variance of the estimate is not positive.
    METHODS 5.5; Bailey and Lopez de Prado (2012), "The Sharpe ratio efficient frontier".

    Examples
    --------
    >>> round(probabilistic_sharpe(Moments(0.1, 365, 0.0, 3.0)), 6)
    0.971488
    """
    variance = _variance(found)
    if not variance > 0.0:
        return math.nan
    return _NORMAL.cdf((found.sharpe - benchmark) * math.sqrt(found.n_days - 1) / variance**0.5)


def min_track_record_days(
    found: Moments, benchmark: float = 0.0, significance: float = 0.05
) -> float:
    r"""Return how many days make the Sharpe ratio significantly better than a benchmark.

    .. math:: 1 + \left(1 - \gamma_3 \mathrm{SR} + \tfrac{\gamma_4 - 1}{4} \mathrm{SR}^2\right)
              \left(\frac{z_{1 - \alpha}}{\mathrm{SR} - \mathrm{SR}^*}\right)^2

    Parameters
    ----------
    found : Moments
        From ``moments``.
    benchmark : float
        The Sharpe ratio per day to beat.
    significance : float
        One-sided error level, in (0, 0.5).

    Returns
    -------
    float
        Not rounded; infinite where the Sharpe ratio is not above the benchmark.

    Notes
    -----
    Units: days.  Causal: reads all days.  Missing: NaN where the moments are.
    METHODS 5.5; Bailey and Lopez de Prado (2012).

    Examples
    --------
    >>> round(min_track_record_days(Moments(0.1, 0, 0.0, 3.0)), 6)
    272.907117
    """
    if not 0.0 < significance < 0.5:
        raise ValueError(f"significance is {significance}, must be in (0, 0.5): 0.05 is usual")
    if math.isnan(found.sharpe):
        return math.nan
    if found.sharpe <= benchmark:
        return math.inf
    needed = _NORMAL.inv_cdf(1.0 - significance) / (found.sharpe - benchmark)
    return 1.0 + _variance(found) * needed**2


def expected_best(n_trials: float) -> float:
    r"""Return the expected best of N standard normal draws, approximately.

    .. math:: (1 - \gamma_E) \Phi^{-1}(1 - 1/N) + \gamma_E \Phi^{-1}(1 - 1/(N e))

    Parameters
    ----------
    n_trials : float
        How many *effective* trials there were, at least 1.

    Returns
    -------
    float
        0.0 for one trial: nothing was chosen.

    Notes
    -----
    Units: standard deviations.  Causal: counts every trial ever booked.  Missing: none.
    Below two trials the approximation falls below zero: there it is a line to 0 for one.
    METHODS 5.5; Bailey and Lopez de Prado (2014), "The deflated Sharpe ratio".

    Examples
    --------
    >>> round(expected_best(100), 6)
    2.530603
    """
    if not n_trials >= 1.0:
        raise ValueError(f"n_trials is {n_trials}, must be at least 1")
    if n_trials < 2.0:
        return (n_trials - 1.0) * expected_best(2.0)
    return (1.0 - _EULER) * _NORMAL.inv_cdf(1.0 - 1.0 / n_trials) + _EULER * _NORMAL.inv_cdf(
        1.0 - 1.0 / (n_trials * math.e)
    )


def min_backtest_days(n_trials: float, annual: float = 1.0) -> float:
    r"""Return how long a backtest must be, or the best of N trials has a ratio by luck alone.

    .. math:: 365\, \mathrm{E}[\max_n z_n]^2 / \mathrm{SR}^2 \;<\; 730 \ln N / \mathrm{SR}^2

    Parameters
    ----------
    n_trials : float
        How many effective trials there were, at least 1.
    annual : float
        The annual Sharpe ratio that no trial without skill should show, above 0.

    Returns
    -------
    float
        Not rounded; 0.0 for one trial.

    Notes
    -----
    Units: days.  Causal: counts every trial ever booked.  Missing: none.
    METHODS 5.5; Bailey, Borwein, Lopez de Prado and Zhu (2014), "Pseudo-mathematics".

    Examples
    --------
    >>> round(min_backtest_days(45) / 365, 2)
    5.0
    """
    if not annual > 0.0:
        raise ValueError(f"annual is {annual}, must be above 0")
    return DAYS_PER_YEAR * (expected_best(n_trials) / annual) ** 2


def deflated_sharpe(found: Moments, n_trials: float, trials_variance: float) -> float:
    r"""Return the probability that the Sharpe ratio is above what the best of N would show by luck.

    .. math:: \mathrm{PSR}(\mathrm{SR}_0), \qquad
              \mathrm{SR}_0 = \sqrt{V[\mathrm{SR}_n]}\, \mathrm{E}[\max_n z_n]

    Parameters
    ----------
    found : Moments
        From ``moments``.
    n_trials : float
        How many effective trials there were.
    trials_variance : float
        Variance of the trials' Sharpe ratios per day.

    Returns
    -------
    float
        In [0, 1].

    Notes
    -----
    Units: probability.  Causal: counts every trial ever booked.  Missing: as
    ``probabilistic_sharpe``.
    METHODS 5.5; Bailey and Lopez de Prado (2014).

    Examples
    --------
    >>> paper = Moments(2.5 / 250**0.5, 1250, -3.0, 10.0)
    >>> round(deflated_sharpe(paper, 100, 0.5 / 250), 6)
    0.900397
    """
    return probabilistic_sharpe(found, math.sqrt(trials_variance) * expected_best(n_trials))


def lo_scale(first_correlation: float, n_days: int = DAYS_PER_YEAR) -> float:
    r"""Return what turns a daily Sharpe ratio into one of q days under serial correlation.

    .. math:: \eta(q) = q \Big/ \sqrt{q + 2 \sum_{k=1}^{q-1} (q - k) \rho^k}

    Parameters
    ----------
    first_correlation : float
        :math:`\rho`, the correlation of a day with the next, in (-1, 1); it decays as
        :math:`\rho^k`.
    n_days : int
        :math:`q`.

    Returns
    -------
    float
        The square root of ``n_days`` where there is no correlation.

    Notes
    -----
    Units: none.  Causal: none.  Missing: NaN for NaN.
    METHODS 5.5; Lo (2002), "The statistics of Sharpe ratios", equation 20 with AR(1) returns.

    Examples
    --------
    >>> round(lo_scale(0.1), 2), round(lo_scale(0.0), 2)
    (17.29, 19.1)
    """
    lag = np.arange(1, n_days)
    total = n_days + 2.0 * float(np.sum((n_days - lag) * np.power(first_correlation, lag)))
    return n_days / math.sqrt(total) if total > 0.0 else math.nan


def kelly_share(sharpe: float, n_days: int) -> float:
    r"""Return which share of the Kelly bet grows fastest when the mean is only estimated.

    .. math:: c^* = \frac{SR^2}{SR^2 + 1 / T}

    Parameters
    ----------
    sharpe : float
        Ratio of a day.
    n_days : int
        Days that it was estimated on, T.

    Returns
    -------
    float
        In [0, 1]; nothing is bet on a ratio that is not above 0.

    Notes
    -----
    Units: fraction.  Causal: none.  Missing: NaN for NaN.
    With an estimate of variance 1 / T the bet c of the estimated Kelly bet grows at
    c SR^2 - c^2 (SR^2 + 1 / T) / 2. METHODS 7.3.

    Examples
    --------
    >>> round(kelly_share(1.0 / 365**0.5, 365), 12)
    0.5
    """
    if math.isnan(sharpe):
        return math.nan
    return sharpe**2 / (sharpe**2 + 1.0 / n_days) if sharpe > 0.0 else 0.0


def lo_adjusted_sharpe(returns: Vec) -> float:
    """Return the annual Sharpe ratio, corrected for the serial correlation of the days.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    float
        Below ``sharpe`` where a good day tends to follow a good one, above it where it does not.

    Notes
    -----
    Units: per square root of a year.  Causal: reads all days.  Missing: NaN below three days or
    without variation.
    METHODS 5.5, 11.

    Examples
    --------
    >>> lo_adjusted_sharpe(np.array([0.02, -0.01, 0.02, -0.01])) > 9.5
    True
    """
    ratio = sharpe_per_day(returns)
    if len(returns) < 3 or math.isnan(ratio):
        return math.nan
    centred = returns - np.mean(returns)
    correlation = float(np.sum(centred[1:] * centred[:-1]) / np.sum(centred**2))
    return ratio * lo_scale(correlation)


def _variance(found: Moments) -> float:
    """Return the variance of the Sharpe ratio's estimate, times the number of days less one."""
    return 1.0 - found.skew * found.sharpe + (found.kurtosis - 1.0) / 4.0 * found.sharpe**2
