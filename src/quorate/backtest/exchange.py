"""The bar-level exchange: what the market does to the parent orders between two decisions.

In: one bar of every venue, and the account as the last decision left it. Out: the account at this
bar's close, and one row in ``Fills`` for each execution. It knows only bars, so wherever the order
of events within one is not known it takes the one that costs more:

1. ``opening``: marketable children, at the open plus costs
2. ``stops``: at the stop, or at the open beyond it; what was bought at the open is exposed too
3. ``resting``: post-only and limit orders the bar traded through, then their own stops
4. ``pov``: a share of the bar's volume at its typical price
5. ``settlement``: liquidation at the worst prices, funding, marks, what went away

An order decided at the close of bar k is first sent in bar k + 1.
"""

from __future__ import annotations

from enum import IntEnum
from math import nan

from quorate.backtest import booking, opening, pov, quotes, resting, settlement, stops
from quorate.backtest.fills import Fills
from quorate.backtest.quotes import Child
from quorate.backtest.rules import N_COUNTS, Count, Params, State, init, params
from quorate.backtest.views import Parent, Tape, Terms, has_parent, is_void, parent, tape, terms
from quorate.core import ledger
from quorate.core.account import Account
from quorate.core.kernel import inlined, kernel
from quorate.core.risk import exits
from quorate.core.types import Market, Vec, Venues

__all__ = ["Count", "Params", "State", "init", "params", "step"]


class Event(IntEnum):
    """What happens to a coin within a bar, in this order; the last three happen alone."""

    OPENING = 0
    STOP = 1
    RESTING = 2
    STOP_AFTER = 3  # what rested or followed the volume may have moved the stop, or opened one
    POV = 4
    LATE = 5  # a stop of an earlier bar, on a venue that did not trade then
    LIQUIDATION = 6
    DELISTING = 7


N_EVENTS = 8


@kernel
def active(books: ledger.State, state: State) -> int:
    """List the coins that hold or want something; return how many."""
    n_active = 0
    for c in range(books.lots.shape[1]):
        for v in range(books.lots.shape[0]):
            if (books.lots[v, c] | books.working[v, c]) != 0:
                state.active[n_active] = c
                n_active += 1
                break
    return n_active


@kernel
def _child(
    event: int,
    k: int,
    stop: float,
    last_price: float,
    bar: Tape,
    ask: Terms,
    order: Parent,
    params: Params,
) -> Child:
    """Return what an event executes on one venue."""
    if event == Event.STOP or event == Event.STOP_AFTER or event == Event.LATE:
        return stops.child(stop, order.held, event == Event.LATE, bar, ask, params)
    if event == Event.LIQUIDATION:
        return settlement.liquidation(order.held, bar, ask, params)
    if event == Event.DELISTING:
        return settlement.delisting(order.held, last_price, params)
    if order.working == 0:
        return quotes.nothing(0)
    if event == Event.OPENING:
        return opening.child(k, bar, ask, order, params)
    if event == Event.RESTING:
        return resting.child(k, bar, ask, order, params)
    return pov.child(k, bar, ask, order, params)


@inlined
def _note(notes: int, state: State) -> None:
    """Count what a child noted."""
    for i in range(N_COUNTS):
        state.counts[i] += (notes >> i) & 1


@inlined
def _run(
    event: int,
    primary: Tape,
    market: Market,
    t: int,
    k: int,
    c: int,
    venues: Venues,
    sigma_daily: Vec,
    account: Account,
    params: Params,
    state: State,
    fills: Fills,
) -> bool:
    """Execute one event of a coin on every venue; say whether anything was filled."""
    books = account.ledger
    stop = account.exits.stop[c]
    if event == Event.LATE:
        stop = state.late_stop[c]
    has_filled = False
    for v in range(books.lots.shape[0]):
        if event == Event.RESTING and state.sent_k[v, c] == k:
            continue
        ask = terms(venues, sigma_daily, v, c)
        bar = primary if v == 0 else tape(market, t, v, c)
        order = parent(account.orders, books, k, v, c, ask.is_perp)
        is_first = event == Event.OPENING and bar.trades and k > order.submit_k
        if is_first and order.working != 0 and is_void(order):
            books.working[v, c] = 0
            continue
        last = nan
        if event == Event.DELISTING:
            if not settlement.is_gone(v, c, k, params, state):
                continue
            last = settlement.last_price(v, c, ask.lot, books, state)
        child = _child(event, k, stop, last, bar, ask, order, params)
        _note(child.notes, state)
        if child.lots != 0:
            has_filled = True
            booking.trade(v, c, child, k, venues, account, params, fills)
            if order.working != 0:
                books.working[v, c] -= child.lots
                state.sent_k[v, c] = k
    return has_filled


@inlined
def _next_event(
    event: int,
    has_filled: bool,
    primary: Tape,
    market: Market,
    t: int,
    k: int,
    c: int,
    books: ledger.State,
    exit_state: exits.State,
    params: Params,
    state: State,
) -> int:
    """Return the next event that can do anything (-1 begins); ``N_EVENTS`` after the last."""
    if event == Event.POV and has_filled:
        if stops.strike(primary, market, t, k, c, books, exit_state, params, state):
            return Event.STOP_AFTER.value
    if event >= Event.POV:
        return N_EVENTS
    for after in range(event + 1, Event.LATE.value):
        if after == Event.STOP or after == Event.STOP_AFTER:
            may_stop = after == Event.STOP or (event == Event.RESTING and has_filled)
            if may_stop and stops.strike(
                primary, market, t, k, c, books, exit_state, params, state
            ):
                return after
        elif has_parent(books.working, c):
            return after
    return N_EVENTS


