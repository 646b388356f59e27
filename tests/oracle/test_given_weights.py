"""Given weights where the rules are those of other simulators: fees alone, at the next open.

The other implementation keeps its books in floats and in ten lines, as vectorbt's ``from_orders``
does with a target of the value at the close before; ``benchmarks/turns.py`` with ``--plain`` on
both sides compares with vectorbt itself.
"""

from __future__ import annotations

import numpy as np
import pytest

from quorate.backtest import exchange, given
from quorate.backtest.fills import Column, fills
from quorate.core import ledger
from quorate.core.costs import components
from quorate.core.risk import breakers
from quorate.core.types import MONEY_SCALE, Market, Venues

CASH, FEE, LOT = 1e6, 5e-4, 1e-6
N_BARS, K0 = 1728, 1 << 22


def in_floats(opens, closes, weights):
    """Return the orders, as (bar, coin, coins bought), and the equity at every close."""
    cash, held = CASH, np.zeros(closes.shape[1])
    orders, equity = [], []
    for t, close in enumerate(closes):
        if t > 0:
            value = equity[-1]
            said = weights[t - 1]
            before = weights[t - 2] if t > 1 else np.zeros_like(said)
            for c in np.flatnonzero(said != before):
                bought = said[c] * value / closes[t - 1, c] - held[c]
                cash -= bought * opens[t, c] + FEE * abs(bought) * opens[t, c]
                held[c] += bought
                orders.append((t, c, bought))
        equity.append(cash + held @ close)
    return orders, np.array(equity)


def plain(rng, n_coins):
    """Return a market without spread, funding or end to its volume, and a venue without rules."""
    shape = (N_BARS, 1, n_coins)
    close = 100.0 * np.exp(rng.normal(0.0, 0.003, shape).cumsum(axis=0))
    opens = close * np.exp(rng.normal(0.0, 0.001, shape))
    high, low = np.maximum(opens, close), np.minimum(opens, close)
    zero, endless = np.zeros(shape), np.full(shape, 1e12)
    one = np.ones(shape, np.int8)
    market = Market(opens, high, low, close, endless, zero, close, zero, one)
    each = np.ones((1, n_coins))
    venues = Venues(
        maker_bps=np.zeros(1),
        taker_bps=np.full(1, FEE * 1e4),
        latency_ms=np.zeros(1),
        reliability=np.ones(1),
        lot=LOT * each,
        tick=1e-4 * each,
        min_notional=1e-3 * each,
        listed=np.ones((1, n_coins), np.int8),
        is_perp=np.ones((1, n_coins), np.int8),
        maintenance=0.0 * each,
    )
    return market, venues


@pytest.mark.parametrize(("n_coins", "seed"), [(1, 0), (4, 1), (25, 2)])
def test_where_only_fees_are_paid_orders_and_equity_are_those_of_ten_lines(n_coins, seed):
    rng = np.random.default_rng(seed)
    market, venues = plain(rng, n_coins)
    sides = rng.choice([-0.5, 0.0, 0.5], (N_BARS // 12, n_coins)) / n_coins
    weights = np.repeat(sides, 12, axis=0)
    params = exchange.params(
        components.Params(impact_bps_at_one=0.0),
        None,
        breakers.Params(daily_loss_stop_frac=1.0, losses_in_a_row=1 << 40),
    )
    none = np.full(n_coins, np.nan)
    rules = given.Rules(params, none, none)
    state = given.init(n_coins, CASH, params)
    equity, log = np.zeros(N_BARS, np.int64), fills(1 << 14)
    ended = given.scan(0, K0, market, weights, venues, rules, state, log, equity)

    orders, wanted = in_floats(market.open[:, 0], market.close[:, 0], weights)
    whole = log.whole[: log.n.item()]
    assert ended == N_BARS
    assert len(orders) > 20
    sent = {}  # an order that goes through zero is filled in two rows
    for k, c, lots in whole[:, [Column.K, Column.COIN, Column.LOTS]].tolist():
        sent[k - K0, c] = sent.get((k - K0, c), 0) + lots
    assert list(sent) == [order[:2] for order in orders]
    # a lot less or more than the floats, and what the money rounded away before it is worth
    bought = [order[2] for order in orders]
    np.testing.assert_allclose(LOT * np.array([*sent.values()]), bought, rtol=1e-8, atol=2 * LOT)
    np.testing.assert_allclose(
        equity / MONEY_SCALE, wanted, rtol=1e-9, atol=LOT * market.close.max() * len(orders)
    )
    assert ledger.imbalance(state.account.ledger) == 0
