"""No label that trains touches a label of the test, and none is dropped that does not."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.errors import LeakageError, TooLittleHistoryError
from quorate.research.splits import DAY_MS, Split, combinatorial, overlaps, paths, walk_forward

HOUR_MS = 3_600_000

# starts of some coins on a grid, some at the same instant, lasting very differently
LABELS = st.lists(
    st.tuples(st.integers(0, 80), st.one_of(st.integers(0, 3), st.integers(0, 25))),
    min_size=8,
    max_size=80,
)


def intervals(drawn):
    rows = np.array(sorted(drawn), np.int64)
    start = rows[:, 0] * HOUR_MS
    return start, start + rows[:, 1] * HOUR_MS


def touch(start, end, i, j):
    """Say whether two labels share an instant."""
    return start[i] <= end[j] and start[j] <= end[i]


def by_hand(start, end, blocks, tests, embargo_ms):
    """Return the rows that may train, asking every pair."""
    test_rows = [i for b in tests for i in blocks[b]]
    over = [max(int(end[i]) for i in blocks[b]) for b in tests]
    begun = [min(int(start[i]) for i in blocks[b]) for b in tests]
    found = []
    for i in range(len(start)):
        if i in test_rows or any(touch(start, end, i, j) for j in test_rows):
            continue
        if any(a <= start[i] <= o + embargo_ms for a, o in zip(begun, over, strict=True)):
            continue
        found.append(i)
    return found


def cut_into(start, n_blocks):
    """Return the rows of every block: as many distinct starts each, the rest in the last."""
    starts = sorted(set(start.tolist()))
    size = len(starts) // n_blocks
    where = {s: min(i // size, n_blocks - 1) for i, s in enumerate(starts)}
    return [[i for i, s in enumerate(start.tolist()) if where[s] == b] for b in range(n_blocks)]


@settings(max_examples=150, deadline=None)
@given(
    drawn=LABELS,
    n_blocks=st.integers(2, 6),
    n_test=st.integers(1, 5),
    embargo=st.sampled_from([0, 1, 7]),
)
def test_combinatorial_is_what_every_pair_says(drawn, n_blocks, n_test, embargo):
    start, end = intervals(drawn)
    n_test = min(n_test, n_blocks - 1)
    try:
        found = combinatorial(
            start, end, n_blocks=n_blocks, n_test=n_test, embargo_days=embargo / 24
        )
    except TooLittleHistoryError as error:
        if "blocks are asked for" in error.message:
            assert len(set(start.tolist())) < n_blocks
            return
        found = ()
    blocks = cut_into(start, n_blocks)
    if not found:
        trained = (
            by_hand(start, end, blocks, tests, embargo * HOUR_MS)
            for tests in combinations(range(n_blocks), n_test)
        )
        assert not all(trained)
    for split in found:
        assert split.test_rows.tolist() == [i for b in split.blocks for i in blocks[b]]
        expected = by_hand(start, end, blocks, split.blocks, embargo * HOUR_MS)
        assert split.train_rows.tolist() == expected
        assert overlaps(split, start, end) == 0
        assert np.all(split.train[:, 0] < split.train[:, 1])


@settings(max_examples=150, deadline=None)
@given(
    drawn=LABELS,
    train=st.integers(1, 40),
    purge=st.integers(0, 30),
    test=st.integers(1, 20),
    expanding=st.booleans(),
)
def test_walks_train_on_what_is_over_before_the_test(drawn, train, purge, test, expanding):
    start, end = intervals(drawn)
    windows = {"train_days": train / 24, "purge_days": purge / 24, "test_days": test / 24}
    try:
        found = walk_forward(start, end, **windows, expanding=expanding)
    except LeakageError:
        assert purge * HOUR_MS < np.max(end - start)
        return
    except TooLittleHistoryError:
        return
    origin = int(start[0])
    for i, split in enumerate(found):
        begun = origin + i * test * HOUR_MS
        first = begun + (train + purge) * HOUR_MS
        trains = [
            j
            for j, s in enumerate(start.tolist())
            if (origin if expanding else begun) <= s < begun + train * HOUR_MS
        ]
        assert split.train_rows.tolist() == trains
        assert split.test_rows.tolist() == [
            j for j, s in enumerate(start.tolist()) if first <= s < first + test * HOUR_MS
        ]
        assert max(end[split.train_rows]) < min(start[split.test_rows])
        assert overlaps(split, start, end) == 0


@settings(max_examples=60, deadline=None)
@given(drawn=LABELS, at=st.integers(0, 79), keep=st.integers(1, 80))
def test_overlaps_are_what_every_pair_says(drawn, at, keep):
    start, end = intervals(drawn)
    n = len(start)
    lo, hi = sorted((at % n, keep % (n + 1)))
    split = Split((0,), np.array([[0, lo], [hi, n]]), np.array([[lo, hi]]))  # purges nothing
    train, test = split.train_rows.tolist(), split.test_rows.tolist()
    touching = [i for i in train if any(touch(start, end, i, j) for j in test)]
    assert overlaps(split, start, end) == len(touching)


@settings(max_examples=40, deadline=None)
@given(n_blocks=st.integers(2, 9), n_test=st.integers(1, 8))
def test_every_path_is_a_whole_history(n_blocks, n_test):
    n_test = min(n_test, n_blocks - 1)
    start = np.arange(n_blocks * 40) * DAY_MS
    splits = combinatorial(start, start, n_blocks=n_blocks, n_test=n_test, embargo_days=1.0)
    for path in paths(n_blocks, n_test):
        rows = []
        for block, number in enumerate(path):
            split = splits[number]
            rows += range(*split.test[split.blocks.index(block)])
        assert rows == list(range(len(start)))
