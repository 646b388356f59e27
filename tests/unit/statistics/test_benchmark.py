"""A run beside holding: what must follow, and what is not defined."""

from __future__ import annotations

import json
import math
from datetime import date

import numpy as np
import polars as pl
import pytest

from quorate.statistics.benchmark import (
    COMPARED,
    alpha_per_day,
    annual,
    beta,
    compare,
    comparison,
    correlation,
    information_ratio,
    returns_of,
)
from quorate.statistics.daily import Daily

DRAW = np.random.default_rng(3)
HELD = DRAW.normal(0.001, 0.03, 400)


def daily(net):
    day = 20_000 + np.arange(len(net))
    return Daily(day, np.asarray(net), np.asarray(net), np.ones(len(net)))


def frame(days, growth, btc):
    columns = {"day": [date.fromordinal(719_163 + d) for d in days], "hold_all": growth}
    return pl.DataFrame({**columns, "hold_btc": btc}, schema_overrides={"hold_btc": pl.Float64()})


def test_half_of_the_market_and_a_constant_are_found_again():
    returns = 0.5 * HELD + 0.0002
    mean, error = alpha_per_day(returns, HELD)
    assert beta(returns, HELD) == pytest.approx(0.5)
    assert mean == pytest.approx(0.0002)
    assert error == pytest.approx(0.0, abs=1e-12)
    assert correlation(returns, HELD) == pytest.approx(1.0)


def test_the_interval_of_alpha_covers_it_as_often_as_it_says():
    inside = 0
    for _ in range(400):
        held = DRAW.normal(0.0, 0.03, 100)
        mean, error = alpha_per_day(0.3 * held + DRAW.normal(0.0, 0.01, 100), held)
        inside += abs(mean) <= 1.96 * error
    assert 0.92 < inside / 400 < 0.975


def test_holding_itself_has_beta_one_and_no_alpha():
    found = compare(HELD, HELD)
    assert found["beta"] == pytest.approx(1.0)
    assert found["alpha"] == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(found["information_ratio"])


def test_a_run_that_did_nothing_lags_by_what_holding_made():
    found = compare(np.zeros(400), HELD)
    assert (found["beta"], found["alpha"]) == (0.0, 0.0)
    assert math.isnan(found["correlation"])
    assert found["information_ratio"] == pytest.approx(-found["sharpe"])


def test_every_number_has_its_row_in_the_table():
    assert list(compare(HELD, HELD)) == [metric.name for metric in COMPARED]
    assert all(all(metric) for metric in COMPARED)


@pytest.mark.parametrize("function", [beta, correlation, information_ratio])
@pytest.mark.parametrize(
    ("returns", "held"),
    [([], []), ([0.1], [0.2]), ([0.1, 0.1, 0.1], [0.0] * 3), ([math.nan, 0.1, 0.2], [0.1, 0, 0.2])],
)
def test_undefined_is_nan(function, returns, held):
    if function is information_ratio and returns == [0.1] * 3:
        held = returns
    assert math.isnan(function(np.array(returns), np.array(held)))


def test_annual_rates_stay_within_bounds():
    assert annual(-3.0) == -1.0
    assert annual(1e9) == math.inf
    assert math.isnan(annual(math.nan))


def test_days_are_matched_by_date_not_by_place():
    found = returns_of(np.array([2.0, 3.0]), np.array([9, 11]), np.arange(8, 13))
    assert found.tolist() == [0.0, 1.0, 0.0, 0.5, 0.0]
    later = returns_of(np.array([2.0, 3.0]), np.array([9, 11]), np.arange(10, 12))
    assert later.tolist() == [0.0, 0.5]


def test_what_is_not_there_is_left_out_and_what_is_unknown_says_why():
    tree, flags = comparison(daily([0.0, 0.01]), frame([20_000, 20_001], [1.1, 1.0], [None, None]))
    assert list(tree) == ["hold_all"]
    assert tree["hold_all"]["correlation"] is None
    assert flags["benchmark.hold_all.correlation"] == "fewer than three days, or no variation"
    json.dumps(tree, allow_nan=False)


def test_a_lost_account_is_named_as_the_reason():
    days = np.arange(20_000, 20_004)
    net = [0.1, -1.0, math.nan, math.nan]
    tree, flags = comparison(daily(net), frame(days.tolist(), [1.1, 1.2, 1.0, 0.9], [1.0] * 4))
    assert tree["hold_all"]["total_return"] == pytest.approx(-0.1)
    assert tree["hold_all"]["beta"] is None
    assert "not positive" in flags["benchmark.hold_all.beta"]


def test_without_a_day_nothing_is_compared():
    assert comparison(daily([]), frame([], [], [])) == ({}, {})