@inlined
def events(
    first: int,
    n_active: int,
    market: Market,
    t: int,
    k: int,
    venues: Venues,
    sigma_daily: Vec,
    account: Account,
    params: Params,
    state: State,
    fills: Fills,
) -> None:
    """Run the coins listed in ``state.active``, one after the other: a whole bar, or one event."""
    books = account.ledger
    exit_state = account.exits
    for i in range(n_active):
        c = state.active[i]
        primary = tape(market, t, 0, c)  # read at once: it may come from far
        if first == Event.DELISTING and not settlement.leave(c, k, books, params, state):
            continue
        event = first
        if ledger.is_flat(books, c):
            state.late_stop[c] = nan
        elif first == Event.OPENING and state.late_stop[c] == state.late_stop[c]:
            event = Event.LATE.value
        if event == Event.LATE or event == Event.LIQUIDATION:
            booking.cancel(c, books)
        if event == Event.OPENING:
            # most of what is held neither trades nor stops: leave before any call
            is_touched = stops.is_struck(primary, market, t, c, books, exit_state)
            if not is_touched and not has_parent(books.working, c):
                continue
            event = _next_event(
                -1, False, primary, market, t, k, c, books, exit_state, params, state
            )
        while event < N_EVENTS:
            has_filled = _run(
                event,
                primary,
                market,
                t,
                k,
                c,
                venues,
                sigma_daily,
                account,
                params,
                state,
                fills,
            )
            event = _next_event(
                event, has_filled, primary, market, t, k, c, books, exit_state, params, state
            )


@kernel
def coins(
    first: int,
    n_active: int,
    market: Market,
    t: int,
    k: int,
    venues: Venues,
    sigma_daily: Vec,
    account: Account,
    params: Params,
    state: State,
    fills: Fills,
) -> None:
    """Do as ``events``, compiled once for who does not call it on every bar."""
    events(
        first,
        n_active,
        market,
        t,
        k,
        venues,
        sigma_daily,
        account,
        params,
        state,
        fills,
    )


@kernel
def settle(
    n_active: int,
    market: Market,
    t: int,
    k: int,
    venues: Venues,
    sigma_daily: Vec,
    account: Account,
    params: Params,
    state: State,
    fills: Fills,
) -> None:
    """After the fills of a bar: liquidation, funding and marks, and what went away.

    Parameters
    ----------
    n_active : int
        How many coins ``state.active`` lists: all that hold or want something.
    market, t, k, venues, sigma_daily, account, params, state, fills
        As ``step``, and so are Units, Causal and Missing.
    """
    books = account.ledger
    is_liquidated = settlement.is_insolvent(market, t, n_active, venues, books, state)
    for first in (Event.LIQUIDATION.value, Event.DELISTING.value):
        if first == Event.DELISTING:
            settlement.fund_and_mark(market, t, k, n_active, venues, books, state, fills)
        if first == Event.DELISTING or is_liquidated:
            coins(
                first,
                n_active,
                market,
                t,
                k,
                venues,
                sigma_daily,
                account,
                params,
                state,
                fills,
            )
    if is_liquidated:
        state.counts[Count.LIQUIDATIONS] += 1
        if ledger.equity(books) < 0:
            state.counts[Count.BANKRUPTCIES] += 1


@kernel
def step(
    market: Market,
    t: int,
    k: int,
    venues: Venues,
    sigma_daily: Vec,
    account: Account,
    params: Params,
    state: State,
    fills: Fills,
) -> None:
    r"""Apply bar ``t`` to the account; call it before the decision of that bar.

    .. math:: \text{equity} = \text{start} + \text{flows} + \text{GROSS} - \sum \text{costs}

    holds in integers afterwards (``ledger.imbalance`` is 0).

    Parameters
    ----------
    market : Market
        Shape (time, venue, coin), finite where the status is TRADED.
    t, k : int
        Row of the block, and the absolute counter of that bar.
    venues : Venues
        What does not change within a run.
    sigma_daily : Vec
        Daily volatility known before this bar, shape (coin,).
    account : Account
        Ledger, exits, streak and parent orders; updated in place.
    params : Params
        The rules.
    state : State
        Updated in place.
    fills : Fills
        Rows are appended.

    Notes
    -----
    Units: prices in quote per coin, money in integer 1e-8 quote. Causal: reads rows up to ``t``.
    Missing: a bar whose status is not TRADED, or without volume, fills nothing, except that a day
    without a price, a delisting, pays at the last mark.
    Spec 4, 8; METHODS 0b.11, 6, 9, 13.3.
    """
    settlement.see(market, t, k, state)
    n_active = active(account.ledger, state)
    if n_active == 0:
        return
    coins(
        Event.OPENING.value,
        n_active,
        market,
        t,
        k,
        venues,
        sigma_daily,
        account,
        params,
        state,
        fills,
    )
    settle(
        n_active,
        market,
        t,
        k,
        venues,
        sigma_daily,
        account,
        params,
        state,
        fills,
    )
