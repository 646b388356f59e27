"""Fitted calibrations: what a strength is worth by a curve that was fitted out of sample.

In: a strength and the coefficients or knots of a fit (``research.calibrate`` makes them). Out: a
probability in [0.5, 0.99]. The streaming calibration learns one number per bucket of strengths as
labels end; a fitted one is a curve over the strength, fixed until the next fit (METHODS 1.4).
"""

from __future__ import annotations

import math
from enum import IntEnum

from quorate.core.curves import interpolate, logistic, stair
from quorate.core.kernel import kernel
from quorate.core.types import Vec

FLOOR = 0.5
"""A side whose probability is lower is incoherent: it is worth nothing (METHODS 1.4)."""

CEILING = 0.99
"""No finite sample says that a vote is always right, and the log pool takes no certainty."""

EDGE = 1e-6
"""Strengths nearer 0 or 1 than this count as this near, where their logarithm is taken."""


class Kind(IntEnum):
    """What kind of curve a calibration is (METHODS 1.4)."""

    PLATT = 0  # logistic(a x + b)
    BETA = 1  # logistic(a log x - b log(1 - x) + c)
    ISOTONIC = 2  # straight lines between the knots
    VENN_ABERS = 3  # a stair over the knots: the lower end of its interval


_PLATT = int(Kind.PLATT)
_BETA = int(Kind.BETA)
_ISOTONIC = int(Kind.ISOTONIC)


@kernel
def curve(kind: int, coefficients: Vec, knots: Vec, values: Vec, strength: float) -> float:
    r"""Return what a curve says of a strength, whatever that is.

    .. math:: \sigma(ax + b), \quad \sigma(a\ln x - b\ln(1-x) + c), \quad \text{lines or a stair}

    Parameters
    ----------
    kind : int
        A ``Kind``.
    coefficients : Vec
        a, b and c, shape (3,); those a kind has no use for are not read.
    knots, values : Vec
        Of the kinds without coefficients, shape (knot,); at least one.
    strength : float
        As an engine stated it, in [0.5, 1].

    Returns
    -------
    float
        In [0, 1].

    Notes
    -----
    Units: probabilities.  Causal: a formula.  Missing: NaN where the strength is, 0 on a stair.
    METHODS 1.4; Platt (1999); Kull, Silva Filho and Flach (2017), "Beta calibration"; Vovk,
    Petej and Fedorova (2015), "Large-scale probabilistic predictors with and without guarantees".

    Examples
    --------
    >>> import numpy as np
    >>> none = np.zeros(1)
    >>> curve(int(Kind.PLATT), np.array([0.0, 0.0, 0.0]), none, none, 0.8)
    0.5
    >>> round(curve(int(Kind.BETA), np.array([1.0, 1.0, 0.0]), none, none, 0.8), 12)
    0.8
    """
    if kind == _PLATT:
        return logistic(coefficients[0] * strength + coefficients[1])
    if kind == _BETA:
        x = min(max(strength, EDGE), 1.0 - EDGE)
        z = coefficients[0] * math.log(x) - coefficients[1] * math.log(1.0 - x)
        return logistic(z + coefficients[2])
    if kind == _ISOTONIC:
        return interpolate(strength, knots, values)
    return stair(strength, knots, values, 0.0)


@kernel
def scan(
    kind: int, coefficients: Vec, knots: Vec, values: Vec, strength: Vec, prob: Vec
) -> tuple[int, int]:
    """Write the probability of every strength, within floor and ceiling.

    Parameters
    ----------
    kind, coefficients, knots, values
        As ``curve``.
    strength : Vec
        Shape (vote,).
    prob : Vec
        Written, in [0.5, 0.99], shape (vote,).

    Returns
    -------
    n_floored, n_capped : int, int
        How many were raised to the floor: incoherent votes, counted; and lowered to the ceiling.

    Notes
    -----
    Units: probabilities.  Causal: a vote at a time.  Missing: NaN is worth 0.5, uncounted.
    METHODS 1.4.

    Examples
    --------
    >>> import numpy as np
    >>> prob = np.empty(3)
    >>> knots, values = np.array([0.5, 1.0]), np.array([0.4, 1.0])
    >>> strength = np.array([0.5, 0.75, 1.0])
    >>> scan(int(Kind.ISOTONIC), np.zeros(3), knots, values, strength, prob), prob.tolist()
    ((1, 1), [0.5, 0.7, 0.99])
    """
    n_floored = 0
    n_capped = 0
    for i in range(strength.size):
        p = FLOOR
        if strength[i] == strength[i]:
            p = curve(kind, coefficients, knots, values, strength[i])
            if not p >= FLOOR:
                p = FLOOR
                n_floored += 1
            elif p > CEILING:
                p = CEILING
                n_capped += 1
        prob[i] = p
    return n_floored, n_capped
