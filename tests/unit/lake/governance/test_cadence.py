"""The interval in force is read from the times, and what it asks for is missing or there."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.lake.governance.cadence import SETTLED, holes, own_steps


@pytest.mark.parametrize(
    ("step", "own"),
    [
        ([8] * 9 + [4004] + [8] * 3, [8] * 13),
        ([8] * 9 + [4] * SETTLED, [8] * 9 + [4] * SETTLED),
        # five are not enough: they came in between
        ([8] * 9 + [4] * (SETTLED - 1) + [8], [8] * 15),
        # a hole that stands often is no interval
        ([1] * 9 + [48] * 9 + [1] * 9, [1] * 27),
        # before the first run its interval counts, after a hole that of the run before
        ([16, 4] + [8] * 6 + [40] + [1] * 6, [8] * 9 + [1] * 6),
        # too few rows for a run: the commonest spacing
        ([8, 8, 16, 8], [8, 8, 8, 8]),
        ([0, 0], [1, 1]),
        ([], []),
    ],
)
def test_six_equal_spacings_make_an_interval(step, own):
    assert own_steps(np.array(step, np.int64), 24).tolist() == own


def test_a_hole_counts_what_the_interval_before_it_asks_for():
    at = np.cumsum([0, 8, 8, 24, 4, 4, 9, 6])
    found = holes(at, np.array([8, 8, 8, 4, 4, 4, 4]))
    assert found.first_ms.tolist() == [24, 52, 61]
    assert found.n.tolist() == [2, 1, 1]
    assert found.between_ms.tolist() == [24, 9, 6]
    assert found.times().tolist() == [24, 32, 52, 61]


def test_a_late_value_is_no_hole():
    assert holes(np.array([0, 5, 8]), np.array([4, 4])).n.size == 0


@pytest.mark.parametrize(
    ("span", "first", "n"),
    [
        ((0, 100), [8], [5]),
        ((9, 100), [12], [4]),
        ((12, 24), [12], [3]),
        ((12, 25), [12], [4]),
        ((0, 8), [], []),
        ((26, 100), [], []),
    ],
)
def test_a_hole_is_cut_to_a_span(span, first, n):
    whole = holes(np.array([4, 28]), np.array([4]))
    cut = whole.within(*span)
    assert (cut.first_ms.tolist(), cut.n.tolist()) == (first, n)
    inside = [at for at in whole.times().tolist() if span[0] <= at < span[1]]
    assert cut.times().tolist() == inside
