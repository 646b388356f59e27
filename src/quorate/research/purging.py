"""Rows that may train beside a test: those whose label touches no label of it, by time.

In: labels as intervals of time, both ends included, by start; tests as ranges of rows. Out: rows
as runs ``[from, to)``, for what is left of a history is a few long ranges: index arrays are made of
them when they are asked for. Rows of all coins stand in one order of time, so that a label is
purged whatever coin the test's label is of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import IntMat, IntVec

if TYPE_CHECKING:
    from collections.abc import Sequence

NONE = np.empty((0, 2), np.int64)
"""No runs."""


class Zones(NamedTuple):
    """What each block of rows would take from the rows beside it, were it the test.

    ``row`` (block + 1,) are the blocks' bounds. A block's zone goes from its first start to its
    last end and the embargo. ``clear`` (block,) is the row before which no label reaches it;
    ``short`` holds, as runs, the rows from there to the block that are over in time all the same;
    ``after`` (block,) is the first row that starts after the zone.
    """

    row: IntVec
    clear: IntVec
    short: tuple[IntMat, ...]
    after: IntVec


def checked(start_ms: IntVec, end_ms: IntVec) -> tuple[IntVec, IntVec]:
    """Return the intervals for kernels, after checking that they are some, in order of start.

    Raises
    ------
    ValueError
        If they are not.

    Examples
    --------
    >>> checked(np.array([0, 5]), np.array([7, 6]))
    (array([0, 5]), array([7, 6]))
    """
    start, end = (np.require(x, np.int64, ["C", "W"]) for x in (start_ms, end_ms))
    if start.shape != end.shape or start.ndim != 1:
        raise ValueError(f"{start.shape} starts and {end.shape} ends: give one of each a label")
    if not len(start):
        raise ValueError("there are no labels to split: take events of more bars")
    i = _disorder(start, end)
    if i >= 0 and end[i] < start[i]:
        raise ValueError(f"label {i} ends at {end[i]} ms, before its start at {start[i]} ms")
    if i >= 0:
        raise ValueError(
            f"label {i} starts at {start[i]} ms, before the one above it at {start[i - 1]} ms: "
            "sort them by start"
        )
    return start, end


def zones(start_ms: IntVec, end_ms: IntVec, row: IntVec, embargo_ms: int) -> Zones:
    """Return what every block takes from the rows beside it.

    Parameters
    ----------
    start_ms, end_ms : IntVec
        The labels, by start.
    row : IntVec
        Bounds of the blocks, from 0 to the number of labels; labels of one start share a block.
    embargo_ms : int
        How long after the last end of a test nothing may start that trains.

    Returns
    -------
    Zones
        One a block.

    Notes
    -----
    Units: milliseconds; rows.  Causal: a test's labels decide what may train.  Missing: none.
    METHODS 5.3.

    Examples
    --------
    >>> start = np.arange(6)
    >>> found = zones(start, start + np.array([1, 4, 1, 1, 1, 1]), np.array([0, 3, 6]), 0)
    >>> found.clear, found.short[1], found.after
    (array([0, 1]), array([], shape=(0, 2), dtype=int64), array([6, 6]))
    """
    last_end = np.maximum.reduceat(end_ms, row[:-1])
    first_start = start_ms[row[:-1]]
    reach = np.maximum.accumulate(end_ms)
    clear = np.searchsorted(reach, first_start, side="left")
    short = [
        _runs(np.flatnonzero(end_ms[lo:hi] < begun) + lo)
        for lo, hi, begun in zip(clear, row[:-1], first_start, strict=True)
    ]
    after = np.searchsorted(start_ms, last_end + embargo_ms, side="right")
    return Zones(row, clear, tuple(short), after)


def beside(zones: Zones, tests: Sequence[int]) -> IntMat:
    """Return the rows that may train when some blocks are the test.

    Parameters
    ----------
    zones : Zones
        Of all blocks.
    tests : sequence of int
        The blocks that test, ascending.

    Returns
    -------
    IntMat
        Runs of rows, ascending, shape (run, 2).

    Notes
    -----
    Units: rows.  Causal: rows after a test may train as well.  Missing: none.  METHODS 5.3, 5.4.

    Examples
    --------
    >>> start = np.arange(9)
    >>> beside(zones(start, start + 1, np.array([0, 3, 6, 9]), 1), [1]).tolist()
    [[0, 2], [8, 9]]
    """
    found = []
    lo, after = 0, 0
    for block in (*tests, len(zones.row) - 1):
        lo = max(lo, after)
        is_end = block == len(zones.row) - 1
        hi = int(zones.row[block])
        clear = hi if is_end else min(int(zones.clear[block]), hi)
        if lo < clear:
            found.append(np.array([[lo, clear]]))
        if not is_end:
            short = zones.short[block]
            short = short[short[:, 1] > lo]
            if len(short) and short[0, 0] < lo:
                short = short.copy()
                short[0, 0] = lo
            found.append(short)
            lo = int(zones.row[block + 1])
            after = max(after, int(zones.after[block]))
    return np.concatenate(found) if found else NONE


def rows(runs: IntMat) -> IntVec:
    """Return the rows that runs stand for.

    Examples
    --------
    >>> rows(np.array([[0, 2], [5, 8]]))
    array([0, 1, 5, 6, 7])
    """
    out = np.empty(count(runs), np.int64)
    _fill(np.require(runs, np.int64, ["C", "W"]), out)
    return out


def count(runs: IntMat) -> int:
    """Return how many rows runs stand for.

    Examples
    --------
    >>> count(np.array([[0, 2], [5, 8]]))
    5
    """
    return int(np.sum(runs[:, 1] - runs[:, 0]))


def _runs(ascending: IntVec) -> IntMat:
    """Return ascending rows as runs."""
    if not len(ascending):
        return NONE
    cuts = np.flatnonzero(np.diff(ascending) > 1) + 1
    first = ascending[np.concatenate(([0], cuts))]
    last = ascending[np.concatenate((cuts - 1, [len(ascending) - 1]))]
    return np.stack((first, last + 1), axis=1)


@kernel
def _disorder(start: IntVec, end: IntVec) -> int:
    """Return the first label that ends before it starts or starts before the last; else -1."""
    for i in range(start.shape[0]):
        if end[i] < start[i] or (i > 0 and start[i] < start[i - 1]):
            return i
    return -1


@kernel
def _fill(runs: IntMat, out: IntVec) -> None:
    """Write the rows of all runs."""
    n = 0
    for i in range(runs.shape[0]):
        first = runs[i, 0]
        size = runs[i, 1] - first
        here = out[n : n + size]
        for j in range(size):
            here[j] = first + j
        n += size
