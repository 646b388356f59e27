"""Is a difference luck? Golden vector G12, and what the bootstrap must keep."""

from __future__ import annotations

import math

import numpy as np
import pytest

from quorate.statistics.comparison import (
    MIN_DAYS,
    compare,
    lags,
    long_run_covariance,
    mean_difference,
    memmel_error,
    sharpe_difference,
)

K = np.arange(28)
D = (((7 * K**2 + 3 * K) % 19) - 7) / 1000
T = np.arange(60)
A = (((13 * T + 5) % 29) - 12) / 1000
B = (((17 * T + 2) % 31) - 14) / 1000


def noise(seed, n, correlation=0.0):
    """Return two series of daily returns with a correlation."""
    first, second = np.random.default_rng(seed).standard_normal((2, n)) * 0.01
    return first, correlation * first + math.sqrt(1.0 - correlation**2) * second


def test_g12_hac_mean():
    zero = np.zeros(28)
    assert lags(28) == 3
    assert mean_difference(D, zero).value == pytest.approx(0.0010357142857142859, abs=1e-15)
    assert mean_difference(D, zero, 0).z == pytest.approx(0.9618881801769873, abs=1e-9)
    assert mean_difference(D, zero).z == pytest.approx(1.2379789350441608, abs=1e-9)


def test_g12_ledoit_wolf():
    found = sharpe_difference(A, B, 4)
    assert found.value == pytest.approx(0.14768286168092115, abs=1e-9)
    assert found.standard_error == pytest.approx(0.09897265363677098, abs=1e-9)
    assert found.z == pytest.approx(1.4921582503275737, abs=1e-9)


def test_g12_the_wrong_sign_is_not_ours():
    assert sharpe_difference(A, B, 4).standard_error != pytest.approx(0.10181617546736722, abs=1e-4)


def test_g12_jobson_korkie_memmel():
    assert memmel_error(A, B) == pytest.approx(0.19496028418307665, abs=1e-9)


def test_the_gradient_is_the_numeric_one():
    """Move each moment a little: the ratio's difference moves as the delta method says."""

    def delta(m):
        return m[0] / math.sqrt(m[2] - m[0] ** 2) - m[1] / math.sqrt(m[3] - m[1] ** 2)

    moments = np.column_stack((A, B, A**2, B**2))
    mean = moments.mean(axis=0)
    gradient = np.array(
        [(delta(mean + h) - delta(mean - h)) / (2 * 1e-9) for h in 1e-9 * np.eye(4)]
    )
    spread = long_run_covariance(moments, 4)
    expected = math.sqrt(gradient @ spread @ gradient / 60)
    assert sharpe_difference(A, B, 4).standard_error == pytest.approx(expected, rel=1e-4)


def test_swapping_the_runs_turns_the_sign_only():
    first, second = noise(4, 200, 0.6)
    one, other = compare(first, second, seed=1), compare(second, first, seed=1)
    assert one.sharpe.value == pytest.approx(-other.sharpe.value)
    assert one.sharpe.low == pytest.approx(-other.sharpe.high)
    assert one.sharpe.p_value == other.sharpe.p_value
    assert one.mean.asymptotic.p_value == pytest.approx(other.mean.asymptotic.p_value)


def test_the_interval_and_the_p_value_agree():
    for seed in range(6):
        first, second = noise(seed, 120, 0.5)
        found = compare(first + 0.0015, second, seed=seed, n_samples=999)
        for each in (found.mean, found.sharpe):
            assert (each.low > 0.0 or each.high < 0.0) == (each.p_value < 0.05)


def test_pairing_tells_apart_what_shares_its_days():
    first, second = noise(5, 300)
    _, close = noise(5, 300, 0.99)
    apart = compare(first + 0.0005, second, seed=1)
    paired = compare(first + 0.0005, close, seed=1)
    assert paired.correlation > 0.98
    width = paired.sharpe.high - paired.sharpe.low
    assert width < 0.3 * (apart.sharpe.high - apart.sharpe.low)


def test_under_no_difference_few_are_found():
    """Of 60 pairs without a difference about 3 have p below 0.05; 9 would be strange."""
    found = [compare(*noise(100 + i, 120, 0.5), seed=i, n_samples=300) for i in range(60)]
    assert sum(each.sharpe.p_value < 0.05 for each in found) <= 9
    assert sum(each.mean.p_value < 0.05 for each in found) <= 9


def test_a_real_difference_is_found():
    first, second = noise(6, 365, 0.8)
    found = compare(first + 0.002, second, seed=1)
    assert found.sharpe.p_value < 0.01
    assert found.mean.low > 0.0
    assert found.mean.value == pytest.approx(365 * np.mean(first + 0.002 - second))


def test_the_same_seed_gives_the_same_answer():
    first, second = noise(7, 100)
    assert compare(first, second, seed=3) == compare(first, second, seed=3)
    assert compare(first, second, seed=3).sharpe != compare(first, second, seed=4).sharpe


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (A[: MIN_DAYS - 1], B[: MIN_DAYS - 1], "fewer than 10"),
        (A, A, "the same"),
        (A, np.zeros(60), "never traded"),
        (np.zeros(0), np.zeros(0), "fewer"),
    ],
)
def test_what_cannot_be_said_says_why(first, second, why):
    found = compare(first, second, seed=1)
    assert why in found.why
    assert math.isnan(found.sharpe.value)
    assert math.isnan(found.sharpe.p_value)
    assert math.isnan(found.mean.asymptotic.p_value)


def test_days_that_one_of_them_lacks_are_left_out():
    first, second = noise(8, 100)
    holed = first.copy()
    holed[10:20] = np.nan
    found = compare(holed, second, seed=1)
    assert found.n_days == 90
    kept = np.isfinite(holed)
    assert found == compare(first[kept], second[kept], seed=1)


def test_series_of_different_days_are_refused():
    with pytest.raises(ValueError, match="give one return a common day"):
        compare(A, B[:-1], seed=1)
    with pytest.raises(ValueError, match="level"):
        compare(A, B, seed=1, level=1.0)
