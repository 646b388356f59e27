"""Splits: which samples a model learns from, and which it is judged on, with a gap between.

In: when each label starts and ends, all coins in one order of time. Out: splits, each with the rows
that train and the rows that test. ``walk_forward`` is history as it was lived: learn, wait, be
judged, move on. ``combinatorial`` tests every choice of some blocks of time, so it also learns
from the future of a test: it is for choosing models and for how far results lie apart, never for a
headline, and nothing may be carried from one split to another (METHODS 5.4).
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import NamedTuple

import numpy as np

from quorate.core.types import IntMat, IntVec
from quorate.errors import LeakageError, TooLittleHistoryError
from quorate.research import purging

DAY_MS = 86_400_000
TRAIN_DAYS, PURGE_DAYS, TEST_DAYS = 120.0, 5.0, 30.0
"""The specification's window; it allows a purge of 3 to 5 days."""


class Split(NamedTuple):
    """Rows that train and rows that test, as runs ``[from, to)``, shape (run, 2) each.

    ``blocks`` are the numbers of the blocks of time that test, ascending: one in a walk, and one
    run of ``test`` each.
    """

    blocks: tuple[int, ...]
    train: IntMat
    test: IntMat

    @property
    def train_rows(self) -> IntVec:
        """Return the rows that train, ascending, made anew."""
        return purging.rows(self.train)

    @property
    def test_rows(self) -> IntVec:
        """Return the rows that test, ascending, made anew."""
        return purging.rows(self.test)


def walk_forward(
    start_ms: IntVec,
    end_ms: IntVec,
    *,
    train_days: float = TRAIN_DAYS,
    purge_days: float = PURGE_DAYS,
    test_days: float = TEST_DAYS,
    expanding: bool = False,
    until_ms: int | None = None,
) -> tuple[Split, ...]:
    """Return splits that walk through history: train, a gap, test; then on by one test.

    Parameters
    ----------
    start_ms, end_ms : IntVec
        When each label is decided and when its outcome is known (``Labels.start_ms``,
        ``end_ms``), both instants included, by start, shape (label,).
    train_days, test_days : float
        Length of what trains and of what tests; windows contain their first instant, not their
        last.
    purge_days : float
        The gap between them; never less than the longest label.
    expanding : bool
        Whether every split trains from the beginning on; else the window moves along.
    until_ms : int, optional
        Where the history ends: a test that goes beyond is not whole and left out. None: one
        step, the least there is between two starts, after the last start.

    Returns
    -------
    tuple of Split
        At least one, in order of time.

    Raises
    ------
    LeakageError
        If the gap is shorter than the longest label.
    TooLittleHistoryError
        If the history is shorter than one split, or a split would train or test on nothing.
    ValueError
        If the labels are not in order, or a window is not above 0.

    Notes
    -----
    Units: days; milliseconds.  Causal: every label that trains is known before the test begins.
    Missing: none.  Spec 3, METHODS 5.3.

    Examples
    --------
    >>> start = np.arange(400) * DAY_MS
    >>> found = walk_forward(start, start + 5 * DAY_MS)
    >>> len(found), found[0].train.tolist(), found[0].test.tolist()
    (9, [[0, 120]], [[125, 155]])
    >>> found[1].train.tolist(), found[1].test.tolist()
    ([[30, 150]], [[155, 185]])
    """
    labels = purging.checked(start_ms, end_ms)
    start, longest = labels.start_ms, labels.longest_ms
    if not (train_days > 0.0 and test_days > 0.0 and purge_days >= 0.0):
        raise ValueError(
            f"train_days {train_days} and test_days {test_days} must be above 0, "
            f"purge_days {purge_days} at least 0"
        )
    train, purge, test = (round(days * DAY_MS) for days in (train_days, purge_days, test_days))
    if purge < longest:
        raise LeakageError(
            f"purge_days is {purge_days:g}, the longest label lasts {longest / DAY_MS:.4g} days: "
            "what trains would reach into the test",
            hint=f"give purge_days of at least {_days_up(longest):g}, or shorten the horizon",
        )
    origin = int(start[0])
    until = int(start[-1]) + _step(start) if until_ms is None else until_ms
    n_splits = (until - origin - train - purge) // test
    if n_splits < 1:
        raise TooLittleHistoryError(
            f"the labels cover {(until - origin) / DAY_MS:.4g} days, a split needs "
            f"{(train + purge + test) / DAY_MS:.4g}: {train_days:g} to train, {purge_days:g} of "
            f"gap, {test_days:g} to test",
            hint="load a longer history, or give a smaller train_days or test_days",
        )
    moved = origin + np.arange(n_splits) * test
    begun = np.full(n_splits, origin) if expanding else moved
    instants = (begun, moved + train, moved + train + purge, moved + train + purge + test)
    bounds = np.stack([np.searchsorted(start, at) for at in instants], axis=1)
    for i, (lo, hi, first, last) in enumerate(bounds.tolist()):
        if lo == hi or first == last:
            raise TooLittleHistoryError(
                f"split {i} has {hi - lo} labels to train and {last - first} to test: one of its "
                "windows lies in a hole of the history",
                hint="begin after the hole, or give longer windows",
            )
    return tuple(Split((i,), b[None, :2], b[None, 2:]) for i, b in enumerate(bounds))


