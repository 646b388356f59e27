"""Blocks by running sums: the same law as days drawn one by one, and as arch's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap

from quorate.statistics.bootstrap import stationary_days
from quorate.statistics.draws import _lengths, p_value, sharpe_differences


def pair(seed, n=400):
    made = np.random.default_rng(seed).standard_t(4, (n, 2)) * 0.01
    made[1:] += 0.3 * made[:-1]
    made[:, 1] = 0.7 * made[:, 0] + 0.7 * made[:, 1]
    return made[:, 0] + 0.001, made[:, 1]


def sharpes(x):
    return x.mean(axis=0) / x.std(axis=0, ddof=1)


@pytest.mark.parametrize(
    ("n", "block", "near"),
    # blocks longer than the record leave all but one draw in twenty as they were
    [(60, 1.0, 0.04), (61, 4.0, 0.04), (400, 20.0, 0.04), (30, 500.0, 0.15)],
)
def test_the_law_is_that_of_days_drawn_one_by_one(n, block, near):
    a, b = pair(1, n)
    drawn = sharpe_differences(a, b, seed=1, n_samples=20_000, block=block)
    days = stationary_days(n, 20_000, block, 2)
    slow = sharpes(a[days]) - sharpes(b[days])
    assert drawn.mean() == pytest.approx(slow.mean(), abs=4 * slow.std() / math.sqrt(10_000))
    assert drawn.std() == pytest.approx(slow.std(), rel=near)
    for level in (0.05, 0.5, 0.95):
        low, high = np.quantile(slow, [level - 0.015, level + 0.015])
        assert low - 1e-12 <= np.quantile(drawn, level) <= high + 1e-12


def test_the_p_value_is_that_of_arch():
    a, b = pair(2)
    value = float(sharpes(a) - sharpes(b))
    ours = p_value(sharpe_differences(a, b, seed=3, n_samples=4_000, block=8.0), value)
    made = StationaryBootstrap(8, a, b, seed=4)
    drawn = made.apply(lambda x, y: np.array([sharpes(x) - sharpes(y)]), 4_000)[:, 0]
    theirs = p_value(drawn, value)
    assert ours == pytest.approx(theirs, abs=4 * math.sqrt(2 * theirs * (1 - theirs) / 4_000))


def test_a_block_is_as_long_as_the_geometric_law_says():
    within, guide = _lengths(200, 10.0)
    bits = np.random.default_rng(1).integers(0, 2**32, 200_000)
    length = np.searchsorted(within, bits, side="right") + 1
    assert length.mean() == pytest.approx(10.0, rel=0.01)
    assert np.mean(length == 1) == pytest.approx(0.1, abs=0.004)
    # a guide never begins beyond what it is to find
    assert np.all(guide[bits >> 20] <= np.minimum(length, 200))


def test_the_same_seed_gives_the_same_draws():
    a, b = pair(3)
    one, same, other = (sharpe_differences(a, b, seed=s, n_samples=50) for s in (1, 1, 2))
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()


def test_what_says_nothing_is_not_a_number():
    a, b = pair(4)
    assert np.isnan(sharpe_differences(a, np.zeros(400), seed=1, n_samples=9)).all()
    assert np.isnan(sharpe_differences(a[:1], b[:1], seed=1, n_samples=9)).all()
    assert math.isnan(p_value(np.array([np.nan]), 1.0))
    with pytest.raises(ValueError, match=r"block 0\.5"):
        sharpe_differences(a, b, seed=1, block=0.5)
