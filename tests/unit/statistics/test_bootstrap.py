"""Intervals from drawn series: what they hold, how wide they are, what blocks do to them."""

import math

import numpy as np
import pytest
from tests.unit.statistics.building import G16

from quorate.statistics.bootstrap import intervals, mean_interval
from quorate.statistics.drawdowns import max_drawdown
from quorate.statistics.ratios import mean_return, sharpe, sortino


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(3).normal(0.001, 0.02, 400)


def width(interval):
    return interval.high - interval.low


def test_each_interval_holds_its_number(noise):
    found = intervals(noise, seed=1, n_samples=400)
    for name, function in (
        ("mean_return", mean_return),
        ("sharpe", sharpe),
        ("sortino", sortino),
        ("max_drawdown", max_drawdown),
    ):
        low, high = getattr(found, name)
        assert low < function(noise) < high


def test_the_seed_says_which_series_are_drawn(noise):
    first = intervals(noise, seed=1, n_samples=200)
    assert first == intervals(noise, seed=1, n_samples=200)
    assert first != intervals(noise, seed=2, n_samples=200)


def test_the_interval_is_as_wide_as_theory_says(noise):
    """Independent days: the standard error of a year's ratio is about sqrt(365 / N)."""
    found = intervals(noise, seed=1, n_samples=2_000, block_days=1.0)
    assert width(found.sharpe) == pytest.approx(2 * 1.96 * math.sqrt(365 / 400), rel=0.12)
    error = np.std(noise, ddof=1) / math.sqrt(400) * 365
    assert width(found.mean_return) == pytest.approx(2 * 1.96 * error, rel=0.12)


def test_blocks_widen_the_interval_of_trending_days():
    trending = np.repeat(np.random.default_rng(5).normal(0.0, 0.02, 60), 10)
    days = intervals(trending, seed=1, n_samples=500, block_days=1.0)
    blocks = intervals(trending, seed=1, n_samples=500, block_days=30.0)
    assert width(blocks.sharpe) > 1.5 * width(days.sharpe)
    assert width(blocks.mean_return) > 1.5 * width(days.mean_return)
    assert blocks.max_drawdown.low < days.max_drawdown.low


def test_one_long_block_is_the_series_turned_around():
    """With a block longer than any series each drawn one is a rotation: same mean, same ratio."""
    found = intervals(G16, seed=1, n_samples=50, block_days=1e12)
    assert found.sharpe.low == pytest.approx(sharpe(G16))
    assert found.sharpe.high == pytest.approx(sharpe(G16))
    falls = [max_drawdown(np.roll(G16, n)) for n in range(len(G16))]
    assert min(falls) - 1e-12 <= found.max_drawdown.low <= found.max_drawdown.high
    assert found.max_drawdown.high <= max(falls) + 1e-12


def test_drawn_falls_are_those_of_the_drawdowns():
    """Two days: the four series that can be drawn have falls that are known."""
    returns = np.array([-0.1, 0.05])
    found = intervals(returns, seed=1, n_samples=4_000, block_days=1.0, level=0.999999)
    assert found.max_drawdown.low == pytest.approx(0.9 * 0.9 - 1)
    assert found.max_drawdown.high == 0.0


def test_drawn_series_without_a_loss_have_no_sortino():
    returns = np.array([-0.1, 0.05])
    found = intervals(returns, seed=1, n_samples=4_000, block_days=1.0)
    assert found.sortino.low == pytest.approx(-math.sqrt(365))
    assert math.isfinite(found.sortino.high)


def test_only_gains_have_an_interval_but_no_sortino():
    found = intervals(np.abs(G16) + 0.001, seed=1)
    assert math.isnan(found.sortino.low)
    assert found.sharpe.low > 0
    assert found.max_drawdown == (0.0, 0.0)


@pytest.mark.parametrize("returns", [[], [0.1], [0.0] * 9, [0.1, math.nan, 0.2]])
def test_what_has_no_ratio_has_no_interval(returns):
    for low, high in intervals(np.array(returns, dtype=np.float64), seed=1):
        assert math.isnan(low)
        assert math.isnan(high)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="level 2"):
        intervals(G16, seed=1, level=2)
    with pytest.raises(ValueError, match=r"block_days 0\.5"):
        intervals(G16, seed=1, block_days=0.5)


def test_the_mean_of_groups():
    values = np.random.default_rng(2).normal(1.0, 3.0, 50)
    found = mean_interval(values, seed=4, n_samples=4_000)
    assert found == mean_interval(values, seed=4, n_samples=4_000)
    assert found.low < np.mean(values) < found.high
    error = np.std(values, ddof=1) / math.sqrt(50)
    assert width(found) == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_two_groups_say_nothing_of_their_spread():
    assert all(math.isnan(bound) for bound in mean_interval(np.array([1.0, 2.0]), seed=1))


def test_one_lucky_day_is_not_skill():
    returns = np.zeros(38)
    returns[20] = 0.01
    found = intervals(returns, seed=1)
    assert found.sharpe.low == 0.0 < found.sharpe.high
    assert found.mean_return.low == 0.0
