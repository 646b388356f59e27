"""Bars that are missing, bars in which nothing traded, and bars printed after trading had stopped.

In: one coin's bars. Out: what ``grid.lay`` will carry or leave absent, and what ``grid.alive``
leaves out, told as findings; a series may come in stretches, one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.lake.governance.findings import Finding, Rule, found
from quorate.lake.grid import join, moves, take
from quorate.lake.sources import MINUTE_MS

if TYPE_CHECKING:
    from quorate.core.types import IntVec
    from quorate.lake.governance.params import Params
    from quorate.lake.sources import Mask, Series

_DAY_MS = 86_400_000


def gaps(
    series: Series, bar_minutes: int, params: Params, before_ms: int | None = None
) -> list[Finding]:
    """Tell every hole between two bars: carried below the limit, a break from it on.

    Parameters
    ----------
    series : Series
        Bars of one coin, tidy.
    bar_minutes : int
        Length of a bar.
    params : Params
        ``gap_minutes``.
    before_ms : int, optional
        The open of the bar before the first one, where these are a stretch of more.

    Returns
    -------
    list[Finding]
        ``n`` bars missing from ``at`` on; ``value`` is the minutes missing.

    Notes
    -----
    Units: minutes.  Causal: a hole is told once it has ended.  Missing: before the first and after
    the last bar nothing is missing.  Spec 13; METHODS 12.
    """
    bar_ms = bar_minutes * MINUTE_MS
    at = series.open_ms
    if before_ms is not None:
        at = np.concatenate([[before_ms], at])
    n = np.diff(at) // bar_ms - 1
    row = np.flatnonzero(n > 0)
    first, minutes = at[row] + bar_ms, n[row] * bar_minutes
    is_short = minutes < params.gap_minutes
    return [
        found(
            rule,
            first[which],
            n=n[row][which],
            value=minutes[which].astype(np.float64),
            bound=params.gap_minutes,
        )
        for rule, which in ((Rule.GAP_FILLED, is_short), (Rule.GAP_BREAK, ~is_short))
    ]


def untraded(series: Series, bar_minutes: int) -> Finding:
    """Tell the bars without volume: the price of each may have moved or not.

    Parameters
    ----------
    series : Series
        Tidy bars.
    bar_minutes : int
        Length of a bar.

    Returns
    -------
    Finding
        ``n`` bars of a UTC day that follow one another from ``at`` on.

    Notes
    -----
    Units: bars.  Causal: a bar is judged by itself.  Missing: a missing bar is not counted.
    Spec 13.

    Examples
    --------
    >>> from quorate.lake.sources import Series
    >>> one, volume = np.ones(3), np.array([0.0, 1.0, 0.0])
    >>> bars = Series("f", np.arange(3) * 300_000, one, 2 * one, one, one, volume, one)
    >>> untraded(bars, 5).n.tolist()
    [1, 1]
    """
    at = series.open_ms[series.volume == 0.0]
    is_next = np.diff(at) == bar_minutes * MINUTE_MS
    first = np.flatnonzero(np.append(True, ~is_next | (np.diff(at // _DAY_MS) != 0))[: at.size])
    return found(Rule.VOLUME_ZERO, at[first], n=np.diff(np.append(first, at.size)))


class Frozen:
    """Leaves out bars printed while nothing traded, and tells them day by day.

    Parameters
    ----------
    bar_minutes : int
        Length of a bar.
    params : Params
        ``frozen_hours``.

    Notes
    -----
    Units, Causal, Missing: as ``grid.alive``, of all stretches together.  Memory: the bars before
    the first that moves, of ``frozen_hours`` at most, and what is known of a day.  Spec 13.

    Examples
    --------
    >>> from quorate.lake.governance.params import Params
    >>> from quorate.lake.sources import Series
    >>> one = np.ones(2)
    >>> bars = Series("f", np.array([0, 300_000]), one, one, one, one, one, one)
    >>> Frozen(5, Params()).step(bars, is_last=True).open_ms.tolist()
    [0, 300000]
    """

    def __init__(self, bar_minutes: int, params: Params) -> None:
        self._bar_ms = bar_minutes * MINUTE_MS
        self._quiet_ms = params.frozen_hours * 60 * MINUTE_MS
        self._since = -1  # the last bar that moved, or the time before the first one
        self._has_moved = False
        self._waiting: list[Series] = []  # before anything moved: bars if something will
        self._run: list[tuple[IntVec, IntVec]] = []  # days of the flat bars since
        self._is_cut = False
        self._told: dict[Rule, list[tuple[IntVec, IntVec]]] = {
            Rule.FROZEN_HALT: [],
            Rule.FROZEN_END: [],
        }

    def step(self, series: Series, *, is_last: bool) -> Series:
        """Return the believed bars of a stretch, and those of before it that it makes believed.

        Parameters
        ----------
        series : Series
            Tidy bars, later than those of the stretches before.
        is_last : bool
            No more will come.
        """
        at, moving = series.open_ms, moves(series)
        if self._since == -1 and at.size:
            self._since = int(at[0]) - self._bar_ms
        if moving.all():
            if at.size:
                self._close_run(is_moved=True)
                self._since = int(at[-1])
            kept = series
        else:
            kept = self._without_frozen(series, moving)
        if not self._has_moved:
            self._has_moved = bool(moving.any())
            self._waiting.append(kept)
            kept = take(series, slice(0))
            if self._has_moved:
                kept, self._waiting = join(self._waiting), []
        if is_last:
            self._close_run(is_moved=False)
        return kept

    def _without_frozen(self, series: Series, moving: Mask) -> Series:
        at = series.open_ms
        rows = np.flatnonzero(moving)
        # the last moving bar at or before each row; before the first, the start counts
        latest = np.maximum.accumulate(np.where(moving, np.arange(at.size), -1))
        kept = at - np.where(latest >= 0, at[latest], self._since) <= self._quiet_ms
        run = np.searchsorted(rows, np.arange(at.size))
        is_cut = np.bincount(run[~kept], minlength=rows.size + 1) > 0
        is_cut[0] |= self._is_cut
        flat = ~moving
        if rows.size:
            self._is_cut = bool(is_cut[0])
            self._run.append(_by_day(at[flat & (run == 0)]))
            self._close_run(is_moved=True)
            is_between = flat & is_cut[run] & (run > 0) & (run < rows.size)
            self._told[Rule.FROZEN_HALT].append(_by_day(at[is_between]))
            self._since = int(at[rows[-1]])
        self._run.append(_by_day(at[flat & (run == rows.size)]))
        self._is_cut = bool(is_cut[-1])
        return take(series, kept)

    def _close_run(self, *, is_moved: bool) -> None:
        """Tell the flat bars that something moves after, or that are the last ones."""
        if self._is_cut or not (is_moved or self._has_moved):
            rule = Rule.FROZEN_HALT if is_moved else Rule.FROZEN_END
            self._told[rule] += self._run
        self._run, self._is_cut = [], False

    @property
    def findings(self) -> list[Finding]:
        """Return what was left out, day by day, once the last stretch was.

        ``n`` counts every frozen bar, those of the first ``frozen_hours``, which stay, too.
        """
        findings = []
        for rule, parts in self._told.items():
            if parts:
                at, n = (np.concatenate(each) for each in zip(*parts, strict=True))
                order = np.argsort(at, kind="stable")
                first, _ = _by_day(at[order])
                day = np.searchsorted(first // _DAY_MS, at // _DAY_MS)
                counts = np.bincount(day, weights=n, minlength=first.size).astype(np.int64)
                findings.append(found(rule, first, n=counts))
        return findings


def _by_day(at: IntVec) -> tuple[IntVec, IntVec]:
    """Return the first time of each UTC day and how many fall on it."""
    _, row, n = np.unique(at // _DAY_MS, return_index=True, return_counts=True)
    return at[row], n
