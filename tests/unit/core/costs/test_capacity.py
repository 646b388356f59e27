"""METHODS 6.6: how far the edge carries."""

from math import inf, isnan, nan

import numpy as np
import pytest

from quorate.core.costs.capacity import (
    crossing_usd,
    net_edge_bps,
    optimal_usd,
    portfolio_usd,
    zero_net_usd,
)

E, C0, M, C1, V = 20.0, 9.0, 3.0, 50.0, 1e8


def test_g10_costs_capacity() -> None:
    assert zero_net_usd(E, C0, M, C1, V) == pytest.approx(2_560_000.0, abs=1e-6)
    assert optimal_usd(E, C0, C1, V) == pytest.approx(19_360_000.0 / 9.0, abs=1e-6)


def test_only_the_margin_is_left_at_capacity() -> None:
    assert net_edge_bps(zero_net_usd(E, C0, M, C1, V), E, C0, C1, V) == pytest.approx(M)


def test_nothing_earns_more_than_the_optimum() -> None:
    def profit(q: float) -> float:
        return q * net_edge_bps(q, E, C0, C1, V)

    best = optimal_usd(E, C0, C1, V)
    assert profit(best) > profit(0.99 * best)
    assert profit(best) > profit(1.01 * best)


@pytest.mark.parametrize("edge", [12.0, 9.0, -5.0, nan])
def test_an_edge_that_does_not_cover_its_cost_has_no_capacity(edge: float) -> None:
    assert zero_net_usd(edge, C0, M, C1, V) == 0.0


def test_capacity_falls_to_zero_as_the_cost_nears_the_edge() -> None:
    sizes = [zero_net_usd(E, E - M - gap, M, C1, V) for gap in (8.0, 4.0, 1.0, 0.1, 1e-6)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-6


def test_a_portfolio_is_the_sum_of_its_coins() -> None:
    out = np.empty(3)
    edge, fixed = np.array([20.0, 20.0, 5.0]), np.full(3, 9.0)
    total = portfolio_usd(edge, fixed, M, C1, np.array([V, 2.0 * V, V]), out)
    assert out == pytest.approx([2_560_000.0, 5_120_000.0, 0.0])
    assert total == pytest.approx(7_680_000.0)


def test_crossing_between_two_replays() -> None:
    aum = np.array([1e6, 2e6, 4e6, 8e6])
    assert crossing_usd(aum, np.array([3.0, 2.0, 0.0, -5.0]), 1.5) == 2.5e6
    assert crossing_usd(aum, np.array([3.0, nan, 1.0, 0.0]), 2.0) == 2.5e6
    assert crossing_usd(aum, np.array([1.0, 0.0, 0.0, 0.0]), 1.5) == 0.0
    assert crossing_usd(aum, np.array([3.0, 3.0, 3.0, 3.0]), 1.5) == inf
    assert isnan(crossing_usd(np.empty(0), np.empty(0), 1.0))
