"""The test of Ledoit and Wolf: its golden vector, its level on short records, and its power."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from quorate.statistics.comparison import sharpe_difference
from quorate.statistics.studentised import sharpe_test

T = np.arange(60)
A = (((13 * T + 5) % 29) - 12) / 1000
B = (((17 * T + 2) % 31) - 14) / 1000


def pairs(seed, n_runs, n_days, phi=0.0, rho=0.7, freedom=4.0):
    """Return two arms of heavy-tailed days with one Sharpe ratio, shape (run, day, arm)."""
    made = np.random.default_rng(seed).standard_t(freedom, (n_runs, n_days + 30, 2))
    made[..., 1] = rho * made[..., 0] + math.sqrt(1.0 - rho * rho) * made[..., 1]
    for t in range(1, n_days + 30):
        made[:, t] += phi * made[:, t - 1]
    return made[:, 30:] * 0.01


def slow(a, b, generator, n_samples, block):
    """Return p above 0 and either, written straight down from section 3.2 of the paper."""
    n, n_blocks = len(a), len(a) // block

    def ratios(x, y):
        m = np.array([x.mean(), y.mean(), np.mean(x**2), np.mean(y**2)])
        va, vb = m[2] - m[0] ** 2, m[3] - m[1] ** 2
        gradient = np.array([m[2] / va**1.5, -m[3] / vb**1.5, -m[0] / (2 * va**1.5), 0.0])
        gradient[3] = m[1] / (2 * vb**1.5)
        return m[0] / va**0.5 - m[1] / vb**0.5, gradient, m

    found = sharpe_difference(a, b, block)
    above, far = 0, 0
    starts = generator.integers(0, n, size=(n_samples, -(-n // block)))
    for row in starts:
        days = np.concatenate([(np.arange(s, s + block)) % n for s in row])[:n]
        value, gradient, mean = ratios(a[days], b[days])
        y = np.column_stack((a[days], b[days], a[days] ** 2, b[days] ** 2)) - mean
        zeta = [y[j * block : (j + 1) * block].sum(axis=0) / block**0.5 for j in range(n_blocks)]
        psi = sum(np.outer(z, z) for z in zeta) / n_blocks
        drawn = (value - found.value) / math.sqrt(gradient @ psi @ gradient / n)
        above += drawn >= found.z
        far += abs(drawn) >= abs(found.z)
    return (1 + above) / (1 + n_samples), (1 + far) / (1 + n_samples)


def test_g12_the_ledoit_wolf_statistic_is_the_one_that_is_drawn_around():
    found = sharpe_test(A, B, seed=1, n_samples=99, block_days=4)
    assert found.value == pytest.approx(0.14768286168092115, abs=1e-9)
    assert found.standard_error == pytest.approx(0.09897265363677098, abs=1e-9)
    assert found.z == pytest.approx(1.4921582503275737, abs=1e-9)


@pytest.mark.parametrize("block", [1, 4, 5, 7])
def test_the_draws_are_those_of_the_paper(block):
    first, second = pairs(3, 1, 61, 0.2)[0].T
    found = sharpe_test(first + 0.002, second, seed=9, n_samples=300, block_days=block)
    above, far = slow(first + 0.002, second, np.random.default_rng(9), 300, block)
    assert (found.greater, found.either) == pytest.approx((above, far), abs=1e-12)


def test_swapping_the_runs_swaps_the_sides():
    first, second = pairs(4, 1, 90)[0].T
    one, other = (sharpe_test(*pair, seed=2) for pair in ((first, second), (second, first)))
    assert (one.greater, one.less, one.either) == (other.less, other.greater, other.either)
    assert one.greater + one.less == pytest.approx(1.0, abs=1e-3)


def test_a_scale_changes_nothing():
    """The ratio is return for risk: twice the size is no better."""
    first, second = pairs(5, 1, 60)[0].T
    plain, larger = sharpe_test(first, second, seed=3), sharpe_test(8.0 * first, second, seed=3)
    assert larger.greater == plain.greater
    assert larger.value == pytest.approx(plain.value, rel=1e-12)


def test_drawn_in_parts_or_at_once_it_has_the_same_law(monkeypatch):
    first, second = pairs(6, 1, 60)[0].T
    whole = sharpe_test(first, second, seed=3, n_samples=4_000)
    monkeypatch.setattr("quorate.statistics.studentised._AT_ONCE", 6_000)
    parts = sharpe_test(first, second, seed=3, n_samples=4_000)
    assert parts.greater == pytest.approx(whole.greater, abs=0.03)


@pytest.mark.parametrize(("n_days", "phi"), [(14, 0.2), (28, 0.0), (28, 0.3)])
def test_without_a_difference_it_rarely_finds_one(n_days, phi):
    made = pairs(21, 300, n_days, phi)
    p = np.array([sharpe_test(*run.T, seed=k, n_samples=199).greater for k, run in enumerate(made)])
    normal = np.array([sharpe_difference(*run.T).p_value / 2 for run in made])
    side = np.array([sharpe_difference(*run.T).value > 0.0 for run in made])
    assert np.mean(p <= 0.05) <= 0.05 + 2.0 * math.sqrt(0.05 * 0.95 / 300)
    # the normal p-value of so short a record is too sure of itself
    assert np.mean(side & (normal <= 0.05)) > np.mean(p <= 0.05)


def test_the_larger_the_difference_the_oftener_it_is_found():
    made = pairs(22, 120, 60)
    found = []
    for more in (0.0, 0.002, 0.004, 0.008):
        p = [
            sharpe_test(run[:, 0] + more, run[:, 1], seed=k, n_samples=199).greater
            for k, run in enumerate(made)
        ]
        found.append(float(np.mean(np.array(p) <= 0.05)))
    assert all(a < b for a, b in pairwise(found))
    assert found[-1] > 0.8


def test_what_cannot_be_told_says_why():
    first, second = pairs(7, 1, 30)[0].T
    assert "two blocks" in sharpe_test(first[:9], second[:9], seed=1).why
    assert "never traded" in sharpe_test(first, np.zeros(30), seed=1).why
    assert "do not differ" in sharpe_test(first, first, seed=1).why
    assert math.isnan(sharpe_test(first, first, seed=1).greater)
    with pytest.raises(ValueError, match="block_days 0"):
        sharpe_test(first, second, seed=1, block_days=0)


def test_one_lucky_day_is_no_skill():
    """Draws without the day have no spread of their own, and count against it."""
    lucky = np.zeros(28)
    lucky[5] = 0.05
    other = pairs(8, 1, 28)[0][:, 0]
    assert sharpe_test(lucky, other - other.mean(), seed=1).greater > 0.3


def test_days_that_one_lacks_are_left_out():
    first, second = pairs(9, 1, 40)[0].T
    holed = first.copy()
    holed[3] = np.nan
    found = sharpe_test(holed, second, seed=1)
    assert found.n_days == 39
    assert found == sharpe_test(np.delete(first, 3), np.delete(second, 3), seed=1)
