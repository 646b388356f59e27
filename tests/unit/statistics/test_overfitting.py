"""Overfitting: golden vector G9, effective trials, and what luck and skill look like."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from quorate.statistics.inference import expected_best, kelly_share, lo_scale, min_backtest_days
from quorate.statistics.overfitting import clusters, effective_rank, probability_of_overfitting

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jsharpe
    import purgedcv


def g9():
    t, j = np.arange(24)[:, None], np.arange(4)[None, :]
    return (((7 * t + 3 * j**2 + ((t**2 * (j + 1)) % 11)) % 13) - 6) / 100


def noise(seed, n_days=240, n_trials=8):
    return np.random.default_rng(seed).standard_t(4, (n_days, n_trials)) * 0.01


def test_g9_probability_of_overfitting():
    found = probability_of_overfitting(g9(), 6)
    assert len(found.logits) == 20
    assert found.probability == pytest.approx(0.2, abs=1e-12)
    assert found.mean_logit == pytest.approx(0.19423760221431222, abs=1e-9)


@pytest.mark.parametrize(("seed", "n_blocks"), [(1, 4), (2, 8), (3, 10)])
def test_it_is_that_of_purgedcv(seed, n_blocks):
    returns = noise(seed)
    oracle = purgedcv.probability_of_backtest_overfitting(returns.T, n_blocks)
    assert probability_of_overfitting(returns, n_blocks).probability == pytest.approx(
        oracle.pbo, abs=1e-12
    )


def test_luck_is_overfitting_and_skill_is_not():
    luck = np.mean([probability_of_overfitting(noise(k), 8).probability for k in range(30)])
    assert 0.35 < luck < 0.65
    found = []
    for edge in (0.0, 0.001, 0.002, 0.005):
        skilled = [noise(k) + edge * (np.arange(8) == 3) for k in range(10)]
        found.append(np.mean([probability_of_overfitting(x, 8).probability for x in skilled]))
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.05


def test_trials_that_say_nothing_rank_last():
    returns = noise(4)
    returns[:, 2] = 0.0
    returns[5, 1] = np.nan
    rest = np.delete(returns, [1, 2], axis=1)
    assert probability_of_overfitting(returns, 6).probability <= 1.0
    assert probability_of_overfitting(rest, 6).probability >= 0.0


def test_what_is_no_matrix_of_trials_is_refused():
    with pytest.raises(ValueError, match="n_blocks is 5"):
        probability_of_overfitting(noise(1), 5)
    with pytest.raises(ValueError, match="at least 2 trials"):
        probability_of_overfitting(noise(1)[:, :1], 6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_effective_rank_is_that_of_jsharpe(seed):
    returns = noise(seed)
    returns[:, :4] += 0.02 * noise(seed + 10)[:, :1] / 0.01
    expected = jsharpe.effective_rank(np.corrcoef(returns, rowvar=False))
    assert effective_rank(returns) == pytest.approx(expected, rel=1e-9)


def test_copies_are_one_trial():
    base = noise(5, n_trials=3)
    copies = np.column_stack([base[:, k % 3] * (1 + k) + 0.001 * k for k in range(12)])
    assert effective_rank(copies) == pytest.approx(effective_rank(base), rel=0.01)
    assert clusters(copies) == 3
    assert effective_rank(np.column_stack((copies, np.zeros(240)))) == effective_rank(copies)
    assert (effective_rank(np.zeros((9, 2))), clusters(np.zeros((9, 2)))) == (0.0, 0)
    assert (effective_rank(base[:, :1]), clusters(base[:, :1])) == (1.0, 1)


def test_groups_are_found_between_their_ends():
    generator = np.random.default_rng(6)
    groups = generator.standard_normal((300, 5))
    returns = np.repeat(groups, 6, axis=1) + 0.4 * generator.standard_normal((300, 30))
    assert clusters(returns) == 5
    assert 5.0 < effective_rank(returns) < 30.0
    assert clusters(returns, 0.999) == 30
    with pytest.raises(ValueError, match="likeness is 1"):
        clusters(returns, 1)


def test_the_least_backtest():
    """Bailey et al. (2014): 45 trials want five years or luck shows a ratio of 1."""
    assert min_backtest_days(45) / 365 == pytest.approx(5.0, abs=0.05)
    for n in (2, 45, 1_000):
        assert min_backtest_days(n) == pytest.approx(365 * expected_best(n) ** 2)
        assert min_backtest_days(n) < 730 * math.log(n)
        assert min_backtest_days(n, 2.0) == pytest.approx(min_backtest_days(n) / 4)
    assert min_backtest_days(1) == 0.0
    with pytest.raises(ValueError, match="annual is 0"):
        min_backtest_days(5, 0.0)


def test_g20_kelly_shrink():
    """A year of an annual ratio of 1 bears half of the Kelly bet; more days bear more."""
    daily = 1.0 / math.sqrt(365.0)
    assert kelly_share(daily, 365) == pytest.approx(0.5, abs=1e-15)
    assert kelly_share(daily, 122) == pytest.approx(0.25, abs=2e-3)
    assert (kelly_share(-daily, 365), kelly_share(0.0, 365)) == (0.0, 0.0)
    assert math.isnan(kelly_share(math.nan, 365))
    # and it is where the growth that is to be expected is largest, by a search
    shares = np.linspace(0.0, 1.0, 2_001)
    growth = shares * daily**2 - shares**2 * (daily**2 + 1.0 / 200) / 2.0
    assert kelly_share(daily, 200) == pytest.approx(shares[np.argmax(growth)], abs=1e-3)


def test_g20_lo_scale():
    assert lo_scale(0.1) == pytest.approx(17.285882807294602, abs=1e-9)
    assert lo_scale(0.0) == pytest.approx(19.1049731745428, abs=1e-9)
