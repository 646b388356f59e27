"""Intervals that hold at every moment at once, so that a monitor may look as often as it likes.

In: differences day by day. Out: after each day the bounds of their mean. They are wider than an
interval of one planned look, the price of never having to say when one will look; a rollback
watches with them, a promotion waits for its looks (``sequential``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.statistics.comparison import lags, long_run_covariance

if TYPE_CHECKING:
    from quorate.core.types import Vec

WARM_UP: Final = 10
"""Days before which a spread is a guess: the bounds are infinite until then."""


@dataclass(frozen=True)
class Running:
    """After each day: the mean so far and its bounds, shape (day,); infinite while it warms up."""

    mean: Vec
    low: Vec
    high: Vec


def mixture_bound(variance: float, ahead: float, level: float) -> float:
    r"""Return what a sum of variance v stays below at all times, but for a chance of ``level``.

    .. math:: u(v) = \sqrt{(v + q) \ln\frac{v + q}{q\,\alpha^2}}

    Parameters
    ----------
    variance : float
        v, of the sum so far, at least 0.
    ahead : float
        q, above 0: the bound is tightest near the variance that it is tuned to.
    level : float
        In (0, 1); two-sided.

    Notes
    -----
    Units: of the sum.  Causal: none.  Missing: NaN for NaN.
    METHODS 10.5; Robbins (1970); Howard et al. (2021), the two-sided normal mixture.

    Examples
    --------
    >>> round(mixture_bound(100.0, 10.0, 0.05), 6)
    30.37811
    """
    _require(level)
    if not ahead > 0.0:
        raise ValueError(f"ahead is {ahead}, must be above 0")
    whole = variance + ahead
    return math.sqrt(whole * math.log(whole / (ahead * level * level)))


def halfwidth(n: int, deviation: float, tuning: float, level: float = 0.05) -> float:
    r"""Return how far the mean of n differences may be from the truth, at any n.

    .. math:: s \sqrt{\frac{2 (n \rho^2 + 1)}{n^2 \rho^2}
              \ln\frac{\sqrt{n \rho^2 + 1}}{\alpha}}

    Parameters
    ----------
    n : int
        How many there are, at least 1.
    deviation : float
        s, their standard deviation.
    tuning : float
        :math:`\rho`, from ``tuned``.
    level : float
        In (0, 1); two-sided.

    Returns
    -------
    float
        ``mixture_bound(n, 1 / tuning**2, level) * deviation / n``.

    Notes
    -----
    Units: of the differences.  Causal: none.  Missing: NaN for NaN.
    METHODS 10.5; Waudby-Smith et al. (2024), "Time-uniform central limit theory".

    Examples
    --------
    >>> round(halfwidth(28, 1.0, 0.3), 6)
    0.601394
    """
    _require(level)
    spread = n * tuning * tuning
    root = math.log(math.sqrt(spread + 1.0) / level)
    return deviation * math.sqrt(2.0 * (spread + 1.0) / (n * spread) * root)


def tuned(days: int, level: float = 0.05) -> float:
    r"""Return the tuning that makes the bounds narrowest near a day.

    .. math:: \rho = \sqrt{\frac{-2 \ln \alpha + \ln(-2 \ln \alpha + 1)}{n}}

    Examples
    --------
    >>> round(tuned(28), 4)
    0.5324
    """
    _require(level)
    if days < 1:
        raise ValueError(f"days is {days}, must be at least 1")
    twice = -2.0 * math.log(level)
    return math.sqrt((twice + math.log(twice + 1.0)) / days)


def running(differences: Vec, *, days: int = 28, level: float = 0.05) -> Running:
    """Return the bounds of the mean difference after every day, all of them valid together.

    Parameters
    ----------
    differences : Vec
        One a day, shape (day,). Sums of a day, not bars: what follows one another within a day
        is not independent.
    days : int
        Where they shall be narrowest.
    level : float
        Chance that the truth ever leaves them, in (0, 1); half of it on each side.

    Returns
    -------
    Running
        A monitor may stop on the first day on which 0 lies outside.

    Notes
    -----
    Units: of the differences.  Causal: a day's bounds read that day and those before.  Missing: a
    day that is not known adds nothing: the bounds of the day before stand.
    The bounds hold as days grow many, so none are given below ``WARM_UP``; the spread is the
    larger of that of a day and that of a run of days, since days that follow one another agree.
    METHODS 10.5; Waudby-Smith et al. (2024), Newey and West (1987).

    Examples
    --------
    >>> found = running(np.tile([0.02, -0.01], 10))
    >>> bool(found.low[-1] < 0.005 < found.high[-1]), float(found.high[0])
    (True, inf)
    """
    is_known = np.isfinite(differences)
    value = differences[is_known]
    tuning = tuned(days, level)
    # place 0 stands for the days before the first that is known
    mean = np.append(np.nan, np.cumsum(value) / np.arange(1, len(value) + 1))
    half = np.full(len(mean), np.inf)
    for n in range(WARM_UP, len(mean)):
        half[n] = halfwidth(n, _deviation(value[:n]), tuning, level)
    at = np.cumsum(is_known)
    middle = np.where(np.isfinite(half), mean, 0.0)
    return Running(mean[at], (middle - half)[at], (middle + half)[at])


def _deviation(value: Vec) -> float:
    """Return the spread of a day; that of a run of days, a day, where it is larger."""
    alone = float(np.var(value, ddof=1))
    together = float(long_run_covariance(value[:, None], lags(len(value)))[0, 0])
    return math.sqrt(max(alone, together * len(value) / (len(value) - 1)))


def mixture_ratio(n: int, mean: float, variance: float, spread: float) -> float:
    r"""Return the likelihood ratio of a difference against none, mixed over differences.

    .. math:: \Lambda_n = \sqrt{\frac{\sigma^2}{\sigma^2 + n \tau^2}}
              \exp\frac{n^2 \tau^2 \bar d^2}{2 \sigma^2 (\sigma^2 + n \tau^2)}

    Parameters
    ----------
    n : int
        How many differences there are.
    mean : float
        Their mean.
    variance : float
        :math:`\sigma^2` of one of them, above 0; of two independent arms twice that of one.
    spread : float
        :math:`\tau^2`, the variance of the differences that are thought possible, above 0.

    Returns
    -------
    float
        An e-value: it may be looked at on any day, and reaches 1 / level with a chance of at most
        ``level`` where there is no difference.

    Notes
    -----
    Units: none.  Causal: none.  Missing: NaN for NaN.
    METHODS 10.5; Johari et al. (2022), the mixture sequential probability ratio test.

    Examples
    --------
    >>> round(mixture_ratio(50, 0.3, 1.0, 0.25), 6)
    2.185814
    """
    if not (variance > 0.0 and spread > 0.0):
        raise ValueError(f"variance {variance} and spread {spread} must be above 0")
    whole = variance + n * spread
    grown = n * n * spread * mean * mean / (2.0 * variance * whole)
    return math.sqrt(variance / whole) * math.exp(grown)


def _require(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is {level}, must be in (0, 1): 0.05 is usual")
