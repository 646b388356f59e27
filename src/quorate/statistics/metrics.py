"""The metrics of a run: the one table that says what each is, and the summary that holds them.

In: the equity of every bar, the closed trades and the lines of the books. Out: a tree of numbers
that can be written as JSON: each one finite, or None with its reason under ``flags``. Net is
after every cost; gross is the same book priced at the decision, with no cost paid.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from quorate.core.types import Line
from quorate.statistics import ratios
from quorate.statistics.accounts import Trials, activity, result
from quorate.statistics.daily import daily_returns
from quorate.statistics.stability import stability
from quorate.statistics.trades import cost_shares, require_lines, require_trades

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import polars as pl

    from quorate.core.types import IntVec


class Metric(NamedTuple):
    """One line of the table: the name it has in ``summary``, and what it means."""

    name: str
    unit: str
    definition: str
    reference: str


METRICS: Final[tuple[Metric, ...]] = (
    Metric("n_days", "days", "number of daily UTC returns", "METHODS 11"),
    Metric("total_return", "fraction", "prod(1 + r) - 1", "METHODS 11"),
    Metric("cagr", "fraction/year", "prod(1 + r)^(365/N) - 1", "METHODS 11"),
    Metric("volatility", "fraction/sqrt(year)", "std(r, ddof=1) sqrt(365)", "METHODS 11"),
    Metric("sharpe", "1/sqrt(year)", "mean(r) / std(r, ddof=1) sqrt(365)", "Sharpe (1994)"),
    Metric(
        "sharpe_low",
        "1/sqrt(year)",
        "2.5% of block-bootstrapped Sharpe ratios",
        "Politis and Romano (1994)",
    ),
    Metric(
        "sharpe_high",
        "1/sqrt(year)",
        "97.5% of block-bootstrapped Sharpe ratios",
        "Politis and Romano (1994)",
    ),
    Metric("sharpe_lo", "1/sqrt(year)", "Sharpe ratio corrected for AR(1) days", "Lo (2002)"),
    Metric(
        "psr",
        "probability",
        "that the true Sharpe ratio is above 0",
        "Bailey and Lopez de Prado (2012)",
    ),
    Metric(
        "min_track_record_days",
        "days",
        "for the Sharpe ratio to be above 0 at 5%",
        "Bailey and Lopez de Prado (2012)",
    ),
    Metric("n_trials", "count", "runs this one was chosen from", "METHODS 5.5"),
    Metric(
        "n_effective_trials",
        "count",
        "independent trials they amount to, by how alike their daily returns are",
        "Roy and Vetterli (2007)",
    ),
    Metric(
        "min_backtest_days",
        "days",
        "below which the best of so many trials shows a Sharpe ratio of 1 by luck",
        "Bailey, Borwein, Lopez de Prado and Zhu (2014)",
    ),
    Metric(
        "deflated_sharpe",
        "probability",
        "that the true Sharpe ratio is above what the best of those shows by luck",
        "Bailey and Lopez de Prado (2014)",
    ),
    Metric("mean_return", "fraction/year", "mean(r) 365", "METHODS 11"),
    Metric(
        "mean_return_low",
        "fraction/year",
        "2.5% of block-bootstrapped mean returns",
        "Politis and Romano (1994)",
    ),
    Metric(
        "mean_return_high",
        "fraction/year",
        "97.5% of block-bootstrapped mean returns",
        "Politis and Romano (1994)",
    ),
    Metric(
        "sortino",
        "1/sqrt(year)",
        "mean(r) / sqrt(mean(min(r, 0)^2)) sqrt(365), all days",
        "Sortino and Price (1994)",
    ),
    Metric(
        "sortino_low",
        "1/sqrt(year)",
        "2.5% of block-bootstrapped Sortino ratios",
        "Politis and Romano (1994)",
    ),
    Metric(
        "sortino_high",
        "1/sqrt(year)",
        "97.5% of block-bootstrapped Sortino ratios",
        "Politis and Romano (1994)",
    ),
    Metric("calmar", "1/year", "cagr / |max_drawdown|", "Young (1991)"),
    Metric(
        "max_drawdown", "fraction", "deepest fall from a peak, the start included", "METHODS 11"
    ),
    Metric(
        "max_drawdown_low",
        "fraction",
        "2.5% of block-bootstrapped deepest falls: the worse end",
        "Politis and Romano (1994)",
    ),
    Metric(
        "max_drawdown_high",
        "fraction",
        "97.5% of block-bootstrapped deepest falls: the milder end",
        "Politis and Romano (1994)",
    ),
    Metric("avg_drawdown", "fraction", "mean depth of the drawdown episodes", "METHODS 11"),
    Metric("n_drawdowns", "count", "maximal runs below a peak", "METHODS 11"),
    Metric("recovery_days", "days", "mean from peak to recovery, ended episodes", "METHODS 11"),
    Metric(
        "max_recovery_days", "days", "longest from peak to recovery, ended episodes", "METHODS 11"
    ),
    Metric(
        "trough_recovery_days", "days", "mean from trough to recovery, ended episodes", "METHODS 11"
    ),
    Metric("open_drawdown_days", "days", "age of the episode that has not ended", "METHODS 11"),
    Metric("pnl_usd", "USD", "what the account made", "METHODS 13"),
    Metric("n_trades", "count", "closed trades", "METHODS 11"),
    Metric("n_zero", "count", "closed trades of exactly zero PnL", "METHODS 11"),
    Metric("hit_rate", "fraction", "wins / (wins + losses) of closed trades", "METHODS 11"),
    Metric("avg_win_usd", "USD", "mean PnL of the trades that won", "METHODS 11"),
    Metric("avg_loss_usd", "USD", "mean PnL of the trades that lost, negative", "METHODS 11"),
    Metric("profit_factor", "ratio", "sum of wins / |sum of losses|", "METHODS 11"),
    Metric(
        "holding_hours", "hours", "mean time a trade is open, weighted by notional", "METHODS 11"
    ),
    Metric("trades_per_day", "1/day", "closed trades / days", "METHODS 11"),
    Metric(
        "turnover_per_day",
        "1/day",
        "sum |notional traded| / mean equity / days, two-way",
        "METHODS 11",
    ),
    Metric("turnover_per_year", "1/year", "365 times turnover_per_day", "METHODS 11"),
    Metric(
        "slippage_share",
        "fraction",
        "delay, spread, impact and latency / gross alpha",
        "METHODS 11",
    ),
    Metric("fee_share", "fraction", "fees / gross alpha", "METHODS 11"),
    Metric("funding_share", "fraction", "funding / gross alpha", "METHODS 11"),
    Metric(
        "haircut_share", "fraction", "liquidation and delisting costs / gross alpha", "METHODS 11"
    ),
    Metric(
        "capacity_usd",
        "USD",
        "account with which the same trades return half of what they do on a very small one",
        "METHODS 6.6",
    ),
)
"""Every metric, in the order of the report."""

SPREADS: Final[tuple[Metric, ...]] = (
    Metric("n", "count", "groups in which the metric is defined", "METHODS 11"),
    Metric("mean", "as the metric", "mean over the groups, each counted once", "METHODS 11"),
    Metric("mean_low", "as the metric", "2.5% of bootstrapped means", "Efron (1979)"),
    Metric("mean_high", "as the metric", "97.5% of bootstrapped means", "Efron (1979)"),
    Metric("std", "as the metric", "standard deviation over the groups, ddof=1", "METHODS 11"),
    Metric("min", "as the metric", "the smallest of the groups", "METHODS 11"),
    Metric("max", "as the metric", "the largest of the groups", "METHODS 11"),
    Metric("median", "as the metric", "half of the groups lie below", "METHODS 11"),
)
"""What is said of a metric over years, coins or regimes, beside its value in each."""

_SHORT_RECORD = "fewer than 365 days: the growth is extrapolated"
_UNDEFINED: Final[Mapping[str, str]] = {
    "cagr": "no days, or the equity was lost",
    "sharpe_lo": "fewer than three days, or no variation",
    "min_track_record_days": "the Sharpe ratio is not above 0: no record is long enough",
    "n_trials": "not given",
    "n_effective_trials": "the number of trials was not given",
    "min_backtest_days": "the number of trials was not given",
    "deflated_sharpe": "the number of trials was not given, or there is no Sharpe ratio",
    "sortino": "no losing day",
    "sortino_low": "no losing day",
    "sortino_high": "no losing day",
    "calmar": "no drawdown",
    "recovery_days": "no drawdown has ended",
    "max_recovery_days": "no drawdown has ended",
    "trough_recovery_days": "no drawdown has ended",
    "open_drawdown_days": "no drawdown is open",
    "hit_rate": "no trade won or lost",
    "avg_win_usd": "no trade won",
    "avg_loss_usd": "no trade lost",
    "profit_factor": "no trade lost",
    "holding_hours": "no closed trade",
    "turnover_per_day": "no day, or no positive equity",
    "turnover_per_year": "no day, or no positive equity",
    "trades_per_day": "no days",
    "slippage_share": "gross alpha is not positive",
    "fee_share": "gross alpha is not positive",
    "funding_share": "gross alpha is not positive",
    "haircut_share": "gross alpha is not positive",
    "capacity_usd": "not estimated, or the return never falls to half",
}
_LOST = "the equity was not positive, or not known"
_NO_VARIATION = "fewer than two days, or no variation"


def summary(
    equity: pl.DataFrame,
    trades: pl.DataFrame,
    lines: IntVec,
    *,
    traded_usd: float | None = None,
    capacity_usd: float | None = None,
    seed: int = 0,
    trials: Trials | None = None,
) -> dict[str, Any]:
    """Return every metric of a run, ready to be written as JSON.

    Parameters
    ----------
    equity : DataFrame
        Of schema ``daily.EQUITY``.
    trades : DataFrame
        Closed trades, of schema ``trades.TRADES``.
    lines : IntVec
        The books of the whole run, indexed by ``Line``, shape (line,).
    traded_usd : float or None
        Sum of the absolute notionals of every fill; None: twice the notionals of ``trades``.
    capacity_usd : float or None
        From ``report.capacity``, where the run has one.
    seed : int
        Of the bootstrap.
    trials : Trials or None
        What this run was chosen from; None: it is not said, and no Sharpe ratio is deflated.

    Returns
    -------
    dict
        ``net`` and ``gross`` (ratios, drawdowns and hits), ``activity``, ``costs``,
        ``stability`` (by year, coin and regime) and ``flags``: the dotted name of every None,
        and of what needs a caution, with the reason.

    Notes
    -----
    Units: as ``METRICS`` says.  Causal: reads the whole run.  Missing: None and a flag.
    Spec 12, METHODS 11.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> from quorate.statistics.daily import EQUITY
    >>> from quorate.statistics.trades import TRADES
    >>> start = pl.DataFrame({"ts": [datetime(2026, 1, 1, tzinfo=UTC)], "equity": [10**12],
    ...                       "gross_equity": [10**12], "flow": [0]}, schema=EQUITY)
    >>> empty = summary(start, pl.DataFrame(schema=TRADES), np.zeros(8, np.int64))
    >>> empty["net"]["sharpe"], empty["flags"]["net.sharpe"]
    (None, 'fewer than two days, or no variation')
    """
    daily = daily_returns(equity)
    closed = require_trades(trades)
    books = require_lines(lines)
    gross_pnl = books[Line.GROSS]
    trials = Trials(math.nan) if trials is None else trials
    tree: dict[str, Any] = {
        "net": result(daily.net, closed["net_pnl"], 2 * gross_pnl - sum(books), trials, seed),
        "gross": result(daily.gross, closed["gross_pnl"], gross_pnl, trials, seed),
        "activity": activity(daily, closed, traded_usd)
        | {"capacity_usd": math.nan if capacity_usd is None else capacity_usd},
        "costs": dict(cost_shares(lines)),
        "stability": stability(daily, closed, seed=seed),
    }
    flags: dict[str, str] = {}
    if 0 < len(daily.net) < ratios.DAYS_PER_YEAR:
        flags |= dict.fromkeys(
            ("net.cagr", "net.calmar", "gross.cagr", "gross.calmar"), _SHORT_RECORD
        )
    if traded_usd is None:
        flags["activity.turnover_per_day"] = "from closed trades: entry notional counted twice"
    lost = {name for name in ("net", "gross") if np.isnan(getattr(daily, name)).any()}
    tree["flags"] = flags | tidy(tree, lost=lost)
    return tree


def tidy(tree: dict[str, Any], above: str = "", lost: Collection[str] = ()) -> dict[str, str]:
    """Put None for what is not finite, and return why by dotted name.

    Parameters
    ----------
    tree : dict
        Metrics by name, changed in place.
    above : str
        What stands before the names.
    lost : collection of str
        First names of accounts whose equity was lost.

    Notes
    -----
    Units: none.  Causal: no data are read.  Missing: None and a reason.

    Examples
    --------
    >>> tree = {"sharpe": float("nan")}
    >>> tidy(tree, "net."), tree
    ({'net.sharpe': 'fewer than two days, or no variation'}, {'sharpe': None})
    """
    flags = {}
    for path, name, reason in _clean(tree, above):
        known = _LOST if path.split(".")[0] in lost else _UNDEFINED.get(name, _NO_VARIATION)
        flags[path] = reason or known
    return flags


def _clean(tree: dict[str, Any], above: str) -> Iterator[tuple[str, str, str]]:
    """Put None for what is not finite; give its path, its name and a reason of its own."""
    for name, value in tree.items():
        path = f"{above}{name}"
        if isinstance(value, dict):
            yield from _clean(value, f"{path}.")
        elif isinstance(value, float) and not math.isfinite(value):
            tree[name] = None
            yield path, name, "too few groups" if ".dispersion." in path else ""
