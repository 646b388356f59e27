"""Rules about trading: what would not have filled, did not fit, was too small or stayed open.

In: ``Evidence``. Out: an ``Answer``: a finding, not asked, or None where the bound is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.report.checks.finding import (
    NOT_EARNED,
    NOT_TRADED,
    Answer,
    Finding,
    NotAsked,
    Severity,
)
from quorate.report.formats import counted, number, percent, rounded, usd

if TYPE_CHECKING:
    from quorate.report.evidence import Evidence

LOST_ORDERS: Final = 0.1
CUT_FILLS: Final = 0.05
GOT: Final = 0.75
HALF: Final = 0.5


def small_capacity(seen: Evidence) -> Answer:
    """Find an account whose return is less than half of that of a very small one.

    Where the volume cut the run's own entries to less than half, it is above its capacity whatever
    the curve says: that is read off what was left.
    """
    if not seen.is_traded:
        return NOT_TRADED
    if seen.allowed_frac is not None and seen.allowed_frac < HALF:
        return Finding(
            Severity.WARNING,
            "The account is above its capacity",
            f"The volume left {percent(seen.allowed_frac, 1)} of the size that entries asked for",
            f"at least {percent(HALF, 0)}",
            "Trade a smaller account or more coins; read the capacity off a run of that size.",
        )
    if seen.gross <= seen.costs:
        return NOT_EARNED
    if seen.room_usd is None:
        return NotAsked("the capacity is not known")
    if seen.room_usd >= seen.start_usd:
        return None
    return Finding(
        Severity.WARNING,
        "The account is above its capacity",
        f"Capacity {rounded(seen.room_usd)} USD, where half of the return is left",
        f"at least the account, {number(seen.start_usd, 0)} USD",
        "Trade a smaller account, more coins, or slower; see how much money fits in.",
    )


def minimum_orders(seen: Evidence) -> Answer:
    """Find targets that passed every gate and were too small for the venue."""
    wanted = seen.n_orders + seen.n_below_minimum
    if wanted == 0:
        return NotAsked("no order was wanted")
    if seen.n_below_minimum <= LOST_ORDERS * wanted:
        return None
    return Finding(
        Severity.WARNING,
        "Targets are lost to minimum order sizes",
        f"{number(seen.n_below_minimum, 0)} of {number(wanted, 0)} orders wanted, "
        f"{percent(seen.n_below_minimum / wanted, 0)}",
        f"at most {percent(LOST_ORDERS, 0)}",
        "Use a larger account, fewer coins or more risk a trade: what is traded is not the plan.",
    )


def cut_fills(seen: Evidence) -> Answer:
    """Find orders cut to the participation limit, or beyond their price at the open."""
    if not seen.is_traded:
        return NOT_TRADED
    if seen.n_fills is None:
        return NotAsked("the fills were not kept")
    cut = seen.n_clipped + seen.n_collared
    sent = seen.n_fills + seen.n_collared
    if not sent:
        return NotAsked("no order was sent")
    if cut <= CUT_FILLS * sent:
        return None
    return Finding(
        Severity.WARNING,
        "Orders did not fill as meant",
        f"{number(seen.n_clipped, 0)} cut to the participation limit and "
        f"{number(seen.n_collared, 0)} beyond their price limit, of {number(sent, 0)} sent",
        f"at most {percent(CUT_FILLS, 0)} of orders sent",
        "Trade smaller, slower or more liquid coins; live, these orders are missed.",
    )


def called_back(seen: Evidence) -> Answer:
    """Find entries of which too little had filled when they were called back."""
    if not seen.is_traded:
        return NOT_TRADED
    if seen.got_frac is None:
        return NotAsked("no entry of a closed trade was kept")
    if seen.got_frac >= GOT:
        return None
    return Finding(
        Severity.WARNING,
        "Entries got less than they wanted",
        f"{percent(seen.got_frac, 0)} of the size that entries wanted had filled by their end",
        f"at least {percent(GOT, 0)}",
        "An entry at work is called back when its signal or its edge over cost is gone: signals "
        "flicker, or orders are too patient. See what entries promised, and what came of them.",
    )


def stop_gaps(seen: Evidence) -> Answer:
    """Find stops that lost more than the gap allowance (METHODS 7.5)."""
    if seen.n_stops == 0:
        return NOT_TRADED if not seen.is_traded else NotAsked("no stop was hit")
    if seen.n_exceedances == 0:
        return None
    return Finding(
        Severity.WARNING,
        "Stops lost more than planned",
        f"{number(seen.n_exceedances, 0)} of {number(seen.n_stops, 0)} stops beyond their "
        "price by more than the gap allowance",
        "0 stops",
        "Raise the gap allowance or lower the risk a trade; thin coins gap more.",
    )


def liquidations(seen: Evidence) -> Answer:
    """Find positions that a venue closed by force: leverage was too high."""
    if not seen.is_traded:
        return NOT_TRADED
    if seen.n_liquidations == 0:
        return None
    return Finding(
        Severity.ALARM,
        "Positions were liquidated",
        f"{counted(seen.n_liquidations, 'bar')} with a liquidation",
        "0",
        "Lower leverage: a stop must be reached long before margin runs out.",
    )


def delistings(seen: Evidence) -> Answer:
    """Find positions closed as delisted: a file that ends early looks like a delisting."""
    if not seen.is_traded:
        return NOT_TRADED
    if seen.n_delistings == 0:
        return None
    return Finding(
        Severity.WARNING,
        "Positions were closed as delisted",
        f"{counted(seen.n_delistings, 'position')}, {usd(seen.delisting_haircut)} USD of haircut",
        "0 positions",
        "See whether those coins really went away: a file that ends early, or has a hole of a day, "
        "is booked as a delisting, and loses exchange.delisting_haircut. Get the missing bars.",
    )


def open_positions(seen: Evidence) -> Answer:
    """Find what is open at the end: valued at the last price, its exit not paid for."""
    if not seen.is_traded:
        return NOT_TRADED
    if seen.n_open == 0 and seen.open_net == 0:
        return None
    count = f"{counted(seen.n_open, 'position')}, " if seen.n_open else ""
    return Finding(
        Severity.NOTE,
        "Positions are open at the end",
        f"{count}{usd(seen.open_net)} USD of the net result lie outside closed trades",
        "0 positions",
        "Their exit is not paid for yet; ratios over trades leave them out.",
    )
