"""Bars that are missing, and bars that a venue printed after trading had stopped.

In: one coin's bars. Out: what ``grid.lay`` will carry or leave absent, and what ``grid.alive``
leaves out, told as findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.lake.governance.findings import Finding, Rule, found
from quorate.lake.grid import alive
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
        The believed bars (``grid.alive``).

    Notes
    -----
    Units, Causal, Missing: as ``grid.alive``.  Spec 13.
    """
    kept = alive(series, bar_minutes, params.frozen_hours)
    gone = np.setdiff1d(series.open_ms, kept.open_ms, assume_unique=True)
    if gone.size == 0:
        return series, []
    end = kept.open_ms[-1] if kept.open_ms.size else series.open_ms[0] - 1
    findings = []
    for rule, at in ((Rule.FROZEN_HALT, gone[gone < end]), (Rule.FROZEN_END, gone[gone > end])):
        first, n = _by_day(at)
        findings.append(found(rule, first, n=n))
    return kept, findings


def _by_day(at: IntVec) -> tuple[IntVec, IntVec]:
    """Return the first time of each UTC day and how many fall on it."""
    _, row, n = np.unique(at // 86_400_000, return_index=True, return_counts=True)
    return at[row], n
