"""Student's t: how likely a value beyond t is where the spread was estimated too.

In: t and the degrees of freedom, a whole number. Out: a probability, from the finite sums that
exist for whole numbers; the standard library has the normal law only.
"""

from __future__ import annotations

import math


def upper(t: float, freedom: int) -> float:
    r"""Return the probability of a value above t.

    .. math:: P(T_\nu > t) = \tfrac{1}{2}\bigl(1 - A(t \mid \nu)\bigr), \qquad
              A = \sin\theta \sum_{j} c_j \cos^{2j}\theta \;\; (\nu \text{ even}), \quad
              \theta = \arctan\frac{t}{\sqrt\nu}

    Parameters
    ----------
    t : float
        Any; infinite ones have 0 or 1.
    freedom : int
        At least 1.

    Returns
    -------
    float
        In [0, 1].

    Notes
    -----
    Units: probability.  Causal: none.  Missing: NaN for NaN.
    Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.

    Examples
    --------
    >>> round(upper(2.0, 4), 6), upper(0.0, 7), round(upper(-1.0, 1), 6)
    (0.058058, 0.5, 0.75)
    """
    if freedom < 1:
        raise ValueError(f"freedom is {freedom}, must be at least 1")
    if math.isnan(t):
        return math.nan
    angle = math.atan2(t, math.sqrt(freedom))
    square = math.cos(angle) ** 2
    is_odd = freedom % 2
    term = math.cos(angle) if is_odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 if is_odd else 1, freedom - 2, 2):
        term *= square * k / (k + 1)
        total += term
    inside = math.sin(angle) * total
    if is_odd:
        inside = (angle + inside) * 2.0 / math.pi
    return 0.5 * (1.0 - inside)


def point(chance: float, freedom: int) -> float:
    """Return the value that is exceeded with a chance, by halving.

    Parameters
    ----------
    chance : float
        In (0, 0.5].
    freedom : int
        At least 1.

    Notes
    -----
    Units: standard errors.  Causal: none.  Missing: none.

    Examples
    --------
    >>> round(point(0.05, 4), 6)
    2.131847
    """
    if not 0.0 < chance <= 0.5:
        raise ValueError(f"chance is {chance}, must be in (0, 0.5]")
    low, high = 0.0, 1.0
    while upper(high, freedom) > chance:
        high *= 2.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if upper(middle, freedom) > chance else (low, middle)
    return 0.5 * (low + high)
