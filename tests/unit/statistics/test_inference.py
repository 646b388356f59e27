"""How sure a Sharpe ratio is: golden vector G8 and Lo's correction."""

import math

import numpy as np
import pytest
from tests.unit.statistics.building import G16

from quorate.statistics.inference import (
    Moments,
    deflated_sharpe,
    expected_best,
    lo_adjusted_sharpe,
    lo_scale,
    min_track_record_days,
    moments,
    probabilistic_sharpe,
)
from quorate.statistics.ratios import sharpe

PAPER = Moments(2.5 / math.sqrt(250), 1250, -3.0, 10.0)


def test_g8_deflated_sharpe():
    assert expected_best(100) == pytest.approx(2.5306028932016846, abs=1e-9)
    assert math.sqrt(0.5 / 250) * expected_best(100) == pytest.approx(0.11317200186513214, abs=1e-9)
    assert probabilistic_sharpe(PAPER) == pytest.approx(0.9999968595078976, abs=1e-9)
    for n_trials, expected in (
        (100, 0.9003968344493903),
        (46, 0.9505017068755787),
        (88, 0.910153014744707),
    ):
        assert deflated_sharpe(PAPER, n_trials, 0.5 / 250) == pytest.approx(expected, abs=1e-9)


def test_g8_min_track_record():
    normal = Moments(0.1, 0, 0.0, 3.0)
    assert min_track_record_days(normal) == pytest.approx(272.907117136589, abs=1e-7)
    skewed = Moments(0.1, 0, -0.5, 5.0)
    assert min_track_record_days(skewed) == pytest.approx(287.78760613411384, abs=1e-7)


@pytest.mark.parametrize(("annual", "days"), [(1.0, 1019), (2.0, 266)])
def test_the_record_a_year_of_daily_days_needs(annual, days):
    found = Moments(annual / math.sqrt(365), 0, -0.5, 8.0)
    assert math.ceil(min_track_record_days(found)) == pytest.approx(days, abs=1)


def test_a_record_of_that_length_is_just_significant():
    needed = min_track_record_days(Moments(0.1, 0, -0.5, 5.0))
    exact = probabilistic_sharpe(Moments(0.1, needed, -0.5, 5.0))
    assert exact == pytest.approx(0.95, abs=1e-9)


def test_our_convention_is_ddof_1_with_population_moments():
    found = probabilistic_sharpe(moments(G16))
    assert found == pytest.approx(0.63556, abs=5e-6)
    assert found != pytest.approx(0.64194, abs=1e-4)
    assert found != pytest.approx(0.63511, abs=1e-4)


def test_one_trial_deflates_nothing():
    assert expected_best(1) == 0.0
    assert deflated_sharpe(PAPER, 1, 0.5) == probabilistic_sharpe(PAPER)
    with pytest.raises(ValueError, match="n_trials is 0"):
        expected_best(0)


def test_a_ratio_not_above_the_benchmark_never_gets_there():
    assert min_track_record_days(Moments(0.0, 100, 0.0, 3.0)) == math.inf
    assert min_track_record_days(Moments(0.1, 100, 0.0, 3.0), benchmark=0.2) == math.inf
    with pytest.raises(ValueError, match=r"significance is 0\.7"):
        min_track_record_days(PAPER, significance=0.7)


@pytest.mark.parametrize("returns", [[], [0.1], [0.1, 0.1, 0.1]])
def test_what_has_no_ratio_has_no_probability(returns):
    found = moments(np.array(returns, dtype=np.float64))
    assert math.isnan(probabilistic_sharpe(found))
    assert math.isnan(min_track_record_days(found))


def test_a_variance_that_is_not_positive_gives_no_probability():
    assert math.isnan(probabilistic_sharpe(Moments(1.0, 10, 3.0, 1.0)))


def test_lo_scale():
    assert lo_scale(0.1) == pytest.approx(17.29, abs=5e-3)
    assert lo_scale(0.0) == pytest.approx(math.sqrt(365))
    assert lo_scale(-0.1) > math.sqrt(365)
    assert lo_scale(0.2, 2) == pytest.approx(2 / math.sqrt(2 + 2 * 0.2))


def test_lo_punishes_trends_and_rewards_reversal():
    trending = np.repeat([0.02, -0.01, 0.03, -0.02], 5)
    reverting = np.tile([0.02, -0.01, 0.03, -0.02], 5)
    assert sharpe(trending) == pytest.approx(sharpe(reverting))
    assert lo_adjusted_sharpe(trending) < sharpe(trending)
    assert lo_adjusted_sharpe(reverting) > sharpe(reverting)
    assert math.isnan(lo_adjusted_sharpe(np.array([0.1, -0.1])))
