"""What a finished run did on each day, as the tests of champion and challenger read it.

In: ``reading.Run`` values and days. Out: an ``Arm``, one entry a day, NaN on a day that the run
does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quorate.core.types import MONEY_SCALE
from quorate.errors import DataError
from quorate.statistics.benchmark import returns_of
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.guardrails import Arm
from quorate.statistics.paired import closed_by_day

if TYPE_CHECKING:
    from quorate.core.types import IntVec, Vec
    from quorate.report.reading import Run
    from quorate.statistics.daily import Daily

HELD: Final = ("hold_btc", "hold_all")
"""What the information ratio is against: BTC, or all coins in a market without it."""
_DAY_US: Final = 86_400_000_000
_COSTS: Final = ("slippage", "fees", "funding", "haircut")


def days_of(run: Run) -> Daily:
    """Return the daily returns of a run, net and gross, by UTC day."""
    return daily_returns(run.equity.select(list(EQUITY)))


def held_by(run: Run) -> str:
    """Return what the information ratio of a run is against; empty where nothing was kept."""
    if run.benchmark is None:
        return ""
    known = [n for n in HELD if n in run.benchmark and run.benchmark[n].is_finite().all()]
    return next(iter(known), "")


def arm(run: Run, day: IntVec) -> Arm:
    """Return what a run did on some days.

    Parameters
    ----------
    run : Run
        A finished run, with its fills.
    day : IntVec
        Days since 1970, ascending, shape (day,).

    Returns
    -------
    Arm
        Costs and counts are those of the trades that closed on a day, turnover that of its fills
        over the equity at its end; NaN on a day that is not the run's.

    Raises
    ------
    DataError
        An older version of the run did not keep its fills.

    Notes
    -----
    Units: fractions, counts, USD.  Causal: a trade counts on the day it closes, a fill on the day
    of its bar's close.  Missing: NaN; where nothing was kept of holding, holding made nothing.
    METHODS 10.3.
    """
    if run.fills is None:
        raise DataError(
            f"the run {run.about['run_id']} kept no fills, so its turnover is not known",
            hint="run the backtest again with this version",
        )
    daily = days_of(run)
    known = np.isin(day, daily.day)
    own = day[known]
    at = np.searchsorted(daily.day, own)
    closed = closed_by_day(run.trades, own)
    equity = daily.equity_usd[at]
    traded = _by_day(run.fills["ts"], run.fills["notional"].abs(), own)
    series = {
        "net": daily.net[at],
        "held": _held(run, daily.day)[at],
        "won": closed[:, 0],
        "lost": closed[:, 1],
        "trades": closed[:, 4],
        "costs_usd": _by_day(run.trades["closed_at"], _costs(run.trades), own),
        "turnover": np.divide(traded, equity, out=np.full(len(own), np.nan), where=equity > 0.0),
    }
    return Arm(**{name: _spread(values, known) for name, values in series.items()})


def _held(run: Run, day: IntVec) -> Vec:
    name = held_by(run)
    if not name or run.benchmark is None:
        return np.zeros(len(day))
    growth = run.benchmark[name].to_numpy()
    return returns_of(growth, run.benchmark["day"].cast(pl.Int32).to_numpy(), day)


def _costs(trades: pl.DataFrame) -> pl.Series:
    return trades.select(pl.sum_horizontal(_COSTS)).to_series()


def _by_day(at: pl.Series, amounts: pl.Series, day: IntVec) -> Vec:
    """Return the sum of amounts on each day in USD; 00:00 belongs to the day that ends then."""
    found = np.zeros(len(day))
    when = (at.dt.epoch("us").to_numpy() - 1) // _DAY_US
    known = np.isin(when, day)
    usd = amounts.to_numpy()[known] / MONEY_SCALE
    np.add.at(found, np.searchsorted(day, when[known]), usd)
    return found


def _spread(values: Vec, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Vec:
    found = np.full(len(known), np.nan)
    found[known] = values
    return found
