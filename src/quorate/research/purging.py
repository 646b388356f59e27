"""Rows that may train beside a test: those whose label touches no label of it, by time.

In: labels as intervals of time, both ends included, by start; tests as ranges of rows. Out: rows
as runs ``[from, to)``, for what is left of a history is a few long ranges: index arrays are made of
them when they are asked for. Rows of all coins stand in one order of time, so that a label is
purged whatever coin the test's label is of.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import IntMat, IntVec


class Labels(NamedTuple):
    """Intervals that were looked over: in order of start, none ends before it starts."""

    start_ms: IntVec
    end_ms: IntVec
    n_starts: int  # distinct ones
    longest_ms: int


class Zones(NamedTuple):
    """What each block of rows would take from the rows beside it, were it the test.

    ``row`` (block + 1,) are the blocks' bounds. A block's zone goes from its first start to its
    last end and the embargo. ``clear`` (block,) is the first row before it that reaches it, the
    block's own if none does; ``short`` holds, as runs, the rows from there to the block that are
    over in time all the same, those of block b in ``bounds[b] : bounds[b + 1]``; ``after`` (block,)
    is the first row that starts after the zone.
    """

    row: IntVec
    clear: IntVec
    short: IntMat
    bounds: IntVec
    after: IntVec


def checked(start_ms: IntVec, end_ms: IntVec) -> Labels:
    """Return the intervals for kernels, after checking that they are some, in order of start.

    Raises
    ------
    ValueError
        If they are not.

    Examples
    --------
    >>> found = checked(np.array([0, 0, 5]), np.array([7, 6, 6]))
    >>> found.n_starts, found.longest_ms
    (2, 7)
    """
    start, end = (np.require(x, np.int64, ["C", "W"]) for x in (start_ms, end_ms))
    if start.shape != end.shape or start.ndim != 1:
        raise ValueError(f"{start.shape} starts and {end.shape} ends: give one of each a label")
    if not len(start):
        raise ValueError("there are no labels to split: take events of more bars")
    n_wrong, n_starts, longest = _look_over(start, end)
    if n_wrong:
        before = np.concatenate((start[:1], start[:-1]))
        i = int(np.argmax((end < start) | (start < before)))
        if end[i] < start[i]:
            raise ValueError(f"label {i} ends at {end[i]} ms, before its start at {start[i]} ms")
        raise ValueError(
            f"label {i} starts at {start[i]} ms, before the one above it at {before[i]} ms: "
            "sort them by start"
        )
    return Labels(start, end, int(n_starts), int(longest))


def blocks(labels: Labels, n_blocks: int) -> IntVec:
    """Return the bounds of blocks of as many distinct starts each, the last with the rest.

    Parameters
    ----------
    labels : Labels
        From ``checked``.
    n_blocks : int
        At most ``labels.n_starts``.

    Returns
    -------
    IntVec
        Rows, shape (n_blocks + 1,).

    Notes
    -----
    Units: rows.  Causal: none.  Missing: none.

    Examples
    --------
    >>> start = np.array([0, 0, 1, 2, 3, 4])
    >>> blocks(checked(start, start), 2)
    array([0, 3, 6])
    """
    size = labels.n_starts // n_blocks
    bounds = np.append(np.arange(n_blocks) * size, len(labels.start_ms))
    if labels.n_starts < len(labels.start_ms):
        _bound(labels.start_ms, size, bounds)
    return bounds


def zones(labels: Labels, row: IntVec, embargo_ms: int) -> Zones:
    """Return what every block takes from the rows beside it.

    Parameters
    ----------
    labels : Labels
        From ``checked``.
    row : IntVec
        From ``blocks``: labels of one start share a block.
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
    >>> found = zones(checked(start, start + np.array([1, 4, 1, 1, 1, 1])), np.array([0, 3, 6]), 0)
    >>> found.clear, found.short.tolist(), found.after
    (array([0, 1]), [], array([6, 6]))
    """
    start, end, _, longest = labels
    begun = start[row[:-1]]
    # no label lasts longer: what starts sooner neither reaches a block nor ends it
    near = np.searchsorted(start, begun - longest, side="left")
    late = np.searchsorted(start, start[row[1:] - 1] - longest, side="left")
    clear, last_end, bounds = np.empty_like(begun), np.empty_like(begun), np.zeros_like(row)
    short = np.empty((int(np.sum(row[:-1] - near)) // 2, 2), np.int64)
    _scan(begun, end, row, near, np.maximum(late, row[:-1]), clear, last_end, short, bounds)
    after = np.searchsorted(start, last_end + embargo_ms, side="right")
    return Zones(row, clear, short[: bounds[-1]], bounds, after)


def beside(zones: Zones, tests: IntMat) -> list[IntMat]:
    """Return the rows that may train for every choice of blocks that test.

    Parameters
    ----------
    zones : Zones
        Of all blocks.
    tests : IntMat
        The blocks that test, ascending, shape (choice, test).

    Returns
    -------
    list of IntMat
        Runs of rows, ascending, shape (run, 2), one a choice.

    Notes
    -----
    Units: rows.  Causal: rows after a test may train as well.  Missing: none.  METHODS 5.3, 5.4.

    Examples
    --------
    >>> start = np.arange(9)
    >>> found = zones(checked(start, start + 1), np.array([0, 3, 6, 9]), 1)
    >>> [runs.tolist() for runs in beside(found, np.array([[0], [1]]))]
    [[[5, 9]], [[0, 2], [8, 9]]]
    """
    n_short = np.diff(zones.bounds)
    most = int(np.sum(n_short[tests])) + tests.size + len(tests)
    runs, ends = np.empty((most, 2), np.int64), np.empty(len(tests), np.int64)
    _beside(*zones, tests, runs, ends)
    found, lo = [], 0
    for hi in ends.tolist():
        found.append(runs[lo:hi])
        lo = hi
    return found


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


@kernel
def _look_over(start: IntVec, end: IntVec) -> tuple[int, int, int]:
    """Return how many labels are out of order, the distinct starts, and the longest label."""
    # no way out of the loop, so that it is done several labels at a time
    longest = end[0] - start[0]
    n_wrong, n_starts = int(longest < 0), 1
    for i in range(1, start.shape[0]):
        lasts = end[i] - start[i]
        longest = max(longest, lasts)
        n_starts += int(start[i] > start[i - 1])
        n_wrong += int(lasts < 0 or start[i] < start[i - 1])
    return n_wrong, n_starts, longest


@kernel
def _bound(start: IntVec, size: int, bounds: IntVec) -> None:
    """Write where each block but the first begins: every so many distinct starts."""
    n_starts, block = 1, 1
    for i in range(1, start.shape[0]):
        if block == bounds.shape[0] - 1:
            return
        if start[i] > start[i - 1]:
            if n_starts == block * size:
                bounds[block] = i
                block += 1
            n_starts += 1


@kernel
def _scan(
    begun: IntVec,
    end: IntVec,
    row: IntVec,
    near: IntVec,
    late: IntVec,
    clear: IntVec,
    last_end: IntVec,
    short: IntMat,
    bounds: IntVec,
) -> None:
    """Write how far each block reaches, and what before it is over when it begins."""
    n = 0
    for b in range(begun.shape[0]):
        last = end[late[b]]
        for i in range(late[b], row[b + 1]):
            last = max(last, end[i])
        last_end[b] = last
        first = near[b]
        while first < row[b] and end[first] < begun[b]:
            first += 1
        clear[b] = first
        for i in range(first + 1, row[b]):
            if end[i] < begun[b]:
                if end[i - 1] >= begun[b]:  # a run begins, and ends here or later
                    short[n, 0] = i
                    n += 1
                short[n - 1, 1] = i + 1
        bounds[b + 1] = n


@kernel
def _beside(
    row: IntVec,
    clear: IntVec,
    short: IntMat,
    bounds: IntVec,
    after: IntVec,
    tests: IntMat,
    runs: IntMat,
    ends: IntVec,
) -> None:
    """Write the runs of every choice, one after another, and where those of each end."""
    n = 0
    for i in range(tests.shape[0]):
        lo = 0
        for j in range(tests.shape[1]):
            block = tests[i, j]
            if lo < clear[block]:
                runs[n, 0], runs[n, 1] = lo, clear[block]
                n += 1
            for r in range(bounds[block], bounds[block + 1]):
                if lo < short[r, 1]:
                    runs[n, 0], runs[n, 1] = max(lo, short[r, 0]), short[r, 1]
                    n += 1
            # an earlier test may reach farther than this one
            lo = max(lo, row[block + 1], after[block])
        if lo < row[row.shape[0] - 1]:
            runs[n, 0], runs[n, 1] = lo, row[row.shape[0] - 1]
            n += 1
        ends[i] = n


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
