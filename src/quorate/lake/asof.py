"""Slower series beside bars: at every bar the latest row that had happened and was known by then.

In: rows with the time they are of and the time they became known. Out: which row holds at each
stamp. Funding rates and the worth of the quote currency stand beside bars through this; prices that
belong to one bar (marks, the basis) are matched by the bar and not by age.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec


class Told(NamedTuple):
    """Values, when they are of and when they became known; a correction is a second of one time."""

    at_ms: IntVec
    known_ms: IntVec
    value: Vec


def latest(at_ms: IntVec, known_ms: IntVec, stamps_ms: IntVec, longest_ms: Vec | float) -> IntVec:
    r"""Return the row that holds at each stamp, -1 where none does.

    .. math:: \arg\max_i \{(at_i, known_i) : at_i \le t,\ known_i \le t\},
        \quad \text{if } t - at_i \le longest_i

    Parameters
    ----------
    at_ms : IntVec
        When each row happened, in any order.
    known_ms : IntVec
        When it became known; a correction is a second row of the same time.
    stamps_ms : IntVec
        When it is asked for.
    longest_ms : Vec or float
        The age up to which a row holds, one each or one for all.

    Returns
    -------
    IntVec
        Shape of ``stamps_ms``. Of rows that happened and became known together the one that stands
        last.

    Notes
    -----
    Units: milliseconds.  Causal: a row known later than t changes nothing at t.  Missing: -1 before
    the first row, and where the latest is too old: an older one would be older still.
    METHODS 12.

    Examples
    --------
    The second row is learned an hour late, the third corrects the first:

    >>> at, known = np.array([0, 8, 0]), np.array([0, 9, 4])
    >>> latest(at, known, np.array([-1, 3, 4, 8, 9, 40]), 24.0).tolist()
    [-1, 0, 2, 2, 1, -1]
    """
    row: IntVec = np.full(stamps_ms.shape, -1, np.int64)
    if at_ms.size == 0:
        return row
    order = np.lexsort((known_ms, at_ms))
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    usable_ms = np.maximum(at_ms, known_ms)
    by = np.argsort(usable_ms, kind="stable")
    best = order[np.maximum.accumulate(rank[by])]
    n_usable = np.searchsorted(usable_ms[by], stamps_ms, side="right")
    is_any = n_usable > 0
    row[is_any] = best[n_usable[is_any] - 1]
    longest = np.broadcast_to(np.asarray(longest_ms, np.float64), at_ms.shape)
    is_old = is_any & (stamps_ms - at_ms[row] > longest[row])
    row[is_old] = -1
    return row
