"""How far apart the years, coins and regimes of a run lie (Spec 3, 12).

In: daily returns and closed trades. Out: the metrics of each group, and their dispersion.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.core.types import MONEY_SCALE
from quorate.statistics import drawdowns, ratios
from quorate.statistics.accounts import certainty
from quorate.statistics.bootstrap import mean_interval
from quorate.statistics.cautions import FEW_TRADES
from quorate.statistics.trades import hits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from quorate.core.types import IntVec, Vec
    from quorate.statistics.daily import Daily

_DAY_US: Final = 86_400_000_000
_OF_YEARS: Final = ("sharpe", "total_return", "max_drawdown")
_OF_TRADES: Final = ("pnl_usd", "sharpe", "hit_rate", "profit_factor")
_RATIOS: Final = {"sharpe", "hit_rate", "profit_factor"}
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
            _by_trades(daily, closed, column, money)
            if column
            else _by_year(daily.day, returns, closed)
            for money, returns in (("net_pnl", daily.net), ("gross_pnl", daily.gross))
        )
        metrics = _OF_TRADES if column else _OF_YEARS
        found[name] = {
            "groups": net,
            "dispersion": _spreads(net, metrics, seed),
            "n_too_few": sum(row["n_trades"] < FEW_TRADES for row in net.values()),
            "gross": {"dispersion": _spreads(gross, metrics, seed)},
        }
    return found


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


def _by_year(days: IntVec, returns: Vec, closed: pl.DataFrame) -> dict[str, dict[str, Any]]:
    year = _years(days)
    ended = _years((closed["closed_at"].dt.epoch("us").to_numpy() - 1) // _DAY_US)
    return {
        str(number): {
            "n_days": int(np.sum(year == number)),
            "n_trades": int(np.sum(ended == number)),
            "total_return": ratios.total_return(returns[year == number]),
            "max_drawdown": drawdowns.max_drawdown(returns[year == number]),
            **certainty(returns[year == number]),
        }
        for number in np.unique(year).tolist()
    }


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
    at = (closed["closed_at"].dt.epoch("us").to_numpy() - 1) // _DAY_US - daily.day[0]
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
        pnl = part[money].to_numpy()
        rows[str(key)] = {
            "pnl_usd": int(np.sum(pnl)) / MONEY_SCALE,
            **certainty(contributions(daily, part, money)),
            **hits(pnl)._asdict(),
        }
    return rows
