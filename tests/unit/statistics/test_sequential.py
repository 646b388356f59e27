"""Bounds for more than one look: METHODS 10.2 and 10.5."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest

from quorate.statistics.sequential import (
    LONG_LOOKS,
    LOOKS,
    Plan,
    crossing,
    detectable,
    obrien_fleming,
    power,
)

NORMAL = NormalDist()
YEAR = math.sqrt(365)


def walked(looks, n, drift=0.0, seed=5):
    """Return z at each look of many random walks, shape (walk, look)."""
    at = np.array(looks) / looks[-1]
    steps = np.random.default_rng(seed).standard_normal((n, len(looks)))
    step = np.diff(at, prepend=0.0)
    return np.cumsum(steps * np.sqrt(step) + drift * step, axis=1) / np.sqrt(at)


def test_the_bounds_of_days_14_21_and_28():
    plan = obrien_fleming(LOOKS, 0.05)
    assert plan.bounds == pytest.approx((2.450, 2.001, 1.733), abs=1e-3)
    assert [plan.nominal(k) for k in range(3)] == pytest.approx((0.0071, 0.0227, 0.0416), abs=2e-4)


def test_their_shape_is_that_of_obrien_and_fleming():
    plan = obrien_fleming(LONG_LOOKS, 0.05)
    constant = [z * math.sqrt(day / 90) for z, day in zip(plan.bounds, plan.looks, strict=True)]
    assert constant == pytest.approx([constant[0]] * 5, rel=1e-12)
    assert all(a > b for a, b in pairwise(plan.bounds))
    # five looks cost more than one, less than five independent ones
    assert 1.645 < plan.bounds[-1] < NORMAL.inv_cdf(1 - 0.05 / 5)


@pytest.mark.parametrize("looks", [LOOKS, LONG_LOOKS, (7, 8, 60), tuple(range(1, 29))])
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_all_looks_together_have_the_level(looks, level):
    plan = obrien_fleming(looks, level)
    assert crossing(looks, plan.bounds).sum() == pytest.approx(level, abs=1e-9)


@pytest.mark.parametrize("looks", [LOOKS, LONG_LOOKS])
def test_the_integral_is_what_random_walks_do(looks):
    bounds = obrien_fleming(looks).bounds
    for drift in (0.0, 1.5):
        over = walked(looks, 100_000, drift) >= np.array(bounds)
        first = over & (np.cumsum(over, axis=1) == 1)
        exact = crossing(looks, bounds, drift)
        error = 4.0 * np.sqrt(exact * (1 - exact) / 100_000) + 1e-5
        assert np.all(np.abs(first.mean(axis=0) - exact) < error)


def test_looking_every_day_at_5_percent_finds_luck():
    """METHODS 10.5 simulated 27% and 13% with estimated deviations; known ones give less."""
    z = NORMAL.inv_cdf(0.95)
    assert crossing(range(1, 29), [z] * 28).sum() == pytest.approx(0.235, abs=0.001)
    assert crossing(range(14, 29), [z] * 15).sum() == pytest.approx(0.121, abs=0.001)
    bounds = [*obrien_fleming(LOOKS).bounds, z, z]
    assert crossing(LONG_LOOKS, bounds).sum() == pytest.approx(0.095, abs=0.02)


def test_one_look_is_the_plain_test():
    assert obrien_fleming((28,), 0.05).bounds == pytest.approx((NORMAL.inv_cdf(0.95),), abs=1e-9)
    plan = obrien_fleming((28,))
    for effect in (-1.0, 0.0, 1.0, 3.0):
        assert power(plan, effect) == pytest.approx(
            1 - NORMAL.cdf(plan.bounds[0] - effect), abs=1e-12
        )


@pytest.mark.parametrize(("rho", "found"), [(0.7, 6.95), (0.9, 4.01), (0.95, 2.84)])
def test_the_smallest_ratio_28_days_can_find(rho, found):
    """METHODS 10.2: the annual Sharpe difference found with 80% at 28 days, in one look."""
    error = math.sqrt((2.0 - 2.0 * rho) / 28.0) * YEAR
    assert detectable(obrien_fleming((28,))) * error == pytest.approx(found, abs=0.01)


@pytest.mark.parametrize(("days", "chance"), [(14, 0.08), (28, 0.10), (365, 0.36)])
def test_the_power_to_find_a_ratio_of_one(days, chance):
    """METHODS 10.2: one-sided 5%, an annual difference of 1, correlation .7."""
    error = math.sqrt(0.6 / days) * YEAR
    assert power(obrien_fleming((days,)), 1.0 / error) == pytest.approx(chance, abs=0.01)


def test_power_grows_and_three_looks_cost_little():
    plan, alone = obrien_fleming(), obrien_fleming((28,))
    chances = [power(plan, effect) for effect in (-2.0, 0.0, 1.0, 2.0, 4.0, 8.0)]
    assert all(a < b for a, b in pairwise(chances))
    assert chances[1] == pytest.approx(0.05, abs=1e-9)
    assert detectable(alone) < detectable(plan) < 1.03 * detectable(alone)
    assert power(plan, detectable(plan, 0.9)) == pytest.approx(0.9, abs=1e-9)
    assert math.isnan(power(plan, math.nan))


def test_a_day_that_is_no_look_is_refused():
    plan = Plan((14, 21), (2.0, 1.7), 0.05)
    assert (plan.at(14), plan.at(21)) == (0, 1)
    with pytest.raises(ValueError, match="the next is day 21"):
        plan.at(15)
    with pytest.raises(ValueError, match="the last one is over"):
        plan.at(22)


def test_what_is_no_plan_is_refused():
    for looks in ((), (0, 1), (3, 3), (5, 4)):
        with pytest.raises(ValueError, match="ascending"):
            obrien_fleming(looks)
    with pytest.raises(ValueError, match=r"level is 0\.5"):
        obrien_fleming(level=0.5)
    with pytest.raises(ValueError, match="2 bounds for 3 looks"):
        crossing(LOOKS, (2.0, 1.7))
    with pytest.raises(ValueError, match=r"chance is 0\.01"):
        detectable(obrien_fleming(), 0.01)
