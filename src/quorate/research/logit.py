"""Platt's and the beta calibration: logistic curves through shares of right votes.

In: votes by distinct strength. Out: coefficients as ``core.consensus.fitted.curve`` reads them.
Both are fitted to Platt's targets: right votes count as (R + 1) / (R + 2) right, wrong ones as
1 / (W + 2), so that classes a strength parts cleanly give finite coefficients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.core.consensus.fitted import EDGE
from quorate.research import libraries

if TYPE_CHECKING:
    from quorate.core.types import Mat, Vec
    from quorate.research.sample import Grouped

RIDGE = 1e-8
"""Of the slopes, in labels: strengths of too few values for the coefficients have a fit too."""
_ROUNDING = 1e-9
"""Strengths that differ by less are one: a slope between them is that of their last digits."""


def platt(points: Grouped) -> Vec:
    r"""Return a >= 0, b and 0 of :math:`p = \sigma(a x + b)`.

    Notes
    -----
    Units: log odds.  Causal: as the votes.  Missing: none allowed.  Platt (1999), "Probabilistic
    outputs for support vector machines"; Lin, Lin and Weng (2007).

    Examples
    --------
    >>> from quorate.research.sample import Grouped
    >>> a, b, _ = platt(Grouped(np.array([0.6, 0.8]), np.full(2, 1e6), np.array([5e5, 8e5])))
    >>> bool(abs(0.6 * a + b) < 1e-5), bool(abs(0.8 * a + b - np.log(4.0)) < 1e-4)
    (True, True)
    """
    right, wrong = _targets(points)
    slopes, intercept = _fit(points.strength[:, None], right, wrong)
    if not slopes[0] >= 0.0:
        slopes, intercept = np.zeros(1), _level(right, wrong)
    return np.array([slopes[0], intercept, 0.0])


def beta(points: Grouped) -> Vec:
    r"""Return a >= 0, b >= 0 and c of :math:`p = \sigma(a \ln x - b \ln(1 - x) + c)`.

    Where a free fit has a slope below 0 that slope is held at 0 and the rest fitted anew, which
    is the best fit with slopes that are not below 0, the loss being convex.

    Notes
    -----
    Units: log odds.  Causal: as the votes.  Missing: none allowed.  Kull, Silva Filho and Flach
    (2017), "Beta calibration", AISTATS.

    Examples
    --------
    >>> from quorate.research.sample import Grouped
    >>> x = np.linspace(0.5, 0.9, 9)
    >>> a, b, c = beta(Grouped(x, np.full(9, 1e6), x * 1e6))
    >>> bool(abs(a - 1.0) < 1e-3), bool(abs(b - 1.0) < 1e-3), bool(abs(c) < 1e-3)
    (True, True, True)
    """
    right, wrong = _targets(points)
    x = np.clip(points.strength, EDGE, 1.0 - EDGE)
    both = np.column_stack([np.log(x), -np.log1p(-x)])
    slopes, intercept = _fit(both, right, wrong)
    if (slopes >= 0.0).all():
        return np.array([slopes[0], slopes[1], intercept])
    best = np.array([0.0, 0.0, _level(right, wrong)])
    lowest = _loss(both, right, wrong, best)
    for kept in (0, 1):
        slope, intercept = _fit(both[:, [kept]], right, wrong)
        tried = np.zeros(3)
        tried[kept], tried[2] = slope[0], intercept
        loss = _loss(both, right, wrong, tried)
        if slope[0] >= 0.0 and loss < lowest:
            best, lowest = tried, loss
    return best


def _targets(points: Grouped) -> tuple[Vec, Vec]:
    """Return the weight of right and of wrong at each strength, by Platt's targets."""
    good, bad = points.right, points.mass - points.right
    n_good, n_bad = float(np.sum(good)), float(np.sum(bad))
    of_good, of_bad = (n_good + 1.0) / (n_good + 2.0), 1.0 / (n_bad + 2.0)
    right = good * of_good + bad * of_bad
    return right, points.mass - right


def _fit(features: Mat, right: Vec, wrong: Vec) -> tuple[Vec, float]:
    """Return slopes and intercept of a logistic regression, fitted on scaled columns."""
    mean, scale = np.mean(features, axis=0), np.std(features, axis=0)
    # a column of one value has no slope, and one that varies by its rounding has none to speak of
    varies = np.ptp(features, axis=0) > _ROUNDING
    scale = np.where(varies, scale, 1.0)
    scaled = np.where(varies, (features - mean) / scale, 0.0)
    n = len(features)
    model = libraries.logistic_regression(
        C=1.0 / RIDGE, solver="newton-cholesky", tol=1e-12, max_iter=1_000
    )
    with libraries.one_thread():
        model.fit(
            np.vstack([scaled, scaled]),
            np.repeat([1, 0], n),
            sample_weight=np.concatenate([right, wrong]),
        )
    slopes = np.where(varies, model.coef_[0] / scale, 0.0)
    intercept = float(model.intercept_[0])
    for f in range(features.shape[1]):
        intercept -= float(slopes[f]) * float(mean[f])
    return slopes, intercept


def _level(right: Vec, wrong: Vec) -> float:
    """Return the log odds of all votes."""
    return float(np.log(np.sum(right) / np.sum(wrong)))


def _loss(features: Mat, right: Vec, wrong: Vec, coefficients: Vec) -> float:
    z = features[:, 0] * coefficients[0] + features[:, 1] * coefficients[1] + coefficients[2]
    return float(np.sum(right * np.logaddexp(0.0, -z) + wrong * np.logaddexp(0.0, z)))
