"""Which coin a symbol means: two coins under one name, and units that change.

In: one symbol's tidy bars, in one piece or in stretches one after the other. Out: one series a
coin, later rows counted in the first unit.

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
from quorate.lake.grid import join, take
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
_FAR = 30.0
"""No jump by less can be a hundred times: half of its distance to ten times, in logs, is 31.6."""
_USUAL_BARS = 20
_DAY_MINUTES = 1440


def coins(
    symbol: str,
    series: Series,
    bar_minutes: int,
    params: Params,
    before: Series | None = None,
    nth: int = 0,
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
    before : Series, optional
        The bars before, where these are a stretch of more: the last ``n_before`` are enough.
    nth : int
        Which coin those were of, counted from 0.

    Returns
    -------
    coins, findings : list[tuple[str, Series]], list[Finding]
        At least one, which is that of before; in order of time.

    Notes
    -----
    Units: as ``Series``.  Causal: a new coin begins on the first bar after the hole, known there.
    Missing: none is filled.  Spec 13.
    """
    both, n = _behind(before, series)
    row = np.flatnonzero(_holes(both, bar_minutes) >= 60.0 * params.coin_hole_hours)
    jump = _jumps(both, row)
    is_other = jump > math.log(params.coin_jump)
    is_other &= ~np.isin(row, _unit_rows(both, bar_minutes, params), assume_unique=True)
    is_other &= row >= n - 1
    if not is_other.any():
        return [(_called(symbol, nth), series)], []
    rows = row[is_other] + 1 - n
    edges = [0, *rows.tolist(), series.open_ms.size]
    parts = [
        (_called(symbol, nth + i), take(series, slice(first, end)))
        for i, (first, end) in enumerate(pairwise(edges))
    ]
    finding = found(
        Rule.SECOND_COIN,
        series.open_ms[rows],
        value=np.exp(jump[is_other]),
        bound=params.coin_jump,
    )
    return parts, [finding]


