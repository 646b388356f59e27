"""The numbers of one account, net or gross, and how much it traded; floats, NaN where undefined.

In: daily returns and closed trades. Out: dictionaries with the names of ``metrics.METRICS``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.core.types import MONEY_SCALE
from quorate.statistics import bootstrap, drawdowns, inference, ratios
from quorate.statistics.trades import average_holding_hours, hits, turnover_per_day

if TYPE_CHECKING:
    import polars as pl

    from quorate.core.types import Vec
    from quorate.statistics.daily import Daily


class Trials(NamedTuple):
    """What a run was chosen from: how many trials, NaN where nobody counted them.

    ``variance`` is that of their Sharpe ratios per day; None takes what chance alone gives over
    as many days as the run has. ``effective`` is how many independent trials they amount to; None
    where that was not estimated, and each counts.
    """

    n: float
    variance: float | None = None
    effective: float | None = None

    @property
    def counted(self) -> float:
        """How many the best of them is the best of: the effective ones, where that is known."""
        return self.n if self.effective is None else self.effective


def certainty(returns: Vec) -> dict[str, float]:
    """Return a Sharpe ratio with what must stand beside it.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).

    Returns
    -------
    dict
        ``sharpe``, ``psr`` and ``min_track_record_days``.

    Notes
    -----
    Units: per square root of a year; probability; days.  Causal: reads all days.  Missing: NaN
    where the Sharpe ratio is.
    Spec 12, METHODS 5.5.

    Examples
    --------
    >>> found = certainty(np.tile([0.02, -0.01], 50))
    >>> round(found["sharpe"], 3), round(found["psr"], 4), round(found["min_track_record_days"], 1)
    (6.336, 0.9995, 25.6)
    """
    found = inference.moments(returns)
    return {
        "sharpe": ratios.sharpe(returns),
        "psr": inference.probabilistic_sharpe(found),
        "min_track_record_days": inference.min_track_record_days(found),
    }


def deflated(returns: Vec, trials: Trials) -> float:
    """Return the probability that a Sharpe ratio is above what the best trial shows by luck.

    Parameters
    ----------
    returns : Vec
        Daily returns, shape (day,).
    trials : Trials
        How many there were, and how far apart.

    Returns
    -------
    float
        In [0, 1]; with one trial the probabilistic Sharpe ratio.

    Notes
    -----
    Units: probability.  Causal: counts every trial ever booked.  Missing: NaN where the number of
    trials is not known or there is no Sharpe ratio.
    METHODS 5.5; Bailey and Lopez de Prado (2014).

    Examples
    --------
    >>> days = np.tile([0.02, -0.01], 50)
    >>> round(deflated(days, Trials(1)), 4), round(deflated(days, Trials(20)), 4)
    (0.9995, 0.9191)
    """
    found = inference.moments(returns)
    if math.isnan(trials.n) or math.isnan(found.sharpe):
        return math.nan
    return inference.deflated_sharpe(found, trials.counted, _variance(trials, len(returns)))


def best_by_luck(trials: Trials, n_days: int) -> float:
    """Return the Sharpe ratio that the best of so many trials shows where none has an edge.

    Parameters
    ----------
    trials : Trials
        How many there were, and how far apart.
    n_days : int
        Length of the record, at least 2.

    Returns
    -------
    float
        0.0 with one trial: nothing was chosen.

    Notes
    -----
    Units: per square root of a year.  Causal: counts every trial ever booked.  Missing: NaN where
    the number of trials is not known, or there are fewer than two days.
    METHODS 5.5; Bailey and Lopez de Prado (2014).

    Examples
    --------
    >>> round(best_by_luck(Trials(20), 365), 3), best_by_luck(Trials(1), 365)
    (1.903, 0.0)
    """
    if math.isnan(trials.n) or n_days < 2:
        return math.nan
    daily = math.sqrt(_variance(trials, n_days)) * inference.expected_best(trials.counted)
    return daily * math.sqrt(ratios.DAYS_PER_YEAR)


def min_backtest_days(trials: Trials) -> float:
    """Return the days below which the best of so many trials shows a Sharpe ratio of 1 by luck.

    Examples
    --------
    >>> round(min_backtest_days(Trials(100.0, None, 45.0)) / 365, 2)
    5.0
    """
    return math.nan if math.isnan(trials.n) else inference.min_backtest_days(trials.counted)


def _variance(trials: Trials, n_days: int) -> float:
    """Return how far the daily ratios of independent trials lie apart.

    Trials that are alike lie closer together than so many independent ones would: where only the
    latter count, they lie apart by chance at least (docs/decisions 0040).
    """
    chance = 1.0 / (n_days - 1)
    if trials.variance is None:
        return chance
    is_fewer = trials.effective is not None and trials.effective < trials.n
    return max(trials.variance, chance) if is_fewer else trials.variance


def result(returns: Vec, pnl: pl.Series, total: int, trials: Trials, seed: int) -> dict[str, Any]:
    """Return every number of one account.

    Parameters
    ----------
    returns : Vec
        Its daily returns, shape (day,).
    pnl : Series
        Of its closed trades, in units of 1e-8 quote.
    total : int
        What it made in all, in the same units.
    trials : Trials
        What it was chosen from.
    seed : int
        Of the bootstrap.

    Notes
    -----
    Units: as ``metrics.METRICS`` says.  Causal: reads the whole run.  Missing: NaN.
    Spec 12, METHODS 11.
    """
    recovery = drawdowns.time_to_recover(returns)
    bounds = bootstrap.intervals(returns, seed=seed)._asdict()
    return {
        "n_days": len(returns),
        "total_return": ratios.total_return(returns),
        "cagr": ratios.cagr(returns),
        "volatility": ratios.annual_volatility(returns),
        **certainty(returns),
        "sharpe_lo": inference.lo_adjusted_sharpe(returns),
        "n_trials": trials.n,
        "n_effective_trials": trials.counted,
        "min_backtest_days": min_backtest_days(trials),
        "deflated_sharpe": deflated(returns, trials),
        "mean_return": ratios.mean_return(returns),
        "sortino": ratios.sortino(returns),
        "calmar": ratios.calmar(returns),
        "max_drawdown": drawdowns.max_drawdown(returns),
        **{f"{name}_low": bound.low for name, bound in bounds.items()},
        **{f"{name}_high": bound.high for name, bound in bounds.items()},
        "avg_drawdown": drawdowns.average_drawdown(returns),
        "n_drawdowns": len(drawdowns.episodes(returns).peak),
        "recovery_days": recovery.mean_days_from_peak,
        "max_recovery_days": recovery.max_days_from_peak,
        "trough_recovery_days": recovery.mean_days_from_trough,
        "open_drawdown_days": recovery.open_days,
        "pnl_usd": total / MONEY_SCALE,
        **hits(pnl.to_numpy())._asdict(),
    }


def activity(daily: Daily, closed: pl.DataFrame, traded_usd: float | None) -> dict[str, float]:
    """Return how long trades were held, how many there were, and how much was turned over.

    Parameters
    ----------
    daily : Daily
        From ``daily_returns``.
    closed : DataFrame
        Closed trades, of schema ``trades.TRADES``.
    traded_usd : float or None
        Sum of the absolute notionals of every fill; None: twice the notionals of ``closed``.

    Notes
    -----
    Units: hours; per day; per year.  Causal: reads the whole run.  Missing: NaN.
    Spec 12, METHODS 11.
    """
    n_days = len(daily.net)
    traded = 2.0 * float(closed["notional_usd"].sum()) if traded_usd is None else traded_usd
    mean_equity = float(np.mean(daily.equity_usd)) if n_days else math.nan
    turnover = turnover_per_day(traded, mean_equity, n_days)
    return {
        "holding_hours": average_holding_hours(closed),
        "trades_per_day": closed.height / n_days if n_days else math.nan,
        "turnover_per_day": turnover,
        "turnover_per_year": turnover * ratios.DAYS_PER_YEAR,
    }
