r"""Play out weights that are given: no engines, no consensus, the whole exchange and its costs.

In: a market and, bar by bar, the share of equity that each coin should be. Out: fills, funding and
the equity of every bar. A weight is acted on when it changes, at the open after the close that
knew it; stops, breakers, participation, liquidation and delistings are those of a run.

On most bars nothing happens to most coins. One pass over contiguous rows proves it, coin by coin
without a branch, and values the account:

.. math:: E_t = \text{cash} + \sum_c \operatorname{rint}(10^8\, q_c\, p_{t,c})

Only coins with an order at work or a touched stop are handed to the events of ``exchange``, and
only a bar with a hole in what is held goes through ``exchange.step`` whole. The books are to the
last digit those of the exchange stepped bar by bar.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

import numpy as np

from quorate.backtest import exchange, quiet, settlement
from quorate.backtest.exchange import Event
from quorate.backtest.fills import ROWS_PER_BAR, Fills
from quorate.core import ledger
from quorate.core.account import Account
from quorate.core.kernel import inlined, kernel
from quorate.core.risk import breakers, exits
from quorate.core.routing import orders
from quorate.core.types import (
    MONEY_SCALE,
    Bar,
    IntVec,
    Market,
    Mat,
    Placement,
    Reason,
    Schedule,
    Style,
    Vec,
    Venues,
)

_SCALE = float(MONEY_SCALE)


class State(NamedTuple):
    """The account, the exchange, and what the fast pass reads of both, per coin."""

    account: Account
    exchange: exchange.State
    acted: Vec  # the weight that was last acted on
    stop_below: Vec  # the stop of a long, -inf for none
    stop_above: Vec  # the stop of a short, inf for none
    n_waiting: IntVec  # (1,): coins with an order at work
    fast_k: IntVec  # (1,): last bar on which everything held showed a price


class Rules(NamedTuple):
    """What is given beside the weights: constants of the exchange, and the stop's distance."""

    exchange: exchange.Params
    stop_frac: Vec  # (coin,): distance of a stop from the entry, NaN for none
    sigma_daily: Vec  # (coin,): for the cost model's options, NaN where not known
    delisted_k: IntVec


def init(n_coins: int, start_usd: float, params: exchange.Params) -> State:
    """Return an account with cash, on an exchange on which nothing has happened.

    Examples
    --------
    >>> init(2, 1000.0, exchange.params()).acted.tolist()
    [0.0, 0.0]
    """
    return State(
        account=Account(
            ledger=ledger.init(1, n_coins, start_usd),
            exits=exits.init(n_coins),
            breakers=breakers.init(n_coins, params.breakers),
            orders=orders.empty(1, n_coins),
        ),
        exchange=exchange.init(1, n_coins),
        acted=np.zeros(n_coins),
        stop_below=np.full(n_coins, -inf),
        stop_above=np.full(n_coins, inf),
        n_waiting=np.zeros(1, np.int64),
        fast_k=np.full(1, -1, np.int64),
    )


@kernel
def _catch_up(market: Market, t: int, venues: Venues, state: State) -> None:
    """Bring the books to the close of row ``t``, which the fast pass valued but did not mark."""
    books = state.account.ledger
    for c in range(books.coins.shape[0]):
        price = market.mark[t, 0, c]
        if books.lots[0, c] != 0:
            if price == price:
                state.exchange.last_mark[0, c] = price
            state.exchange.priced_k[0, c] = max(state.exchange.priced_k[0, c], state.fast_k[0])
    ledger.mark(books, market.mark[t], venues.lot)


@inlined
def _gather(low: Vec, high: Vec, state: State) -> int:
    """List in ``exchange.active`` the coins to which something happens; return how many."""
    working = state.account.ledger.working
    n = 0
    for c in range(low.shape[0]):
        is_hit = (low[c] <= state.stop_below[c]) | (high[c] >= state.stop_above[c])
        if is_hit | (working[0, c] != 0):
            state.exchange.active[n] = c
            n += 1
    return n


@kernel
def _refresh(n: int, state: State) -> None:
    """After events of the first ``n`` active coins: read their stops again."""
    for i in range(n):
        _see_stop(state.exchange.active[i], state)
    quiet.count_waiting(state.account.ledger.working, state.n_waiting)


