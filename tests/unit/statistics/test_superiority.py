"""The best of many against a benchmark: level, power, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.statistics.superiority import _stepwise, _variance, superior


def days(seed, n_days=150, n=6):
    return np.random.default_rng(seed).standard_t(4, (n_days, n)) * 0.01


def test_the_best_of_many_is_found_alone():
    made = days(1)
    edge = np.array([0.0, 0.008, 0.0, -0.01, 0.0])
    found = superior(made[:, 1:] + edge, made[:, 0], seed=1, n_samples=499)
    assert found.better == (1,)
    assert found.lower <= found.consistent <= found.upper < 0.05


def test_luck_alone_is_rarely_better():
    found = [superior(days(k)[:, 1:], days(k)[:, 0], seed=k, n_samples=199) for k in range(40)]
    # 5% of 40 is 2, and three standard errors
    assert sum(each.consistent < 0.05 for each in found) <= 6
    assert sum(bool(each.better) for each in found) <= 6


def test_the_same_seed_gives_the_same_answer():
    made = days(2)
    one, same, other = (
        superior(made[:, 1:], made[:, 0], seed=seed, n_samples=199) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


@pytest.mark.parametrize("seed", range(6))
def test_it_agrees_with_arch_where_all_vary_alike(seed):
    """arch compares means that are not studentised: the same where differences vary alike."""
    bootstrap = pytest.importorskip("arch.bootstrap")
    draw = np.random.default_rng(seed)
    ahead = draw.standard_normal((200, 8)) + 0.4 * draw.standard_normal((200, 1))
    ahead -= ahead.mean(axis=0)
    ahead /= np.sqrt(_variance(ahead, 5))  # then a studentised mean is the mean, but for a factor
    ahead += np.linspace(-0.5, 0.13 + 0.02 * seed, 8)
    held = draw.standard_normal(200)
    found = superior(ahead + held[:, None], held, seed=seed, n_samples=4_000, block_days=5)
    test = bootstrap.SPA(-held, -(ahead + held[:, None]), block_size=5, reps=4_000, seed=seed)
    test.compute()
    # four Monte Carlo errors of 0.005 each
    assert found.consistent == pytest.approx(test.pvalues["consistent"], abs=0.028)
    assert found.upper == pytest.approx(test.pvalues["upper"], abs=0.028)
    assert found.lower == pytest.approx(test.pvalues["lower"], abs=0.028)
    step = bootstrap.StepM(-held, -(ahead + held[:, None]), block_size=5, reps=4_000, seed=seed)
    step.compute()
    assert list(found.better) == step.superior_models
    variance = _variance(ahead - ahead.mean(axis=0), 5)
    assert variance == pytest.approx(test._loss_diff_var, rel=1e-9)


def test_a_noisy_challenger_does_not_hide_a_steady_one():
    made = days(7, 300, 3)
    made[:, 1] = made[:, 0] + 0.001 + 0.0005 * days(8, 300, 1)[:, 0]
    made[:, 2] = 30.0 * days(9, 300, 1)[:, 0]
    assert superior(made[:, 1:], made[:, 0], seed=1).better == (0,)


def test_those_found_make_room_for_the_next():
    """Where the best is out, the bound for the rest falls: the step in the stepwise test."""
    t = np.array([5.0, 2.0, 0.0])
    apart = np.zeros((1_000, 3))
    apart[:60, 0], apart[:30, 1] = 3.0, 1.5
    assert _stepwise(t, apart, 0.05) == (0, 1)
    assert _stepwise(t[1:], apart[:, 1:], 0.05) == (0,)
    assert _stepwise(np.array([2.5, 2.0, 0.0]), apart, 0.05) == ()


def test_what_cannot_be_compared_is_refused():
    made = days(4)
    with pytest.raises(ValueError, match="common day"):
        superior(made, made[:-1, 0], seed=1)
    with pytest.raises(ValueError, match="does not differ"):
        superior(made, made[:, 0], seed=1)
    with pytest.raises(ValueError, match="level is 2"):
        superior(made[:, 1:], made[:, 0], seed=1, level=2)
    made[3, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        superior(made[:, 1:], made[:, 0], seed=1)
