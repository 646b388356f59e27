import numpy as np
import pytest

from quorate.core.routing import init, params
from quorate.core.routing.persistence import step, value
from quorate.core.types import Regime

NOTHING_SHRUNK = params(schedule_hours=1 / 6, prior_mass=0.0, half_life_days=1e4)


def fold(scores, constants, regimes=None, k0=1000):
    scores = np.asarray(scores, dtype=float)
    state = init(scores.shape[1], constants)
    for t, row in enumerate(scores):
        regime = np.zeros(scores.shape[1], np.int8) if regimes is None else regimes[t]
        step(row, regime, k0 + t, state, constants)
    return state


def counts(state, regime=0):
    return state.counts[:, regime]


def test_pairs_are_one_schedule_apart():
    state = fold([[1.0], [-1.0], [2.0], [-0.1], [-1.0]], NOTHING_SHRUNK)
    # (1, 2), (-1, -0.1), (2, -1): two of three pairs keep their sign
    np.testing.assert_allclose(counts(state), [2.0, 3.0], rtol=1e-5)
    assert value(0, state, NOTHING_SHRUNK) == pytest.approx(2 / 3, rel=1e-5)


def test_a_score_of_zero_starts_no_pair_and_ends_one():
    state = fold([[0.0], [1.0], [1.0], [0.0]], NOTHING_SHRUNK)
    np.testing.assert_allclose(counts(state), [0.0, 1.0], rtol=1e-5)


def test_an_unknown_score_makes_no_pair():
    state = fold([[np.nan], [1.0], [1.0], [np.nan], [1.0]], NOTHING_SHRUNK)
    np.testing.assert_allclose(counts(state), [1.0, 1.0], rtol=1e-5)


def test_a_pair_counts_for_the_regime_it_started_in():
    regimes = np.array([[Regime.TREND], [Regime.RANGE], [Regime.PANIC]], dtype=np.int8)
    state = fold([[1.0], [1.0], [1.0]], NOTHING_SHRUNK, regimes)
    assert counts(state, Regime.TREND)[1] > 0.0
    assert counts(state, Regime.RANGE)[1] == 0.0
    assert counts(state, Regime.PANIC)[1] == 0.0


def test_coins_are_pooled():
    state = fold(np.ones((3, 4)), NOTHING_SHRUNK)
    np.testing.assert_allclose(counts(state), [4.0, 4.0], rtol=1e-5)


def test_little_evidence_stays_near_one_half():
    constants = params(schedule_hours=1 / 6)
    state = fold(np.ones((12, 1)), constants)
    assert 0.5 < value(0, state, constants) < 0.53


def test_counts_halve_in_a_half_life():
    constants = params(schedule_hours=1 / 12, half_life_days=1.0, prior_mass=0.0)
    state = fold(np.ones((2, 1)), constants)
    start = counts(state)[1]
    for t in range(288):
        step(np.array([np.nan]), np.zeros(1, np.int8), 1002 + t, state, constants)
    assert counts(state)[1] == pytest.approx(0.5 * start, rel=1e-9)


def test_init_wants_a_coin():
    with pytest.raises(ValueError, match="at least 1 coin"):
        init(0, params())
