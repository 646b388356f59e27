r"""The books: each cash flow is rounded once to integer money, so that they balance exactly.

In: fills, funding and marks. Out: cash, positions in integer lots, the lines of ``types.Line``.
Positions are valued at full notional for spot and linear perpetuals alike: buying takes the
notional from cash and adds it to value, so equity is ``cash + sum(value)`` for both. A fill is
booked at the price that decided it; what the market did to it before and while it was filled are
cost lines:

.. math:: \text{equity} = \text{start} + \text{flows} + \text{GROSS} - \sum_{\text{costs}}

which holds exactly, in units of 1e-8 of the quote currency, after every call (``imbalance``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.kernel import inlined, kernel
from quorate.core.types import MONEY_SCALE, N_LINES, IntMat, IntVec, Line, Mat, Vec

_COSTS_FROM = int(Line.DELAY)
_SCALE = float(MONEY_SCALE)


class State(NamedTuple):
    """The account. Money is int64 in 1e-8 quote; positions are int64 lots.

    ``working`` is what is left of the parent order in force (``types.Orders``). ``coins`` and
    ``entry_price`` are per coin over all venues; ``episode_start`` is the coin's net result when
    its position was opened, so that a flat-to-flat episode is a difference of two integers.
    ``start`` is the opening cash and, after a remap, also the results of coins that left.
    """

    cash: IntVec  # (1,)
    start: IntVec  # (1,)
    flows: IntVec  # (1,)
    lots: IntMat  # (venue, coin)
    working: IntMat  # (venue, coin)
    value: IntMat  # (venue, coin)
    lines: IntMat  # (line, coin)
    coins: Vec
    entry_price: Vec
    episode_start: IntVec
    opened_k: IntVec
    n_trades: IntVec  # (1,)


class Costs(NamedTuple):
    """What one fill cost, integer money each; positive is paid, negative is earned."""

    delay: int
    spread: int
    impact: int
    latency: int
    fee: int


def init(n_venues: int, n_coins: int, start_usd: float) -> State:
    """Open an account with cash and nothing else.

    Parameters
    ----------
    n_venues, n_coins : int
        Sizes of the axes, at least 1.
    start_usd : float
        Opening cash in quote currency, positive.

    Notes
    -----
    Units: quote currency in, integer 1e-8 quote inside. Missing: none. Spec 10, METHODS 0b.11.

    Examples
    --------
    >>> init(1, 2, 1000.0).cash.item()
    100000000000
    """
    if n_venues < 1 or n_coins < 1:
        raise ValueError(f"a ledger needs at least 1 venue and 1 coin, got {n_venues}, {n_coins}")
    if not start_usd > 0.0:
        raise ValueError(f"the opening cash must be positive, got {start_usd}: set account.equity")
    cash = np.array([round(start_usd * MONEY_SCALE)], dtype=np.int64)
    shape = (n_venues, n_coins)
    return State(
        cash=cash,
        start=cash.copy(),
        flows=np.zeros(1, np.int64),
        lots=np.zeros(shape, np.int64),
        working=np.zeros(shape, np.int64),
        value=np.zeros(shape, np.int64),
        lines=np.zeros((N_LINES, n_coins), np.int64),
        coins=np.zeros(n_coins),
        entry_price=np.zeros(n_coins),
        episode_start=np.zeros(n_coins, np.int64),
        opened_k=np.zeros(n_coins, np.int64),
        n_trades=np.zeros(1, np.int64),
    )


@kernel
def money(amount: float) -> int:
    """Round an amount of quote currency once to integer money (half to even).

    Examples
    --------
    >>> money(1.25)
    125000000
    """
    return int(np.rint(amount * _SCALE))


@kernel
def net(state: State, c: int) -> int:
    """Return a coin's result after all costs since the account was opened."""
    total = state.lines[Line.GROSS, c]
    for i in range(_COSTS_FROM, N_LINES):
        total -= state.lines[i, c]
    return total


@kernel
def equity(state: State) -> int:
    """Return cash plus the value of all positions, integer money."""
    total = state.cash[0]
    for v in range(state.value.shape[0]):
        for c in range(state.value.shape[1]):
            total += state.value[v, c]
    return total


@inlined
def imbalance(state: State) -> int:
    """Return equity less what the lines explain; anything but 0 is a broken book."""
    explained = state.start[0] + state.flows[0]
    for c in range(state.lines.shape[1]):
        explained += net(state, c)
    return equity(state) - explained


@inlined
def deposit(state: State, amount: int) -> None:
    """Book a deposit (positive) or withdrawal (negative); a flow is never a profit."""
    state.cash[0] += amount
    state.flows[0] += amount


