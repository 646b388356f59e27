"""Murphy's parts add up, and say what they should in cases worked by hand."""

import numpy as np
import pytest

from quorate.research.murphy import murphy


def test_parts_by_hand():
    prob = np.array([0.9, 0.9, 0.6, 0.6])
    right = np.array([1.0, 1.0, 1.0, 0.0])
    told = murphy(prob, right, np.array([1.0, 1.0, 1.0, 1.0]))
    assert told.brier == pytest.approx((0.01 + 0.01 + 0.16 + 0.36) / 4)
    assert told.reliability == pytest.approx(0.5 * 0.01 + 0.5 * 0.01)
    assert told.resolution == pytest.approx(0.5 * 0.0625 + 0.5 * 0.0625)
    assert told.uncertainty == pytest.approx(0.75 * 0.25)
    assert told.within == pytest.approx(0.0, abs=1e-15)


def test_a_weight_of_two_is_two_samples():
    prob, right = np.array([0.6, 0.7, 0.8]), np.array([1.0, 0.0, 1.0])
    twice = murphy(np.repeat(prob, 2), np.repeat(right, 2), np.ones(6))
    assert murphy(prob, right, np.full(3, 2.0)) == pytest.approx(twice)


def test_calibrated_forecasts_have_no_reliability_term():
    draw = np.random.default_rng(5)
    prob = draw.uniform(0.2, 0.8, 200_000)
    right = (draw.uniform(size=prob.size) < prob).astype(float)
    told = murphy(prob, right, np.ones(prob.size))
    assert told.reliability < 5e-5  # of ten bins, chance leaves 1.25e-5
    assert told.resolution == pytest.approx(0.03, abs=2e-3)
    assert told.brier == pytest.approx(0.22, abs=2e-3)


def test_equal_forecasts_are_never_parted():
    """One forecast holds most of the weight: however many bins, it has one of them."""
    prob = np.concatenate([np.full(900, 0.5), np.linspace(0.51, 0.9, 100)])
    right = (np.arange(1000) % 2).astype(float)
    told = murphy(prob, right, np.ones(1000), n_bins=10)
    assert told.resolution == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(("weight", "n_bins"), [(0.0, 10), (1.0, 0)])
def test_nothing_to_weigh_is_refused(weight, n_bins):
    with pytest.raises(ValueError, match="must be above 0"):
        murphy(np.array([0.5]), np.array([1.0]), np.array([weight]), n_bins)
