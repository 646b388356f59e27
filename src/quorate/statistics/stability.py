"""How far apart the years, coins and regimes of a run lie (Spec 3, 12).

In: daily returns and closed trades. Out: the metrics of each group, and their dispersion.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.core.types import MONEY_SCALE
from quorate.statistics import drawdowns, ratios
from quorate.statistics.trades import hits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from quorate.statistics.daily import Daily


def dispersion(values: Sequence[float]) -> dict[str, float]:
    """Return mean, standard deviation (ddof 1), minimum, maximum and median of finite values.

    Parameters
    ----------
    values : sequence of float
        One per year, coin, regime or fold.

    Returns
    -------
    dict
        ``n`` counts the finite values; the rest is NaN where undefined.

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
    return {
        "n": n,
        "mean": float(np.mean(finite)) if n else math.nan,
        "std": float(np.std(finite, ddof=1)) if n > 1 else math.nan,
        "min": float(np.min(finite)) if n else math.nan,
        "max": float(np.max(finite)) if n else math.nan,
        "median": float(np.median(finite)) if n else math.nan,
    }


def stability(daily: Daily, closed: pl.DataFrame) -> dict[str, Any]:
    """Return the metrics of each year, coin and regime, and how far they lie apart.

    Parameters
    ----------
    daily : Daily
        From ``daily_returns``.
    closed : DataFrame
        Closed trades, of schema ``trades.TRADES``.

    Returns
    -------
    dict
        ``year``, ``coin`` and ``regime``, each with ``groups`` and ``dispersion``.

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
            "sharpe": ratios.sharpe(daily.net[year == number]),
            "total_return": ratios.total_return(daily.net[year == number]),
            "max_drawdown": drawdowns.max_drawdown(daily.net[year == number]),
        }
        for number in np.unique(year).tolist()
    }
    groups = {
        "year": by_year,
        "coin": _by_trades(closed, "symbol"),
        "regime": _by_trades(closed, "regime"),
    }
    return {
        name: {
            "groups": group,
            "dispersion": {
                metric: dispersion([row[metric] for row in group.values()])
                for metric in (
                    ("sharpe", "total_return", "max_drawdown")
                    if name == "year"
                    else ("pnl_usd", "hit_rate", "profit_factor")
                )
            },
        }
        for name, group in groups.items()
    }


def _by_trades(closed: pl.DataFrame, column: str) -> dict[str, dict[str, Any]]:
    rows = {}
    for (key,), part in closed.sort(column, maintain_order=True).group_by(
        column, maintain_order=True
    ):
        pnl = part["net_pnl"].to_numpy()
        rows[str(key)] = {"pnl_usd": int(np.sum(pnl)) / MONEY_SCALE, **hits(pnl)._asdict()}
    return rows
