"""Tails and streaks: bounds, order, and what is not defined."""

from __future__ import annotations

import math

import numpy as np
import pytest

from quorate.statistics.distribution import expected_shortfall, longest_streaks, value_at_risk

DRAW = np.random.default_rng(11)


@pytest.mark.parametrize("n", [20, 21, 40, 41, 365, 1_000])
def test_the_mean_beyond_is_no_better_than_the_bound(n):
    returns = DRAW.standard_t(3, n) * 0.02
    assert returns.min() <= expected_shortfall(returns) <= value_at_risk(returns)


@pytest.mark.parametrize("function", [value_at_risk, expected_shortfall])
def test_the_order_of_days_does_not_matter(function):
    returns = DRAW.normal(0.0, 0.02, 100)
    assert function(returns[::-1]) == pytest.approx(function(returns))


@pytest.mark.parametrize("function", [value_at_risk, expected_shortfall])
@pytest.mark.parametrize("returns", [[], [0.01] * 19, [math.nan] * 30, [0.01] * 30 + [math.nan]])
def test_undefined_is_nan(function, returns):
    assert math.isnan(function(np.array(returns)))


@pytest.mark.parametrize(
    ("pnl", "streaks"),
    [([], (0, 0)), ([0, 0], (0, 0)), ([1], (1, 0)), ([-1, -2, -3], (0, 3)), ([1, 0, 1], (1, 0))],
)
def test_streaks(pnl, streaks):
    assert longest_streaks(np.array(pnl, np.int64)) == streaks
