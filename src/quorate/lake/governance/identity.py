"""Which coin a symbol means: two coins under one name, and units that change.

In: one symbol's tidy bars. Out: one series a coin, later rows counted in the first unit.

A hole of days with a far higher price behind it is where one coin ended and another took its name
(LUNA in May 2022). A jump between two bars by a hundred or a higher power of ten, with no trade on
the way, is a change of unit: later prices are divided by it and volumes multiplied, so that the
series goes on and no earlier row is touched. What could as well be a holder's loss is believed as
one, and what could as well be another coin is: downward, or across a hole of days, the first bar
must have traded as many more (or fewer) coins as each is worth less (or more), and across a hole
the price must be the old one in the new unit to the last digit, for that is where a venue opens it.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from quorate.lake.governance.findings import Finding, Rule, found
from quorate.lake.governance.rows import take
from quorate.lake.sources import MINUTE_MS, PRICES

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec
    from quorate.lake.governance.params import Params
    from quorate.lake.sources import Series

_LOG10 = math.log(10.0)
_LEAST_POWER = 2
"""A tenth or tenfold between two bars may be a crash or a pump; a hundredth is a unit."""
_EXACT = 1e-3
"""How near ``ln`` of a jump across a hole must be to a power of ten: of three real ones the
farthest was 7e-5 off."""
_USUAL_BARS = 20
_DAY_MINUTES = 1440


def coins(
    symbol: str, series: Series, bar_minutes: int, params: Params
) -> tuple[list[tuple[str, Series]], list[Finding]]:
    """Split a symbol's bars where another coin begins.

    Parameters
    ----------
    symbol : str
        The vendor's name; the first coin keeps it, the next are ``symbol.2``, ``symbol.3``.
    series : Series
        Tidy bars.
    bar_minutes : int
        Length of a bar.
    params : Params
        ``coin_hole_hours`` and ``coin_jump``.

    Returns
    -------
    coins, findings : list[tuple[str, Series]], list[Finding]
        At least one; in order of time.

    Notes
    -----
    Units: as ``Series``.  Causal: a new coin begins on the first bar after the hole, known there.
    Missing: none is filled.  Spec 13.
    """
    jump = _jumps(series)
    cut = _holes(series, bar_minutes) >= 60.0 * params.coin_hole_hours
    cut &= jump > math.log(params.coin_jump)
    cut &= ~_is_unit(series, bar_minutes, params)
    rows = np.flatnonzero(cut) + 1
    if rows.size == 0:
        return [(symbol, series)], []
    edges = [0, *rows.tolist(), series.open_ms.size]
    parts = [
        (symbol if i == 0 else f"{symbol}.{i + 1}", take(series, np.arange(first, end)))
        for i, (first, end) in enumerate(pairwise(edges))
    ]
    finding = found(
        Rule.SECOND_COIN,
        series.open_ms[rows],
        value=np.exp(jump[rows - 1]),
        bound=params.coin_jump,
    )
    return parts, [finding]


def one_unit(series: Series, bar_minutes: int, params: Params) -> tuple[Series, list[Finding]]:
    """Count later rows in the first unit where the unit changes by a power of ten.

    Parameters
    ----------
    series : Series
        Tidy bars of one coin.
    bar_minutes : int
        Length of a bar.
    params : Params
        ``unit_tolerance``: how near ``ln(open / last close)`` must be to a multiple of ``ln 10``;
        ``gap_minutes`` and ``coin_hole_hours``: across which holes more is asked for.

    Returns
    -------
    series, findings : Series, list[Finding]
        Prices continue across the change; ``value`` of a finding is the factor.

    Notes
    -----
    Units: as ``Series``, of the first row.  Causal: earlier rows are not touched.
    Missing: none is filled.  Spec 13.
    """
    jump = _jumps(series)
    rows: IntVec = np.flatnonzero(_is_unit(series, bar_minutes, params)) + 1
    if rows.size == 0:
        return series, []
    power = np.zeros(series.open_ms.size)
    power[rows] = np.rint(jump[rows - 1] / _LOG10)
    factor: Vec = 10.0 ** np.cumsum(power)
    finding = found(Rule.REDENOMINATED, series.open_ms[rows], value=10.0 ** power[rows])
    return scaled(series, factor), [finding]


class Units(NamedTuple):
    """When a coin's unit changed, and by which factor in all since its first row."""

    at_ms: IntVec
    factor: Vec

    def of(self, at_ms: IntVec) -> Vec:
        """Return the factor that holds at each time, 1 before the first change."""
        held = np.concatenate([[1.0], self.factor])
        return held[np.searchsorted(self.at_ms, at_ms, side="right")]


