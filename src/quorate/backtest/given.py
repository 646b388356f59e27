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

from quorate.backtest import exchange, settlement
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
    ByteVec,
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
_CENTS = 100.0


class State(NamedTuple):
    """The account, the exchange, and what the fast pass reads of both, per coin."""

    account: Account
    exchange: exchange.State
    acted: Vec  # the weight that was last acted on
    stop_below: Vec  # the stop of a long, -inf for none
    stop_above: Vec  # the stop of a short, inf for none
    waiting: IntVec  # scratch: coins with an order at work, the first ``n_waiting``
    n_waiting: IntVec  # (1,)
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
        waiting=np.zeros(n_coins, np.int64),
        n_waiting=np.zeros(1, np.int64),
        fast_k=np.full(1, -1, np.int64),
    )


@kernel
def _is_quiet(
    low: Vec,
    high: Vec,
    mark: Vec,
    funding: Vec,
    status: ByteVec,
    coins: Vec,
    stop_below: Vec,
    stop_above: Vec,
) -> bool:
    """Say whether nothing happens to what is held: no stop touched, no funding, no hole."""
    n = 0
    for c in range(coins.shape[0]):
        n += (low[c] <= stop_below[c]) | (high[c] >= stop_above[c])
    for c in range(coins.shape[0]):
        n += (funding[c] != 0.0) & (coins[c] != 0.0)
    for c in range(coins.shape[0]):
        is_missing = (status[c] != Bar.TRADED.value) | (mark[c] != mark[c])
        n += is_missing & (coins[c] != 0.0)
    return n == 0


@inlined
def _is_touched(low: Vec, high: Vec, state: State) -> bool:
    """Say whether any stop lies within the bar."""
    n = 0
    for c in range(low.shape[0]):
        n += (low[c] <= state.stop_below[c]) | (high[c] >= state.stop_above[c])
    return n != 0


@inlined
def _has_hole(status: ByteVec, mark: Vec, coins: Vec) -> bool:
    """Say whether something held did not trade on this bar, or has no mark."""
    n = 0
    for c in range(coins.shape[0]):
        is_missing = (status[c] != Bar.TRADED.value) | (mark[c] != mark[c])
        n += is_missing & (coins[c] != 0.0)
    return n != 0


@inlined
def _is_due(funding: Vec, coins: Vec) -> bool:
    """Say whether something held settles funding on this bar."""
    n = 0
    for c in range(coins.shape[0]):
        n += (funding[c] != 0.0) & (coins[c] != 0.0)
    return n != 0


@kernel
def _value(mark: Vec, coins: Vec) -> int:
    """Return what is held at these marks, each coin rounded once, integer money."""
    total = 0
    for c in range(coins.shape[0]):
        total += int(np.rint(coins[c] * mark[c] * _SCALE))
    return total


@kernel
def _may_be_insolvent(low: Vec, high: Vec, coins: Vec, maintenance: Vec, cash: int) -> bool:
    """Say whether worst prices come near the maintenance margin; never misses, may exaggerate."""
    worth = 0
    margin = 0
    for c in range(coins.shape[0]):
        worst = min(coins[c] * low[c], coins[c] * high[c]) * _CENTS
        worth += int(np.rint(worst))
        margin += int(np.rint(abs(worst) * maintenance[c]))
    room = 2 * coins.shape[0] + 2  # half a cent of rounding a coin, and the cash
    return cash // (MONEY_SCALE // 100) + worth - room < margin


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
def _gather(low: Vec, high: Vec, is_touched: bool, state: State) -> int:
    """List in ``exchange.active`` the coins to which something happens; return how many."""
    active = state.exchange.active
    n = 0
    if is_touched:
        working = state.account.ledger.working
        for c in range(low.shape[0]):
            is_hit = low[c] <= state.stop_below[c] or high[c] >= state.stop_above[c]
            if is_hit or working[0, c] != 0:
                active[n] = c
                n += 1
        return n
    for i in range(state.n_waiting[0]):
        active[i] = state.waiting[i]
    return state.n_waiting[0]


