"""Rules about the result: too good, too short, carried by one coin, month or few trades.

In: ``Evidence``. Out: a ``Finding``, or None where the bound is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.report.checks.finding import Finding, Severity
from quorate.report.formats import counted, exact, number, percent, usd

if TYPE_CHECKING:
    from quorate.report.evidence import Evidence

GOOD_SHARPE: Final = 3.0
GOOD_DAYS: Final = 60
FEW_TRADES: Final = 30
FEW_DAYS: Final = 365
CARRIED: Final = 0.5


def books(seen: Evidence) -> Finding | None:
    """Find equity that did not move by exactly what the books explain (METHODS 13)."""
    if seen.imbalance == 0:
        return None
    return Finding(
        Severity.ALARM,
        "The books do not balance",
        f"The equity moved {exact(seen.imbalance)} USD more than the books explain",
        "0.00000000 USD",
        "Do not trust this run; run it again, and report it as a bug with its settings.",
    )


def lost(seen: Evidence) -> Finding | None:
    """Find an account that reached zero: what comes after is no result."""
    if not seen.lost_at:
        return None
    return Finding(
        Severity.ALARM,
        "The account was lost",
        f"Equity was at or below zero on {seen.lost_at}",
        "above 0 USD on every bar",
        "Read nothing after that bar. Lower risk a trade and leverage, or widen the stops.",
    )


def too_good(seen: Evidence) -> Finding | None:
    """Find a Sharpe ratio above 3 over more than 60 days: more often a leak than an edge."""
    if seen.sharpe is None or seen.sharpe <= GOOD_SHARPE or seen.n_days <= GOOD_DAYS:
        return None
    return Finding(
        Severity.ALARM,
        "Too good to be true",
        f"Net Sharpe ratio {number(seen.sharpe)} over {number(seen.n_days, 0)} days",
        f"at most {number(GOOD_SHARPE, 0)} over more than {GOOD_DAYS} days",
        "Look for prices known too early, coins chosen with hindsight and costs left out.",
    )


def few_trades(seen: Evidence) -> Finding | None:
    """Find fewer than 30 trades: averages over them say little."""
    if seen.n_trades >= FEW_TRADES:
        return None
    few = seen.n_trades > 0
    return Finding(
        Severity.WARNING,
        "Too few trades" if few else "It did not trade",
        counted(seen.n_trades, "closed trade"),
        f"at least {FEW_TRADES}",
        "Run a longer span or more coins before believing any average."
        if few
        else "Read below what it refused to do; a longer span or more coins may trade.",
    )


def one_coin(seen: Evidence) -> Finding | None:
    """Find one of several coins that makes more than half of the profit."""
    return _carried("coin", seen.best_coin, seen.n_coins, seen.net)


def one_month(seen: Evidence) -> Finding | None:
    """Find one of several months that makes more than half of the profit."""
    return _carried("month", seen.best_month, seen.n_months, seen.net)


def _carried(what: str, best: tuple[str, int], count: int, net: int) -> Finding | None:
    name, made = best
    if count < 2 or net <= 0 or made <= CARRIED * net:
        return None
    share = f"{percent(made / net, 0)} of" if made <= net else "more than the whole of"
    return Finding(
        Severity.WARNING,
        f"One {what} carries it",
        f"{name} made {usd(made)} USD, {share} the net result",
        f"at most {percent(CARRIED, 0)} from one {what}",
        f"Run it without {name}; what is left is what to expect elsewhere.",
    )


def few_winners(seen: Evidence) -> Finding | None:
    """Find a result that a handful of trades makes: they may not come again."""
    if seen.net <= 0 or seen.n_trades < FEW_TRADES or seen.best_five <= seen.net:
        return None
    return Finding(
        Severity.WARNING,
        "Five trades carry it",
        f"The best five made {usd(seen.best_five)} USD, the whole run {usd(seen.net)} USD",
        "at most the net result from five trades",
        "Look at those five below: would they have filled, and could they come again?",
    )


def luck(seen: Evidence) -> Finding | None:
    """Find a profit that the page's judgement of luck does not tell apart from zero."""
    if not seen.doubt or seen.net <= 0:
        return None
    return Finding(
        Severity.WARNING,
        "It may be luck",
        seen.doubt.removesuffix("."),
        "95% intervals of Sharpe ratio and mean return above zero; deflated ratio of 95%",
        "Wait for more days, or test on a span that was not looked at yet.",
    )


def short_record(seen: Evidence) -> Finding | None:
    """Find a record shorter than its Sharpe ratio needs (Bailey and Lopez de Prado 2012)."""
    if seen.needed_days is None or seen.n_days >= seen.needed_days:
        return None
    return Finding(
        Severity.WARNING,
        "The record is too short",
        counted(seen.n_days, "day"),
        f"{number(seen.needed_days, 0)} days, for a Sharpe ratio like this to be believed at 5%",
        "Run a longer span; until then the ratio is a guess.",
    )


def less_than_a_year(seen: Evidence) -> Finding | None:
    """Find less than a year: yearly numbers extrapolate."""
    if seen.n_days >= FEW_DAYS:
        return None
    return Finding(
        Severity.NOTE,
        "Less than a year",
        counted(seen.n_days, "day"),
        f"{FEW_DAYS} days",
        "Read what a year would bring as an extrapolation; it saw few kinds of markets.",
    )


def edge_below_cost(seen: Evidence) -> Finding | None:
    """Find gross that does not cover the costs."""
    if not seen.is_traded or seen.gross > seen.costs:
        return None
    return Finding(
        Severity.WARNING,
        "The edge is below its cost" if seen.gross > 0 else "There is no edge before costs",
        f"Gross {usd(seen.gross)} USD, costs {usd(seen.costs)} USD",
        "gross above costs",
        "See which line took it below; trade less often, passively, or with a longer horizon."
        if seen.gross > 0
        else "No saving of costs mends this: the signals themselves lost.",
    )
