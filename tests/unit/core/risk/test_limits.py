"""METHODS 7.4 and 7.5: every cap, and which of them bound."""

from math import nan

import numpy as np
import pytest

from quorate.core.risk import limits, params
from quorate.core.types import Reason

BALANCED = params().limits
EQUITY = 100_000.0


def caps(
    sized: float, volume: float = 1e9, window: int = 1, equity: float = EQUITY, **change: float
) -> tuple[float, Reason]:
    out, reason = np.empty(1), np.empty(1, np.int16)
    given = BALANCED._replace(**change)
    budget = limits.size_caps(
        equity, np.array([sized]), np.array([volume]), window, given, out, reason
    )
    assert budget == limits.budget_usd(equity, given)
    return float(out[0]), Reason(reason[0])


@pytest.mark.parametrize(
    ("leverage", "max_leverage", "multiple"),
    [(1.0, 2.0, 0.7), (2.0, 2.0, 1.4), (3.0, 2.0, 2.0), (3.0, 1.5, 1.5)],
)
def test_the_budget_is_committed_capital_within_the_leverage(
    leverage: float, max_leverage: float, multiple: float
) -> None:
    given = BALANCED._replace(leverage=leverage, max_leverage=max_leverage)
    assert limits.budget_usd(EQUITY, given) == pytest.approx(multiple * EQUITY)
    assert limits.budget_usd(-1.0, given) == limits.budget_usd(nan, given) == 0.0


def test_the_cap_that_binds_is_named() -> None:
    assert caps(1_000.0) == (1_000.0, Reason.NONE)
    assert caps(25_000.0) == (25_000.0, Reason.NONE)
    assert caps(25_001.0) == (25_000.0, Reason.CAP_COIN)
    assert caps(25_001.0, leverage=0.1) == (pytest.approx(7_000.0), Reason.CAP_GROSS)
    assert caps(25_001.0, volume=10_000.0) == (2_000.0, Reason.CAP_PARTICIPATION)
    assert caps(25_001.0, volume=10_000.0, window=6) == (12_000.0, Reason.CAP_PARTICIPATION)


def test_g11_sizing_min_rule_is_the_coin_cap() -> None:
    assert caps(25_000.0 * (1.0 + 1e-9)) == (25_000.0, Reason.CAP_COIN)


def test_what_is_unknown_is_not_traded() -> None:
    assert caps(1_000.0, volume=nan) == (0.0, Reason.CAP_PARTICIPATION)
    assert caps(nan) == (0.0, Reason.NONE)
    assert caps(1_000.0, equity=-1.0) == (0.0, Reason.CAP_COIN)


def test_a_group_leaves_room_for_what_it_holds() -> None:
    held = np.array([30_000.0, -10_000.0, 50_000.0, nan])
    added = np.array([15_000.0, -5_000.0, 1_000.0, nan])
    sector = np.array([0, 0, 1, 2])
    cap = BALANCED.sector_cap_frac * EQUITY
    assert limits.group_scale(held, added, sector, 0, cap) == 0.5
    assert limits.group_scale(held, added, sector, 1, cap) == 0.0
    assert limits.group_scale(held, added, sector, 2, cap) == 1.0


def test_net_shrinks_only_the_heavier_side() -> None:
    held, added = np.array([10.0, 0.0, 0.0]), np.array([0.0, 40.0, -10.0])
    one, scale = np.ones(3), np.empty(3)
    assert limits.net_scale(held, added, one, 20.0, scale) == 0.5
    assert scale.tolist() == [1.0, 0.5, 1.0]
    assert limits.net_scale(-held, -added, one, 20.0, scale) == 0.5
    assert scale.tolist() == [1.0, 0.5, 1.0]
    assert limits.net_scale(held, added, one, 0.0, scale) == 1.0
    assert scale.tolist() == [1.0, 1.0, 1.0]


def test_beta_counts_an_unknown_beta_as_the_market() -> None:
    held, added = np.zeros(2), np.array([10.0, 10.0])
    scale = np.empty(2)
    assert limits.net_scale(held, added, np.array([2.0, nan]), 15.0, scale) == 0.5


