"""Whether the best of many is better than what there is, or only the luckiest of them.

In: daily returns of a benchmark, such as the champion's, and of many challengers. Out: the p-value
that none of them is better, and which are: Hansen's test of superior predictive ability and the
stepwise test of Romano and Wolf, by the stationary bootstrap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quorate.statistics.bootstrap import stationary_days

if TYPE_CHECKING:
    from quorate.core.types import Mat, Vec

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Superiority:
    """Whether any challenger is better: Hansen's three p-values, and who is better.

    ``consistent`` is the one to quote; ``lower`` leaves poor challengers out, ``upper`` counts all
    (White's reality check). ``better`` has the columns that are, all at the level together.
    """

    lower: float
    consistent: float
    upper: float
    better: tuple[int, ...]


def superior(
    challengers: Mat,
    benchmark: Vec,
    *,
    seed: int,
    level: float = 0.05,
    n_samples: int = 1_000,
    block_days: int | None = None,
) -> Superiority:
    r"""Test whether any of many challengers has a higher mean return than a benchmark.

    .. math:: T = \max_k \frac{\sqrt{n}\,\bar d_k}{\hat\omega_k}, \qquad
              p = P\Bigl(\max_k \frac{\sqrt{n}\,(\bar d^*_k - g(\bar d_k))}{\hat\omega_k} > T\Bigr)

    Parameters
    ----------
    challengers : Mat
        Daily returns, shape (day, challenger); at the same risk, or the riskiest wins.
    benchmark : Vec
        Of the same days, shape (day,).
    seed : int
        The same seed gives the same answer.
    level : float
        Chance that any is called better where none is, in (0, 1).
    n_samples : int
        How many series are drawn.
    block_days : int, optional
        Mean length of a block; the cube root of the number of days when left out.

    Returns
    -------
    Superiority
        Studentised by the variance that the stationary bootstrap has in the limit.

    Raises
    ------
    ValueError
        Shapes differ, a return is not finite, or a challenger never differs from the benchmark.

    Notes
    -----
    Units: probability.  Causal: reads all days.  Missing: none may be: leave the days out before.
    METHODS 5.7, 10.6; Hansen (2005); Romano and Wolf (2005); White (2000).

    Examples
    --------
    >>> days = np.random.default_rng(1).standard_normal((120, 4)) * 0.01
    >>> found = superior(days[:, 1:] + np.array([0.0, 0.01, 0.0]), days[:, 0], seed=1)
    >>> found.better, found.consistent < 0.05
    ((1,), True)
    """
    if challengers.ndim != 2 or benchmark.shape != challengers.shape[:1]:
        raise ValueError(
            f"shapes {challengers.shape} and {benchmark.shape}: give one return a common day"
        )
    if not (np.isfinite(challengers).all() and np.isfinite(benchmark).all()):
        raise ValueError("a return is not finite: leave out the days that one of them lacks")
    if not np.ptp(challengers - benchmark[:, None], axis=0).all():
        raise ValueError("a challenger does not differ from the benchmark from day to day")
    if not 0.0 < level < 1.0:
        raise ValueError(f"level is {level}, must be in (0, 1): 0.05 is usual")
    length = max(1, round(len(benchmark) ** (1.0 / 3.0))) if block_days is None else block_days
    ahead = challengers - benchmark[:, None]
    n, mean = len(ahead), np.mean(ahead, axis=0)
    error = np.sqrt(_variance(ahead - mean, length) / n)
    drawn = _means(ahead, n_samples, length, seed)
    # far below the benchmark a challenger is no rival, and its luck is not held against the best
    is_rival = mean >= -error * math.sqrt(2.0 * math.log(max(math.log(n), 1.0)))
    t = mean / error
    apart = {
        "lower": (drawn - np.maximum(mean, 0.0)) / error,
        "consistent": (drawn - np.where(is_rival, mean, 0.0)) / error,
        "upper": (drawn - mean) / error,
    }
    p_values = {name: float(np.mean(each.max(axis=1) > t.max())) for name, each in apart.items()}
    return Superiority(**p_values, better=_stepwise(t, apart["consistent"], level))


def _stepwise(t: Vec, apart: Mat, level: float) -> tuple[int, ...]:
    """Return who is better, step by step: those found are left out of the next bound."""
    left: Mask = np.ones(len(t), np.bool_)
    while left.any():
        bound = float(np.quantile(apart[:, left].max(axis=1), 1.0 - level))
        found = left & (t > max(bound, 0.0))
        if not found.any():
            break
        left &= ~found
    return tuple(int(k) for k in np.flatnonzero(~left))


def _variance(centred: Mat, length: float) -> Vec:
    r"""Return the variance of root n times a drawn mean, in the limit of many draws.

    .. math:: \omega^2 = \gamma_0 + 2 \sum_{i=1}^{n-1} \kappa_i \gamma_i, \quad
              \kappa_i = \tfrac{n - i}{n} (1 - q)^i + \tfrac{i}{n} (1 - q)^{n - i}
    """
    n = len(centred)
    spectrum = np.fft.rfft(centred, 2 * n, axis=0)
    lagged = np.fft.irfft(np.abs(spectrum) ** 2, 2 * n, axis=0)[:n] / n
    i, stays = np.arange(n), 1.0 - 1.0 / length
    kappa = (1.0 - i / n) * stays**i + i / n * stays ** (n - i)
    found: Vec = lagged[0] + 2.0 * (kappa[1:] @ lagged[1:])
    # rounding aside it is not negative: it is a variance of draws
    return np.maximum(found, 1e-12 * lagged[0])


def _means(ahead: Mat, n_samples: int, length: float, seed: int) -> Mat:
    """Return the means of drawn series, shape (sample, challenger); all are drawn on equal days."""
    n = len(ahead)
    days = stationary_days(n, n_samples, length, seed)
    place = days + n * np.arange(n_samples)
    counts = np.bincount(place.ravel(), minlength=n * n_samples).reshape(n_samples, n)
    return np.asarray(counts @ ahead / n)
