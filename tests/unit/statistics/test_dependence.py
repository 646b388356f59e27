"""A difference of two Sharpe ratios where days depend on those before: its error and its level."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.statistics.test_studentised import A, B, pairs

from quorate.statistics import student
from quorate.statistics.comparison import sharpe_difference
from quorate.statistics.dependence import MOST, SAFETY, dependent_test


def slow(a, b, safety):
    """Return everything, written straight down from the formulas, day by day."""
    n = len(a)
    ratio, moved = [], []
    for r in (a, b):
        mean = sum(r) / n
        sigma = math.sqrt(sum((x - mean) ** 2 for x in r) / n)
        s = mean / sigma
        ratio.append(s)
        moved.append([(x - mean) / sigma - s / 2 * (((x - mean) / sigma) ** 2 - 1) for x in r])
    psi = [x - y for x, y in zip(*moved, strict=True)]
    raw = sum(psi[t] * psi[t - 1] for t in range(1, n)) / sum(x * x for x in psi)
    rho = raw + (1 + 3 * raw) / n + safety * math.sqrt((1 - raw**2) / n)
    rho = min(max(rho, 0.0), MOST)
    left = sum((psi[t] - rho * psi[t - 1]) ** 2 for t in range(1, n)) / (n - 3)
    error = math.sqrt(left / (1 - rho) ** 2 / n)
    freedom = max(1, math.floor(n * (1 - rho) / (1 + rho)) - 1)
    value = ratio[0] - ratio[1]
    return value, error, rho, freedom, student.upper(value / error, freedom)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.95])
def test_it_is_what_the_formulas_say(phi):
    first, second = pairs(3, 1, 61, phi)[0].T
    found = dependent_test(first + 0.002, second)
    wanted = slow(list(first + 0.002), list(second), SAFETY)
    told = (found.value, found.standard_error, found.rho, found.freedom, found.greater)
    assert told == pytest.approx(wanted, rel=1e-10)
    assert found.greater + found.less == pytest.approx(1.0)


def test_the_difference_is_that_of_the_golden_vector():
    assert dependent_test(A, B).value == pytest.approx(0.14768286168092115, abs=1e-9)


def test_where_days_do_not_depend_it_is_the_plain_error():
    first, second = pairs(4, 1, 5_000)[0].T
    plain = sharpe_difference(first, second, 0).standard_error
    found = dependent_test(first, second, safety=0.0)
    assert found.standard_error == pytest.approx(plain, rel=0.05)
    assert found.rho < 0.05


def test_the_more_days_depend_the_larger_the_error_and_the_fewer_the_degrees():
    found = [dependent_test(*pairs(5, 1, 200, phi)[0].T) for phi in (0.0, 0.3, 0.6)]
    assert found[0].rho < found[1].rho < found[2].rho
    assert found[0].freedom > found[1].freedom > found[2].freedom
    errors = [each.standard_error for each in found]
    assert errors == sorted(errors)


def test_days_that_turn_against_the_day_before_count_as_independent():
    first, second = pairs(6, 1, 100, -0.5)[0].T
    found = dependent_test(first, second)
    assert (found.rho, found.freedom) == (0.0, 99)


def test_swapping_the_runs_swaps_the_sides_and_a_scale_changes_nothing():
    first, second = pairs(7, 1, 40, 0.3)[0].T
    one, other = dependent_test(first, second), dependent_test(second, first)
    assert (one.greater, one.less) == pytest.approx((other.less, other.greater))
    assert dependent_test(8.0 * first, second).greater == pytest.approx(one.greater)


def test_what_cannot_be_told_is_not_known():
    first, second = pairs(8, 1, 30)[0].T
    for pair in ((first[:4], second[:4]), (first, np.zeros(30)), (first, first)):
        found = dependent_test(*pair)
        assert math.isnan(found.greater)
        assert math.isnan(found.standard_error)
    holed = first.copy()
    holed[3] = np.nan
    wanted = dependent_test(np.delete(first, 3), np.delete(second, 3))
    assert dependent_test(holed, second) == wanted
    with pytest.raises(ValueError, match="safety is -1"):
        dependent_test(first, second, safety=-1.0)


@pytest.mark.parametrize(("n_days", "phi"), [(28, 0.0), (90, 0.3), (90, 0.5)])
def test_without_a_difference_it_rarely_finds_one(n_days, phi):
    made = pairs(21, 1_000, n_days, phi)
    p = np.array([dependent_test(*run.T).greater for run in made])
    assert np.mean(p <= 0.05) <= 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / 1_000)
