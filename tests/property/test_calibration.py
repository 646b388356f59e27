"""What must hold of every calibration whatever the votes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.core.consensus.fitted import CEILING, FLOOR
from quorate.research.calibrate import METHODS, Calibration, fit
from quorate.research.sample import Sample, sample

MANY = settings(max_examples=60, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def samples(draw):
    """Draw votes of few or many strengths, of any honesty, weighted or not, some at the ends."""
    generator = np.random.default_rng(draw(SEEDS))
    n = draw(st.integers(2, 400))
    strength = generator.uniform(0.5, draw(st.sampled_from([0.55, 0.75, 1.0])), n)
    digits = draw(st.sampled_from([1, 2, 16]))
    strength = np.clip(np.round(strength, digits), 0.5, 1.0)
    share = 0.5 + draw(st.floats(-2.0, 2.0)) * (strength - 0.5) + draw(st.floats(-0.5, 0.5))
    right = generator.uniform(size=n) < share
    weight = generator.uniform(1e-3, 1.0, n) if draw(st.booleans()) else None
    return sample(strength, right, weight)


def fitted(votes, method):
    return fit(votes, method=method, least_mass=1e-9)


@MANY
@given(samples(), st.sampled_from(METHODS))
def test_curves_ascend_within_floor_and_ceiling(votes, method):
    curve = fitted(votes, method)
    if not isinstance(curve, Calibration):
        return
    grid = np.sort(np.concatenate([np.linspace(0.5, 1.0, 301), votes.strength]))
    prob = curve.prob(grid)
    assert (prob >= FLOOR).all()
    assert (prob <= CEILING).all()
    assert (np.diff(prob) >= -1e-15).all()


@MANY
@given(samples(), st.sampled_from(METHODS), SEEDS)
def test_a_row_alone_a_block_and_a_shuffled_block_give_the_same_bytes(votes, method, seed):
    curve = fitted(votes, method)
    if not isinstance(curve, Calibration):
        return
    draw = np.random.default_rng(seed)
    at = draw.uniform(0.5, 1.0, 60)
    at[::7] = np.nan
    block = curve.prob(at)
    order = draw.permutation(60)
    assert np.array([curve.prob(x) for x in at]).tobytes() == block.tobytes()
    assert curve.prob(at[order]).tobytes() == block[order].tobytes()
    assert curve.prob(at.reshape(4, 15)).tobytes() == block.tobytes()
    assert (block[::7] == FLOOR).all()


@MANY
@given(samples(), st.sampled_from(METHODS), SEEDS)
def test_votes_in_any_order_give_the_same_bytes(votes, method, seed):
    order = np.random.default_rng(seed).permutation(len(votes.strength))
    one, other = fitted(votes, method), fitted(Sample(*(each[order] for each in votes)), method)
    assert type(one) is type(other)
    if isinstance(one, Calibration):
        for name in ("coefficients", "knots", "values", "highs"):
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


@MANY
@given(samples(), st.sampled_from(METHODS))
def test_parts_of_the_brier_score_add_up(votes, method):
    curve = fitted(votes, method)
    if not isinstance(curve, Calibration):
        return
    for told in (curve.before, curve.after):
        parts = told.reliability - told.resolution + told.uncertainty + told.within
        assert parts == pytest.approx(told.brier, abs=1e-12)
        assert told.reliability >= 0.0
        assert told.resolution >= 0.0


@MANY
@given(samples())
def test_the_ends_of_venn_abers_hold_the_isotonic_fit(votes):
    wide, plain = fitted(votes, "venn_abers"), fitted(votes, "isotonic")
    if not isinstance(wide, Calibration):
        return
    low, high = wide.interval(votes.strength)
    middle = plain.prob(votes.strength)
    assert (low <= high).all()
    inside = (middle > FLOOR) & (middle < CEILING)
    assert (low[inside] <= middle[inside] + 1e-9).all()
    assert (middle[inside] <= high[inside] + 1e-9).all()