def combinatorial(
    start_ms: IntVec,
    end_ms: IntVec,
    *,
    n_blocks: int = 6,
    n_test: int = 2,
    embargo_days: float | None = None,
) -> tuple[Split, ...]:
    r"""Return one split for every choice of blocks of time that test; the others train, purged.

    .. math:: \binom{N}{k} \text{ splits, whose tests make up }
              \frac{k}{N} \binom{N}{k} = \binom{N-1}{k-1} \text{ whole histories}

    A label trains if it touches no label of a test, whatever the coin, and does not start within
    the embargo after one.

    Parameters
    ----------
    start_ms, end_ms : IntVec
        As of ``walk_forward``.
    n_blocks : int
        N: blocks of as many starts each, the last with those that are left over; labels that
        start together, of all coins, are never parted.
    n_test : int
        k: how many of them test at once, at least 1 and below N.
    embargo_days : float, optional
        How long after the last end of a test nothing may start that trains. None: the longer of a
        hundredth of the history and the longest label.

    Returns
    -------
    tuple of Split
        In the order of ``itertools.combinations``; ``paths`` puts their tests together.

    Raises
    ------
    TooLittleHistoryError
        If there are fewer starts than blocks, or nothing is left to train on.
    ValueError
        If the labels are not in order, or a number is out of its bounds.

    Notes
    -----
    Units: days; milliseconds.  Causal: no; a model learns from the future of its test.
    Missing: none.
    Spec 3, METHODS 5.3, 5.4; Lopez de Prado (2018), sections 7.4 and 12.4.

    Examples
    --------
    >>> start = np.arange(60) * DAY_MS
    >>> found = combinatorial(start, start + 2 * DAY_MS, embargo_days=1.0)
    >>> len(found), found[6].blocks, found[6].train.tolist()
    (15, (1, 3), [[0, 8], [23, 28], [43, 60]])
    """
    labels = purging.checked(start_ms, end_ms)
    tests = _choices(n_blocks, n_test)
    span = int(labels.start_ms[-1] - labels.start_ms[0])
    if embargo_days is None:
        embargo = max(-(-span // 100), labels.longest_ms)
    elif embargo_days >= 0.0:
        embargo = round(embargo_days * DAY_MS)
    else:
        raise ValueError(f"embargo_days is {embargo_days}, it must be at least 0")
    if labels.n_starts < n_blocks:
        raise TooLittleHistoryError(
            f"{n_blocks} blocks are asked for, the labels have {labels.n_starts} starts",
            hint="give fewer blocks, or load a longer history",
        )
    row = purging.blocks(labels, n_blocks)
    trains = purging.beside(purging.zones(labels, row, embargo), np.array(tests))
    ranges = np.stack((row[:-1], row[1:]), axis=1)[np.array(tests)]
    for blocks, train in zip(tests, trains, strict=True):
        if not len(train):
            raise TooLittleHistoryError(
                f"nothing is left to train on beside the blocks {blocks} of {n_blocks}: each "
                f"lasts some {span / n_blocks / DAY_MS:.3g} days, the longest label "
                f"{labels.longest_ms / DAY_MS:.3g} and the embargo {embargo / DAY_MS:.3g}",
                hint="give fewer blocks or a shorter embargo, or load a longer history",
            )
    return tuple(map(Split, tests, trains, ranges))


def paths(n_blocks: int, n_test: int) -> IntMat:
    """Return which split's test stands for each block in each whole history.

    Parameters
    ----------
    n_blocks, n_test : int
        As of ``combinatorial``.

    Returns
    -------
    IntMat
        Numbers of splits, shape (path, block): every test of every split once.

    Raises
    ------
    ValueError
        If a number is out of its bounds.

    Notes
    -----
    Units: none.  Causal: no.  Missing: none.  METHODS 5.4; Lopez de Prado (2018), section 12.4.

    Examples
    --------
    >>> paths(4, 2)
    array([[0, 0, 1, 2],
           [1, 3, 3, 4],
           [2, 4, 5, 5]])
    """
    tests = _choices(n_blocks, n_test)
    out = np.empty((math.comb(n_blocks - 1, n_test - 1), n_blocks), np.int64)
    used = [0] * n_blocks
    for i, blocks in enumerate(tests):
        for block in blocks:
            out[used[block], block] = i
            used[block] += 1
    return out


def overlaps(split: Split, start_ms: IntVec, end_ms: IntVec) -> int:
    """Return how many labels that train touch a label of the test: 0, or the split leaks.

    Parameters
    ----------
    split : Split
        From here, or made by hand.
    start_ms, end_ms : IntVec
        Of the labels that it was made of.

    Returns
    -------
    int
        Labels that share an instant with a label of the test, both ends included.

    Notes
    -----
    Units: labels.  Causal: no.  Missing: none.  METHODS 5.3.

    Examples
    --------
    >>> start = np.arange(6) * DAY_MS
    >>> unpurged = Split((1,), np.array([[0, 3]]), np.array([[3, 6]]))
    >>> overlaps(unpurged, start, start + DAY_MS)
    1
    """
    train, test = split.train_rows, split.test_rows
    # those that have begun when it ends, less those that were over when it began
    begun = np.searchsorted(np.sort(start_ms[test]), end_ms[train], side="right")
    over = np.searchsorted(np.sort(end_ms[test]), start_ms[train], side="left")
    return int(np.sum(begun > over))


def _days_up(ms: int) -> float:
    """Return milliseconds as days, rounded up to a hundredth."""
    return math.ceil(ms / DAY_MS * 100.0) / 100.0


def _step(start: IntVec) -> int:
    """Return the least time between two starts; 1 ms if there is but one."""
    between = np.diff(start)
    between = between[between > 0]
    return int(between.min()) if len(between) else 1


def _choices(n_blocks: int, n_test: int) -> list[tuple[int, ...]]:
    """Return every choice of blocks that test, in order."""
    if not 1 <= n_test < n_blocks:
        raise ValueError(
            f"n_test is {n_test} of {n_blocks} blocks: at least one must test and one train"
        )
    return list(combinations(range(n_blocks), n_test))
