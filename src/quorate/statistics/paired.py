"""Is one run better than another, or was it luck? One answer for each thing that is said of a run.

In: the daily returns of two runs on the same days, and what their closed trades came to on each.
Out: the difference of every metric with a bootstrap interval and a p-value. The same days, in runs,
are drawn for both and for their trades; each metric is computed again on every draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.core.types import MONEY_SCALE
from quorate.statistics import columns
from quorate.statistics.bootstrap import stationary_days
from quorate.statistics.comparison import (
    Asymptotic,
    common,
    correlation,
    mean_difference,
    sharpe_difference,
)
from quorate.statistics.ratios import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from quorate.core.types import IntVec, Mat, Vec

MIN_DAYS: Final = 10
"""Below so many common days nothing is said about significance."""
MIN_DEFINED: Final = 0.9
"""A metric that fewer of the drawn series define has no interval."""
_DAY_US: Final = 86_400_000_000
_YEARLY: Final = ("cagr", "calmar")
_WON, _LOST, _WON_USD, _LOST_USD, _CLOSED, _NET_USD = range(6)


@dataclass(frozen=True)
class Difference:
    """A metric of two runs on their common days, and how sure the first less the second is.

    ``why`` says why nothing is known, and is empty where it is. ``asymptotic`` stands beside the
    bootstrap for the mean and the Sharpe ratio.
    """

    first: float
    second: float
    low: float
    high: float
    p_value: float
    why: str = ""
    asymptotic: Asymptotic | None = None

    @property
    def value(self) -> float:
        """Return the first less the second."""
        return self.first - self.second


@dataclass(frozen=True)
class Paired:
    """Two runs on their common days; ``differences`` by the name of the metric.

    ``why`` says why none is known, and is empty where some are.
    """

    n_days: int
    correlation: float
    differences: Mapping[str, Difference]
    why: str = ""


def closed_by_day(trades: pl.DataFrame, day: IntVec) -> Mat:
    """Return what the trades that closed on each day came to.

    Parameters
    ----------
    trades : DataFrame
        Of schema ``trades.TRADES``.
    day : IntVec
        Days since 1970, ascending, shape (day,); trades that closed on none of them are left out.

    Returns
    -------
    Mat
        Shape (day, 6): how many won, lost; what they won, lost; how many closed, their net.

    Notes
    -----
    Units: counts, USD.  Causal: a trade counts on the day it closes; one that closes at 00:00 on
    the day that ends then.  Missing: zeros on a day without a trade.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> closed = pl.DataFrame({"closed_at": [datetime(1970, 1, 2, tzinfo=UTC)],
    ...                        "net_pnl": [-300_000_000]})
    >>> closed_by_day(closed, np.array([0, 1])).tolist()
    [[0.0, 1.0, 0.0, 3.0, 1.0, -3.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
    """
    found = np.zeros((len(day), 6))
    at = (trades["closed_at"].dt.epoch("us").to_numpy() - 1) // _DAY_US
    known = np.isin(at, day)
    usd = trades["net_pnl"].to_numpy()[known] / MONEY_SCALE
    each = (usd > 0, usd < 0, np.maximum(usd, 0.0), np.maximum(-usd, 0.0), np.ones(len(usd)), usd)
    np.add.at(found, np.searchsorted(day, at[known]), np.column_stack(each))
    return found


def compare(
    first: Vec,
    second: Vec,
    *,
    seed: int,
    closed: tuple[Mat, Mat] | None = None,
    level: float = 0.95,
    n_samples: int = 2_000,
    block_days: float | None = None,
) -> Paired:
    r"""Compare two runs on their common days, by a paired stationary bootstrap.

    .. math:: \Delta \pm q_{level}\bigl(|\Delta^* - \Delta|\bigr), \qquad
              p = \frac{1 + \#\{|\Delta^* - \Delta| \ge |\Delta|\}}{1 + B}

    Parameters
    ----------
    first, second : Vec
        Returns on the same days, shape (day,).
    seed : int
        The same seed gives the same answer.
    closed : tuple of Mat, optional
        ``closed_by_day`` of both on those days; nothing is said of trades when left out.
    level : float
        Of the interval, in (0, 1).
    n_samples : int
        B, how many series are drawn; both runs are drawn on the same days.
    block_days : float, optional
        Mean length of a block; the cube root of the number of days when left out.

    Returns
    -------
    Paired
        Differences of the first less the second. 0 lies outside an interval exactly where p is
        below 1 - level, but for ties.

    Notes
    -----
    Units: as ``metrics.METRICS`` says; ``mean_day`` a day, ``average_trade_usd`` USD.  Causal:
    reads all days.  Missing: NaN, with ``why``: all below ``MIN_DAYS`` days, where a series does
    not vary, or where the two are the same; growth of a year below a year of days; one that the
    record, or too many of the drawn ones, do not define.
    METHODS 10.4; Politis and Romano (1994); Ledoit and Wolf (2008).

    Examples
    --------
    >>> a = np.tile([0.02, -0.01, 0.005], 40)
    >>> found = compare(a, 0.5 * a - 0.004, seed=7, n_samples=200).differences["sharpe"]
    >>> found.low > 0.0, found.p_value < 0.05
    (True, True)
    """
    if not 0.0 < level < 1.0 or n_samples < 1:
        raise ValueError(f"level {level} must be in (0, 1), n_samples {n_samples} >= 1")
    difference, a, b = common(first, second)
    n = len(a)
    why = _why_not(difference, a, b)
    if why:
        return Paired(n, correlation(a, b), {}, why)
    length = max(1.0, n ** (1.0 / 3.0)) if block_days is None else block_days
    days = stationary_days(n, n_samples, length, seed)
    asymptotic = {
        "mean_day": mean_difference(a, b),
        "sharpe": _annual(sharpe_difference(a, b)),
    }
    pair, drawn = (a[:, None], b[:, None]), (a[days], b[days])
    found = {
        name: _not_known(f"{n} common days are fewer than {DAYS_PER_YEAR}: not extrapolated")
        if name in _YEARLY and n < DAYS_PER_YEAR
        else _difference(statistic, pair, drawn, level, asymptotic.get(name))
        for name, statistic in _OF_DAYS.items()
    }
    if closed is not None:
        both = np.isfinite(first) & np.isfinite(second)
        kept = [side[both] for side in closed]
        sums = [side.sum(axis=0)[:, None] for side in kept]
        drawn_sums = [np.stack([column[days].sum(axis=0) for column in side.T]) for side in kept]
        for name, statistic in _OF_TRADES.items():
            found[name] = _difference(
                statistic, (sums[0], sums[1]), (drawn_sums[0], drawn_sums[1]), level
            )
    return Paired(n, correlation(a, b), found)


def holm(p_values: Vec) -> Vec:
    r"""Return p-values that allow for how many tests were made.

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min\bigl(1, (m - j + 1)\, p_{(j)}\bigr)

    Parameters
    ----------
    p_values : Vec
        One a test, shape (test,).

    Returns
    -------
    Vec
        If no difference is real, the chance that any of them is below 0.05 is at most 0.05,
        however the tests depend on one another.

    Notes
    -----
    Units: probability.  Causal: reads all tests.  Missing: NaN for NaN, which is no test.
    Holm (1979), "A simple sequentially rejective multiple test procedure".

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).round(2).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    found = np.full(len(p_values), np.nan)
    tests = np.flatnonzero(np.isfinite(p_values))
    order = tests[np.argsort(p_values[tests], kind="stable")]
    weight = np.arange(len(order), 0, -1)
    found[order] = np.maximum.accumulate(np.minimum(1.0, weight * p_values[order]))
    return found


def _difference(
    statistic: Callable[[Mat], Vec],
    pair: tuple[Mat, Mat],
    drawn: tuple[Mat, Mat],
    level: float,
    asymptotic: Asymptotic | None = None,
) -> Difference:
    """Return the difference of a statistic of two records, and of what was drawn from them."""
    first, second = (float(statistic(side)[0]) for side in pair)
    value = first - second
    if not math.isfinite(value):
        return _not_known("one of the two has none", first, second)
    away = np.abs(statistic(drawn[0]) - statistic(drawn[1]) - value)
    defined = away[np.isfinite(away)]
    if len(defined) < MIN_DEFINED * len(away):
        return _not_known("too few days or trades define it", first, second)
    half = float(np.quantile(defined, level))
    if half == 0.0 and value == 0.0:
        return _not_known("the two are the same", first, second)
    p_value = (1.0 + float(np.sum(defined >= abs(value)))) / (1.0 + len(defined))
    return Difference(first, second, value - half, value + half, p_value, "", asymptotic)


def _not_known(why: str, first: float = math.nan, second: float = math.nan) -> Difference:
    return Difference(first, second, math.nan, math.nan, math.nan, why)


def _annual(found: Asymptotic) -> Asymptotic:
    root = math.sqrt(DAYS_PER_YEAR)
    return Asymptotic(found.value * root, found.standard_error * root)


def _why_not(difference: Vec, a: Vec, b: Vec) -> str:
    if len(a) < MIN_DAYS:
        return f"{len(a)} common days are fewer than {MIN_DAYS}"
    if not np.any(difference):
        return "the daily returns are the same"
    if not (np.ptp(a) > 0.0 and np.ptp(b) > 0.0):
        return "the returns of one of them do not vary: it never traded"
    return ""


def _hit_rates(sums: Mat) -> Vec:
    return columns.ratio(sums[_WON], sums[_WON] + sums[_LOST])


def _profit_factors(sums: Mat) -> Vec:
    return columns.ratio(sums[_WON_USD], sums[_LOST_USD])


def _average_trades(sums: Mat) -> Vec:
    return columns.ratio(sums[_NET_USD], sums[_CLOSED])


_OF_DAYS: Final[dict[str, Callable[[Mat], Vec]]] = {
    "total_return": columns.total_returns,
    "cagr": columns.growths,
    "mean_day": columns.means,
    "volatility": columns.volatilities,
    "sharpe": columns.sharpes,
    "sortino": columns.sortinos,
    "calmar": columns.calmars,
    "max_drawdown": columns.falls,
}
_OF_TRADES: Final[dict[str, Callable[[Mat], Vec]]] = {
    "hit_rate": _hit_rates,
    "profit_factor": _profit_factors,
    "average_trade_usd": _average_trades,
}
TESTED: Final = (*_OF_DAYS, *_OF_TRADES)
"""The metrics that are compared."""