def units(told: pl.DataFrame, name: str) -> Units:
    """Return how a coin's unit changed, from what was found.

    Parameters
    ----------
    told : polars.DataFrame
        Findings (``findings.frame``).
    name : str
        The coin.

    Returns
    -------
    Units
        Empty for a coin that kept its unit.

    Notes
    -----
    Units: a factor.  Causal: each change is known on its bar.  Missing: none.

    Examples
    --------
    >>> from quorate.lake.governance.findings import frame
    >>> new = found(Rule.REDENOMINATED, np.array([5, 9]), value=np.array([1e3, 0.01]))
    >>> units(frame("A", [new]), "A").of(np.array([4, 5, 9])).tolist()
    [1.0, 1000.0, 10.0]
    """
    mine = told.filter(
        (pl.col("symbol") == name) & (pl.col("rule") == Rule.REDENOMINATED.value)
    ).sort("at")
    return Units(mine["at"].dt.epoch("ms").to_numpy(), np.cumprod(mine["value"].to_numpy()))


def scaled(series: Series, factor: Vec) -> Series:
    """Return bars whose prices are divided by a factor each, and volumes multiplied."""
    columns: dict[str, Any] = {name: getattr(series, name) / factor for name in PRICES}
    columns |= {name: getattr(series, name) * factor for name in ("volume", "taker_buy")}
    return series._replace(**columns)


def _jumps(series: Series) -> Vec:
    """Return the log change from each close to the next open, shape (bar - 1,)."""
    jumps: Vec = np.log(series.open[1:] / series.close[:-1])
    return jumps


def _holes(series: Series, bar_minutes: int) -> Vec:
    """Return the minutes missing before each bar but the first."""
    return np.diff(series.open_ms) / MINUTE_MS - bar_minutes


def _is_unit(
    series: Series, bar_minutes: int, params: Params
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return where the unit changes, shape (bar - 1,)."""
    jump = _jumps(series)
    power = np.rint(jump / _LOG10)
    off = np.abs(jump - power * _LOG10)
    near = (off <= params.unit_tolerance) & (np.abs(power) >= _LEAST_POWER)
    # the whole bars stand in other units: a wrong close between two right opens is a bad tick
    near &= np.rint(np.log(series.close[1:] / series.open[:-1]) / _LOG10) == power
    hole = _holes(series, bar_minutes)
    bound = np.where(power > 0, 60.0 * params.coin_hole_hours, params.gap_minutes)
    is_unit: np.ndarray[tuple[int], np.dtype[np.bool_]] = near & ((hole < bound) | (off <= _EXACT))
    for row in np.flatnonzero(is_unit & ((power < 0) | (hole >= bound))).tolist():
        is_unit[row] = _is_scaled(series.volume, row, float(jump[row]), bar_minutes)
    return is_unit


def _is_scaled(volume: Vec, row: int, jump: float, bar_minutes: int) -> bool:
    """Return whether the bar after a row traded coins of another unit, by the day before it."""
    usual = float(np.median(volume[: row + 1][-max(_USUAL_BARS, _DAY_MINUTES // bar_minutes) :]))
    if usual <= 0.0 or volume[row + 1] <= 0.0:
        return False
    more = math.log(float(volume[row + 1]) / usual)
    return more * jump < 0.0 and abs(more) >= 0.5 * abs(jump)
