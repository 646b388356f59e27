"""Rules about the result: too good, too short, carried by one coin, month or few trades.

In: ``Evidence``. Out: an ``Answer``: a finding, not asked, or None where the bound is kept.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from quorate.report.checks.finding import (
    NOT_EARNED,
    NOT_TRADED,
    Answer,
    Finding,
    NotAsked,
    Severity,
)
from quorate.report.formats import counted, exact, number, percent, usd
from quorate.statistics.cautions import FEW_TRADES

if TYPE_CHECKING:
    from quorate.report.evidence import Evidence

GOOD_SHARPE: Final = 3.0
GOOD_DAYS: Final = 60
FEW_DAYS: Final = 365
CARRIED: Final = 0.5
FEW_MONTHS: Final = 6
_NORMAL: Final = 1.96


def books(seen: Evidence) -> Answer:
    """Find equity, an attribution or trades that are not what the books explain (METHODS 13)."""
    off = [
        f"{what} {exact(amount)} USD more than the books {verb}"
        for amount, what, verb in (
            (seen.imbalance, "the equity moved", "explain"),
            (seen.attribution_gap, "a line or coin of the attribution is", "say"),
            (seen.trades_gap, "with nothing open the closed trades made", "say"),
        )
        if amount
    ]
    if not off:
        return None
    said = "; ".join(off)
    return Finding(
        Severity.ALARM,
        "The books do not balance",
        said[0].upper() + said[1:],
        "0.00000000 USD",
        "Do not trust this run; run it again, and report it as a bug with its settings.",
    )


def lost(seen: Evidence) -> Answer:
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


def too_good(seen: Evidence) -> Answer:
    """Find a Sharpe ratio above 3 over more than 60 days: more often a leak than an edge.

    Over 60 days or fewer the low end of its 95% interval is what must not be above 3.
    """
    if not seen.is_traded:
        return NOT_TRADED
    if seen.sharpe is None:
        return NotAsked("there is no Sharpe ratio")
    if seen.n_trades < FEW_TRADES:
        return NotAsked("too few trades")
    is_short = seen.n_days <= GOOD_DAYS
    low = _low(seen, seen.sharpe) if is_short else seen.sharpe
    if low <= GOOD_SHARPE:
        return None
    at_least = f", its 95% interval above {number(low)}" if is_short else ""
    return Finding(
        Severity.ALARM,
        "Too good to be true",
        f"Net Sharpe ratio {number(seen.sharpe)} over {number(seen.n_days, 0)} days{at_least}",
        f"at most {number(GOOD_SHARPE, 0)} over more than {GOOD_DAYS} days"
        if not is_short
        else f"a low end of at most {number(GOOD_SHARPE, 0)} over {GOOD_DAYS} days or fewer",
        "Look for prices known too early, coins chosen with hindsight and costs left out.",
    )


def _low(seen: Evidence, sharpe: float) -> float:
    """Return the low end of a ratio's 95% interval; of normal, independent days if unknown."""
    if seen.sharpe_low is not None:
        return seen.sharpe_low
    return sharpe - _NORMAL * math.sqrt((365.0 + sharpe**2 / 2.0) / max(seen.n_days, 1))


def few_trades(seen: Evidence) -> Answer:
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


def one_coin(seen: Evidence) -> Answer:
    """Find one of several coins that makes more than half of the profit, or of the loss."""
    if not seen.n_trades:
        return NOT_TRADED if not seen.is_traded else NotAsked("no trade was closed")
    if seen.n_coins < 2:
        return NotAsked("there is one coin only")
    return _carried("coin", seen.best_coin, seen.worst_coin, seen.net)


def one_month(seen: Evidence) -> Answer:
    """Find one of at least six months that makes more than half of the profit, or of the loss."""
    if not seen.is_traded:
        return NOT_TRADED
    if seen.n_months < FEW_MONTHS:
        return NotAsked(f"fewer than {FEW_MONTHS} months")
    return _carried("month", seen.best_month, seen.worst_month, seen.net)


def _carried(what: str, best: tuple[str, int], worst: tuple[str, int], net: int) -> Answer:
    name, made = best if net > 0 else worst
    if made * net <= 0 or abs(made) <= CARRIED * abs(net):
        return None
    whole = "the net result" if net > 0 else "the loss"
    share = f"{percent(made / net, 0)} of" if abs(made) <= abs(net) else "more than the whole of"
    return Finding(
        Severity.WARNING if net > 0 else Severity.NOTE,
        f"One {what} carries it" if net > 0 else f"One {what} carries the loss",
        f"{name} made {usd(made)} USD, {share} {whole}",
        f"at most {percent(CARRIED, 0)} from one {what}",
        f"Run it without {name}; what is left is what to expect elsewhere."
        if net > 0
        else f"See what went wrong in {name}: one accident, or what every {what} risks.",
    )


def few_winners(seen: Evidence) -> Answer:
    """Find a result that a handful of trades makes: they may not come again."""
    if not seen.is_traded:
        return NOT_TRADED
    if seen.net <= 0:
        return NOT_EARNED
    if seen.n_trades < FEW_TRADES:
        return NotAsked("too few trades")
    if seen.best_five <= seen.net:
        return None
    return Finding(
        Severity.WARNING,
        "Five trades carry it",
        f"The best five made {usd(seen.best_five)} USD, the whole run {usd(seen.net)} USD",
        "at most the net result from five trades",
        "Look at those five below: would they have filled, and could they come again?",
    )


def luck(seen: Evidence) -> Answer:
    """Find a profit that the page's judgement of luck does not tell apart from zero."""
    if not seen.is_traded:
        return NOT_TRADED
    if seen.net <= 0:
        return NOT_EARNED
    if seen.n_trades < FEW_TRADES:
        return NotAsked("too few trades")
    if seen.unjudged:
        return NotAsked(seen.unjudged)
    if not seen.doubt:
        return None
    return Finding(
        Severity.WARNING,
        "It may be luck",
        seen.doubt.removesuffix("."),
        "95% intervals of Sharpe ratio and mean return above zero; deflated ratio of 95%",
        "Wait for more days, or test on a span that was not looked at yet.",
    )


def short_record(seen: Evidence) -> Answer:
    """Find a record shorter than its Sharpe ratio needs (Bailey and Lopez de Prado 2012)."""
    if not seen.is_traded:
        return NOT_TRADED
    if seen.n_trades < FEW_TRADES:
        return NotAsked("too few trades")
    if seen.needed_days is None:
        return NotAsked(
            "there is no Sharpe ratio"
            if seen.sharpe is None
            else "no record is long enough for a Sharpe ratio that is not above 0"
        )
    if seen.n_days >= seen.needed_days:
        return None
    return Finding(
        Severity.WARNING,
        "The record is too short",
        counted(seen.n_days, "UTC day"),
        f"{number(math.ceil(seen.needed_days), 0)} days, "
        "for a Sharpe ratio like this to be believed at 5%",
        "Run a longer span; until then the ratio is a guess.",
    )


def less_than_a_year(seen: Evidence) -> Answer:
    """Find less than a year: yearly numbers extrapolate."""
    if seen.span_days >= FEW_DAYS:
        return None
    return Finding(
        Severity.NOTE,
        "Less than a year",
        f"{number(seen.span_days, 1)} days",
        f"{FEW_DAYS} days",
        "Read what a year would bring as an extrapolation; it saw few kinds of markets.",
    )


def edge_below_cost(seen: Evidence) -> Answer:
    """Find gross that does not cover the costs."""
    if not seen.is_traded:
        return NOT_TRADED
    if seen.gross > seen.costs:
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
