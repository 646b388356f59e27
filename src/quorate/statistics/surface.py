"""How fast a result falls off around a chosen setting: a plateau, or a peak that luck may be.

In: the settings of a sweep, a row a trial, and what each came to. Out: for the chosen one, what its
neighbours on the grid came to. A result that needs one exact number will hardly keep it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import Mat, Vec


@dataclass(frozen=True)
class Sensitivity:
    """A chosen result beside those one step away on the grid.

    ``kept`` is the median of the neighbours over the chosen result, 1 on a plateau and NaN where
    the chosen result is not above 0; ``worst`` is the least of them; ``falls`` the mean fall from
    the chosen to its neighbours in each setting, shape (setting,), NaN where it has none.
    """

    chosen: float
    n_neighbours: int
    median: float
    worst: float
    kept: float
    falls: Vec


def sensitivity(settings: Mat, results: Vec, chosen: int) -> Sensitivity:
    """Compare a trial of a sweep with its neighbours.

    Parameters
    ----------
    settings : Mat
        Numbers, shape (trial, setting).
    results : Vec
        What each trial came to, more is better, shape (trial,).
    chosen : int
        Which trial.

    Returns
    -------
    Sensitivity
        A neighbour differs in one setting, by one step of the values that were tried.

    Raises
    ------
    ValueError
        Shapes differ, or there is no such trial.

    Notes
    -----
    Units: of the results.  Causal: reads finished runs.  Missing: a neighbour that is not known is
    left out; NaN where there is none.  METHODS 5.

    Examples
    --------
    >>> found = sensitivity(np.array([[1.0], [2.0], [3.0]]), np.array([0.9, 1.0, 0.5]), 1)
    >>> found.n_neighbours, found.kept, found.falls.round(2).tolist()
    (2, 0.7, [0.3])
    """
    if settings.ndim != 2 or results.shape != settings.shape[:1]:
        raise ValueError(f"shapes {settings.shape} and {results.shape}: give one result a trial")
    if not 0 <= chosen < len(results):
        raise ValueError(f"trial {chosen} is not one of {len(results)}")
    # places on the grid of each setting, so that a step is one whatever its size
    place = np.column_stack([np.unique(each, return_inverse=True)[1] for each in settings.T])
    away = np.abs(place - place[chosen])
    is_near = (away.sum(axis=1) == 1) & np.isfinite(results)
    value, near = float(results[chosen]), results[is_near]
    falls = np.array(
        [
            float(value - np.mean(results[is_near & (step == 1)]))
            if np.any(is_near & (step == 1))
            else math.nan
            for step in away.T
        ]
    )
    if not len(near):
        return Sensitivity(value, 0, math.nan, math.nan, math.nan, falls)
    median = float(np.median(near))
    kept = median / value if value > 0.0 else math.nan
    return Sensitivity(value, len(near), median, float(np.min(near)), kept, falls)
