"""Funding settlements on the grid: what is paid at a bar's close, and what is known there.

In: ``Settlements`` of each coin. Out: the sum of rates settled in ``(open, close]`` of each bar,
the last settled rate known at the close, and the hours between settlements, which come from the
times themselves and not from a venue's name (8, 4 or 1 hours).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec
    from quorate.lake.grid import Grid
    from quorate.lake.sources import Settlements

HOUR_MS = 3_600_000
ASSUMED_HOURS = 8.0
_INTERVALS = (1.0, 4.0, 8.0)
_STALE_INTERVALS = 3.0
_STALE_HOURS = 24.0


class Funding(NamedTuple):
    """One coin's funding on a grid, shape (time,): paid at the close, known at it, its interval."""

    settled: Vec
    rate: Vec
    hours: Vec


def interval_hours(at_ms: IntVec) -> Vec:
    """Return the hours each settlement stands for: the spacing to the one before.

    A spacing other than 1, 4 or 8 hours is a hole and takes the interval before it; the first
    settlement takes the first valid spacing, 8 hours if there is none.

    Examples
    --------
    >>> interval_hours(np.array([0, 8, 16, 20, 24, 64]) * 3_600_000).tolist()
    [8.0, 8.0, 8.0, 4.0, 4.0, 4.0]
    """
    hours = np.full(at_ms.size, np.nan)
    hours[1:] = np.rint(np.diff(at_ms) / HOUR_MS)
    hours[~np.isin(hours, _INTERVALS)] = np.nan
    valid = np.flatnonzero(~np.isnan(hours))
    if valid.size == 0:
        return np.full(at_ms.size, ASSUMED_HOURS)
    hours[0] = hours[valid[0]]
    known = np.maximum.accumulate(np.where(np.isnan(hours), 0, np.arange(at_ms.size)))
    filled: Vec = hours[known]
    return filled


def lay(settlements: Settlements, grid: Grid) -> Funding:
    r"""Put one coin's settlements on the grid.

    .. math:: f_t = \sum_{open_t < \tau \le close_t} rate_\tau

    Parameters
    ----------
    settlements : Settlements
        Times and rates, sorted.
    grid : Grid
        The bars.

    Returns
    -------
    Funding
        ``settled`` 0 where nothing is settled; ``rate`` and ``hours`` of the last settlement at
        or before the close.

    Notes
    -----
    Units: fractions per settlement; hours.  Causal: a rate is known from its settlement on.
    Missing: ``rate`` and ``hours`` NaN before the first settlement, and once the last one is
    older than 24 h and than three intervals.
    Spec 4, METHODS 6.4.
    """
    at, rate = settlements.at_ms, settlements.rate
    settled = np.zeros(grid.n_bars)
    row = -(-at // grid.bar_ms) - grid.k0
    inside = (row >= 0) & (row < grid.n_bars)
    np.add.at(settled, row[inside], rate[inside])
    stamp = (np.arange(grid.n_bars) + grid.k0) * grid.bar_ms
    last = np.searchsorted(at, stamp, side="right") - 1
    if at.size == 0:
        nothing = np.full(grid.n_bars, np.nan)
        return Funding(settled, nothing, nothing.copy())
    hours = interval_hours(at)[last]
    limit = np.maximum(_STALE_HOURS, _STALE_INTERVALS * hours)
    known = (last >= 0) & ((stamp - at[last]) / HOUR_MS <= limit)
    return Funding(settled, np.where(known, rate[last], np.nan), np.where(known, hours, np.nan))


def assume(known: Funding, rate_8h: float, grid: Grid) -> Funding:
    """Fill the bars without a known rate with constant settlements at 00, 08 and 16 UTC.

    Parameters
    ----------
    known : Funding
        What the data say; bars whose ``rate`` is NaN are filled.
    rate_8h : float
        The assumed rate as a fraction per 8 hours, e.g. 0.0001.
    grid : Grid
        The bars.

    Returns
    -------
    Funding
        No NaN is left.

    Notes
    -----
    Units: fraction per 8 h.  Causal: a constant.  Missing: this is the treatment; the panel says
    so in its notes.
    """
    stamp = (np.arange(grid.n_bars) + grid.k0) * grid.bar_ms
    eight = round(ASSUMED_HOURS) * HOUR_MS
    # Boundaries in (open, close], so that a bar longer than 8 h would hold each of them.
    count = stamp // eight - (stamp - grid.bar_ms) // eight
    empty = np.isnan(known.rate)
    return Funding(
        np.where(empty & (known.settled == 0.0), rate_8h * count, known.settled),
        np.where(empty, rate_8h, known.rate),
        np.where(empty, ASSUMED_HOURS, known.hours),
    )
