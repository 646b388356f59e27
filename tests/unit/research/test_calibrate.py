"""Calibrations: which method, when none, what they are worth, and how they join the buckets."""

import sys

import numpy as np
import pytest

from quorate.core.consensus import fitted
from quorate.core.consensus.fitted import CEILING, Kind
from quorate.core.consensus.labels import N_BUCKETS, N_CELLS, bucket
from quorate.core.kernel import signatures
from quorate.core.types import Regime
from quorate.errors import ConfigError
from quorate.research.calibrate import METHODS, Calibration, Uncalibrated, Why, cells, fit
from quorate.research.sample import sample


def votes(n=400, seed=1, slope=1.2, weight=None, low=0.5, high=0.75):
    draw = np.random.default_rng(seed)
    strength = draw.uniform(low, high, n)
    right = draw.uniform(size=n) < 0.5 + slope * (strength - 0.5)
    return sample(strength, right, None if weight is None else np.full(n, weight))


@pytest.mark.parametrize(
    ("n", "weight", "kind"),
    [
        (999, None, Kind.PLATT),
        (1000, None, Kind.BETA),
        (2000, None, Kind.BETA),
        (2001, None, Kind.ISOTONIC),
        (4000, 0.125, Kind.PLATT),
        (4000, 0.25, Kind.BETA),
    ],
)
def test_the_method_follows_labels_of_their_own_not_rows(n, weight, kind):
    assert fit(votes(n, weight=weight)).kind == kind


@pytest.mark.parametrize("method", METHODS[1:])
def test_a_method_that_is_asked_for_is_taken(method):
    assert fit(votes(), method=method).kind == Kind[method.upper()]


def test_too_few_labels_are_told_and_not_fitted():
    found = fit(votes(1_000, weight=0.125))
    assert isinstance(found, Uncalibrated)
    assert (found.why, found.n, found.mass) == (Why.TOO_FEW, 1_000, 125.0)
    assert "125.0 labels, fewer than 200.0" in found.message
    assert isinstance(fit(votes(1_000, weight=0.125), least_mass=125.0), Calibration)


@pytest.mark.parametrize(("right", "word"), [(1.0, "right"), (0.0, "wrong")])
def test_one_class_is_told_and_not_fitted(right, word):
    found = fit(sample(np.linspace(0.5, 0.7, 300), np.full(300, right)))
    assert isinstance(found, Uncalibrated)
    assert found.why == Why.ONE_CLASS
    assert f"all of 300 votes were {word}" in found.message


def test_no_votes_at_all_are_too_few():
    assert fit(sample([], [])).why == Why.TOO_FEW


@pytest.mark.parametrize("method", METHODS[1:])
def test_an_engine_of_one_strength_is_worth_its_share(method):
    curve = fit(sample(np.full(500, 0.6), np.arange(500) < 290), method=method)
    assert curve.prob([0.6]) == pytest.approx([0.58], abs=2e-3)
    assert curve.prob([0.9])[0] >= curve.prob([0.6])[0]


@pytest.mark.parametrize("method", METHODS[1:3])
def test_strengths_that_differ_by_rounding_are_one(method):
    """A slope between last digits would say 0.99 of whatever is stated a little higher."""
    right = np.tile([1.0, 0.0, 1.0, 1.0], 200)
    stated = np.tile([0.6, 0.6, np.nextafter(0.6, 1.0), np.nextafter(0.6, 1.0)], 200)
    curve = fit(sample(stated, right), method=method)
    assert curve.prob([0.6, 0.7]) == pytest.approx([0.75, 0.75], abs=2e-3)


@pytest.mark.parametrize("method", METHODS[1:])
def test_claims_that_mean_the_opposite_are_level(method):
    """Half of all votes are right, the stronger the fewer: no claim is worth more than none."""
    curve = fit(votes(3_000, slope=-1.0), method=method)
    assert curve.prob(np.linspace(0.5, 0.75, 26)) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("method", "near"), [("platt", 0.02), ("beta", 0.02), ("isotonic", 0.03), ("venn_abers", 0.03)]
)
def test_a_known_truth_is_found(method, near):
    curve = fit(votes(60_000, slope=0.8), method=method)
    at = np.linspace(0.52, 0.73, 12)
    assert curve.prob(at) == pytest.approx(0.5 + 0.8 * (at - 0.5), abs=near)
    assert curve.after.reliability < curve.before.reliability


def test_what_is_worth_less_than_a_half_is_floored_and_counted():
    wrong = fit(sample(np.repeat([0.55, 0.6], 300), np.tile([1, 0, 0, 0, 1, 0], 100)))
    assert wrong.n_floored == 600
    assert wrong.prob([0.55, 0.6]).tolist() == [0.5, 0.5]


def test_no_sample_makes_a_vote_certain():
    right = np.repeat([0.0, 1.0], 250)
    curve = fit(sample(np.repeat([0.5, 0.7], 250), right), method="isotonic")
    assert curve.prob([0.7, 1.0]).tolist() == [CEILING, CEILING]
    assert curve.n_capped == 250


def test_a_calibration_cannot_be_written_on():
    curve = fit(votes(3_000))
    for array in (curve.coefficients, curve.knots, curve.values, curve.highs):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_only_venn_abers_has_an_interval():
    with pytest.raises(ValueError, match="a calibration by platt has no interval"):
        fit(votes()).interval([0.6])
    low, high = fit(votes(), method="venn_abers").interval([0.4, 0.6, 0.99])
    assert low[0] == 0.0
    assert high[2] == 1.0
    assert (low <= high).all()


def test_the_kernel_has_one_signature_whatever_it_is_given():
    for method in METHODS:
        curve = fit(votes(), method=method)
        curve.prob(0.6)
        curve.prob(np.full((3, 4), 0.6)[:, ::2])
        curve.prob(np.full(3, 0.6, dtype=np.float32))
    assert signatures(fitted.scan) == 1


def test_cells_carry_the_fits_to_the_buckets_of_the_streaming_calibration():
    mine = votes(3_000, low=0.5, high=0.85)
    found = {
        ("one", Regime.RANGE): fit(mine),
        ("one", Regime.PANIC): fit(votes(10)),
        ("gone", Regime.RANGE): fit(mine),
    }
    strengths = dict.fromkeys(found, mine.strength)
    table = cells(found, strengths, ["other", "one"])
    assert table.shape == (2, N_CELLS)
    assert np.isnan(table[0]).all()
    cell = table[1, Regime.RANGE * N_BUCKETS :][:N_BUCKETS]
    assert np.isfinite(cell[:4]).all()
    assert np.isnan(cell[4])
    assert np.isnan(np.delete(table[1], np.arange(4) + Regime.RANGE * N_BUCKETS)).all()
    of = np.array([bucket(x) for x in mine.strength])
    prob = found["one", Regime.RANGE].prob(mine.strength)
    for b in range(4):
        assert cell[b] == pytest.approx(prob[of == b].mean(), rel=1e-12)


@pytest.mark.parametrize("wrong", [{"method": "temperature"}, {"least_mass": 0.0}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="choose one of auto, platt, beta, isotonic, venn_abers"):
        fit(votes(), **wrong)


@pytest.mark.parametrize(
    ("method", "module"), [("platt", "linear_model"), ("isotonic", "isotonic")]
)
def test_without_the_library_the_error_says_what_to_install(monkeypatch, method, module):
    monkeypatch.setitem(sys.modules, f"sklearn.{module}", None)
    with pytest.raises(ConfigError, match=r'pip install "quorate\[research\]"'):
        fit(votes(), method=method)
