"""At the close: liquidation at the bar's worst prices, funding, marks, and what went away.

In: positions after every fill of the bar. Out: the books at this close. Liquidation is checked
with every position at its worst price of the bar at once, which is stricter than any path. What
is held on a venue that shows no price of the coin for a day is closed at its last mark less a
haircut: it was delisted, or what trades under the name after such a hole may be another coin.
"""

from __future__ import annotations

from quorate.backtest import quotes
from quorate.backtest.fills import Fills, append_funding
from quorate.backtest.quotes import Child
from quorate.backtest.rules import Count, Params, State
from quorate.backtest.views import Tape, Terms, tape
from quorate.core import ledger
from quorate.core.kernel import inlined, kernel
from quorate.core.types import MONEY_SCALE, Bar, Market, Reason, Venues

_SCALE = float(MONEY_SCALE)
_DELISTED = 1 << int(Count.DELISTINGS)


@kernel
def worst_price(lots: int, bar: Tape) -> float:
    """Return the low for a long and the high for a short."""
    return bar.low if lots > 0 else bar.high


@kernel
def is_insolvent(
    market: Market, t: int, n_active: int, venues: Venues, books: ledger.State, state: State
) -> bool:
    r"""Say whether worst prices leave less than the maintenance margin of perpetuals.

    .. math:: \text{cash} + \sum_i q_i p_i^{worst} < \sum_{i \in perp} m_i |q_i| p_i^{worst}

    Parameters
    ----------
    market : Market
        Shape (time, venue, coin).
    t, n_active : int
        Row of the bar; how many coins ``state.active`` lists.
    venues : Venues
        Lots and maintenance margins.
    books, state : ledger.State, State
        Read only.

    Notes
    -----
    Units: integer 1e-8 quote. Causal: the bar's own range. Missing: a position that did not trade
    keeps its last value.
    """
    worth = books.cash[0]
    margin = 0
    for i in range(n_active):
        c = state.active[i]
        for v in range(books.lots.shape[0]):
            lots = books.lots[v, c]
            if lots == 0:
                continue
            bar = tape(market, t, v, c)
            value = books.value[v, c]
            if bar.trades:
                value = ledger.money(lots * venues.lot[v, c] * worst_price(lots, bar))
            worth += value
            if venues.is_perp[v, c] != 0:
                margin += ledger.money(abs(value) / _SCALE * venues.maintenance[v, c])
    return margin > 0 and worth < margin


@kernel
def fund_and_mark(
    market: Market,
    t: int,
    k: int,
    n_active: int,
    venues: Venues,
    books: ledger.State,
    state: State,
    fills: Fills,
) -> None:
    """Pay the funding settled at this close, then value every position at its mark.

    Parameters
    ----------
    market : Market
        Shape (time, venue, coin).
    t, k, n_active : int
        Row of the bar, its counter; how many coins ``state.active`` lists.
    venues : Venues
        Lots, and which of them are perpetuals.
    books, state, fills : ledger.State, State, Fills
        Updated in place; a row is appended for each settlement.

    Notes
    -----
    Units: rates as fractions of notional. Causal: only who holds at the close pays; what was
    closed within the bar pays nothing. Missing: a NaN mark keeps the last one. METHODS 6.4.
    """
    for i in range(n_active):
        c = state.active[i]
        for v in range(books.lots.shape[0]):
            if books.lots[v, c] == 0:
                continue
            price = market.mark[t, v, c]
            if price == price:
                state.last_mark[v, c] = price
            rate = market.funding[t, v, c]
            if venues.is_perp[v, c] != 0 and rate != 0.0:
                mark = state.last_mark[v, c]
                paid = ledger.funding(books, v, c, venues.lot[v, c], rate, mark)
                append_funding(fills, k, v, c, paid, mark)
    ledger.mark(books, market.mark[t], venues.lot)


@inlined
def see(market: Market, t: int, k: int, state: State) -> None:
    """Remember which venues show a price for which coins."""
    for v in range(state.priced_k.shape[0]):
        for c in range(state.priced_k.shape[1]):
            if market.status[t, v, c] != Bar.ABSENT.value:
                state.priced_k[v, c] = k


@kernel
def is_gone(v: int, c: int, k: int, params: Params, state: State) -> bool:
    """Say whether a coin left a venue: it had no price there for too long.

    That is all that can be known when it happens: who will be back, only later bars tell.

    Notes
    -----
    Units: hours. Causal: the bars up to this one. Missing: an imputed price is a price.
    METHODS 12.
    """
    if state.priced_k[v, c] < 0:
        return False
    silent_hours = (k - state.priced_k[v, c]) * params.bar_hours
    # half a bar: hours of bars are not exact fractions
    return silent_hours > params.missing_hours - 0.5 * params.bar_hours


@inlined
def leave(c: int, k: int, books: ledger.State, params: Params, state: State) -> bool:
    """End the orders of a coin on the venues it is gone from; say whether there is any."""
    is_any = False
    for v in range(books.working.shape[0]):
        if is_gone(v, c, k, params, state):
            books.working[v, c] = 0
            is_any = True
    return is_any


@inlined
def last_price(v: int, c: int, lot: float, books: ledger.State, state: State) -> float:
    """Return the last mark of a position; what it is valued at where it never had one."""
    price: float = state.last_mark[v, c]
    if price == price:
        return price
    return books.value[v, c] / _SCALE / (books.lots[v, c] * lot)


@kernel
def liquidation(held: int, bar: Tape, ask: Terms, params: Params) -> Child:
    """Return the forced close of a perpetual at the worst price, less the liquidation fee."""
    if held == 0 or not (ask.is_perp and bar.trades):
        return quotes.nothing(0)
    price = worst_price(held, bar)
    lost = price * params.liquidation_fee
    return quotes.settled(-held, price, lost, Reason.EXIT_LIQUIDATION.value, 0)


@kernel
def delisting(held: int, price: float, params: Params) -> Child:
    """Return the close of a coin that went away: at its last mark, less a haircut."""
    if held == 0:
        return quotes.nothing(0)
    lost = price * params.delisting_haircut
    return quotes.settled(-held, price, lost, Reason.EXIT_DELISTED.value, _DELISTED)
