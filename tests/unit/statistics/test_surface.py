"""A plateau is told from a peak."""

from __future__ import annotations

import math

import numpy as np
import pytest

from quorate.statistics.surface import sensitivity

X, Y = np.meshgrid([0.1, 1.0, 10.0, 100.0], [5.0, 6.0, 7.0])
GRID = np.column_stack((X.ravel(), Y.ravel()))


def test_a_plateau_keeps_its_result_and_a_peak_does_not():
    flat, peak = np.full(12, 2.0), np.zeros(12)
    peak[5] = 2.0
    assert sensitivity(GRID, flat, 5).kept == 1.0
    assert sensitivity(GRID, peak, 5).kept == 0.0
    assert sensitivity(GRID, flat, 5).n_neighbours == 4
    assert sensitivity(GRID, flat, 0).n_neighbours == 2


def test_a_fall_belongs_to_its_setting():
    results = -np.abs(np.log10(GRID[:, 0])) * 3.0 - np.abs(GRID[:, 1] - 6.0) + 4.0
    found = sensitivity(GRID, results, 5)
    assert found.chosen == 4.0
    assert found.falls == pytest.approx([3.0, 1.0])
    assert (found.median, found.worst, found.kept) == pytest.approx((2.0, 1.0, 0.5))


def test_rows_in_another_order_say_the_same():
    draw = np.random.default_rng(1)
    results, order = draw.standard_normal(12), draw.permutation(12)
    one = sensitivity(GRID, results, 7)
    other = sensitivity(GRID[order], results[order], int(np.flatnonzero(order == 7)[0]))
    assert one.falls == pytest.approx(other.falls)
    assert (one.median, one.worst) == (other.median, other.worst)


def test_what_is_not_known_is_left_out():
    results = np.full(12, 1.0)
    results[4] = np.nan
    assert sensitivity(GRID, results, 5).n_neighbours == 3
    alone = sensitivity(np.array([[1.0]]), np.array([1.0]), 0)
    assert alone.n_neighbours == 0
    assert math.isnan(alone.kept)
    assert np.isnan(alone.falls).all()
    assert math.isnan(sensitivity(GRID, -np.ones(12), 5).kept)
    with pytest.raises(ValueError, match="trial 12"):
        sensitivity(GRID, results, 12)
    with pytest.raises(ValueError, match="one result a trial"):
        sensitivity(GRID, results[:3], 0)
