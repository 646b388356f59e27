"""Funding settlements on the grid: what is paid at a bar's close, and what is known there.

In: ``Settlements`` of each coin. Out: the sum of rates settled in ``(open, close]`` of each bar,
the last settled rate known at the close, and the hours between settlements, which come from the
times themselves and not from a venue's name (8, 4 or 1 hours).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.lake import asof, months
from quorate.lake.kinds import KNOWN_AT, epoch
from quorate.lake.sources import read_funding, snapped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
        Times and rates, sorted, and when they were known.
    grid : Grid
        The bars.

    Returns
    -------
    Funding
        ``settled`` 0 where nothing is settled; ``rate`` and ``hours`` of the last settlement that
        was known at the close.

    Notes
    -----
    Units: fractions per settlement; hours.  Causal: a rate is known from its settlement on, or from
    when it was told if that was later; a payment is booked when it falls due all the same.
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
    if at.size == 0:
        nothing = np.full(grid.n_bars, np.nan)
        return Funding(settled, nothing, nothing.copy())
    told = settlements.told or asof.Told(at, at, rate)
    hours = interval_hours(at)[np.searchsorted(at, told.at_ms)]
    longest_ms = np.maximum(_STALE_HOURS, _STALE_INTERVALS * hours) * HOUR_MS
    last = asof.latest(told.at_ms, told.known_ms, stamp, longest_ms)
    return Funding(
        settled,
        np.where(last < 0, np.nan, told.value[last]),
        np.where(last < 0, np.nan, hours[last]),
    )


def read(paths: Sequence[Path], as_of_ms: int | None = None) -> Settlements:
    """Return one symbol's settlements, and of files of the lake when each rate was known.

    Parameters
    ----------
    paths : sequence of Path
        The symbol's files in order of time.
    as_of_ms : int, optional
        Only what was known then (files of the lake).

    Raises
    ------
    SchemaError
        As ``sources.read_funding``.

    Notes
    -----
    Units: fractions per settlement.  Causal: what is paid is what the latest row says; what is
    known of it at a bar is what had been said by then.  Missing: none.  Spec 13; METHODS 12.
    """
    settlements = read_funding(paths, as_of_ms)
    if not months.is_ours(paths[-1]):
        return settlements
    rows = months.rows(paths)
    at, known = epoch(rows["ts"]), epoch(rows[KNOWN_AT])
    if as_of_ms is not None:
        is_told = known <= as_of_ms
        rows, at, known = rows.filter(is_told), at[is_told], known[is_told]
    if bool((known <= at).all()):
        return settlements
    # jitter of the stamp is no delay
    late_ms = np.maximum(known - at, 0)
    at = snapped(at)
    rate = rows["funding_rate"].to_numpy()
    return settlements._replace(told=asof.Told(at, at + late_ms, rate))


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