@kernel
def _see_stop(c: int, state: State) -> None:
    """Copy a coin's stop to where the fast pass compares it."""
    side = state.account.exits.side[c]
    stop = state.account.exits.stop[c]
    is_set = side != 0 and stop == stop
    state.stop_below[c] = stop if is_set and side > 0 else -inf
    state.stop_above[c] = stop if is_set and side < 0 else inf


@inlined
def _settle(
    market: Market,
    t: int,
    k: int,
    venues: Venues,
    rules: Rules,
    state: State,
    fills: Fills,
) -> int:
    """After the events of a bar without a hole: liquidation, funding, and equity at the close."""
    books = state.account.ledger
    coins = books.coins
    low, high, mark = market.low[t, 0], market.high[t, 0], market.mark[t, 0]
    if quiet.may_be_insolvent(low, high, coins, venues.maintenance[0], books.cash[0]):
        if t > 0:
            _catch_up(market, t - 1, venues, state)
        n = exchange.active(books, state.exchange)
        if settlement.is_insolvent(market, t, n, venues, books, state.exchange):
            exchange.coins(
                Event.LIQUIDATION.value,
                n,
                market,
                t,
                k,
                venues,
                rules.sigma_daily,
                rules.delisted_k,
                state.account,
                rules.exchange,
                state.exchange,
                fills,
            )
            exchange.count_liquidation(books, state.exchange)
            _refresh(n, state)
    if quiet.is_due(market.funding[t, 0], coins):
        n = exchange.active(books, state.exchange)
        settlement.fund_and_mark(market, t, k, n, venues, books, state.exchange, fills)
    state.fast_k[0] = k
    total: int = books.cash[0] + quiet.value(mark, coins)
    return total


@inlined
def _exchange(
    market: Market,
    t: int,
    k: int,
    venues: Venues,
    rules: Rules,
    state: State,
    fills: Fills,
) -> int:
    """Apply one bar to the account; return its equity at the close, integer money."""
    books = state.account.ledger
    low, high = market.low[t, 0], market.high[t, 0]
    status, mark = market.status[t, 0], market.mark[t, 0]
    if quiet.has_hole(status, mark, books.coins, books.working):
        if t > 0:
            _catch_up(market, t - 1, venues, state)
        exchange.step(
            market,
            t,
            k,
            venues,
            rules.sigma_daily,
            rules.delisted_k,
            state.account,
            rules.exchange,
            state.exchange,
            fills,
        )
        for c in range(books.coins.shape[0]):
            state.exchange.active[c] = c
        _refresh(books.coins.shape[0], state)
        equity: int = ledger.equity(books)
        return equity
    n = _gather(low, high, state)
    if n > 0:
        exchange.coins(
            Event.OPENING.value,
            n,
            market,
            t,
            k,
            venues,
            rules.sigma_daily,
            rules.delisted_k,
            state.account,
            rules.exchange,
            state.exchange,
            fills,
        )
        _refresh(n, state)
    return _settle(market, t, k, venues, rules, state, fills)


@inlined
def _aim(
    c: int,
    weight: float,
    price: float,
    equity: float,
    venues: Venues,
    rules: Rules,
    state: State,
) -> int:
    """Return the lots that a weight asks for, after the streak breaker and what spot allows."""
    held = state.account.ledger.lots[0, c]
    unit = price * venues.lot[0, c]
    wanted = weight * equity
    if wanted < 0.0 and venues.is_perp[0, c] == 0:
        wanted = 0.0
    if abs(wanted) > abs(held * unit) and state.account.breakers.streak[0] != 0:
        wanted *= rules.exchange.breakers.streak_multiplier
    return int(wanted / unit)


@inlined
def _send(c: int, k: int, lots: int, price: float, state: State) -> None:
    """Put a market order to work that leads to so many lots; 0 to go ends the one at work."""
    books, sent = state.account.ledger, state.account.orders
    held = books.lots[0, c]
    books.working[0, c] = lots - held
    sent.total[0, c] = lots - held
    sent.decision_price[0, c] = price
    sent.limit_price[0, c] = 0.0
    sent.submit_k[0, c] = k
    sent.n_bars[0, c] = 1
    sent.cross_k[0, c] = 0
    sent.display[0, c] = 0
    sent.schedule[0, c] = Schedule.IMMEDIATE.value
    sent.placement[0, c] = Placement.MARKETABLE.value
    sent.style[0, c] = Style.MARKET.value
    sent.reduce_only[0, c] = 0
    sent.reason[0, c] = Reason.EXIT_SIGNAL.value if lots == 0 else Reason.ENTRY.value
    if lots != 0 and held != 0:
        sent.reason[0, c] = Reason.REBALANCE.value
    state.exchange.priced_k[0, c] = k


