"""METHODS 7.5: what all stops together may lose, and who may add to it."""

from math import nan

import numpy as np
import pytest

from quorate.core.risk import open_risk, params

BALANCED = params().limits
EQUITY = 100_000.0


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        (100.0, 2.0 * 4.0 * 1.25),  # at the entry: the distance and its gap allowance
        (110.0, 2.0 * (14.0 + 1.0)),
        (97.0, 2.0 * (1.0 + 1.0)),
        (90.0, 0.0),  # beyond the stop: floored
        (nan, 2.0 * 4.0 * 1.25),
    ],
)
def test_open_risk(side: float, mark: float, expected: float) -> None:
    def mirror(price: float) -> np.ndarray:
        return np.array([100.0 + side * (price - 100.0)])

    coins = np.array([2.0 * side])
    found = open_risk.risk_usd(coins, mirror(mark), mirror(96.0), mirror(100.0), BALANCED)
    assert found == pytest.approx(expected)
    assert open_risk.stops_usd(coins, mirror(96.0), mirror(100.0)) == pytest.approx(8.0)


def test_one_coin_beyond_its_stop_does_not_pay_for_another() -> None:
    coins, entry = np.array([1.0, 1.0, 0.0]), np.full(3, 100.0)
    mark, stop = np.array([100.0, 50.0, 1e9]), np.full(3, 96.0)
    assert open_risk.risk_usd(coins, mark, stop, entry, BALANCED) == pytest.approx(5.0)


def test_without_a_stop_all_of_it_is_at_risk() -> None:
    one, unknown = np.ones(1), np.full(1, nan)
    assert open_risk.risk_usd(-one, 110.0 * one, unknown, 100.0 * one, BALANCED) == 110.0
    assert open_risk.stops_usd(-one, unknown, 100.0 * one) == 100.0


def test_g11_sizing_open_risk() -> None:
    budget = open_risk.budget_usd(EQUITY, -900.0, 800.0, BALANCED)
    assert budget == pytest.approx(800.0, abs=1e-9)
    scale = open_risk.pro_rata(budget, np.array([500.0, 500.0, 400.0]))
    assert scale == pytest.approx(4.0 / 7.0, abs=1e-9)


@pytest.mark.parametrize(("budget", "expected"), [(-1.0, 0.0), (0.0, 0.0), (20.0, 1.0), (5.0, 0.5)])
def test_open_risk_scale(budget: float, expected: float) -> None:
    assert open_risk.pro_rata(budget, np.array([4.0, 6.0])) == expected
    assert open_risk.pro_rata(budget, np.zeros(2)) == 1.0


def test_new_risk_with_and_without_the_gap_allowance() -> None:
    notional, stop = np.array([1_000.0, -2_000.0, 0.0, 10.0]), np.array([0.02, 0.01, nan, nan])
    out = np.empty(4)
    assert open_risk.new_risk_usd(notional, stop, 0.25, out) == pytest.approx(60.0)
    assert out == pytest.approx([25.0, 25.0, 0.0, 10.0])
    assert open_risk.new_risk_usd(notional, stop, 0.0, out) == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("preset", "strict", "allowed"),
    [("conservative", 6, 4), ("balanced", 5, 4), ("aggressive", 3, 2)],
)
def test_full_risk_positions_that_fit(preset: str, strict: int, allowed: int) -> None:
    given = params(preset)
    one = np.array([EQUITY * given.sizing.target_risk_frac / 0.02])
    risk, stop = np.empty(1), np.array([0.02])
    per_trade = open_risk.new_risk_usd(one, stop, 0.0, risk)
    with_gap = open_risk.new_risk_usd(one, stop, given.limits.gap_allowance, risk)
    assert round(open_risk.stop_budget_usd(EQUITY, 0.0, given.limits) / per_trade, 9) // 1 == strict
    budget = open_risk.budget_usd(EQUITY, 0.0, 0.0, given.limits)
    assert round(budget / with_gap, 9) // 1 == allowed


def test_a_cut_brings_the_budget_back_to_zero() -> None:
    for pnl in (-1_800.0, -2_000.0, -2_400.0):
        budget = open_risk.budget_usd(EQUITY, pnl, 800.0, BALANCED)
        left = 800.0 * open_risk.cut_scale(budget, 800.0)
        assert open_risk.budget_usd(EQUITY, pnl, left, BALANCED) == pytest.approx(0.0)
    assert open_risk.cut_scale(-800.0, 800.0) == open_risk.cut_scale(-9e9, 800.0) == 0.0
    assert open_risk.cut_scale(-1.0, 0.0) == open_risk.cut_scale(0.0, 800.0) == 1.0


def greedy(budget: float, strict: float, merit: list[float]) -> list[float]:
    scale, risk, at_stops = np.empty(3), np.array([500.0, 500.0, 400.0]), np.array([400.0] * 3)
    open_risk.greedy(budget, strict, risk, at_stops, np.array(merit), scale)
    return scale.tolist()


def test_greedy_serves_the_best_edge_over_risk_first() -> None:
    assert greedy(800.0, 1e9, [1.0, 3.0, 2.0]) == [0.0, 1.0, 0.75]
    assert greedy(800.0, 600.0, [1.0, 3.0, 2.0]) == [0.0, 1.0, 0.5]  # the stop budget binds
    assert greedy(-1.0, 1e9, [1.0, 3.0, 2.0]) == [0.0, 0.0, 0.0]
    assert greedy(1e9, 1e9, [1.0, 3.0, 2.0]) == [1.0, 1.0, 1.0]


def test_greedy_gives_ties_in_coin_order_and_the_unknown_last() -> None:
    assert greedy(500.0, 1e9, [1.0, 1.0, 1.0]) == [1.0, 0.0, 0.0]
    assert greedy(400.0, 1e9, [nan, -1.0, -2.0]) == [0.0, 0.8, 0.0]
