"""Bars that are missing, and bars that a venue printed after trading had stopped.

In: one coin's bars. Out: what ``grid.lay`` will carry or leave absent, and what ``grid.alive``
leaves out, told as findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.lake.governance.findings import Finding, Rule, found
from quorate.lake.grid import alive, moves
from quorate.lake.sources import MINUTE_MS

if TYPE_CHECKING:
    from quorate.core.types import IntVec
    from quorate.lake.governance.params import Params
    from quorate.lake.sources import Series


def gaps(series: Series, bar_minutes: int, params: Params) -> list[Finding]:
    """Tell every hole between two bars: carried below the limit, a break from it on.

    Parameters
    ----------
    series : Series
        Bars of one coin, tidy.
    bar_minutes : int
        Length of a bar.
    params : Params
        ``gap_minutes``.

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
    n = np.diff(series.open_ms) // bar_ms - 1
    row = np.flatnonzero(n > 0)
    at, minutes = series.open_ms[row] + bar_ms, n[row] * bar_minutes
    is_short = minutes < params.gap_minutes
    return [
        found(
            rule,
            at[which],
            n=n[row][which],
            value=minutes[which].astype(np.float64),
            bound=params.gap_minutes,
        )
        for rule, which in ((Rule.GAP_FILLED, is_short), (Rule.GAP_BREAK, ~is_short))
    ]


def frozen(series: Series, bar_minutes: int, params: Params) -> tuple[Series, list[Finding]]:
    """Leave out bars printed while nothing traded, and tell them day by day.

    Parameters
    ----------
    series, bar_minutes, params
        As ``gaps``; ``frozen_hours``.

    Returns
    -------
    series, findings : Series, list[Finding]
        The believed bars (``grid.alive``); ``n`` counts every frozen bar, those of the first
        ``frozen_hours``, which stay, too.

    Notes
    -----
    Units, Causal, Missing: as ``grid.alive``.  Spec 13.
    """
    kept = alive(series, bar_minutes, params.frozen_hours)
    if kept.open_ms.size == series.open_ms.size:
        return series, []
    moved = np.flatnonzero(moves(series))
    # runs of bars between two that move, of which some went
    went = ~np.isin(series.open_ms, kept.open_ms, assume_unique=True)
    run = np.searchsorted(moved, np.arange(series.open_ms.size))
    is_cut = np.bincount(run[went], minlength=moved.size + 1) > 0
    is_frozen = is_cut[run]
    is_frozen[moved] = False
    is_end = run == moved.size
    findings = []
    for rule, which in ((Rule.FROZEN_HALT, ~is_end), (Rule.FROZEN_END, is_end)):
        first, n = _by_day(series.open_ms[is_frozen & which])
        findings.append(found(rule, first, n=n))
    return kept, findings


def _by_day(at: IntVec) -> tuple[IntVec, IntVec]:
    """Return the first time of each UTC day and how many fall on it."""
    _, row, n = np.unique(at // 86_400_000, return_index=True, return_counts=True)
    return at[row], n
