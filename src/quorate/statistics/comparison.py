"""How far two series of daily returns are apart, and the standard error of that.

In: the daily returns of two runs on the same days. Out: the difference of their means, with the
standard error of Newey and West, and of their Sharpe ratios, with that of Ledoit and Wolf. Pairing
matters: two runs that share most of their days are told apart far sooner than two that do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import Mat, Vec

_NORMAL: Final = NormalDist()


@dataclass(frozen=True)
class Asymptotic:
    """An estimate, its standard error, their ratio and the two-sided p-value of a normal."""

    value: float
    standard_error: float

    @property
    def z(self) -> float:
        """Return the estimate in standard errors; NaN where the error is not positive."""
        return self.value / self.standard_error if self.standard_error > 0.0 else math.nan

    @property
    def p_value(self) -> float:
        """Return the probability of an estimate at least as far from 0 if there is none."""
        return math.nan if math.isnan(self.z) else 2.0 * _NORMAL.cdf(-abs(self.z))


def lags(n: int) -> int:
    r"""Return how many lags a long-run variance takes in: floor(4 (T/100)^(2/9)).

    Examples
    --------
    >>> lags(28), lags(100), lags(1000)
    (3, 4, 6)
    """
    return int(4.0 * (n / 100.0) ** (2.0 / 9.0)) if n > 0 else 0


def long_run_covariance(series: Mat, n_lags: int) -> Mat:
    r"""Return the covariance of the sum of a series, per observation, with Bartlett's weights.

    .. math:: \Psi = \Gamma_0 + \sum_{l=1}^{L} \Bigl(1 - \tfrac{l}{L+1}\Bigr)
              (\Gamma_l + \Gamma_l'), \quad
              \Gamma_l = \tfrac{1}{T} \sum_t (x_t - \bar x)(x_{t-l} - \bar x)'

    Parameters
    ----------
    series : Mat
        Shape (time, variable).
    n_lags : int
        L, at least 0; lags beyond the record count as none.

    Returns
    -------
    Mat
        Shape (variable, variable); not negative.

    Notes
    -----
    Units: those of the series, squared.  Causal: reads all days.  Missing: NaN for NaN.
    No small-sample factor.  METHODS 10.4; Newey and West (1987).

    Examples
    --------
    >>> long_run_covariance(np.array([[1.0], [-1.0], [1.0], [-1.0]]), 1).item()
    0.25
    """
    centred = series - series.mean(axis=0)
    n = len(centred)
    total: Mat = centred.T @ centred / n
    for lag in range(1, min(n_lags, n - 1) + 1):
        gamma = centred[lag:].T @ centred[:-lag] / n
        total = total + (1.0 - lag / (n_lags + 1.0)) * (gamma + gamma.T)
    return total


def mean_difference(first: Vec, second: Vec, n_lags: int | None = None) -> Asymptotic:
    r"""Return the mean difference of two series, with a standard error that allows for lags.

    .. math:: \bar d, \qquad se = \sqrt{\Psi_{dd} / T}, \qquad d_t = a_t - b_t

    Parameters
    ----------
    first, second : Vec
        Returns on the same days, shape (day,).
    n_lags : int, optional
        ``lags(n)`` when left out.

    Notes
    -----
    Units: a day.  Causal: reads all days.  Missing: NaN below two days.
    METHODS 10.4; Newey and West (1987).

    Examples
    --------
    >>> found = mean_difference(np.array([0.03, 0.01, 0.03]), np.zeros(3), 0)
    >>> round(found.value, 4), round(found.standard_error, 4)
    (0.0233, 0.0054)
    """
    difference = common(first, second)[0]
    n = len(difference)
    if n < 2:
        return Asymptotic(math.nan, math.nan)
    variance = long_run_covariance(difference[:, None], lags(n) if n_lags is None else n_lags)
    return Asymptotic(float(np.mean(difference)), math.sqrt(max(0.0, float(variance[0, 0])) / n))


def sharpe_difference(first: Vec, second: Vec, n_lags: int | None = None) -> Asymptotic:
    r"""Return the difference of two Sharpe ratios per day, and its standard error.

    .. math:: \Delta = \frac{\mu_a}{\sqrt{g_a - \mu_a^2}} - \frac{\mu_b}{\sqrt{g_b - \mu_b^2}},
              \qquad se = \sqrt{\nabla' \Psi \nabla / T}, \qquad g = \mathrm{E}[r^2]

    .. math:: \nabla = \Bigl(\tfrac{g_a}{v_a^{1.5}}, -\tfrac{g_b}{v_b^{1.5}},
              -\tfrac{\mu_a}{2 v_a^{1.5}}, +\tfrac{\mu_b}{2 v_b^{1.5}}\Bigr),
              \qquad v = g - \mu^2

    Parameters
    ----------
    first, second : Vec
        Returns on the same days, shape (day,).
    n_lags : int, optional
        ``lags(n)`` when left out.

    Notes
    -----
    Units: a day.  Causal: reads all days.  Missing: NaN below two days or where a series does not
    vary.  The last sign of the gradient is a plus: the second ratio is taken away.
    METHODS 10.4; Ledoit and Wolf (2008), "Robust performance hypothesis testing".

    Examples
    --------
    >>> a = np.array([0.02, -0.01, 0.03, 0.0])
    >>> round(sharpe_difference(a, -a).value, 6)
    1.264911
    """
    _, a, b = common(first, second)
    n = len(a)
    if n < 2 or not (np.ptp(a) > 0.0 and np.ptp(b) > 0.0):
        return Asymptotic(math.nan, math.nan)
    moments = np.column_stack((a, b, a**2, b**2))
    mean_a, mean_b, square_a, square_b = (float(value) for value in moments.mean(axis=0))
    variance_a, variance_b = square_a - mean_a**2, square_b - mean_b**2
    gradient = np.array(
        [
            square_a / variance_a**1.5,
            -square_b / variance_b**1.5,
            -mean_a / (2.0 * variance_a**1.5),
            mean_b / (2.0 * variance_b**1.5),
        ]
    )
    spread = long_run_covariance(moments, lags(n) if n_lags is None else n_lags)
    variance = float(gradient @ spread @ gradient) / n
    value = mean_a / math.sqrt(variance_a) - mean_b / math.sqrt(variance_b)
    return Asymptotic(value, math.sqrt(max(0.0, variance)))


def memmel_error(first: Vec, second: Vec) -> float:
    r"""Return the quick standard error of a Sharpe difference per day: independent normal days.

    .. math:: se^2 = \frac{2 - 2\rho + \tfrac{1}{2}(S_a^2 + S_b^2 - 2 S_a S_b \rho^2)}{T}

    Notes
    -----
    Units: a day.  Causal: reads all days.  Missing: NaN below two days or without variation.
    METHODS 10.4; Jobson and Korkie (1981), corrected by Memmel (2003).

    Examples
    --------
    >>> a = np.array([0.02, -0.01, 0.03, 0.0])
    >>> round(memmel_error(a, a), 6)
    0.0
    """
    _, a, b = common(first, second)
    if len(a) < 2 or not (np.ptp(a) > 0.0 and np.ptp(b) > 0.0):
        return math.nan
    rho = correlation(a, b)
    one, two = (float(np.mean(x) / np.std(x)) for x in (a, b))
    spread = 2.0 - 2.0 * rho + 0.5 * (one**2 + two**2 - 2.0 * one * two * rho**2)
    return math.sqrt(max(0.0, spread) / len(a))


def common(first: Vec, second: Vec) -> tuple[Vec, Vec, Vec]:
    """Return the difference and both series on the days on which both are known.

    Examples
    --------
    >>> [x.tolist() for x in common(np.array([3.0, np.nan]), np.array([1.0, 2.0]))]
    [[2.0], [3.0], [1.0]]
    """
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"shapes {first.shape} and {second.shape}: give one return a common day")
    both = np.isfinite(first) & np.isfinite(second)
    return (first - second)[both], first[both], second[both]


def correlation(a: Vec, b: Vec) -> float:
    """Return the correlation of two series; NaN where one does not vary.

    Examples
    --------
    >>> round(correlation(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])), 6)
    1.0
    """
    if len(a) < 2 or not (np.ptp(a) > 0.0 and np.ptp(b) > 0.0):
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])
