"""What the codes of a run mean, in the words of a page that people read.

In: the names of reasons, cost lines, counters and metrics. Out: one plain sentence or label each.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from quorate.core.types import Line, Reason


class Said(NamedTuple):
    """A reason for people: the group it is listed in, and one sentence."""

    group: str
    sentence: str


TRADED: Final = "it traded"
HELD: Final = "it held"
OWNERS: Final = {
    "allocator": "the allocator (resizing)",
    "risk_overlay": "the risk overlay (forced)",
    "unknown": "an entry that was not kept",
}
"""Owners of profit that are no engine."""
_DATA, _VOTES, _MONEY = "data", "votes", "edge and size"
_LIMITS, _CONTROLS, _ENGINES = "limits", "breakers and controls", "engines"

REASONS: Final[dict[Reason, Said]] = {
    Reason.NONE: Said(HELD, "Nothing was decided: no gate spoke and no order was due."),
    Reason.ENTRY: Said(TRADED, "A position was opened: every gate let the signal pass."),
    Reason.REBALANCE: Said(TRADED, "A position was resized towards its target."),
    Reason.REVERSAL: Said(TRADED, "The signal turned: the position was closed to change sides."),
    Reason.EXIT_SIGNAL: Said(TRADED, "Closed: the signal turned and the other side may not trade."),
    Reason.EXIT_TIME: Said(TRADED, "Closed: it was held for its full horizon."),
    Reason.EXIT_STOP: Said(TRADED, "Closed: the price reached the stop."),
    Reason.EXIT_UNIVERSE: Said(TRADED, "Closed: the coin left the universe."),
    Reason.EXIT_CONTROL: Said(TRADED, "Closed: a kill or flatten control asked for it."),
    Reason.CARRY_TURNED: Said(TRADED, "Closed: funding made holding dearer than leaving."),
    Reason.CUT_OPEN_RISK: Said(TRADED, "Cut: the stops together risked more than the day allows."),
    Reason.CUT_CAP: Said(TRADED, "Cut: the position had grown over a cap."),
    Reason.EXIT_LIQUIDATION: Said(TRADED, "The venue liquidated it: margin ran out."),
    Reason.EXIT_DELISTED: Said(TRADED, "Closed at a haircut: the coin was delisted."),
    Reason.NO_DATA: Said(_DATA, "There was no bar for the coin."),
    Reason.IMPUTED: Said(_DATA, "The price was carried over a gap, and such a bar is not traded."),
    Reason.WARMUP: Said(_DATA, "Too little history yet to know the regime and the indicators."),
    Reason.NOT_MEMBER: Said(_DATA, "The coin was not in the universe: too young or too illiquid."),
    Reason.DEPEG: Said(_DATA, "The quote currency was away from one USD."),
    Reason.NO_QUORUM: Said(_VOTES, "Too few engines, or families of engines, agreed on a side."),
    Reason.BELOW_THRESHOLD: Said(_VOTES, "The score did not clear its threshold (k times sigma)."),
    Reason.ILLIQUID: Said(_VOTES, "The market was too thin, or its spread too wide, to enter."),
    Reason.NO_APPROVED_ENGINE: Said(_VOTES, "No engine is approved for the regime of the coin."),
    Reason.EDGE_BELOW_COST: Said(
        _MONEY, "The expected edge did not pay for a round trip and the safety margin."
    ),
    Reason.KELLY_NOT_POSITIVE: Said(
        _MONEY, "The record of paper trades gives no positive Kelly size."
    ),
    Reason.SHORT_NOT_ALLOWED: Said(_MONEY, "The signal was to sell, and no venue can go short."),
    Reason.COOLDOWN: Said(_MONEY, "The coin was stopped out on that side a short while ago."),
    Reason.HOLDING: Said(HELD, "The position was already as wanted, and was kept."),
    Reason.CAP_COIN: Said(_LIMITS, "The coin was at its share of equity."),
    Reason.CAP_SECTOR: Said(_LIMITS, "The sector was at its share of equity."),
    Reason.CAP_GROSS: Said(_LIMITS, "The account was at its gross exposure or leverage."),
    Reason.CAP_PARTICIPATION: Said(_LIMITS, "The order was too large for the volume traded."),
    Reason.CAP_OPEN_RISK: Said(
        _LIMITS, "All stops hit at once would lose more than the day allows."
    ),
    Reason.CAP_VENUE: Said(_LIMITS, "The venue was at its share of equity."),
    Reason.CAP_NET: Said(_LIMITS, "The account was at its net exposure."),
    Reason.CAP_BETA: Said(_LIMITS, "The account was at its exposure to BTC (beta)."),
    Reason.CAP_RISK: Said(_LIMITS, "The size asked for was outside the bounds of risk per trade."),
    Reason.PORTFOLIO_ZERO: Said(_LIMITS, "The optimiser preferred other coins, or cash."),
    Reason.PORTFOLIO_NOT_SOLVED: Said(
        _LIMITS, "The optimiser found no answer: weights stayed as they were."
    ),
    Reason.BELOW_MINIMUM: Said(_LIMITS, "A new position was smaller than the venue takes."),
    Reason.BELOW_CHANGE: Said(_LIMITS, "What was held or at work was near enough to the target."),
    Reason.BREAKER_DAILY: Said(_CONTROLS, "The daily loss stop was reached: no entries that day."),
    Reason.BREAKER_STREAK: Said(_CONTROLS, "Too many losses in a row: the coin rests."),
    Reason.BREAKER_VOLATILITY: Said(_CONTROLS, "Volatility broke out of its usual range."),
    Reason.PAUSED: Said(_CONTROLS, "The pause control was on."),
    Reason.KILLED: Said(_CONTROLS, "The kill switch was on."),
    Reason.BLOCKED: Said(_CONTROLS, "The coin was blocked by a control."),
    Reason.OPEN_RISK_NEGATIVE: Said(
        _CONTROLS, "The day had already lost more than open positions may still risk."
    ),
    Reason.ENGINE_FAILED: Said(_ENGINES, "An engine failed and its vote was left out."),
}

LINES: Final[dict[Line, tuple[str, str]]] = {
    Line.GROSS: ("gross", "every fill priced at the close that decided it"),
    Line.DELAY: ("delay", "what the price did from the decision to the order's arrival"),
    Line.SPREAD: ("spread", "from the middle to the touch"),
    Line.IMPACT: ("impact", "what the order's own size moved the price"),
    Line.LATENCY: ("latency", "what the price did while the order travelled"),
    Line.FEE: ("fees", "paid to venues, less the rebates they gave"),
    Line.FUNDING: ("funding", "settlements paid, less those received"),
    Line.HAIRCUT: ("haircuts", "liquidation fees and what delistings cost"),
}

COUNTERS: Final[dict[str, str]] = {
    "STOPS": "stops that were hit",
    "STOP_GAPS": "of them, bars that opened beyond the stop",
    "EXCEEDANCES": "stops that lost more than the gap allowance beyond their price",
    "STOPS_DELAYED": "stops delayed because a venue did not trade in that bar",
    "LIQUIDATIONS": "bars on which perpetuals were liquidated",
    "BANKRUPTCIES": "of them, left with less than nothing",
    "DELISTINGS": "positions closed because their coin went away",
    "CLIPPED": "orders cut to the participation limit",
    "COLLARED": "orders whose price at the open was beyond their limit",
    "REPRICED": "post-only orders that would have crossed and rested at the touch",
    "CROSSED": "resting orders sent across the spread after their time",
}

LABELS: Final[dict[str, str]] = {
    "n_days": "days",
    "total_return": "total return",
    "cagr": "growth a year (CAGR)",
    "volatility": "volatility",
    "sharpe": "Sharpe ratio",
    "sharpe_low": "Sharpe ratio, low end of 95%",
    "sharpe_high": "Sharpe ratio, high end of 95%",
    "sharpe_lo": "Sharpe ratio, corrected (Lo)",
    "psr": "probabilistic Sharpe ratio (PSR)",
    "min_track_record_days": "track record needed",
    "n_trials": "trials it was chosen from",
    "n_effective_trials": "independent trials they amount to",
    "min_backtest_days": "record so many trials need (MinBTL)",
    "deflated_sharpe": "deflated Sharpe ratio (DSR)",
    "mean_return": "mean return a year",
    "mean_return_low": "mean return, low end of 95%",
    "mean_return_high": "mean return, high end of 95%",
    "sortino": "Sortino ratio",
    "sortino_low": "Sortino ratio, low end of 95%",
    "sortino_high": "Sortino ratio, high end of 95%",
    "calmar": "Calmar ratio",
    "max_drawdown": "max drawdown, on daily closes",
    "max_drawdown_low": "max drawdown, on daily closes, worse end of 95%",
    "max_drawdown_high": "max drawdown, on daily closes, milder end of 95%",
    "avg_drawdown": "average drawdown",
    "n_drawdowns": "drawdowns",
    "recovery_days": "time to recover, mean",
    "max_recovery_days": "time to recover, longest",
    "trough_recovery_days": "time to recover from the trough",
    "open_drawdown_days": "open drawdown, age",
    "pnl_usd": "profit or loss",
    "n_trades": "closed trades",
    "n_zero": "trades of exactly zero",
    "hit_rate": "hit rate",
    "avg_win_usd": "average win",
    "avg_loss_usd": "average loss",
    "profit_factor": "profit factor",
    "holding_hours": "holding time",
    "trades_per_day": "trades a day",
    "turnover_per_day": "turnover a day",
    "turnover_per_year": "turnover a year",
    "slippage_share": "slippage share of gross",
    "fee_share": "fee share of gross",
    "funding_share": "funding share of gross",
    "haircut_share": "haircut share of gross",
    "capacity_usd": "capacity: half the return",
}
"""Metric -> its name on the page."""

DEFINITIONS: Final[dict[str, str]] = {
    "n_days": "UTC days the run touches, each with one return; the first and last may be partial",
    "total_return": "all daily returns compounded",
    "cagr": "the daily returns compounded, brought to 365 days",
    "volatility": "standard deviation of the daily returns, brought to 365 days",
    "sharpe": "mean over standard deviation of the daily returns, brought to 365 days",
    "deflated_sharpe": "that the true Sharpe ratio is above what the best of those trials shows "
    "by luck",
    "mean_return": "mean daily return, times 365",
    "sortino": "mean daily return over the root mean square of the losing days, all days counted; "
    "brought to 365 days",
    "calmar": "growth a year over the size of the max drawdown",
    "profit_factor": "sum of wins over the size of the sum of losses",
    "trades_per_day": "closed trades over the days from the first bar to the last",
    "turnover_per_day": "everything bought and sold over mean equity, for each of those days",
    "turnover_per_year": "365 times the turnover a day",
}
"""Metric -> what it is, where the formula of ``METRICS`` speaks of code."""

HEADINGS: Final[dict[str, str]] = {
    "n_days": "Return and risk",
    "max_drawdown": "Drawdowns",
    "pnl_usd": "Trades",
    "holding_hours": "Activity",
    "slippage_share": "Costs and capacity",
}
"""First metric of a group -> the heading above it."""


GLOSSARY: Final[dict[str, str]] = {
    "allocator": "the step that shares the budget among coins and resizes what is held",
    "beta": "how far an account moves with BTC",
    "bps": "basis points: 1 bps is 0.01%",
    "collared": "not filled, as the price opened beyond the limit the order carried",
    "deflated ratio (DSR)": (
        "the probability that the true Sharpe ratio is above what the best of all runs tried on"
        " these data would show by luck"
    ),
    "edge": "how far the price is expected to go the way of the signal, before costs",
    "haircut": "what is lost when a coin is delisted or a position liquidated",
    "Kelly size": "the share of equity that makes it grow fastest, were the odds known exactly",
    "net, gross": "after all costs; as if every fill had the close that decided it",
    "open risk": "what would be lost if all stops were hit at once",
    "paper trades": "the same signals traded without money, from which Kelly's odds are read",
    "probabilistic ratio (PSR)": "the probability that the true Sharpe ratio is above 0",
    "quorum": "enough of the weight, from enough families of engines, on one side",
    "regime": "the state of a coin's market on a bar; it says which engines may vote",
    "risk overlay": "what closes or cuts positions whatever the votes: stops, caps, controls",
    "Sharpe ratio": "mean daily return over its standard deviation, times the root of 365",
    "threshold": "the score must exceed k times its own usual size, sigma",
    "track record needed": "days until a ratio like this is told apart from 0 at 5%",
}
"""Terms of the page, in the order of the alphabet, and what they mean."""


def reason(name: str) -> Said:
    """Return what a reason means; a name this version does not know stands for itself.

    Parameters
    ----------
    name : str
        Of a ``Reason``.

    Notes
    -----
    Units: none.  Causal: reads its argument.  Missing: an unknown name is listed under "other".
    Spec 10.

    Examples
    --------
    >>> reason("CAP_COIN").sentence
    'The coin was at its share of equity.'
    """
    if name in Reason.__members__:
        return REASONS[Reason[name]]
    return Said("other", f"A reason this version does not know: {name}.")
