"""Effective trials: copies are one, strangers are many, and other days are other trials."""

import numpy as np
import pytest

from quorate.statistics.effective import MOST, Steps, effective_trials, in_steps
from quorate.statistics.overfitting import effective_rank

jsharpe = pytest.importorskip("jsharpe")


def noise(seed, n_days=240, n_trials=8):
    return np.random.default_rng(seed).normal(0.0, 0.01, (n_days, n_trials))


def records(returns, first=19_000):
    return [in_steps(first, each) for each in returns.T]


@pytest.mark.parametrize(("n_days", "n_trials"), [(240, 8), (30, 200), (9, 9)])
def test_over_the_same_days_it_is_the_effective_rank(n_days, n_trials):
    """Also where there are more trials than days, where the other product is taken apart."""
    returns = noise(3, n_days, n_trials)
    returns[:, : n_trials // 2] += 2.0 * noise(4, n_days, 1)
    expected = jsharpe.effective_rank(np.corrcoef(returns, rowvar=False))
    assert effective_trials(records(returns)) == pytest.approx(expected, rel=1e-9)
    assert effective_trials(records(returns)) == pytest.approx(effective_rank(returns), rel=1e-9)


def test_copies_are_one_trial_and_what_does_not_vary_is_none():
    base = noise(5, n_trials=1)
    copies = records(np.column_stack([base * (k + 1) for k in range(40)]))
    assert effective_trials(copies) == pytest.approx(1.0)
    flat = in_steps(19_000, np.zeros(240))
    lost = in_steps(19_000, np.append(base[1:, 0], np.nan))
    assert effective_trials([*copies, flat, lost]) == pytest.approx(1.0)
    assert effective_trials([flat, lost]) == 0.0
    assert effective_trials([]) == 0.0


def test_the_same_settings_on_other_days_are_another_trial():
    days = noise(6, 300, 1)[:, 0]
    apart = [in_steps(0, days), in_steps(300, days)]
    assert effective_trials(apart) == pytest.approx(2.0)
    half = [in_steps(0, days), in_steps(150, days[150:])]
    assert 1.0 < effective_trials(half) < 2.0


def test_a_long_record_is_kept_in_longer_steps_and_still_compared():
    days = noise(7, 3 * MOST, 2)
    kept = in_steps(12_345, days[:, 0])
    assert kept.step_days == 4
    assert len(kept.returns) <= MOST
    assert kept.first == 12_345 // 4
    assert kept.returns.sum() == pytest.approx(days[:, 0].sum())
    short = in_steps(12_345 + 2 * MOST, days[2 * MOST :, 0])
    assert short.step_days == 1
    assert effective_trials([kept, in_steps(12_345, days[:, 1])]) == pytest.approx(2.0, abs=0.01)
    assert effective_trials([kept, short]) < 1.95  # the days they share are the same


def test_a_record_of_no_day_is_no_trial():
    assert in_steps(5, np.zeros(0)) == (5, 1, pytest.approx([]))
    assert effective_trials([Steps(5, 1, np.zeros(0))]) == 0.0