@kernel
def _refresh(n: int, state: State) -> None:
    """After events of the first ``n`` active coins: their stops, and who still waits."""
    books = state.account.ledger
    for i in range(n):
        _see_stop(state.exchange.active[i], state)
    left = 0
    for i in range(state.n_waiting[0]):
        c = state.waiting[i]
        if books.working[0, c] != 0:
            state.waiting[left] = c
            left += 1
    state.n_waiting[0] = left


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
    if _may_be_insolvent(low, high, coins, venues.maintenance[0], books.cash[0]):
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
    if _is_due(market.funding[t, 0], coins):
        n = exchange.active(books, state.exchange)
        settlement.fund_and_mark(market, t, k, n, venues, books, state.exchange, fills)
    state.fast_k[0] = k
    total: int = books.cash[0] + _value(mark, coins)
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
    is_touched = _is_touched(low, high, state)
    is_hole = _has_hole(market.status[t, 0], market.mark[t, 0], books.coins)
    for i in range(state.n_waiting[0]):
        is_hole |= market.status[t, 0, state.waiting[i]] == Bar.ABSENT.value
    if is_hole:
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
    if is_touched or state.n_waiting[0] > 0:
        n = _gather(low, high, is_touched, state)
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
    """Return the lots that a weight asks for, after the breakers and what spot allows."""
    held = state.account.ledger.lots[0, c]
    unit = price * venues.lot[0, c]
    wanted = weight * equity
    if wanted < 0.0 and venues.is_perp[0, c] == 0:
        wanted = 0.0
    if abs(wanted) > abs(held * unit) and state.account.breakers.streak[0] != 0:
        wanted *= rules.exchange.breakers.streak_multiplier
    lots = int(wanted / unit)
    is_more = abs(lots) > abs(held) or lots * held < 0
    if is_more and not breakers.entries_allowed(state.account.breakers):
        return held if lots * held > 0 else 0
    if lots != 0 and abs(lots - held) * unit < venues.min_notional[0, c]:
        return held
    return lots


@inlined
def _send(c: int, k: int, lots: int, price: float, state: State) -> None:
    """Put a market order to work that leads to so many lots; 0 to go ends the one at work."""
    books, sent = state.account.ledger, state.account.orders
    held = books.lots[0, c]
    if books.working[0, c] == 0 and lots != held:
        state.waiting[state.n_waiting[0]] = c
        state.n_waiting[0] += 1
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


@kernel
def _has_changed(weight: Vec, acted: Vec) -> bool:
    """Say whether any weight is another than the one acted on; NaN says nothing."""
    n = 0
    for c in range(weight.shape[0]):
        n += (weight[c] == weight[c]) & (weight[c] != acted[c])
    return n != 0


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
    """Act on the weights that changed; one that cannot be acted on now is tried again."""
    for c in range(weight.shape[0]):
        if weight[c] != weight[c] or weight[c] == state.acted[c]:
            continue
        price = market.close[t, 0, c]
        side = 1 if weight[c] > 0.0 else -1
        if market.status[t, 0, c] != Bar.TRADED.value or not price > 0.0:
            continue
        if weight[c] != 0.0 and exits.is_cooling(c, side, k, state.account.exits):
            continue
        state.acted[c] = weight[c]
        exits.plan(c, rules.stop_frac[c], state.account.exits)
        _send(c, k, _aim(c, weight[c], price, equity, venues, rules, state), price, state)
    left = 0
    for i in range(state.n_waiting[0]):
        if state.account.ledger.working[0, state.waiting[i]] != 0:
            state.waiting[left] = state.waiting[i]
            left += 1
    state.n_waiting[0] = left


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
            and _is_quiet(
                low,
                high,
                mark,
                market.funding[t, 0],
                market.status[t, 0],
                coins,
                state.stop_below,
                state.stop_above,
            )
            and not _may_be_insolvent(low, high, coins, maintenance, books.cash[0])
        ):
            state.fast_k[0] = k
            equity[t] = books.cash[0] + _value(mark, coins)
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
        if _has_changed(weights[t], state.acted):
            _decide(market, t, k, weights[t], worth, venues, rules, state)
        t += 1
    if t > first:
        _catch_up(market, t - 1, venues, state)
    return t
