"""Splits: the golden vectors, what is refused and how it is said, paths, and the plain cases."""

import math
from itertools import combinations

import numpy as np
import pytest

from quorate.core.kernel import signatures
from quorate.errors import LeakageError, TooLittleHistoryError
from quorate.research import purging
from quorate.research.splits import (
    DAY_MS,
    Split,
    combinatorial,
    overlaps,
    paths,
    walk_forward,
)


def daily(n, days, *, less_ms=0):
    """Return labels that start once a day and last some days."""
    start = np.arange(n) * DAY_MS
    return start, start + days * DAY_MS - less_ms


# -- golden vectors


def test_g6_combinatorial():
    found = combinatorial(*daily(60, 2), n_blocks=6, n_test=2, embargo_days=1.0)
    assert (len(found), len(paths(6, 2))) == (15, 5)
    assert found[6].blocks == (1, 3)
    assert found[6].test_rows.tolist() == [*range(10, 20), *range(30, 40)]
    # skfolio, purged 2, embargo 1: labels include both their ends
    assert found[6].train_rows.tolist() == [*range(8), *range(23, 28), *range(43, 60)]


def test_g6_half_open_labels():
    """A label that does not include its end is one that ends an instant sooner (purgedcv)."""
    start, end = daily(60, 2, less_ms=1)
    found = combinatorial(start, end, embargo_days=1.0 + 1 / DAY_MS)[6]
    dropped = set(range(60)) - {*found.train_rows.tolist(), *found.test_rows.tolist()}
    assert sorted(dropped) == [9, 20, 21, 22, 29, 40, 41, 42]


def test_g6_walk_forward():
    found = walk_forward(*daily(400, 5))
    assert len(found) == 9
    assert found[0].train_rows.tolist() == list(range(120))
    assert found[0].test_rows.tolist() == list(range(125, 155))
    assert found[1].train_rows.tolist() == list(range(30, 150))
    grown = walk_forward(*daily(400, 5), expanding=True)
    assert len(grown) == 9
    assert grown[1].train_rows.tolist() == list(range(150))
    assert [s.test.tolist() for s in grown] == [s.test.tolist() for s in found]


# -- walk-forward


def test_a_walk_covers_every_day_after_the_first_window_once():
    tested = np.concatenate([split.test_rows for split in walk_forward(*daily(395, 5))])
    assert tested.tolist() == list(range(125, 395))


def test_a_test_that_is_not_whole_is_left_out():
    assert len(walk_forward(*daily(394, 5))) == 8
    # the last labels of a history are missing, for their horizon is not over
    assert len(walk_forward(*daily(394, 5), until_ms=395 * DAY_MS)) == 9


def test_windows_contain_their_first_instant_and_not_their_last():
    """Every boundary, with a label just before it, on it, and just after it."""
    edges = np.array([0, 120, 125, 155, 185]) * DAY_MS
    start = np.unique(np.concatenate([edges + shift for shift in (-1, 0, 1)]))[1:]
    found = walk_forward(start, start, train_days=120, purge_days=5, test_days=30)
    inside = [[int(start[i]) for i in split.train_rows] for split in found]
    assert inside[0] == [0, 1, 120 * DAY_MS - 1]
    tested = [[int(start[i]) for i in split.test_rows] for split in found]
    assert tested[0] == [125 * DAY_MS, 125 * DAY_MS + 1, 155 * DAY_MS - 1]
    assert tested[1] == [155 * DAY_MS, 155 * DAY_MS + 1, 185 * DAY_MS - 1]


def test_all_coins_of_an_instant_stay_together():
    start = np.repeat(np.arange(200) * DAY_MS, 3)
    found = walk_forward(start, start + DAY_MS, purge_days=3)
    assert found[0].train.tolist() == [[0, 360]]
    assert found[0].test.tolist() == [[369, 459]]


