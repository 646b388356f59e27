"""The compiled exchange and the slow one, written apart from the rules, agree to the last digit."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from tests.oracle.slow_exchange import SlowExchange
from tests.unit.backtest.scene import Scene, wild, wild_order

from quorate.backtest.exchange import Count
from quorate.core import ledger
from quorate.core.types import Line, Reason

SEEDS = range(60)
COSTS = {
    "delay": Line.DELAY,
    "spread": Line.SPREAD,
    "impact": Line.IMPACT,
    "latency": Line.LATENCY,
    "fee": Line.FEE,
    "funding": Line.FUNDING,
    "haircut": Line.HAIRCUT,
}


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def compare(fast: Scene, slow: SlowExchange) -> None:
    books = fast.account.ledger
    assert books.cash.item() == slow.cash
    assert ledger.equity(books) == slow.equity()
    assert books.n_trades.item() == slow.n_trades
    for v, c in slow.lots:
        assert books.lots[v, c] == slow.lots[v, c]
        assert books.working[v, c] == slow.working[v, c]
        assert books.value[v, c] == slow.value(v, c)
    for name, line in COSTS.items():
        assert books.lines[line].sum() == slow.paid[name], name
    mine = fast.account.exits
    for c, theirs in slow.exits.items():
        assert books.coins[c] == slow.coins(c)
        if theirs.side:
            assert books.entry_price[c] == slow.entry[c]
        assert mine.side[c] == theirs.side
        assert same(mine.stop[c], theirs.stop)
        assert mine.clock_k[c] == theirs.clock_k
        assert mine.cooldown_k[:, c].tolist() == [theirs.cooldown_k[1], theirs.cooldown_k[-1]]


def fold(seed: int) -> tuple[Scene, Counter]:
    """Run both on the same bars and the same random orders; return what happened."""
    rng = np.random.default_rng(1_000_000 + seed)
    fast = wild(seed)
    slow = SlowExchange(fast.venues, fast.account.ledger.start.item())
    n_bars, n_venues, n_coins = fast.market.open.shape
    seen: Counter = Counter()
    for t in range(n_bars):
        theirs = slow.bar(fast.market, t, fast.k, fast.account.orders)
        mine = fast.bar()
        assert len(mine) == len(theirs)
        for row, other in zip(mine, theirs, strict=True):
            assert {name: row[name] for name in other} == other
            seen[row["reason"], row["is_maker"]] += 1
        paid = sorted(slow.fundings, key=lambda row: (row["coin"], row["venue"]))
        found = sorted(fast.fundings, key=lambda row: (row["coin"], row["venue"]))
        assert [{name: row[name] for name in paid[0]} for row in found] == paid if paid else True
        assert len(found) == len(paid)
        compare(fast, slow)
        for v in range(n_venues):
            for c in range(n_coins):
                if rng.random() < 0.2:
                    wild_order(rng, fast, v, c)
                    slow.working[v, c] = fast.working(v, c)
        for c in range(n_coins):
            slow.exits[c].planned_frac = fast.account.exits.planned_frac[c].item()
    return fast, seen


@pytest.mark.parametrize("seed", SEEDS[:40])
def test_twins_agree(seed: int) -> None:
    fold(seed)


def test_twins_met_everything() -> None:
    counts = np.zeros(len(Count), np.int64)
    seen: Counter = Counter()
    for seed in SEEDS[40:]:
        fast, happened = fold(seed)
        counts += fast.state.counts
        seen += happened
    for what in Count:
        assert counts[what] > 0, what
    for reason in (Reason.EXIT_STOP, Reason.EXIT_LIQUIDATION, Reason.EXIT_DELISTED):
        assert seen[reason, 0] > 0, reason
    assert seen[Reason.ENTRY, 1] > 0
    assert seen[Reason.ENTRY, 0] > 0
