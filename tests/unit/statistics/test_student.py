"""Student's t against SciPy."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from quorate.statistics.student import point, upper


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 8, 27, 54, 401])
def test_tails_are_those_of_scipy(freedom):
    for t in (-40.0, -3.0, -0.2, 0.0, 0.001, 0.7, 1.9, 6.0):
        assert upper(t, freedom) == pytest.approx(stats.t.sf(t, freedom), abs=1e-13)


@pytest.mark.parametrize("freedom", [1, 4, 8, 27])
@pytest.mark.parametrize("chance", [0.5, 0.2, 0.05, 0.0071])
def test_points_are_those_of_scipy(freedom, chance):
    assert point(chance, freedom) == pytest.approx(stats.t.isf(chance, freedom), abs=1e-10)


def test_the_ends():
    assert (upper(math.inf, 5), upper(-math.inf, 5)) == pytest.approx((0.0, 1.0), abs=1e-15)
    assert math.isnan(upper(math.nan, 5))
    with pytest.raises(ValueError, match="freedom is 0"):
        upper(1.0, 0)
    with pytest.raises(ValueError, match=r"chance is 0\.7"):
        point(0.7, 3)