def test_a_gap_shorter_than_the_longest_label_is_refused():
    start, end = daily(400, 2)
    end[7] += 4 * DAY_MS
    with pytest.raises(LeakageError) as told:
        walk_forward(start, end)
    assert told.value.message == (
        "purge_days is 5, the longest label lasts 6 days: what trains would reach into the test"
    )
    assert told.value.hint == "give purge_days of at least 6, or shorten the horizon"
    assert len(walk_forward(start, end, purge_days=6)) == 9
    end[7] += 1
    with pytest.raises(LeakageError, match=r"at least 6\.01"):
        walk_forward(start, end, purge_days=6)


def test_too_little_history_says_what_is_needed():
    with pytest.raises(TooLittleHistoryError) as told:
        walk_forward(*daily(154, 2))
    assert told.value.message == (
        "the labels cover 154 days, a split needs 155: 120 to train, 5 of gap, 30 to test"
    )
    assert "longer history" in told.value.hint
    assert len(walk_forward(*daily(155, 2))) == 1


def test_a_window_in_a_hole_is_named():
    start = np.concatenate((np.arange(140), np.arange(200, 260))) * DAY_MS
    with pytest.raises(
        TooLittleHistoryError, match="split 1 has 110 labels to train and 0 to test"
    ):
        walk_forward(start, start + DAY_MS)


def test_one_start_is_too_little():
    with pytest.raises(TooLittleHistoryError, match="a split needs 155"):
        walk_forward(np.zeros(3, np.int64), np.full(3, DAY_MS))


@pytest.mark.parametrize("name", ["train_days", "test_days", "purge_days"])
def test_windows_are_above_zero(name):
    with pytest.raises(ValueError, match=f"{name} -1"):
        walk_forward(*daily(400, 2), **{name: -1})


# -- combinatorial


def test_a_label_is_purged_whatever_coin_the_tests_label_is_of():
    start = np.repeat(np.arange(30) * DAY_MS, 2)
    end = start + DAY_MS
    end[18] += 9 * DAY_MS  # the first coin on day 9: until day 19
    whole = {*range(20), *range(40, 60)}
    found = combinatorial(start, end, n_blocks=3, n_test=1, embargo_days=0.0)
    assert found[1].blocks == (1,)
    # days 0 to 8 are over, of day 9 both coins reach day 10; days 20 and 21 begin too soon
    assert set(found[1].train_rows.tolist()) == whole - {18, 19, 40, 41}
    # beside the first block it is the second coin's labels of days 10 to 19 that touch it
    assert found[0].train_rows.tolist() == list(range(40, 60))


def test_short_labels_among_long_ones_are_kept():
    start = np.arange(12) * DAY_MS
    end = start + np.array([1, 9, 1, 5, 1, 1, 1, 1, 1, 1, 1, 1]) * DAY_MS
    found = combinatorial(start, end, n_blocks=2, n_test=1, embargo_days=0.0)
    assert found[1].train.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_short_labels_begin_to_train_only_after_an_earlier_tests_embargo():
    start = np.arange(24) * DAY_MS
    lasts = np.ones(24, np.int64)
    lasts[9] = 8  # from the middle block to the last
    split = combinatorial(start, start + lasts * DAY_MS, n_blocks=3, n_test=2, embargo_days=3.0)[1]
    assert split.blocks == (0, 2)
    # the first test is over on day 8, its embargo on day 11; day 15 reaches day 16
    assert split.train.tolist() == [[12, 15]]


def test_the_embargo_is_the_longer_of_a_hundredth_and_the_longest_label():
    start, end = daily(1_001, 2)
    usual = combinatorial(start, end, n_blocks=7, n_test=2)
    given = combinatorial(start, end, n_blocks=7, n_test=2, embargo_days=10.0)
    assert [s.train.tolist() for s in usual] == [s.train.tolist() for s in given]
    start, end = daily(1_001, 15)
    usual = combinatorial(start, end, n_blocks=7, n_test=2)
    given = combinatorial(start, end, n_blocks=7, n_test=2, embargo_days=15.0)
    assert [s.train.tolist() for s in usual] == [s.train.tolist() for s in given]


