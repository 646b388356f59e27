"""A point of the market depends on its seed and number alone."""

from __future__ import annotations

import itertools
import statistics

from quorate.exchange.matching.flow import Bar, Bars, Ladder, Walk, noise, uniform
from quorate.exchange.matching.orders import BUY, SELL


def test_a_walk_is_the_same_in_any_order_of_asking() -> None:
    forward, backward = Walk(5, start=10_000), Walk(5, start=10_000)
    there = [forward.price(point) for point in range(300)]
    back = [backward.price(point) for point in reversed(range(300))]
    assert there == back[::-1]
    assert there != [Walk(6, start=10_000).price(point) for point in range(300)]


def test_steps_of_a_walk_have_the_variance_that_is_said() -> None:
    walk = Walk(1, start=10**9, step=1e-3, pull=0.0)
    prices = [walk.price(point) for point in range(20_001)]
    steps = [later / earlier - 1.0 for earlier, later in itertools.pairwise(prices)]
    assert abs(statistics.stdev(steps) / 1e-3 - 1.0) < 0.02
    assert abs(statistics.mean(steps)) < 4e-5


def test_bars_keep_their_four_prices_and_no_point_is_early() -> None:
    rows = [Bar(10, 15, 8, 12, 40), Bar(12, 13, 11, 13, 8)]
    path = Bars(rows, seed=3)
    first = [path.price(point) for point in range(4)]
    assert (first[0], first[3], set(first[1:3])) == (10, 12, {8, 15})
    assert path.price(8) == path.price(10_000) == 13
    assert (path.volume(1), path.volume(5), path.volume(8)) == (10, 2, 0)
    changed = Bars([rows[0], Bar(99, 99, 99, 99, 9)], seed=3)
    assert [changed.price(point) for point in range(4)] == first


def test_uniform_noise_fills_the_unit_interval() -> None:
    drawn = [uniform(9, point) for point in range(10_000)]
    assert 0.0 <= min(drawn) < max(drawn) < 1.0
    assert abs(statistics.mean(drawn) - 0.5) < 0.01
    assert len({noise(9, point) for point in range(10_000)}) == 10_000


def test_a_ladder_stands_on_both_sides_of_its_price() -> None:
    ladder = Ladder(half=2, levels=3, gap=4, lots=100)
    assert sorted(ladder.side(1, 0, 1000, BUY)) == [990, 994, 998]
    assert sorted(ladder.side(1, 0, 1000, SELL)) == [1002, 1006, 1010]
    assert sorted(ladder.side(1, 0, 3, BUY)) == [1], "no price at or below 0"
    assert min(ladder.side(1, 0, 1000, BUY).values()) >= 1
