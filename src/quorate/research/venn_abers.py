"""Venn-Abers: the isotonic fit as it would be had one more vote been right, and had it been wrong.

In: distinct strengths in order, with the weight of votes and of those that were right at each.
Out: two stairs, the ends of the interval in which a calibrated probability lies. Between two
strengths the lower end is that of the one below, the upper end that of the one above.

The algorithm is that of Vovk, Petej and Fedorova (2015), section 2: one vote is moved through the
cumulative sum diagram from left to right, and the corners of its greatest convex minorant are
kept on a stack, so that all ends together cost one pass. Weights stretch the steps of the diagram.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import Vec

Point: TypeAlias = tuple[float, float]

ONE = 1.0
"""The vote that is added weighs one label."""


def ends(mass: Vec, right: Vec) -> tuple[Vec, Vec]:
    """Return the lower and the upper end at every distinct strength.

    Parameters
    ----------
    mass, right : Vec
        Weight of the votes, and of those that were right, shape (strength,), strengths ascending;
        masses above 0.

    Returns
    -------
    low, high : Vec
        Probabilities that ascend, low <= high, shape (strength,).

    Notes
    -----
    Units: probabilities; weights in labels.  Causal: reads all votes.  Missing: none allowed.
    METHODS 1.4.

    Examples
    --------
    >>> low, high = ends(np.array([4.0, 4.0]), np.array([2.0, 3.0]))
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.4, 0.6], [0.6, 0.8])
    """
    high = _upper(mass, right)
    # one more vote that is wrong is one more that is right, seen in a mirror
    low = 1.0 - _upper(mass[::-1], (mass - right)[::-1])[::-1]
    return np.minimum(low, high), high


def _upper(mass: Vec, right: Vec) -> Vec:
    """Return the fit at each strength with one more right vote there."""
    n = len(mass)
    x = np.concatenate(([-ONE, 0.0], np.cumsum(mass))).tolist()
    y = np.concatenate(([-ONE, 0.0], np.cumsum(right))).tolist()
    points: list[Point] = list(zip(x, y, strict=True))
    corners: list[Point] = points[:2]
    for point in points[2:]:
        while len(corners) > 1 and _turn(corners[-2], corners[-1], point) <= 0.0:
            corners.pop()
        corners.append(point)
    stack = corners[::-1]
    found = np.empty(n)
    before, moved = points[0], points[1]
    for i in range(n):
        found[i] = (stack[-2][1] - stack[-1][1]) / (stack[-2][0] - stack[-1][0])
        # the added vote steps over the votes of this strength
        after = points[i + 2]
        here = (before[0] + after[0] - moved[0], before[1] + after[1] - moved[1])
        before, moved = here, after
        if _turn(stack[-1], stack[-2], here) >= 0.0:
            continue
        stack.pop()
        while len(stack) > 1 and _turn(here, stack[-1], stack[-2]) <= 0.0:
            stack.pop()
        stack.append(here)
    return np.clip(np.maximum.accumulate(found), 0.0, 1.0)


def _turn(a: Point, b: Point, c: Point) -> float:
    """Return more than 0 where the way over three points turns left, 0 where it goes straight."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
