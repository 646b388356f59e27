"""Funding settlements on the grid: what is paid at a bar's close, and what is known there.

In: files of settlements. Out: the sum of rates settled in ``(open, close]`` of each bar, the last
settled rate known at the close, and the hours between settlements, which come from the times
themselves and not from a venue's name (8, 4 or 1 hours).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.lake import asof, layout, months
from quorate.lake.governance import values
from quorate.lake.kinds import KNOWN_AT, epoch
from quorate.lake.sources import check_order, epoch_ms, fail_if, floats, on_minute, stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.core.types import IntVec, Vec
    from quorate.lake.governance.values import Valued
    from quorate.lake.grid import Grid
    from quorate.lake.prints import Prints

HOUR_MS = 3_600_000
ASSUMED_HOURS = 8.0
_INTERVALS = (1.0, 4.0, 8.0)
_STALE_INTERVALS = 3.0
_STALE_HOURS = 24.0


class Settlements(NamedTuple):
    """The funding of one symbol: settlement times and rates (a fraction per settlement).

    ``told`` is what was known of them when; None where each was known at its time. ``found`` is
    what the rules found, of those that were read from files.
    """

    file: str
    at_ms: IntVec
    rate: Vec
    told: asof.Told | None = None
    found: Valued | None = None


class Funding(NamedTuple):
    """One coin's funding on a grid, shape (time,): paid at the close, known at it, its interval."""

    settled: Vec
    rate: Vec
    hours: Vec


def interval_hours(at_ms: IntVec) -> Vec:
    """Return the hours each settlement stands for: the spacing to the one before.

    A spacing other than 1, 4 or 8 hours is a hole and takes the interval before it. Until a second
    settlement has said otherwise it is 8 hours, the commonest: the spacing to the next one is not
    known yet.

    Examples
    --------
    >>> interval_hours(np.array([0, 4, 8, 16, 20, 64]) * 3_600_000).tolist()
    [8.0, 4.0, 4.0, 8.0, 4.0, 4.0]
    """
    hours = np.full(at_ms.size, np.nan)
    hours[1:] = np.rint(np.diff(at_ms) / HOUR_MS)
    hours[~np.isin(hours, _INTERVALS)] = np.nan
    if hours.size:
        hours[0] = ASSUMED_HOURS
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


def read(
    paths: Sequence[Path], as_of_ms: int | None = None, prints: Prints | None = None
) -> Settlements:
    """Return one symbol's settlements, and of files of the lake when each rate was known.

    Venues settle on the hour but stamp it some milliseconds late (``00:00:00.009``): a time
    within 2 s of a whole minute is put on it, any other is kept as the event it is.

    Parameters
    ----------
    paths : sequence of Path
        The symbol's files in order of time.
    as_of_ms : int, optional
        Only what was known then (files of the lake).
    prints : Prints, optional
        What was read of each file is put there.

    Raises
    ------
    SchemaError
        If a column is missing, rows are unsorted or doubled, or a rate is not within +-0.5.

    Notes
    -----
    Units: fractions per settlement.  Causal: what is paid is what the latest row says; what is
    known of it at a bar is what had been said by then.  Missing: none.  Spec 13; METHODS 12.
    """
    rows, name = stored(paths, ("ts", "funding_rate"), as_of_ms, prints)
    at = on_minute(epoch_ms(rows, name))
    rate = floats(rows, "funding_rate", name)
    check_order(at, name)
    fail_if(~(np.abs(rate) <= 0.5), at, rate, f"{name}: funding_rate", "a fraction within +-0.5")
    told = _told(paths, as_of_ms) if months.is_ours(paths[-1]) else None
    found = values.judge(rows, layout.spelt(paths), "funding", name)
    return Settlements(name, at, rate, told, found)


def between(given: Settlements, first_ms: int, end_ms: int) -> Settlements:
    """Return the settlements of ``[first_ms, end_ms)``.

    Examples
    --------
    >>> between(Settlements("f", np.array([1, 2, 3]), np.ones(3)), 2, 3).at_ms.tolist()
    [2]
    """

    def inside(at: IntVec) -> slice:
        return slice(*np.searchsorted(at, (first_ms, end_ms)).tolist())

    rows, told = inside(given.at_ms), given.told
    if told is not None:
        seen = (told.at_ms >= first_ms) & (told.at_ms < end_ms)
        told = asof.Told(told.at_ms[seen], told.known_ms[seen], told.value[seen])
    return Settlements(given.file, given.at_ms[rows], given.rate[rows], told)


def joined(parts: Sequence[Settlements]) -> Settlements:
    """Return settlements that follow one another as one series.

    Examples
    --------
    >>> one = Settlements("f", np.array([1]), np.ones(1))
    >>> joined([one, Settlements("g", np.array([2]), np.ones(1))]).at_ms.tolist()
    [1, 2]
    """
    if len(parts) == 1:
        return parts[0]
    told = None
    if any(each.told is not None for each in parts):
        all_told = [each.told or asof.Told(each.at_ms, each.at_ms, each.rate) for each in parts]
        told = asof.Told(*(np.concatenate(each) for each in zip(*all_told, strict=True)))
    at = np.concatenate([each.at_ms for each in parts])
    return Settlements(parts[0].file, at, np.concatenate([each.rate for each in parts]), told)


def _told(paths: Sequence[Path], as_of_ms: int | None) -> asof.Told | None:
    """Return when each rate was known, None where each was at its time."""
    rows = months.rows(paths)
    at, known = epoch(rows["ts"]), epoch(rows[KNOWN_AT])
    if as_of_ms is not None:
        is_told = known <= as_of_ms
        rows, at, known = rows.filter(is_told), at[is_told], known[is_told]
    if bool((known <= at).all()):
        return None
    late_ms, at = np.maximum(known - at, 0), on_minute(at)  # jitter of the stamp is no delay
    return asof.Told(at, at + late_ms, rows["funding_rate"].to_numpy())


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