@inlined
def _decide(
    market: Market,
    t: int,
    k: int,
    weight: Vec,
    equity: float,
    venues: Venues,
    rules: Rules,
    state: State,
) -> None:
    """Act on the weights that changed.

    After the day's loss, or a stop on that side, only what makes a position smaller is sent, and
    the rest is tried again; so is a weight whose coin does not trade now.
    """
    books = state.account.ledger
    for c in range(weight.shape[0]):
        price = market.close[t, 0, c]
        is_known = market.status[t, 0, c] == Bar.TRADED.value and price > 0.0
        if weight[c] != weight[c] or weight[c] == state.acted[c] or not is_known:
            continue
        held = books.lots[0, c]
        lots = _aim(c, weight[c], price, equity, venues, rules, state)
        side = 1 if lots > 0 else -1
        may_add = breakers.entries_allowed(state.account.breakers)
        may_add = may_add and not exits.is_cooling(c, side, k, state.account.exits)
        if (abs(lots) > abs(held) or lots * held < 0) and not may_add:
            lots = held if lots * held > 0 else 0
        else:
            state.acted[c] = weight[c]
        exits.plan(c, rules.stop_frac[c], state.account.exits)
        if lots == 0 or abs(lots - held) * price * venues.lot[0, c] >= venues.min_notional[0, c]:
            _send(c, k, lots, price, state)
    quiet.count_waiting(books.working, state.n_waiting)


@kernel
def scan(
    first: int,
    k0: int,
    market: Market,
    weights: Mat,
    venues: Venues,
    rules: Rules,
    state: State,
    fills: Fills,
    equity: IntVec,
) -> int:
    """Play out rows from ``first`` until the last, or until ``fills`` has no room for a bar more.

    Parameters
    ----------
    first, k0 : int
        The row to begin with; the counter of row 0.
    market : Market
        One venue, shape (time, 1, coin).
    weights : Mat
        Share of equity a coin should be, signed, as known at each close; NaN says nothing,
        shape (time, coin).
    venues, rules : Venues, Rules
        Fees and sizes; constants of the exchange.
    state : State
        From ``init``; updated in place.
    fills : Fills
        Cleared by the caller between two calls.
    equity : IntVec
        Written, integer money, shape (time,).

    Returns
    -------
    int
        The row to go on with; the number of rows when all is done.

    Notes
    -----
    Units: fractions; integer 1e-8 quote. Causal: the weight of row t trades from row t + 1.
    Missing: a coin without a bar keeps its order waiting. DESIGN 5; METHODS 0b.1, 13.3.
    """
    n_bars, n_coins = weights.shape
    room = fills.whole.shape[0] - ROWS_PER_BAR * n_coins
    books, limits = state.account.ledger, state.account.breakers
    coins, maintenance = books.coins, venues.maintenance[0]
    t = first
    while t < n_bars and fills.n[0] <= room:
        k = k0 + t
        low, high, mark = market.low[t, 0], market.high[t, 0], market.mark[t, 0]
        if (
            state.n_waiting[0] == 0
            and quiet.is_quiet(
                low,
                high,
                mark,
                market.funding[t, 0],
                market.status[t, 0],
                coins,
                state.stop_below,
                state.stop_above,
            )
            and not quiet.may_be_insolvent(low, high, coins, maintenance, books.cash[0])
        ):
            state.fast_k[0] = k
            equity[t] = books.cash[0] + quiet.value(mark, coins)
        else:
            equity[t] = _exchange(market, t, k, venues, rules, state, fills)
        worth = equity[t] / _SCALE
        breakers.daily(
            k,
            worth,
            0.0,
            rules.exchange.breakers,
            limits.day,
            limits.opening_usd,
            limits.tripped,
        )
        if quiet.has_changed(weights[t], state.acted):
            _decide(market, t, k, weights[t], worth, venues, rules, state)
        t += 1
    if t > first:
        _catch_up(market, t - 1, venues, state)
    return t
