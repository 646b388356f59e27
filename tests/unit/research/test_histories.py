"""Blocks of days, and the labels that may teach beside a test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import TooLittleHistoryError
from quorate.research.histories import LEAST_DAYS, histories, may_teach
from quorate.research.splits import DAY_MS


@given(n_days=st.integers(30, 200), n_blocks=st.integers(2, 6), n_test=st.integers(1, 5))
def test_every_block_of_every_path_is_a_test_of_its_split(n_days, n_blocks, n_test):
    n_test = min(n_test, n_blocks - 1)
    found = histories(7, n_days, n_blocks=n_blocks, n_test=n_test)
    assert found.days[0, 0] == 7
    assert found.n_days == n_days
    assert (found.days[1:, 0] == found.days[:-1, 1]).all()
    assert np.ptp(np.diff(found.days, axis=1)) <= 1
    for path in found.paths:
        for block, split in enumerate(path):
            assert block in found.tests[split]


@given(
    starts=st.lists(st.integers(0, 59), min_size=1, max_size=60),
    lengths=st.lists(st.integers(0, 9), min_size=60, max_size=60),
    embargo=st.integers(0, 6),
    split=st.integers(0, 5),
)
def test_nothing_that_teaches_touches_a_test_or_starts_just_after(starts, lengths, embargo, split):
    """Day by day, by hand: no shared day, no start in the embargo, and nothing else is lost."""
    cut = histories(0, 60, n_blocks=4, n_test=2)
    start = np.array(starts)
    end = start + np.array(lengths[: len(starts)])
    kept = may_teach(cut, split, start * DAY_MS, end * DAY_MS, float(embargo))
    wait = max(embargo, int((end - start).max()))
    for i in range(len(start)):
        lasts = set(range(start[i], end[i] + 1))
        tests = [set(range(*cut.days[b])) for b in cut.tests[split]]
        after = [set(range(cut.days[b][1], cut.days[b][1] + wait)) for b in cut.tests[split]]
        touches = any(lasts & test for test in tests)
        starts_after = any(start[i] in rest for rest in after)
        assert kept[i] == (not touches and not starts_after)


def test_of_a_long_history_a_hundredth_is_kept_apart():
    cut = histories(0, 1_000, n_blocks=4, n_test=1)
    start = np.arange(250, 1_000) * DAY_MS
    kept = start[may_teach(cut, 0, start, start + DAY_MS, 4.0)] // DAY_MS
    assert kept[0] == 250 + 10


def test_too_few_days_say_how_many_are_needed():
    with pytest.raises(TooLittleHistoryError, match=f"at least {6 * LEAST_DAYS}"):
        histories(0, 6 * LEAST_DAYS - 1)
