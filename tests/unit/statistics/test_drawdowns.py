"""Drawdown episodes by hand, against a plain second form, and at the edges."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.core.kernel import signatures
from quorate.statistics import drawdowns
from quorate.statistics.drawdowns import (
    OPEN,
    average_drawdown,
    episodes,
    max_drawdown,
    time_to_recover,
)


def by_hand(returns):
    """Find the episodes day by day over the curve with its start."""
    wealth = [1.0]
    for value in returns:
        wealth.append(wealth[-1] * (1 + value))
    found, day = [], 1
    peak = 0
    while day < len(wealth):
        if wealth[day] >= wealth[peak]:
            peak = day
            day += 1
            continue
        end = day
        while end < len(wealth) and wealth[end] < wealth[peak]:
            end += 1
        trough = min(range(day, end), key=lambda t: (wealth[t], t))
        depth = wealth[trough] / wealth[peak] - 1
        found.append((peak, trough, end if end < len(wealth) else OPEN, depth))
        day = end
    return found


@given(st.lists(st.sampled_from([-0.5, -0.1, -0.03, 0.0, 0.07, 0.2, 0.9]), max_size=40))
@settings(max_examples=100, deadline=None)
def test_episodes_are_those_found_by_hand(values):
    found = episodes(np.array(values, dtype=np.float64))
    expected = by_hand(values)
    assert found.peak.tolist() == [row[0] for row in expected]
    assert found.recovery.tolist() == [row[2] for row in expected]
    assert found.depth.tolist() == pytest.approx([row[3] for row in expected], abs=1e-12)


def test_times_from_peak_and_from_trough():
    # start 1.0, 1.1 (peak, day 1), .88 (trough, day 2), .968, 1.2584 (back, day 4), then down
    returns = np.array([0.10, -0.20, 0.10, 0.30, -0.05, -0.01])
    found = time_to_recover(returns)
    assert found.mean_days_from_peak == 3.0
    assert found.mean_days_from_trough == 2.0
    assert found.open_days == 2.0


def test_an_open_episode_does_not_count_as_recovered():
    found = time_to_recover(np.array([0.1, -0.2, 0.01, 0.01]))
    assert math.isnan(found.mean_days_from_peak)
    assert math.isnan(found.max_days_from_peak)
    assert found.open_days == 3.0


def test_a_curve_that_never_fell():
    flat = np.zeros(5)
    assert len(episodes(flat).peak) == 0
    assert max_drawdown(flat) == average_drawdown(flat) == 0.0
    assert all(math.isnan(value) for value in time_to_recover(flat))
    assert max_drawdown(np.empty(0)) == 0.0


def test_rounding_is_no_drawdown():
    """(1 + x) / (1 + x) is not always 1 in floating point: that is not a loss of money."""
    returns = np.array([value for x in (0.1, 0.3, 0.7) for value in (x, 1 / (1 + x) - 1)])
    assert len(episodes(returns).peak) == 3
    assert len(episodes(np.array([-0.3, 1 / 0.7 - 1] * 20)).peak) == 20
    assert (episodes(np.array([-0.3, 1 / 0.7 - 1] * 20)).recovery != OPEN).all()


def test_unknown_days():
    returns = np.array([0.1, -0.2, math.nan, 0.5])
    assert math.isnan(max_drawdown(returns))
    assert math.isnan(average_drawdown(returns))
    assert episodes(returns).recovery.tolist() == [OPEN]


def test_the_most_episodes_there_can_be():
    assert len(episodes(np.array([-0.1, 0.2] * 500)).peak) == 500
    assert len(episodes(np.array([-0.1, 0.2] * 500 + [-0.1])).peak) == 501


def test_one_signature_whatever_is_given():
    episodes(np.array([0.1, -0.1])[::-1])
    read_only = np.array([0.1, -0.1])
    read_only.flags.writeable = False
    episodes(read_only)
    assert signatures(drawdowns._scan) <= 1
