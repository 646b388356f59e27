"""Murphy's decomposition: what of a Brier score is miscalibration, what is skill, what is luck.

In: probabilities and whether each came true. Out: reliability (how far forecasts are from what
happened when they were made), resolution (how far that differs between forecasts), uncertainty
(what a forecast of the base rate would score).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import Vec

N_BINS = 10
"""Bins of forecasts, of about equal weight; equal forecasts are never parted."""


class Murphy(NamedTuple):
    """A Brier score and its parts: ``brier = reliability - resolution + uncertainty + within``.

    ``within`` is what bins leave: the variance of forecasts within a bin less twice their
    covariance with the outcomes (Stephenson et al. 2008); 0 where a bin has one forecast.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def murphy(prob: Vec, right: Vec, weight: Vec, n_bins: int = N_BINS) -> Murphy:
    r"""Return the decomposition of a weighted Brier score.

    .. math:: \overline{(p - y)^2} = \sum_k \tfrac{w_k}{W} (\bar p_k - \bar y_k)^2
        - \sum_k \tfrac{w_k}{W} (\bar y_k - \bar y)^2 + \bar y (1 - \bar y) + within

    Parameters
    ----------
    prob, right, weight : Vec
        Forecasts in [0, 1], 1 where it came true, weights above 0 in sum, shape (sample,) each.
    n_bins : int
        The most bins that are made.

    Returns
    -------
    Murphy

    Raises
    ------
    ValueError
        No weight, or bins below 1.

    Notes
    -----
    Units: squared probabilities.  Causal: reads all samples.  Missing: none allowed.
    METHODS 1.4; Murphy (1973), "A new vector partition of the probability score".

    Examples
    --------
    >>> told = murphy(np.array([0.8, 0.8, 0.2, 0.2]), np.array([1.0, 1.0, 0.0, 1.0]), np.ones(4))
    >>> [round(part, 4) for part in told]
    [0.19, 0.065, 0.0625, 0.1875, 0.0]
    """
    total = float(np.sum(weight))
    if not total > 0.0 or n_bins < 1:
        raise ValueError(f"weights sum to {total}, bins are {n_bins}; both must be above 0")
    label = _bins(prob, weight, n_bins)
    mass = np.bincount(label, weight)
    kept = mass > 0.0
    mass = mass[kept]
    forecast = np.bincount(label, weight * prob)[kept] / mass
    outcome = np.bincount(label, weight * right)[kept] / mass
    share = mass / total
    base = float(np.sum(share * outcome))
    brier = float(np.sum(weight * (prob - right) ** 2)) / total
    reliability = float(np.sum(share * (forecast - outcome) ** 2))
    resolution = float(np.sum(share * (outcome - base) ** 2))
    uncertainty = base * (1.0 - base)
    within = brier - (reliability - resolution + uncertainty)
    return Murphy(brier, reliability, resolution, uncertainty, within)


def _bins(prob: Vec, weight: Vec, n_bins: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the bin of every forecast: by the weight that lies below it and half its own."""
    distinct, label = np.unique(prob, return_inverse=True)
    if len(distinct) <= n_bins:
        return label.astype(np.int64)
    mass = np.bincount(label, weight)
    middle = (np.cumsum(mass) - mass / 2.0) / np.sum(mass)
    of_distinct = np.minimum((middle * n_bins).astype(np.int64), n_bins - 1)
    return of_distinct[label]
