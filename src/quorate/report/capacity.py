"""How much money fits in: what the same trades would have made with a smaller or larger account.

In: the books and the fills. Out: a curve over the size of the account, and the accounts of note:
those whose return, and whose Sharpe ratio, are half of those of a very small account, the one that
earns the most money, and the one that breaks even. It is the one answer of page, ``metrics.json``,
checks and comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quorate.core.types import MONEY_SCALE, Line
from quorate.report.scaling import READ, Scaled, limits, results, take_apart

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import polars as pl

    from quorate.core.types import Vec

_GRID: Final = np.logspace(-3.0, 6.0, 361)
_SMALLEST_SHOWN: Final = 0.1
_LARGEST_SHOWN: Final = 10.0
_BEYOND: Final = 1.2
_MOST: Final = 0.99
_DAY_MS: Final = 86_400_000


class Capacity(NamedTuple):
    """The curve, the accounts of note in USD, and why there is no curve where it is empty.

    ``half_return_usd`` and ``half_sharpe_usd`` are half as good as a very small account, by net
    over the account and by the Sharpe ratio of the days on which trades ended. ``best_usd`` is the
    smallest that makes all but 1% of the most that can be made. NaN where there is none.
    """

    account_usd: Vec
    net_usd: Vec
    half_return_usd: float
    half_sharpe_usd: float
    best_usd: float
    best_net_usd: float
    break_even_usd: float
    why: str


def capacity(
    fills: pl.DataFrame | None,
    positions: pl.DataFrame | None,
    lines: Mapping[Line, int],
    equity: pl.DataFrame,
    settings: Mapping[str, Any],
) -> Capacity:
    """Return how net profit would have changed with the size of the account.

    Parameters
    ----------
    fills, positions : DataFrame or None
        As the run kept them.
    lines : mapping
        The books, in units of 1e-8.
    equity : DataFrame
        ``ts`` and ``equity`` of every bar, the start first.
    settings : mapping
        Of the run, by section.

    Notes
    -----
    Units: USD over the whole run.  Causal: reads a finished run.  Missing: an empty curve and why.
    Spec 12, METHODS 6.6.
    """
    net = 2 * lines[Line.GROSS] - sum(lines.values())
    why = _missing(fills, lines[Line.GROSS], net)
    if fills is None or why:
        return nothing(why)
    found = take_apart(fills, positions, net / MONEY_SCALE, limits(settings))
    times = equity["ts"].dt.epoch("ms")
    n_days = -(-(int(times[-1]) - int(times[0])) // _DAY_MS)
    return curve(found, int(equity["equity"][0]) / MONEY_SCALE, n_days)


def _missing(fills: pl.DataFrame | None, gross: int, net: int) -> str:
    """Return why there is no curve; empty where there is one."""
    reasons = (
        (fills is None, "this run kept no fills"),
        (fills is not None and fills.height == 0, "nothing was filled"),
        (gross <= 0, "the trades lost before any cost"),
        (net <= 0, "costs took all of gross"),
        (fills is not None and not set(fills.columns) >= READ, "its fills are of an older version"),
    )
    for is_so, why in reasons:
        if is_so:
            return why
    if fills is not None and not (fills["impact"] > 0).any():
        return "no fill paid for its own size, so nothing tells how costs grow with it"
    return ""


def nothing(why: str) -> Capacity:
    """Return no curve, and why."""
    none = np.zeros(0)
    return Capacity(none, none, np.nan, np.nan, np.nan, np.nan, np.nan, why)


def curve(run: Scaled, account_usd: float, n_days: int) -> Capacity:
    """Return the curve and its accounts of note, of a run that earned.

    Notes
    -----
    Units: USD.  Causal: pure.  Missing: NaN where no account breaks even or falls that far.
    METHODS 6.6.

    Examples
    --------
    >>> none = np.array([np.inf])
    >>> one = Scaled(np.array([0]), np.array([1.0]), none, np.array([6.0]), none, np.array([0]))
    >>> found = curve(one, 1_000.0, 1)
    >>> round(found.break_even_usd / 1e3, 1)
    36.0
    """
    grown = [results(float(multiple), run) for multiple in _GRID]
    net = np.array([values.sum() for values in grown])
    best = int(np.argmax(net >= _MOST * net.max()))
    even = _fallen(net, 0.0, first=best)
    half_return = _fallen(net / _GRID, 0.5 * float(run.other_usd.sum()))
    free = _sharpe(run.other_usd, run, n_days)
    sharpe = np.array([_sharpe(values, run, n_days) for values in grown])
    half_sharpe = _fallen(sharpe, 0.5 * free) if free > 0.0 else np.nan
    notes = (float(_GRID[best]), half_return, half_sharpe, even)
    known = [note for note in notes if np.isfinite(note)]
    shown = (min(_SMALLEST_SHOWN, 0.1 * min(known)) <= _GRID) & (
        max(_LARGEST_SHOWN, _BEYOND * max(known)) >= _GRID
    )
    return Capacity(
        account_usd=account_usd * _GRID[shown],
        net_usd=net[shown],
        half_return_usd=account_usd * half_return,
        half_sharpe_usd=account_usd * half_sharpe,
        best_usd=account_usd * float(_GRID[best]),
        best_net_usd=float(net[best]),
        break_even_usd=account_usd * even,
        why="",
    )


def _sharpe(values: Vec, run: Scaled, n_days: int) -> float:
    """Return the Sharpe ratio of the days by what ended on each; NaN where they do not differ."""
    days = np.bincount(run.day - run.day.min(), values)
    n = max(n_days, len(days))
    mean = float(days.sum()) / n
    spread = np.sqrt(max(float(days @ days) / n - mean * mean, 0.0))
    return mean / spread if spread > 1e-9 * abs(mean) else np.nan


def _fallen(values: Vec, level: float, first: int = 0) -> float:
    """Return the multiple at which a line falls to a level, straight between points; NaN if never.

    It is looked for from the point ``first`` on.
    """
    below = np.flatnonzero(values[first:] <= level)
    if len(below) == 0:
        return np.nan
    i = first + int(below[0])
    if i == 0:
        return float(_GRID[0])
    share = float((values[i - 1] - level) / (values[i - 1] - values[i]))
    return float(_GRID[i - 1] + share * (_GRID[i] - _GRID[i - 1]))
