"""From a weight that is given to a parent order: what is asked, and what the breakers allow of it.

In: the weights known at a close, and the account. Out: market orders at work, sent at the next
open; the weights that were acted on.
"""

from __future__ import annotations

import numpy as np

from quorate.core import ledger
from quorate.core.account import Account
from quorate.core.kernel import inlined
from quorate.core.risk import breakers, exits
from quorate.core.types import (
    Bar,
    IntMat,
    IntVec,
    Market,
    Orders,
    Placement,
    Reason,
    Schedule,
    Style,
    Vec,
    Venues,
)


@inlined
def _aim(
    weight: float,
    equity: float,
    unit: float,
    held: int,
    is_perp: bool,
    is_streak: bool,
    streak_multiplier: float,
) -> int:
    """Return the lots that a weight asks for, after the streak breaker and what spot allows."""
    wanted = weight * equity
    if wanted < 0.0 and not is_perp:
        wanted = 0.0
    if is_streak and abs(wanted) > abs(held * unit):
        wanted *= streak_multiplier
    return int(wanted / unit)


@inlined
def _send(c: int, k: int, lots: int, price: float, books: ledger.State, orders: Orders) -> None:
    """Put a market order to work that leads to so many lots; 0 to go ends the one at work."""
    held = books.lots[0, c]
    books.working[0, c] = lots - held
    orders.total[0, c] = lots - held
    orders.decision_price[0, c] = price
    orders.limit_price[0, c] = 0.0
    orders.submit_k[0, c] = k
    orders.n_bars[0, c] = 1
    orders.cross_k[0, c] = 0
    orders.display[0, c] = 0
    orders.schedule[0, c] = Schedule.IMMEDIATE.value
    orders.placement[0, c] = Placement.MARKETABLE.value
    orders.style[0, c] = Style.MARKET.value
    orders.reduce_only[0, c] = 0
    orders.reason[0, c] = Reason.EXIT_SIGNAL.value if lots == 0 else Reason.ENTRY.value
    if lots != 0 and held != 0:
        orders.reason[0, c] = Reason.REBALANCE.value


@inlined
def _cut(books: ledger.State, orders: Orders, acted: Vec) -> None:
    """End what is at work as far as it makes a position larger; its weight is tried again."""
    for c in range(acted.shape[0]):
        held, waiting = books.lots[0, c], books.working[0, c]
        is_larger = held * waiting >= 0 or abs(waiting) > abs(held)
        if waiting != 0 and is_larger:
            rest = -held if held * waiting < 0 else 0
            books.working[0, c] = rest
            orders.total[0, c] = rest
            acted[c] = np.nan


@inlined
def act(
    market: Market,
    t: int,
    k: int,
    weight: Vec,
    equity: float,
    venues: Venues,
    stop_frac: Vec,
    streak_multiplier: float,
    account: Account,
    acted: Vec,
    priced_k: IntMat,
    changed: IntVec,
) -> None:
    """Act on the weights that changed.

    After the day's loss, or a stop on that side, only what makes a position smaller is sent or
    goes on, and the rest is tried again; so is a weight whose coin does not trade now.

    Parameters
    ----------
    market, t, k : Market, int, int
        Prices of one venue, the row of the bar that closed, its counter.
    weight : Vec
        Signed share of equity, NaN says nothing, shape (coin,).
    equity : float
        At this close, quote currency.
    venues : Venues
        Lots and smallest orders.
    stop_frac : Vec
        Distance of the stop of the next entry, shape (coin,).
    streak_multiplier : float
        Of what makes a position larger, while the streak breaker is on.
    account, acted, priced_k : Account, Vec, IntMat
        Orders, exits, the weights acted on and when a coin last had a price: updated in place.
    changed : IntVec
        Scratch, shape (coin,).

    Notes
    -----
    Units: fractions, quote currency. Causal: this close. Missing: as above. DESIGN 5.
    """
    books = account.ledger
    may_enter = breakers.entries_allowed(account.breakers)
    if not may_enter:
        _cut(books, account.orders, acted)
    is_streak = account.breakers.streak[0] != 0
    n = 0
    for c in range(weight.shape[0]):
        changed[n] = c  # written over by the next one unless it counts
        n += (weight[c] == weight[c]) & (weight[c] != acted[c])
    for i in range(n):
        c = changed[i]
        price = market.close[t, 0, c]
        if market.status[t, 0, c] != Bar.TRADED.value or not price > 0.0:
            continue
        held = books.lots[0, c]
        unit = price * venues.lot[0, c]
        is_perp = venues.is_perp[0, c] != 0
        lots = _aim(weight[c], equity, unit, held, is_perp, is_streak, streak_multiplier)
        side = 1 if lots > 0 else -1
        may_add = may_enter and not exits.is_cooling(c, side, k, account.exits)
        if (abs(lots) > abs(held) or lots * held < 0) and not may_add:
            lots = held if lots * held > 0 else 0
        else:
            acted[c] = weight[c]
        exits.plan(c, stop_frac[c], account.exits)
        if lots == 0 or abs(lots - held) * price * venues.lot[0, c] >= venues.min_notional[0, c]:
            _send(c, k, lots, price, books, account.orders)
            priced_k[0, c] = k
        else:
            books.working[0, c] = 0  # what is held is what is asked: an order at work ends
