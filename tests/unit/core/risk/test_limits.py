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
