"""Windows of a walk forward, on the calendar."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from quorate.errors import ConfigError, TooLittleHistoryError
from quorate.research.windows import windows

DAY = 288


def test_they_are_those_of_the_spec():
    found = windows(1, 425 * DAY, DAY)
    assert len(found) == 10
    first = found[0]
    assert (first.train_first, first.train_last) == (1, 120 * DAY)
    assert (first.test_first, first.test_last) == (124 * DAY + 1, 154 * DAY)
    assert [each.test_first - each.train_last - 1 for each in found] == [4 * DAY] * 10


@pytest.mark.parametrize("first_k", [1, 2, 100, DAY, DAY + 1])
def test_tests_follow_one_another_from_midnight_to_midnight(first_k):
    found = windows(first_k, 300 * DAY, DAY, train_days=60, purge_days=3, test_days=20)
    for before, after in itertools.pairwise(found):
        assert after.test_first == before.test_last + 1
    assert {each.test_first % DAY for each in found} == {1}
    assert found[0].train_first >= first_k
    assert found[-1].test_last <= first_k + 300 * DAY - 1


def test_no_label_that_trains_reaches_into_the_gap():
    horizon = 3 * DAY
    for window in windows(1, 300 * DAY, DAY, horizon_bars=horizon):
        start = np.arange(window.train_first, window.train_last + 1)
        ended = start[start + horizon <= window.train_last] + horizon
        assert ended.max() < window.test_first - horizon


def test_expanding_windows_learn_from_the_beginning():
    found = windows(1, 300 * DAY, DAY, expanding=True)
    assert {each.train_first for each in found} == {1}
    assert found[1].train_last - found[0].train_last == 30 * DAY


def test_the_last_test_may_be_shorter_but_not_than_half():
    assert len(windows(1, 139 * DAY, DAY)) == 1
    assert windows(1, 139 * DAY, DAY)[0].test_last == 139 * DAY
    said = r"138\.0 days hold no window of 120 \+ 4 days and half a test of 30"
    with pytest.raises(TooLittleHistoryError, match=said):
        windows(1, 138 * DAY, DAY)


def test_a_gap_shorter_than_a_label_is_refused():
    with pytest.raises(ConfigError, match="gap of 4 days is shorter than a label of 5 days"):
        windows(1, 300 * DAY, DAY, horizon_bars=5 * DAY)


def test_windows_of_nothing_are_refused():
    with pytest.raises(ConfigError, match="windows of 120"):
        windows(1, 300 * DAY, DAY, test_days=0)