def test_a_long_of_a_coin_that_moves_against_the_market_lowers_beta() -> None:
    added, scale = np.array([30.0, 10.0]), np.empty(2)
    assert limits.net_scale(np.zeros(2), added, np.array([1.0, -1.0]), 5.0, scale) == 0.5
    assert scale.tolist() == [0.5, 1.0]


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
    found = limits.open_risk_usd(coins, mirror(mark), mirror(96.0), mirror(100.0), BALANCED)
    assert found == pytest.approx(expected)
    assert limits.stops_usd(coins, mirror(96.0), mirror(100.0)) == pytest.approx(8.0)


def test_one_coin_beyond_its_stop_does_not_pay_for_another() -> None:
    coins, entry = np.array([1.0, 1.0, 0.0]), np.full(3, 100.0)
    mark, stop = np.array([100.0, 50.0, 1e9]), np.full(3, 96.0)
    assert limits.open_risk_usd(coins, mark, stop, entry, BALANCED) == pytest.approx(5.0)


def test_without_a_stop_all_of_it_is_at_risk() -> None:
    one, unknown = np.ones(1), np.full(1, nan)
    assert limits.open_risk_usd(-one, 110.0 * one, unknown, 100.0 * one, BALANCED) == 110.0
    assert limits.stops_usd(-one, unknown, 100.0 * one) == 100.0


def test_g11_sizing_open_risk() -> None:
    budget = limits.open_risk_budget_usd(EQUITY, -900.0, 800.0, BALANCED)
    assert budget == pytest.approx(800.0, abs=1e-9)
    scale = limits.open_risk_scale(budget, np.array([500.0, 500.0, 400.0]))
    assert scale == pytest.approx(4.0 / 7.0, abs=1e-9)


@pytest.mark.parametrize(("budget", "expected"), [(-1.0, 0.0), (0.0, 0.0), (20.0, 1.0), (5.0, 0.5)])
def test_open_risk_scale(budget: float, expected: float) -> None:
    assert limits.open_risk_scale(budget, np.array([4.0, 6.0])) == expected
    assert limits.open_risk_scale(budget, np.zeros(2)) == 1.0


def test_new_risk_with_and_without_the_gap_allowance() -> None:
    notional, stop = np.array([1_000.0, -2_000.0, 0.0, 10.0]), np.array([0.02, 0.01, nan, nan])
    out = np.empty(4)
    assert limits.new_risk_usd(notional, stop, 0.25, out) == pytest.approx(60.0)
    assert out == pytest.approx([25.0, 25.0, 0.0, 10.0])
    assert limits.new_risk_usd(notional, stop, 0.0, out) == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("preset", "strict", "allowed"),
    [("conservative", 6, 4), ("balanced", 5, 4), ("aggressive", 3, 2)],
)
def test_full_risk_positions_that_fit(preset: str, strict: int, allowed: int) -> None:
    given = params(preset)
    one = np.array([EQUITY * given.sizing.target_risk_frac / 0.02])
    risk, stop = np.empty(1), np.array([0.02])
    per_trade = limits.new_risk_usd(one, stop, 0.0, risk)
    with_gap = limits.new_risk_usd(one, stop, given.limits.gap_allowance, risk)
    assert round(limits.stop_budget_usd(EQUITY, 0.0, given.limits) / per_trade, 9) // 1 == strict
    budget = limits.open_risk_budget_usd(EQUITY, 0.0, 0.0, given.limits)
    assert round(budget / with_gap, 9) // 1 == allowed


def test_a_cut_brings_the_budget_back_to_zero() -> None:
    for pnl in (-1_800.0, -2_000.0, -2_400.0):
        budget = limits.open_risk_budget_usd(EQUITY, pnl, 800.0, BALANCED)
        left = 800.0 * limits.cut_scale(budget, 800.0)
        assert limits.open_risk_budget_usd(EQUITY, pnl, left, BALANCED) == pytest.approx(0.0)
    assert limits.cut_scale(-800.0, 800.0) == limits.cut_scale(-9e9, 800.0) == 0.0
    assert limits.cut_scale(-1.0, 0.0) == limits.cut_scale(0.0, 800.0) == 1.0
