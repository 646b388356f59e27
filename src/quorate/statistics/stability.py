"""How far apart the years, coins and regimes of a run lie (Spec 3, 12).

In: daily returns and closed trades. Out: the metrics of each group, and their dispersion.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.core.types import MONEY_SCALE
from quorate.statistics import drawdowns, ratios
from quorate.statistics.accounts import activity, certainty
from quorate.statistics.bootstrap import mean_interval
from quorate.statistics.cautions import FEW_TRADES
from quorate.statistics.trades import hits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from quorate.core.types import IntVec, Vec
    from quorate.statistics.daily import Daily

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

_DAY_US: Final = 86_400_000_000
METRICS: Final = (
    "pnl_usd",
    "total_return",
    "mean_return",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "avg_drawdown",
    "hit_rate",
    "profit_factor",
    "avg_win_usd",
    "avg_loss_usd",
    "holding_hours",
    "trades_per_day",
    "turnover_per_day",
)
"""What is told of every year, coin, regime and fold: all of a run but growth over a year (``cagr``,
``calmar``), which a month has not, and shares of costs, which trades do not keep apart."""
_TWICE: Final = frozenset({"holding_hours", "trades_per_day", "turnover_per_day"})
"""The same before costs and after."""
_RATIOS: Final = {
    "sharpe",
    "sortino",
    "hit_rate",
    "profit_factor",
    "avg_win_usd",
    "avg_loss_usd",
    "holding_hours",
}
"""Of a handful of trades they are an artefact; money, returns and falls are what they are."""


def dispersion(values: Sequence[float], *, seed: int = 0) -> dict[str, float]:
    """Return how far the finite values of a metric lie apart, and how sure their mean is.

    Parameters
    ----------
    values : sequence of float
        One per year, coin, regime or fold.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        The parts of ``metrics.SPREADS``: ``n`` counts the finite values; the rest is NaN where
        undefined, the interval of the mean below three values.

    Notes
    -----
    Units: as given.  Causal: reads all values.  Missing: values that are not finite are left out.
    Spec 3, 12, METHODS 11.

    Examples
    --------
    >>> dispersion([1.0, 3.0, float("nan")])["median"]
    2.0
    """
    finite = np.array([value for value in values if math.isfinite(value)], np.float64)
    n = len(finite)
    low, high = mean_interval(finite, seed=seed)
    return {
        "n": n,
        "mean": float(np.mean(finite)) if n else math.nan,
        "mean_low": low,
        "mean_high": high,
        "std": float(np.std(finite, ddof=1)) if n > 1 else math.nan,
        "min": float(np.min(finite)) if n else math.nan,
        "max": float(np.max(finite)) if n else math.nan,
        "median": float(np.median(finite)) if n else math.nan,
    }


def stability(daily: Daily, closed: pl.DataFrame, *, seed: int = 0) -> dict[str, Any]:
    """Return the metrics of each year, coin and regime, and how far they lie apart.

    Parameters
    ----------
    daily : Daily
        From ``daily_returns``.
    closed : DataFrame
        Closed trades, of schema ``trades.TRADES``.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        ``year``, ``coin`` and ``regime``, each with ``groups`` and ``dispersion`` (net),
        ``n_too_few`` (groups below 30 closed trades, left out of the dispersion of ratios), and
        ``gross`` with a ``dispersion`` of its own. The returns behind the Sharpe ratio of a coin
        or regime are ``contributions``.

    Notes
    -----
    Units: as ``metrics.METRICS`` says.  Causal: reads the whole run; a trade belongs to the
    regime it was opened in, and to the year it was closed in.  Missing: NaN where undefined; the
    dispersion leaves it out.
    Spec 3, 12.
    """
    found = {}
    for name, column in (("year", ""), ("coin", "symbol"), ("regime", "regime")):
        net, gross = (
            _by_trades(daily, closed, column, money) if column else _by_year(daily, closed, money)
            for money in ("net_pnl", "gross_pnl")
        )
        found[name] = _told(net, gross, seed)
    return found


def _told(
    net: dict[str, dict[str, Any]], gross: dict[str, dict[str, Any]], seed: int
) -> dict[str, Any]:
    """Return the groups, and how far they lie apart after costs and before."""
    return {
        "groups": net,
        "dispersion": _spreads(net, METRICS, seed),
        "n_too_few": sum(row["n_trades"] < FEW_TRADES for row in net.values()),
        "gross": {"dispersion": _spreads(gross, [m for m in METRICS if m not in _TWICE], seed)},
    }


def _spreads(
    groups: dict[str, dict[str, Any]], metrics: Sequence[str], seed: int
) -> dict[str, dict[str, float]]:
    """Return the dispersion of each metric; ratios only of the groups with enough trades."""
    return {
        metric: dispersion(
            [
                row[metric]
                for row in groups.values()
                if metric not in _RATIOS or row["n_trades"] >= FEW_TRADES
            ],
            seed=seed,
        )
        for metric in metrics
    }


def by_fold(
    daily: Daily, closed: pl.DataFrame, first_day: IntVec, *, seed: int = 0
) -> dict[str, Any]:
    """Return the metrics of each fold of a walk forward, and how far they lie apart.

    Parameters
    ----------
    daily, closed
        As of ``stability``.
    first_day : IntVec
        The first day of each fold, since 1970, ascending; a fold ends where the next begins.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        As a group of ``stability``: ``groups`` by the first day of the fold, ``dispersion``,
        ``n_too_few`` and ``gross``.

    Notes
    -----
    Units: as ``metrics.METRICS`` says.  Causal: a trade belongs to the fold it was closed in.
    Missing: NaN where undefined; the dispersion leaves it out.  Spec 3.

    Examples
    --------
    >>> from quorate.statistics.daily import Daily
    >>> from quorate.statistics.trades import TRADES
    >>> made = np.array([0.01, 0.03, -0.02, 0.0])
    >>> days = Daily(np.arange(4), made, made, np.cumprod(1.0 + made))
    >>> found = by_fold(days, TRADES.to_frame(), np.array([0, 2]))
    >>> {name: round(row["total_return"], 4) for name, row in found["groups"].items()}
    {'1970-01-01': 0.0403, '1970-01-03': -0.02}
    """
    names = np.datetime_as_string(first_day.astype("datetime64[D]")).tolist()
    fold, ended = (
        np.searchsorted(first_day, days, side="right") - 1 for days in (daily.day, _ended(closed))
    )
    net, gross = (
        {
            name: _of_days(daily, fold == i, closed.filter(ended == i), money)
            for i, name in enumerate(names)
        }
        for money in ("net_pnl", "gross_pnl")
    )
    return _told(net, gross, seed)


def _by_year(daily: Daily, closed: pl.DataFrame, money: str) -> dict[str, dict[str, Any]]:
    year, ended = _years(daily.day), _years(_ended(closed))
    return {
        str(number): _of_days(daily, year == number, closed.filter(ended == number), money)
        for number in np.unique(year).tolist()
    }


def _of_days(daily: Daily, inside: Mask, closed: pl.DataFrame, money: str) -> dict[str, Any]:
    """Return the metrics of some days, and of the trades that were closed on them."""
    own = daily._replace(
        day=daily.day[inside],
        net=daily.net[inside],
        gross=daily.gross[inside],
        equity_usd=daily.equity_usd[inside],
    )
    returns = own.net if money == "net_pnl" else own.gross
    return _metrics(returns, own, closed, money)


def _metrics(returns: Vec, daily: Daily, closed: pl.DataFrame, money: str) -> dict[str, Any]:
    """Return every metric of a group: of what it made each day, and of the trades it closed."""
    pnl = closed[money].to_numpy()
    return {
        "n_days": len(returns),
        "total_return": ratios.total_return(returns),
        "mean_return": ratios.mean_return(returns),
        "volatility": ratios.annual_volatility(returns),
        "sortino": ratios.sortino(returns),
        "max_drawdown": drawdowns.max_drawdown(returns),
        "avg_drawdown": drawdowns.average_drawdown(returns),
        "pnl_usd": int(np.sum(pnl)) / MONEY_SCALE,
        **certainty(returns),
        **hits(pnl)._asdict(),
        **activity(daily, closed, None),
    }


def _ended(closed: pl.DataFrame) -> IntVec:
    """Return the day on which each trade was closed; midnight belongs to the day it ends."""
    at: IntVec = (closed["closed_at"].dt.epoch("us").to_numpy() - 1) // _DAY_US
    return at


def _years(days: IntVec) -> IntVec:
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def contributions(daily: Daily, closed: pl.DataFrame, money: str = "net_pnl") -> Vec:
    r"""Return what closed trades made each day, over the equity the day began with.

    .. math:: r_d = \sum_{i \in d} \text{money}_i / E_{d-1}

    Parameters
    ----------
    daily : Daily
        From ``daily_returns``: which days, and their equity.
    closed : DataFrame
        Closed trades of one coin or regime, of schema ``trades.TRADES``.
    money : str
        The column that is made: ``net_pnl`` or ``gross_pnl``; the equity is net in both.

    Returns
    -------
    Vec
        Shape (day,); 0 on days that closed no trade.

    Notes
    -----
    Units: fractions.  Causal: a trade counts on the day it closes.  Missing: NaN from the first
    day that began without equity.
    METHODS 11.

    Examples
    --------
    >>> from quorate.statistics.daily import Daily
    >>> from quorate.statistics.trades import TRADES
    >>> days = Daily(np.array([1, 2]), np.array([0.1, 0.0]), np.zeros(2), np.array([11.0, 11.0]))
    >>> contributions(days, TRADES.to_frame()).tolist()
    [0.0, 0.0]
    """
    made = np.zeros(len(daily.day))
    if not len(made):
        return made
    at = _ended(closed) - daily.day[0]
    inside = (at >= 0) & (at < len(made))
    np.add.at(made, at[inside], closed[money].to_numpy()[inside] / MONEY_SCALE)
    first = daily.equity_usd[0] / (1.0 + daily.net[0]) if daily.net[0] > -1.0 else math.nan
    began = np.concatenate(([first], daily.equity_usd[:-1]))
    share = np.full(len(made), math.nan)
    np.divide(made, began, out=share, where=began > 0.0)
    return np.where(np.isnan(share).cumsum() > 0, math.nan, share)


def _by_trades(
    daily: Daily, closed: pl.DataFrame, column: str, money: str
) -> dict[str, dict[str, Any]]:
    rows = {}
    for (key,), part in closed.sort(column, maintain_order=True).group_by(
        column, maintain_order=True
    ):
        rows[str(key)] = _metrics(contributions(daily, part, money), daily, part, money)
    return rows
