"""How often a series speaks, by its own times, and where it did not.

In: the spacings between its times. Out: the interval in force at each of them, and the holes. A
venue changes a coin's funding interval, and every coin of it has its own: neither a folder's name
nor one number for a file can say what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import IntVec

SETTLED: Final = 6
"""Equal spacings in a row that make an interval; fewer are holes, or come in between."""


class Holes(NamedTuple):
    """Where something is missing: from when on, how much, how far apart, between which two times.

    Every array has an entry a hole; ``between_ms`` is how far apart its two neighbours are.
    """

    first_ms: IntVec
    n: IntVec
    step_ms: IntVec
    between_ms: IntVec

    def times(self) -> IntVec:
        """Return when each missing value would have stood, hole after hole.

        Examples
        --------
        >>> holes(np.array([0, 4, 16, 20]), np.array([4, 4, 4])).times().tolist()
        [8, 12]
        """
        nth = np.arange(int(self.n.sum())) - np.repeat(np.cumsum(self.n) - self.n, self.n)
        at: IntVec = np.repeat(self.first_ms, self.n) + nth * np.repeat(self.step_ms, self.n)
        return at

    def within(self, first_ms: int, end_ms: int) -> Holes:
        """Return what of the holes lies in a span; ``between_ms`` stays that of the whole hole.

        Examples
        --------
        >>> cut = holes(np.array([0, 40]), np.array([4])).within(10, 30)
        >>> cut.first_ms.tolist(), cut.n.tolist(), cut.between_ms.tolist()
        ([12], [5], [40])
        """
        step = self.step_ms
        before = np.clip(-((self.first_ms - first_ms) // step), 0, self.n)
        until = np.clip(-((self.first_ms - end_ms) // step), 0, self.n)
        cut = Holes(self.first_ms + before * step, until - before, step, self.between_ms)
        left = cut.n > 0
        return Holes(*(each[left] for each in cut))


def own_steps(step: IntVec, longest: int) -> IntVec:
    """Return the interval in force at each spacing.

    Parameters
    ----------
    step : IntVec
        Spacings between times, shape (row - 1,).
    longest : int
        A longer spacing makes no interval, however often it stands.

    Returns
    -------
    IntVec
        Of six equal spacings or more in a row it is theirs, and that of the last such run after it;
        before the first one it is the first one's. Without any it is the commonest spacing.

    Notes
    -----
    Units: those of ``step``.  Causal: no, it says afterwards what a series was meant to be; what a
    run knows at a bar is ``funding.interval_hours``.  Missing: a hole is a spacing of its own.
    Spec 13.

    Examples
    --------
    >>> own_steps(np.array([8] * 6 + [16, 8] + [4] * 6 + [40]), 24).tolist()
    [8, 8, 8, 8, 8, 8, 8, 8, 4, 4, 4, 4, 4, 4, 4]
    """
    if step.size == 0:
        return step
    begin = np.flatnonzero(np.append(True, step[1:] != step[:-1]))
    length = np.diff(np.append(begin, step.size))
    value = step[begin]
    is_own = (length >= SETTLED) & (value <= longest) & (value > 0)
    if not is_own.any():
        values, counts = np.unique(step[step > 0], return_counts=True)
        common = int(values[counts.argmax()]) if values.size else 1
        return np.full(step.size, common, np.int64)
    last = np.maximum.accumulate(np.where(is_own, np.arange(value.size), -1))
    last[last < 0] = int(np.flatnonzero(is_own)[0])
    own: IntVec = np.repeat(value[last], length)
    return own


def holes(at_ms: IntVec, own_ms: IntVec) -> Holes:
    """Return where values are missing.

    Parameters
    ----------
    at_ms : IntVec
        Times on the grid, sorted, shape (row,).
    own_ms : IntVec
        The interval in force at each spacing, shape (row - 1,).

    Notes
    -----
    Units: milliseconds.  Causal: a hole is told once it has ended.  Missing: nothing is missing
    before the first and after the last value; a spacing of one interval and a half has a hole.

    Examples
    --------
    >>> holes(np.array([0, 4, 16]), np.array([4, 4])).n.tolist()
    [2]
    """
    step = np.diff(at_ms)
    n = (2 * step + own_ms) // (2 * own_ms) - 1
    row = np.flatnonzero(n > 0)
    return Holes(at_ms[row] + own_ms[row], n[row], own_ms[row], step[row])
