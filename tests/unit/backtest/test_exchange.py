"""The step as a whole: what it leaves alone, that it is causal, that it resumes."""

from __future__ import annotations

import copy

import numpy as np
from tests.unit.backtest.scene import FIRST_K, Scene, rows, scene, wild, wild_order

from quorate.backtest import exchange
from quorate.core.kernel import signatures
from quorate.core.types import Line


def fold(at: Scene, seed: int, n_bars: int) -> Scene:
    """Run bars with the random orders of a seed."""
    rng = np.random.default_rng(seed)
    for _ in range(n_bars):
        at.bar()
        for v in range(at.venues.lot.shape[0]):
            for c in range(at.venues.lot.shape[1]):
                if rng.random() < 0.2:
                    wild_order(rng, at, v, c)
    return at


def arrays(at: Scene) -> list[bytes]:
    parts = (*at.account, at.state)
    return [a.tobytes() for part in parts for a in part]


def test_an_idle_account_stays_as_it_is() -> None:
    at = scene(n_coins=3)
    before = arrays(at)
    assert at.bar() == []
    assert at.state.priced_k.tolist() == [[FIRST_K] * 3]  # all it remembers of such a bar
    at.state.priced_k[:] = -1
    assert arrays(at) == before


def test_market_and_venues_are_not_written() -> None:
    at = wild(5)
    inputs = (*at.market, *at.venues, at.sigma_daily)
    before = [a.tobytes() for a in inputs]
    fold(at, 1, 40)
    assert [a.tobytes() for a in inputs] == before


def test_later_bars_change_nothing_before_them() -> None:
    first, second = wild(7), wild(7)
    second.market.close[25:] *= 3.0
    second.market.high[25:] *= 3.0
    second.market.volume[25:] = 0.0
    fold(first, 1, 24)
    fold(second, 1, 24)
    assert rows(first.fills) == rows(second.fills)
    assert arrays(first) == arrays(second)


def test_a_copy_resumes_to_the_same_bytes() -> None:
    whole = fold(wild(8), 1, 20)
    again = copy.deepcopy(whole)
    fold(whole, 2, 15)
    fold(again, 2, 15)
    assert arrays(whole) == arrays(again)


def test_coins_do_not_see_each_other() -> None:
    """The same coin beside others fills the same (no shared margin at this capital)."""
    alone, beside = scene(), scene(n_coins=4)
    for at in (alone, beside):
        at.order(30, c=0)
    beside.order(-70, c=3)
    mine = [row for row in beside.bar() if row["coin"] == 0]
    assert mine == alone.bar()


def test_lines_of_the_ledger_are_the_columns_of_the_fills() -> None:
    at = fold(wild(11), 1, 40)
    lines = at.account.ledger.lines
    for name in ("delay", "spread", "impact", "latency", "fee", "haircut"):
        assert lines[Line[name.upper()]].sum() == sum(row[name] for row in rows(at.fills)), name


def test_streak_counts_closed_losses() -> None:
    at = scene(n_bars=12)
    for _ in range(3):
        at.order(10)
        at.bar()
        at.order(-10)
        (row,) = at.bar()
        assert row["closed"] == 1
        assert row["realised"] < 0
    assert at.account.breakers.losses.item() == 3
    assert at.account.breakers.streak.item() == 1


def test_one_signature() -> None:
    scene().bar()
    wild(1).bar()
    assert signatures(exchange.step) == 1
