"""Curves are monotone where their values are, level outside, and NaN stays NaN."""

import math

import numpy as np
import pytest

from quorate.core.curves import interpolate, logistic, place, stair


def test_equal_knots_are_a_jump():
    knots, values = np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 5.0, 6.0])
    assert interpolate(0.999999, knots, values) == pytest.approx(1.0, abs=1e-5)
    assert interpolate(1.0, knots, values) == 5.0
    assert place(1.0, knots) == 3


def test_one_knot_is_level():
    knots, values = np.array([0.5]), np.array([0.25])
    assert [interpolate(x, knots, values) for x in (0.0, 0.5, 9.0)] == [0.25] * 3


def test_nan_is_unknown():
    knots = np.array([0.0, 1.0])
    assert math.isnan(interpolate(math.nan, knots, knots))
    assert stair(math.nan, knots, knots, -1.0) == -1.0
    assert math.isnan(logistic(math.nan))


def test_lines_are_numpys():
    draw = np.random.default_rng(1)
    knots, values = np.sort(draw.normal(size=30)), draw.normal(size=30)
    at = draw.normal(size=500) * 1.5
    found = [interpolate(x, knots, values) for x in at]
    assert found == pytest.approx(np.interp(at, knots, values), abs=1e-12)


def test_logistic_is_its_own_mirror():
    for z in (0.1, 1.0, 30.0, 700.0):
        assert logistic(z) + logistic(-z) == pytest.approx(1.0, abs=1e-15)
