"""Curves: what a fit left behind, read one number at a time.

In: a number and the knots of a curve, or a row of features and their coefficients. Out: the
curve's value. Fits are made outside the core by libraries whose sums depend on the shape of what
they are given; here every value is one scalar computation in a fixed order, so that a bar alone,
a block and a shuffled block give the same bytes.
"""

from __future__ import annotations

import math

from quorate.core.kernel import kernel
from quorate.core.types import Vec


@kernel
def place(x: float, knots: Vec) -> int:
    """Return the number of knots that are not above x: 0 below the first, all from the last.

    Parameters
    ----------
    x : float
        Where; NaN counts as below all.
    knots : Vec
        Ascending, shape (knot,); equal ones may follow each other.

    Returns
    -------
    int
        In [0, knot].

    Notes
    -----
    Units: those of the knots.  Causal: a formula.  Missing: NaN is 0.

    Examples
    --------
    >>> import numpy as np
    >>> knots = np.array([1.0, 2.0, 2.0])
    >>> place(0.5, knots), place(1.0, knots), place(2.0, knots), place(float("nan"), knots)
    (0, 1, 3, 0)
    """
    low = 0
    high = knots.size
    while low < high:
        middle = (low + high) // 2
        if knots[middle] <= x:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def interpolate(x: float, knots: Vec, values: Vec) -> float:
    """Return the value at x of straight lines between knots, level outside them.

    Parameters
    ----------
    x : float
        Where.
    knots, values : Vec
        At least one each, shape (knot,); knots ascend.

    Returns
    -------
    float
        Between the two values beside x: where values ascend, so does the curve, to the last bit.

    Notes
    -----
    Units: those of the values.  Causal: a formula.  Missing: NaN where x is.

    Examples
    --------
    >>> import numpy as np
    >>> knots, values = np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 2.0])
    >>> [interpolate(x, knots, values) for x in (-1.0, 0.5, 2.0, 9.0)]
    [0.0, 0.5, 1.5, 2.0]
    """
    if x != x:
        return x
    i = place(x, knots)
    if i == 0:
        return values[0]
    if i == knots.size:
        return values[i - 1]
    left = values[i - 1]
    right = values[i]
    value = left + (right - left) / (knots[i] - knots[i - 1]) * (x - knots[i - 1])
    # rounding may pass the right end by one last bit, and a curve that ascends would fall there
    return min(max(value, min(left, right)), max(left, right))


@kernel
def stair(x: float, knots: Vec, values: Vec, below: float) -> float:
    """Return the value of the last knot that is not above x, ``below`` before the first.

    Notes
    -----
    Units: those of the values.  Causal: a formula.  Missing: NaN is before the first.

    Examples
    --------
    >>> import numpy as np
    >>> knots, values = np.array([1.0, 2.0]), np.array([0.3, 0.7])
    >>> [stair(x, knots, values, 0.0) for x in (0.9, 1.0, 1.9, 2.0, 9.0)]
    [0.0, 0.3, 0.3, 0.7, 0.7]
    """
    i = place(x, knots)
    return values[i - 1] if i > 0 else below


@kernel
def logistic(z: float) -> float:
    r"""Return :math:`1 / (1 + e^{-z})`, so written that no exponential overflows.

    Notes
    -----
    Units: a probability.  Causal: a formula.  Missing: NaN where z is.

    Examples
    --------
    >>> logistic(0.0), logistic(-1000.0), logistic(1000.0)
    (0.5, 0.0, 1.0)
    """
    if z >= 0.0:
        return 1.0 / (1.0 + math.exp(-z))
    grown = math.exp(z)
    return grown / (1.0 + grown)
