"""Choosing the best of many: found out where there is nothing, and where there is something."""

import numpy as np
import pytest

from quorate.statistics.overfitting import probability_of_overfitting
from quorate.statistics.selection import against, grid_of, is_scale, overfit
from quorate.statistics.surface import sensitivity


def noise(seed, n_days=120, n=12):
    return np.random.default_rng(seed).normal(0.0, 0.01, (n_days, n))


@pytest.mark.slow
def test_pbo_is_that_of_as_many_blocks_as_the_days_allow():
    for n_days, n_blocks in ((120, 16), (64, 16), (63, 14), (45, 10), (16, 4)):
        returns = noise(1, n_days)
        found = overfit(returns)
        assert found.n_blocks == n_blocks
        expected = probability_of_overfitting(returns, n_blocks)
        assert found.found.probability == expected.probability
        assert found.found.logits.tolist() == expected.logits.tolist()


@pytest.mark.parametrize(
    ("returns", "why"),
    [
        (noise(1, 15), "needs 16 days, there are 15"),
        (noise(1, 90, 1), "one setting is no choice"),
        (np.zeros((90, 4)), "fewer than two settings ever moved"),
    ],
)
def test_what_cannot_be_asked_says_why(returns, why):
    assert overfit(returns).why == why
    assert overfit(returns).found is None


@pytest.mark.slow
def test_choosing_among_noise_overfits_and_choosing_skill_does_not():
    blind = np.mean([overfit(noise(seed)).found.probability for seed in range(8)])
    assert 0.3 < blind < 0.8
    skilled = noise(3)
    skilled[:, 4] += 0.01
    assert overfit(skilled).found.probability < 0.05
    found = against(skilled, noise(99)[:, 0], "holding BTC")
    assert 4 in found.better
    assert found.found.consistent < 0.05


def test_the_risk_a_setting_takes_is_no_skill():
    """Ten times as large is the same bet: what is asked is the ratio."""
    returns, held = noise(3), noise(1)[:, 0]
    returns[:, 4] += 0.01
    sizes = 10.0 ** np.arange(12)
    one, other = (against(each, held, "holding BTC") for each in (returns, returns * sizes))
    assert one.better == other.better
    assert one.found.consistent == other.found.consistent


def test_what_never_moved_or_is_the_benchmark_is_not_asked():
    returns = noise(5)
    returns[:, 0] = 0.0
    returns[3, 1] = np.nan
    returns[:, 2] = 3.0 * returns[:, 7]
    found = against(returns, returns[:, 7], "the default settings")
    assert found.n_asked == 12 - 4
    assert against(np.zeros((90, 3)), noise(1, 90)[:, 0], "x").why == "no setting moved otherwise"
    assert against(returns[:20], returns[:20, 7], "x").why == "needs 30 days, there are 20"
    held = returns[:, 7].copy()
    held[:5] = np.nan
    assert against(returns, held, "x").n_asked == 8 + 1  # the lost day of one is not asked for


def test_a_word_lies_beside_no_other_word():
    grid = grid_of([["a", "a", "a", "b", "c"], [1.0, 2.0, 3.0, 2.0, 2.0]])
    found = sensitivity(grid, np.array([1.0, 3.0, 2.0, 9.0, 9.0]), 1)
    assert found.n_neighbours == 2
    assert found.falls[0] == 1.5
    assert [is_scale(each) for each in ([1, 2.0], ["1"], [True])] == [True, False, False]