@kernel
def _revalue(state: State, v: int, c: int, coins_per_lot: float, price: float) -> None:
    value = money(state.lots[v, c] * coins_per_lot * price)
    state.lines[Line.GROSS, c] += value - state.value[v, c]
    state.value[v, c] = value


@kernel
def mark(state: State, prices: Mat, coins_per_lot: Mat) -> None:
    """Value every position at the given prices, shape (venue, coin); NaN keeps the last value.

    Notes
    -----
    Units: prices in quote per coin. Causal: the price of this bar's close only.
    Missing: a NaN price leaves the value as it is.
    """
    for v in range(prices.shape[0]):
        for c in range(prices.shape[1]):
            if state.lots[v, c] != 0 and prices[v, c] == prices[v, c]:
                _revalue(state, v, c, coins_per_lot[v, c], prices[v, c])


@kernel
def is_flat(state: State, c: int) -> bool:
    """Say whether a coin is held on no venue."""
    for v in range(state.lots.shape[0]):
        if state.lots[v, c] != 0:
            return False
    return True


@inlined
def fill(
    state: State,
    v: int,
    c: int,
    lots: int,
    coins_per_lot: Mat,
    price: float,
    decision_price: float,
    costs: Costs,
    k: int,
) -> int:
    r"""Book one fill and return the episode's net result if it closed the position, else 0.

    .. math:: \Delta\text{cash} = -\text{notional}(p_{decision}) - \sum \text{costs}

    Parameters
    ----------
    state : State
        Updated in place.
    v, c : int
        Venue and coin.
    lots : int
        Signed lots bought (+) or sold (-), never through zero on this venue: the caller splits.
    coins_per_lot : Mat
        ``Venues.lot``, shape (venue, coin).
    price : float
        The price paid without the fee; it moves the average entry price.
    decision_price : float
        The price that decided the order; the notional is booked at it.
    costs : Costs
        Integer money, each line rounded once by the caller.
    k : int
        The bar the fill happened in.

    Notes
    -----
    Units: integer 1e-8 quote. Missing: none. Spec 10; METHODS 0b.11, 13.3.
    """
    if is_flat(state, c):
        state.episode_start[c] = net(state, c)
        state.opened_k[c] = k
        state.entry_price[c] = 0.0
    _revalue(state, v, c, coins_per_lot[v, c], decision_price)
    before = state.value[v, c]
    state.lots[v, c] += lots
    after = money(state.lots[v, c] * coins_per_lot[v, c] * decision_price)
    state.value[v, c] = after
    paid = costs.delay + costs.spread + costs.impact + costs.latency + costs.fee
    state.cash[0] -= after - before + paid
    state.lines[Line.DELAY, c] += costs.delay
    state.lines[Line.SPREAD, c] += costs.spread
    state.lines[Line.IMPACT, c] += costs.impact
    state.lines[Line.LATENCY, c] += costs.latency
    state.lines[Line.FEE, c] += costs.fee
    _average(state, c, lots * coins_per_lot[v, c], coins_per_lot, price)
    if is_flat(state, c):
        state.coins[c] = 0.0
        state.n_trades[0] += 1
        return net(state, c) - state.episode_start[c]
    return 0


@inlined
def _average(state: State, c: int, bought: float, coins_per_lot: Mat, price: float) -> None:
    """Move the average entry price by what was added; a reduction leaves it where it is.

    The sum over venues may change its side although no venue went through zero: what it is on its
    new side was entered at this price.
    """
    before = state.coins[c]
    after = 0.0
    for v in range(state.lots.shape[0]):
        after += state.lots[v, c] * coins_per_lot[v, c]
    state.coins[c] = after
    if before * bought >= 0.0 and abs(after) > 0.0:
        held = state.entry_price[c] * abs(before) + price * abs(bought)
        state.entry_price[c] = held / (abs(before) + abs(bought))
    elif before * after < 0.0:
        state.entry_price[c] = price


@inlined
def funding(state: State, v: int, c: int, coins_per_lot: float, rate: float, price: float) -> int:
    r"""Book one funding settlement: a long pays a positive rate; return what was paid.

    .. math:: \text{paid} = \text{position} \cdot p_{mark} \cdot \text{rate}

    Notes
    -----
    Units: rate as a fraction of notional per settlement. Missing: a NaN rate or price books 0.
    METHODS 6.4.
    """
    amount = state.lots[v, c] * coins_per_lot * price * rate
    if amount != amount:
        return 0
    paid = money(amount)
    state.cash[0] -= paid
    state.lines[Line.FUNDING, c] += paid
    return paid


@inlined
def haircut(state: State, c: int, amount: int) -> None:
    """Book a liquidation fee or what a delisting costs, integer money."""
    state.cash[0] -= amount
    state.lines[Line.HAIRCUT, c] += amount
