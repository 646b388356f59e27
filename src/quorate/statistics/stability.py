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
from quorate.statistics.trades import hits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from quorate.core.types import Vec
    from quorate.statistics.daily import Daily

_DAY_US: Final = 86_400_000_000


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
        ``year``, ``coin`` and ``regime``, each with ``groups`` and ``dispersion``. The returns
        behind the Sharpe ratio of a coin or regime are ``contributions``.

    Notes
    -----
    Units: as ``metrics.METRICS`` says.  Causal: reads the whole run; a trade belongs to the
    regime it was opened in.  Missing: NaN where undefined; the dispersion leaves it out.
    Spec 3, 12.
    """
    year = daily.day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    by_year = {
        str(number): {
            "n_days": int(np.sum(year == number)),
            "total_return": ratios.total_return(daily.net[year == number]),
            "max_drawdown": drawdowns.max_drawdown(daily.net[year == number]),
            **certainty(daily.net[year == number]),
        }
        for number in np.unique(year).tolist()
    }
    groups = {
        "year": by_year,
        "coin": _by_trades(daily, closed, "symbol"),
        "regime": _by_trades(daily, closed, "regime"),
    }
    return {
        name: {
            "groups": group,
            "dispersion": {
                metric: dispersion([row[metric] for row in group.values()], seed=seed)
                for metric in (
                    ("sharpe", "total_return", "max_drawdown")
                    if name == "year"
                    else ("pnl_usd", "sharpe", "hit_rate", "profit_factor")
                )
            },
        }
        for name, group in groups.items()
    }


def contributions(daily: Daily, closed: pl.DataFrame) -> Vec:
    r"""Return what closed trades made each day, over the equity the day began with.

    .. math:: r_d = \sum_{i \in d} \text{net}_i / E_{d-1}

    Parameters
    ----------
    daily : Daily
        From ``daily_returns``: which days, and their equity.
    closed : DataFrame
        Closed trades of one coin or regime, of schema ``trades.TRADES``.

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
    np.add.at(made, at[inside], closed["net_pnl"].to_numpy()[inside] / MONEY_SCALE)
    first = daily.equity_usd[0] / (1.0 + daily.net[0]) if daily.net[0] > -1.0 else math.nan
    began = np.concatenate(([first], daily.equity_usd[:-1]))
    share = np.full(len(made), math.nan)
    np.divide(made, began, out=share, where=began > 0.0)
    return np.where(np.isnan(share).cumsum() > 0, math.nan, share)


def _by_trades(daily: Daily, closed: pl.DataFrame, column: str) -> dict[str, dict[str, Any]]:
    rows = {}
    for (key,), part in closed.sort(column, maintain_order=True).group_by(
        column, maintain_order=True
    ):
        pnl = part["net_pnl"].to_numpy()
        rows[str(key)] = {
            "pnl_usd": int(np.sum(pnl)) / MONEY_SCALE,
            **certainty(contributions(daily, part)),
            **hits(pnl)._asdict(),
        }
    return rows