def test_the_last_block_has_what_is_left_over():
    found = combinatorial(*daily(11, 0), n_blocks=3, n_test=1, embargo_days=0.0)
    assert [s.test.tolist() for s in found] == [[[0, 3]], [[3, 6]], [[6, 11]]]


def test_one_block_can_test_and_all_but_one():
    for n_test in (1, 5):
        found = combinatorial(*daily(600, 1), n_blocks=6, n_test=n_test)
        assert [split.blocks for split in found] == list(combinations(range(6), n_test))


def test_nothing_left_to_train_on_is_named():
    with pytest.raises(TooLittleHistoryError) as told:
        combinatorial(*daily(12, 3), n_blocks=4, n_test=2, embargo_days=0.0)
    assert "beside the blocks (0, 2) of 4" in told.value.message
    assert "fewer blocks" in told.value.hint


def test_too_few_starts():
    start = np.repeat(np.arange(5) * DAY_MS, 4)
    with pytest.raises(TooLittleHistoryError, match="6 blocks are asked for, the labels have 5"):
        combinatorial(start, start)


@pytest.mark.parametrize(("n_blocks", "n_test"), [(6, 0), (6, 6), (1, 1), (3, 4), (6, -1)])
def test_at_least_one_tests_and_one_trains(n_blocks, n_test):
    for make in (lambda n, k: combinatorial(*daily(60, 2), n_blocks=n, n_test=k), paths):
        with pytest.raises(ValueError, match=f"n_test is {n_test} of {n_blocks} blocks"):
            make(n_blocks, n_test)


def test_an_embargo_is_not_below_zero():
    with pytest.raises(ValueError, match="embargo_days is -1"):
        combinatorial(*daily(60, 2), embargo_days=-1)


# -- paths


@pytest.mark.parametrize(("n", "k"), [(6, 2), (5, 1), (8, 3), (4, 3)])
def test_paths_use_every_test_once(n, k):
    found = paths(n, k)
    splits = list(combinations(range(n), k))
    assert found.shape == (math.comb(n - 1, k - 1), n)
    assert found.shape[0] * n == len(splits) * k
    used = {(int(found[p, b]), b) for p in range(len(found)) for b in range(n)}
    assert used == {(i, b) for i, blocks in enumerate(splits) for b in blocks}


# -- what both refuse


@pytest.mark.parametrize("make", [walk_forward, combinatorial])
@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ([0, 5, 4], [9, 9, 9], "label 2 starts at 4 ms, before the one above it at 5 ms"),
        ([0, 5, 6], [9, 4, 9], "label 1 ends at 4 ms, before its start at 5 ms"),
        ([0, 5], [9], "\\(2,\\) starts and \\(1,\\) ends"),
        ([], [], "there are no labels to split"),
    ],
)
def test_labels_are_some_in_order(make, start, end, said):
    with pytest.raises(ValueError, match=said):
        make(np.array(start, np.int64), np.array(end, np.int64))


def test_what_leaks_is_counted():
    start, end = daily(60, 2)
    split = combinatorial(start, end)[6]
    assert overlaps(split, start, end) == 0
    assert overlaps(split._replace(train=np.array([[0, 10]])), start, end) == 2
    assert overlaps(Split((0,), np.array([[12, 13]]), np.array([[10, 15]])), start, end) == 1


def test_one_signature():
    start = np.arange(60, dtype=np.int32)
    split = combinatorial(start, start, embargo_days=0.0)[3]
    split.train_rows, split.test_rows  # noqa: B018
    combinatorial(np.repeat(start, 2), np.repeat(start, 2) + 1, embargo_days=0.0)
    for kernel in (
        purging._look_over,
        purging._bound,
        purging._scan,
        purging._beside,
        purging._fill,
    ):
        assert signatures(kernel) <= 1
