r"""Play out weights that are given: no engines, no consensus, the whole exchange and its costs.

In: a market and, bar by bar, the share of equity that each coin should be. Out: fills, funding and
the equity of every bar. A weight is acted on when it changes, at the open after the close that
knew it; stops, breakers, participation, liquidation and delistings are those of a run.

On most bars nothing happens to most coins. Two passes over contiguous rows prove it (``quiet``),
coin by coin without a branch, and value the account:

.. math:: E_t = \text{cash} + \sum_c \operatorname{rint}(10^8\, q_c\, p_{t,c})

Only coins with an order at work or a touched stop are handed to the events of ``exchange``, only a
bar that settles something goes through ``exchange.settle``, and only one with a hole in what is
held through ``exchange.step`` whole. The books are to the last digit those of the exchange stepped
bar by bar.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

import numpy as np

from quorate.backtest import exchange, quiet, settlement, weights
from quorate.backtest.fills import ROWS_PER_BAR, Fills
from quorate.core import ledger
from quorate.core.account import Account
from quorate.core.kernel import inlined, kernel
from quorate.core.risk import breakers, exits
from quorate.core.routing import orders
from quorate.core.types import MONEY_SCALE, IntVec, Market, Mat, Vec, Venues

_SCALE = float(MONEY_SCALE)


class State(NamedTuple):
    """The account, the exchange, and what the fast pass reads of both, per coin."""

    account: Account
    exchange: exchange.State
    acted: Vec  # the weight that was last acted on
    stop_below: Vec  # the stop of a long, -inf for none
    stop_above: Vec  # the stop of a short, inf for none
    fast_k: IntVec  # (1,): last bar on which everything held showed a price


class Rules(NamedTuple):
    """What is given beside the weights: constants of the exchange, and the stop's distance."""

    exchange: exchange.Params
    stop_frac: Vec  # (coin,): distance of a stop from the entry, NaN for none
    sigma_daily: Vec  # (coin,): for the cost model's options, NaN where not known


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
        fast_k=np.full(1, -1, np.int64),
    )


@kernel
def _catch_up(market: Market, t: int, venues: Venues, state: State) -> None:
    """Bring the books to the close of row ``t``, which the fast pass valued but did not mark."""
    books = state.account.ledger
    for c in range(books.coins.shape[0]):
        price = market.mark[t, 0, c]
        is_held = books.lots[0, c] != 0
        if is_held and price == price:
            state.exchange.last_mark[0, c] = price
        if is_held or books.working[0, c] != 0:
            state.exchange.priced_k[0, c] = max(state.exchange.priced_k[0, c], state.fast_k[0])
    ledger.mark(books, market.mark[t], venues.lot)


@inlined
def _list(low: Vec, high: Vec, state: State) -> int:
    """List in ``exchange.active`` the coins to which something happens; return how many."""
    working, active = state.account.ledger.working, state.exchange.active
    n = 0
    for c in range(low.shape[0]):
        is_touched = (low[c] <= state.stop_below[c]) | (high[c] >= state.stop_above[c])
        active[n] = c  # written over by the next one unless it counts
        n += is_touched | (working[0, c] != 0)
    return n


@kernel
def _see_stop(c: int, state: State) -> None:
    """Copy a coin's stop to where the fast pass compares it."""
    side = state.account.exits.side[c]
    stop = state.account.exits.stop[c]
    is_set = side != 0 and stop == stop
    state.stop_below[c] = stop if is_set and side > 0 else -inf
    state.stop_above[c] = stop if is_set and side < 0 else inf


@kernel
def _whole(
    market: Market,
    t: int,
    k: int,
    venues: Venues,
    rules: Rules,
    state: State,
    fills: Fills,
) -> None:
    """Step the exchange through a bar of which the fast pass can say nothing."""
    if t > 0:
        _catch_up(market, t - 1, venues, state)
    exchange.step(
        market,
        t,
        k,
        venues,
        rules.sigma_daily,
        state.account,
        rules.exchange,
        state.exchange,
        fills,
    )
    for c in range(state.acted.shape[0]):
        _see_stop(c, state)


@kernel
def _settle(
    market: Market,
    t: int,
    k: int,
    venues: Venues,
    rules: Rules,
    state: State,
    fills: Fills,
) -> None:
    """After the fills of a bar that the fast pass did not mark: all that the exchange settles."""
    if t > 0:
        _catch_up(market, t - 1, venues, state)
    settlement.see(market, t, k, state.exchange)
    exchange.settle(
        exchange.active(state.account.ledger, state.exchange),
        market,
        t,
        k,
        venues,
        rules.sigma_daily,
        state.account,
        rules.exchange,
        state.exchange,
        fills,
    )
    for c in range(state.acted.shape[0]):
        _see_stop(c, state)


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
    low, high, mark = market.low[t, 0], market.high[t, 0], market.mark[t, 0]
    bar = quiet.opened(
        low,
        high,
        mark,
        market.status[t, 0],
        books.coins,
        books.working,
        state.stop_below,
        state.stop_above,
    )
    if bar.has_hole:
        _whole(market, t, k, venues, rules, state, fills)
        return ledger.equity(books)
    if bar.has_event:
        n = _list(low, high, state)
        exchange.events(
            exchange.Event.OPENING.value,
            n,
            market,
            t,
            k,
            venues,
            rules.sigma_daily,
            state.account,
            rules.exchange,
            state.exchange,
            fills,
        )
        for i in range(n):
            _see_stop(state.exchange.active[i], state)
    left = quiet.closed(
        low, high, mark, market.funding[t, 0], books.coins, venues.maintenance, books.cash[0]
    )
    state.fast_k[0] = k
    if left.has_event:
        _settle(market, t, k, venues, rules, state, fills)
        return ledger.equity(books)
    return books.cash[0] + left.value


@kernel
def scan(
    first: int,
    k0: int,
    market: Market,
    asked: Mat,
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
    asked : Mat
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
    Missing: a coin without a bar keeps its order waiting; an account with a second venue is left
    as it is. DESIGN 5; METHODS 0b.1, 13.3.
    """
    n_bars, n_coins = asked.shape
    room = fills.whole.shape[0] - ROWS_PER_BAR * n_coins
    account, limits = state.account, state.account.breakers
    if account.ledger.lots.shape[0] != 1 or account.ledger.working.shape[0] != 1:
        return n_bars  # said once, every loop over venues below compiles to one pass
    t = first
    while t < n_bars and fills.n[0] <= room:
        k = k0 + t
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
        if quiet.has_changed(asked[t], state.acted) or not breakers.entries_allowed(limits):
            weights.act(
                market,
                t,
                k,
                asked[t],
                worth,
                venues,
                rules.stop_frac,
                rules.exchange.breakers.streak_multiplier,
                account,
                state.acted,
                state.exchange.priced_k,
                state.exchange.active,
            )
        t += 1
    if t > first:
        _catch_up(market, t - 1, venues, state)
    return t
