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


def test_a_fit_speaks_in_its_cells_and_the_streaming_one_in_the_others():
    state, prob = calibration.init(1), np.zeros((1, N_CELLS))
    calibration.step(0, ended(100, 300), params(), state, prob)
    streaming = prob.copy()
    fitted = np.full((1, N_CELLS), np.nan)
    fitted[0, 3] = 0.62
    calibration.overrule(fitted, 0.5, prob)
    assert prob[0, 3] == 0.62
    assert (np.delete(prob, 3) == np.delete(streaming, 3)).all()


def test_the_floor_holds_for_fits_too():
    prob, fitted = np.full((1, N_CELLS), 0.7), np.full((1, N_CELLS), np.nan)
    fitted[0, :2] = 0.55, 0.65
    calibration.overrule(fitted, 0.6, prob)
    assert prob[0, :3].tolist() == [0.6, 0.65, 0.7]


def test_no_fit_is_a_table_without_rows_and_changes_nothing():
    prob = np.full((2, N_CELLS), 0.7)
    calibration.overrule(calibration.unfitted(), 0.9, prob)
    assert (prob == 0.7).all()
