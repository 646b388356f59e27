"""Whole histories out of blocks of days: which block is a test, and what may teach there.

In: days, how many blocks, when labels start and end. Out: blocks of whole UTC days, the choices of
blocks that test at once, and of each the labels that neither touch a test nor start in the embargo
after one. It is ``splits.combinatorial`` by the calendar: settings of another horizon have other
labels, and must be judged on the same days all the same.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from quorate.core.types import IntMat, IntVec
from quorate.errors import TooLittleHistoryError
from quorate.research.splits import DAY_MS, paths

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

LEAST_DAYS = 5
"""Days in a block, below which a block says nothing."""


class Histories(NamedTuple):
    """Blocks of days, ``[from, to)`` counted from 1970, and the choices of them that test.

    ``days`` has shape (block, 2); ``tests`` a row of blocks a split; ``paths`` the split that
    stands for each block in each whole history, shape (path, block). In a walk ``train_days`` teach
    before each test, and ``purge_days`` between them do not; it has one path.
    """

    days: IntMat
    tests: tuple[tuple[int, ...], ...]
    paths: IntMat
    train_days: int = 0
    purge_days: int = 0

    @property
    def n_blocks(self) -> int:
        """Return the number of blocks."""
        return len(self.days)

    @property
    def n_days(self) -> int:
        """Return the number of days that are tested."""
        return int(self.days[-1, 1] - self.days[0, 0])


def histories(first_day: int, n_days: int, *, n_blocks: int = 6, n_test: int = 2) -> Histories:
    """Return days cut into blocks, every choice of which tests once.

    Parameters
    ----------
    first_day, n_days : int
        Days from 1970 on, and how many.
    n_blocks, n_test : int
        N blocks, k of which test at once.

    Raises
    ------
    TooLittleHistoryError
        A block would be shorter than ``LEAST_DAYS``.
    ValueError
        A number is out of its bounds.

    Notes
    -----
    Units: days.  Causal: no: a test may be taught by what came after it.  Missing: none.
    Spec 3, METHODS 5.4; Lopez de Prado (2018), chapter 12.

    Examples
    --------
    >>> found = histories(100, 32, n_blocks=3, n_test=2)
    >>> found.days.tolist(), found.tests
    ([[100, 110], [110, 121], [121, 132]], ((0, 1), (0, 2), (1, 2)))
    """
    which = paths(n_blocks, n_test)
    if n_days < n_blocks * LEAST_DAYS:
        raise TooLittleHistoryError(
            f"{max(0, n_days)} days are left to test, {n_blocks} blocks need at least "
            f"{n_blocks * LEAST_DAYS}",
            hint="load a longer history, or give fewer blocks or fewer days of warm-up",
        )
    edges = first_day + np.arange(n_blocks + 1) * n_days // n_blocks
    days = np.stack((edges[:-1], edges[1:]), axis=1)
    return Histories(days, tuple(combinations(range(n_blocks), n_test)), which)


def walk(
    first_day: int, n_days: int, *, train_days: int, purge_days: int, test_days: int
) -> Histories:
    """Return days as one history that was lived: learn, wait, be judged, move on.

    Parameters
    ----------
    first_day, n_days : int
        Days from 1970 on, and how many.
    train_days, purge_days, test_days : int
        Days that teach, that lie between, that are judged; what is left at the end is judged too
        if it is half a test.

    Raises
    ------
    TooLittleHistoryError
        There is no room for two tests.

    Notes
    -----
    Units: days.  Causal: a test is taught by what had ended before the gap.  Missing: none.
    Spec 3, METHODS 5.3.

    Examples
    --------
    >>> found = walk(100, 50, train_days=20, purge_days=2, test_days=10)
    >>> found.days.tolist(), found.paths.tolist()
    ([[122, 132], [132, 142], [142, 150]], [[0, 1, 2]])
    """
    first = first_day + train_days + purge_days
    after = first_day + n_days
    starts = list(range(first, after - test_days // 2, test_days))
    if len(starts) < 2:
        raise TooLittleHistoryError(
            f"there are {n_days} days, two tests need {train_days} to teach, {purge_days} between "
            f"and {test_days + (test_days + 1) // 2} to be judged",
            hint="load a longer history, or give fewer days",
        )
    edges = [*starts, min(starts[-1] + test_days, after)]
    days = np.stack((edges[:-1], edges[1:]), axis=1).astype(np.int64)
    numbers = range(len(starts))
    one = np.arange(len(starts))[None, :]
    return Histories(days, tuple((i,) for i in numbers), one, train_days, purge_days)


def may_teach(
    cut: Histories, split: int, start_ms: IntVec, end_ms: IntVec, embargo_days: float
) -> Mask:
    r"""Return which labels may teach in a split: those that touch no test, nor start just after.

    In a walk: those that lie in the days that teach.

    .. math:: \neg\,(\text{start} < b + \text{embargo} \;\wedge\; \text{end} \ge a)
              \quad\text{for every test } [a, b)

    Parameters
    ----------
    cut : Histories
        From ``histories``.
    split : int
        Its row of ``tests``.
    start_ms, end_ms : IntVec
        When each label is decided and when its outcome is known, shape (label,).
    embargo_days : float
        How long after a test nothing may start that teaches; never less than the longest label,
        nor than a hundredth of the history.

    Notes
    -----
    Units: days; milliseconds since 1970.  Causal: no.  Missing: none.  METHODS 5.3.

    Examples
    --------
    >>> cut = histories(0, 15, n_blocks=3, n_test=1)
    >>> start = np.arange(15) * DAY_MS
    >>> may_teach(cut, 1, start, start + DAY_MS, 1.0).nonzero()[0].tolist()
    [0, 1, 2, 3, 11, 12, 13, 14]
    """
    if cut.train_days:
        until = (int(cut.days[split, 0]) - cut.purge_days) * DAY_MS
        begun = start_ms >= until - cut.train_days * DAY_MS
        return np.asarray(begun & (end_ms <= until))
    longest = int((end_ms - start_ms).max()) if len(start_ms) else 0
    embargo = max(embargo_ms(cut, embargo_days), longest)
    kept = np.ones(len(start_ms), np.bool_)
    for block in cut.tests[split]:
        first, after = (int(day) * DAY_MS for day in cut.days[block])
        kept &= (start_ms >= after + embargo) | (end_ms < first)
    return kept


def embargo_ms(cut: Histories, embargo_days: float) -> int:
    """Return how long after a test nothing teaches, whatever its label: a hundredth at least.

    Parameters
    ----------
    cut : Histories
        From ``histories``.
    embargo_days : float
        What was asked for.

    Notes
    -----
    Units: milliseconds.  Causal: pure.  Missing: none.  METHODS 5.3.

    Examples
    --------
    >>> embargo_ms(histories(0, 600), 4.0) // DAY_MS, embargo_ms(histories(0, 600), 9.0) // DAY_MS
    (6, 9)
    """
    return max(round(embargo_days * DAY_MS), cut.n_days * DAY_MS // 100)
