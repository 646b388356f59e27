import numpy as np
import pytest

from quorate.core.consensus import calibration, params
from quorate.core.consensus.labels import N_CELLS, SCALE


def ended(wrong, right, cell=7):
    counts = np.zeros((2, 1, N_CELLS), dtype=np.int64)
    counts[0, 0, cell] = wrong * SCALE
    counts[1, 0, cell] = right * SCALE
    return counts


def test_before_any_label_every_strength_is_worth_a_coin_flip():
    prob = np.zeros((1, N_CELLS))
    calibration.step(10, ended(0, 0), params(), calibration.init(1), prob)
    assert (prob == 0.5).all()


def test_a_cell_learns_its_own_share_and_forgets_it():
    state, prob, given = calibration.init(1), np.zeros((1, N_CELLS)), params()
    calibration.step(0, ended(100, 300), given, state, prob)
    assert prob[0, 7] == pytest.approx((300 + 100) / (400 + 200))
    assert (np.delete(prob[0], 7) == 0.5).all()
    calibration.step(30 * 288, ended(0, 0), given, state, prob)
    assert prob[0, 7] == pytest.approx((150 + 100) / (200 + 200))


def test_an_engine_that_is_mostly_wrong_is_floored_not_flipped():
    state, prob = calibration.init(1), np.zeros((1, N_CELLS))
    calibration.step(0, ended(900, 100), params(), state, prob)
    assert prob[0, 7] == 0.5
