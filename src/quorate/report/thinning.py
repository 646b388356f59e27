"""Thins long lines out for a picture, and keeps what a reader looks for: the extremes.

In: lines over the same points. Out: the numbers of the points to draw, the same for every line.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import IntVec, Vec

MAX_POINTS: Final = 800


def thinned(lines: Sequence[Vec], max_points: int = MAX_POINTS) -> IntVec:
    """Return the points to keep: the lowest and the highest of every line in every bucket.

    Parameters
    ----------
    lines : sequence of Vec
        At least one, shape (point,) each.
    max_points : int
        At least ``2 + 2 * len(lines)``; the first and the last point are always kept.

    Returns
    -------
    IntVec
        Numbers of points, ascending, at most ``max_points``.

    Notes
    -----
    Units: none.  Causal: reads the whole lines.  Missing: a bucket of NaN only keeps its first
    point, which breaks the line.

    Examples
    --------
    >>> thinned([np.array([0, 1, 0, 0, -5, 0, 0, 1.0, 0])], 6).tolist()
    [0, 1, 2, 4, 7, 8]
    """
    n = len(lines[0])
    if n <= max_points:
        return np.arange(n)
    n_buckets = (max_points - 2) // (2 * len(lines))
    edges = np.linspace(1, n - 1, n_buckets + 1).astype(np.int64).tolist()
    kept = {0, n - 1}
    for line in lines:
        for first, last in pairwise(edges):
            part = line[first:last]
            known = np.flatnonzero(np.isfinite(part))
            if len(known) == 0:
                kept.add(first)
                continue
            kept.add(first + int(known[np.argmin(part[known])]))
            kept.add(first + int(known[np.argmax(part[known])]))
    return np.array(sorted(kept), dtype=np.int64)