def one_unit(
    series: Series,
    bar_minutes: int,
    params: Params,
    before: Series | None = None,
    power: float = 0.0,
) -> tuple[Series, list[Finding]]:
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
    before : Series, optional
        The coin's bars before, as stored: the last ``n_before`` are enough.
    power : float
        By which power of ten their unit was another than that of the first.

    Returns
    -------
    series, findings : Series, list[Finding]
        Prices continue across the change; ``value`` of a finding is the factor.

    Notes
    -----
    Units: as ``Series``, of the first row.  Causal: earlier rows are not touched.
    Missing: none is filled.  Spec 13.
    """
    both, n = _behind(before, series)
    row = _unit_rows(both, bar_minutes, params)
    row = row[row >= n - 1]
    if row.size == 0 and power == 0.0:
        return series, []
    change = np.zeros(series.open_ms.size)
    rows: IntVec = row + 1 - n
    change[rows] = np.rint(_jumps(both, row) / _LOG10)
    factor: Vec = 10.0 ** (power + np.cumsum(change))
    finding = found(Rule.REDENOMINATED, series.open_ms[rows], value=10.0 ** change[rows])
    return scaled(series, factor), [finding] if rows.size else []


class Identity:
    """Says of stretch after stretch which coin its bars are of, and counts them in one unit.

    Parameters
    ----------
    symbol, bar_minutes, params
        As ``coins``.

    Notes
    -----
    Units, Causal, Missing: as ``coins`` and ``one_unit`` of all stretches together.  Spec 13.
    """

    def __init__(self, symbol: str, bar_minutes: int, params: Params) -> None:
        self._given = bar_minutes, params
        self._symbol, self._nth = symbol, 0
        self._before: Series | None = None  # of the symbol
        self._own: Series | None = None  # of the coin
        self._power = 0.0
        self.split: list[Finding] = []

    def step(self, series: Series) -> list[Part]:
        """Return the coins of a stretch: that of before, if it goes on, and those that begin."""
        parts, split = coins(self._symbol, series, *self._given, self._before, self._nth)
        self.split += split
        self._before = _last(self._before, series, self._given[0])
        made = []
        for i, (name, part) in enumerate(parts):
            if i > 0:
                self._nth, self._own, self._power = self._nth + 1, None, 0.0
            if part.open_ms.size == 0:
                continue
            one, told = one_unit(part, *self._given, self._own, self._power)
            made.append(Part(name, self._own, part, one, told))
            self._power += sum(float(np.rint(np.log10(each.value)).sum()) for each in told)
            self._own = _last(self._own, part, self._given[0])
        return made


class Part(NamedTuple):
    """A stretch of one coin: its name, the bars before as stored, these, in one unit, and why."""

    name: str
    before: Series | None
    stored: Series
    series: Series
    told: list[Finding]


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


def n_before(bar_minutes: int) -> int:
    """Return how many bars of before say what is usual.

    Examples
    --------
    >>> n_before(5), n_before(1440)
    (288, 20)
    """
    return max(_USUAL_BARS, _DAY_MINUTES // bar_minutes)


def _called(symbol: str, nth: int) -> str:
    return symbol if nth == 0 else f"{symbol}.{nth + 1}"


def _behind(before: Series | None, series: Series) -> tuple[Series, int]:
    """Return bars with those of before, and how many of these there are."""
    if before is None or before.open_ms.size == 0:
        return series, 0
    return join([before, series]), before.open_ms.size


def _last(before: Series | None, series: Series, bar_minutes: int) -> Series:
    """Return the bars that the next stretch looks back on, with memory of their own."""
    n = n_before(bar_minutes)
    short = before is not None and series.open_ms.size < n
    both = join([before, series]) if before is not None and short else series
    return take(both, np.arange(max(both.open_ms.size - n, 0), both.open_ms.size))


def _jumps(series: Series, row: IntVec) -> Vec:
    """Return the log change from the closes of some bars to the next opens."""
    jumps: Vec = np.log(series.open[row + 1] / series.close[row])
    return jumps


def _holes(series: Series, bar_minutes: int) -> Vec:
    """Return the minutes missing before each bar but the first."""
    return np.diff(series.open_ms) / MINUTE_MS - bar_minutes


def _unit_rows(series: Series, bar_minutes: int, params: Params) -> IntVec:
    """Return the bars after which the unit changes."""
    ratio = series.open[1:] / series.close[:-1]
    row = np.flatnonzero((ratio > _FAR) | (ratio < 1.0 / _FAR))
    jump = _jumps(series, row)
    power = np.rint(jump / _LOG10)
    off = np.abs(jump - power * _LOG10)
    near = (off <= params.unit_tolerance) & (np.abs(power) >= _LEAST_POWER)
    # the whole bars stand in other units: a wrong close between two right opens is a bad tick
    near &= np.rint(np.log(series.close[row + 1] / series.open[row]) / _LOG10) == power
    hole = (series.open_ms[row + 1] - series.open_ms[row]) / MINUTE_MS - bar_minutes
    bound = np.where(power > 0, 60.0 * params.coin_hole_hours, params.gap_minutes)
    is_unit = near & ((hole < bound) | (off <= _EXACT))
    for i in np.flatnonzero(is_unit & ((power < 0) | (hole >= bound))).tolist():
        is_unit[i] = _is_scaled(series.volume, int(row[i]), float(jump[i]), bar_minutes)
    return row[is_unit]


def _is_scaled(volume: Vec, row: int, jump: float, bar_minutes: int) -> bool:
    """Return whether the bar after a row traded coins of another unit, by the day before it."""
    usual = float(np.median(volume[: row + 1][-n_before(bar_minutes) :]))
    if usual <= 0.0 or volume[row + 1] <= 0.0:
        return False
    more = math.log(float(volume[row + 1]) / usual)
    return more * jump < 0.0 and abs(more) >= 0.5 * abs(jump)
