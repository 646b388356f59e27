"""Splits against skfolio, whose labels include both their ends, and purgedcv, whose do not.

skfolio counts rows: its purge of H is a label of H rows. purgedcv knows times, as we do; where no
label ends just as another starts, and no embargo just at a start, the two conventions say the same.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import purgedcv
import pytest
from skfolio import model_selection

from quorate.research.splits import DAY_MS, combinatorial, paths, walk_forward

MINUTE_MS = 60_000


def daily(n, days):
    start = np.arange(n) * DAY_MS
    return start, start + days * DAY_MS


def uneven(seed, n_times, n_coins):
    """Return labels of some coins that last differently and end between two starts."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.integers(1, 5, n_times)) * 10 * MINUTE_MS
    start = np.repeat(times, n_coins)
    lasts = rng.integers(0, 12, len(start)) * 10 + 5
    return start, start + lasts * MINUTE_MS


def stamps(ms):
    return pd.Series(pd.to_datetime(ms, unit="ms", utc=True))


@pytest.mark.parametrize(
    ("n", "n_blocks", "n_test", "days", "embargo"),
    [
        (60, 6, 2, 2, 1),
        (61, 6, 2, 2, 0),
        (365, 10, 2, 5, 3),
        (200, 7, 3, 0, 4),
        (119, 5, 4, 1, 1),
        (500, 10, 8, 3, 2),
    ],
)
def test_combinatorial_has_the_sets_of_skfolio(n, n_blocks, n_test, days, embargo):
    oracle = model_selection.CombinatorialPurgedCV(
        n_folds=n_blocks, n_test_folds=n_test, purged_size=days, embargo_size=embargo
    )
    found = combinatorial(
        *daily(n, days), n_blocks=n_blocks, n_test=n_test, embargo_days=float(embargo)
    )
    expected = list(oracle.split(np.zeros((n, 1))))
    assert len(found) == len(expected)
    for split, (train, tests) in zip(found, expected, strict=True):
        assert np.array_equal(split.train_rows, train)
        assert [list(range(*run)) for run in split.test] == [list(test) for test in tests]
    assert np.array_equal(paths(n_blocks, n_test), oracle.recombined_paths.T)


@pytest.mark.parametrize("expanding", [False, True])
@pytest.mark.parametrize(
    ("n", "train", "purge", "test"), [(400, 120, 5, 30), (395, 120, 5, 30), (250, 60, 3, 7)]
)
def test_walk_forward_has_the_sets_of_skfolio(n, train, purge, test, expanding):
    oracle = model_selection.WalkForward(
        test_size=test, train_size=train, purged_size=purge, expand_train=expanding
    )
    found = walk_forward(
        *daily(n, purge), train_days=train, purge_days=purge, test_days=test, expanding=expanding
    )
    expected = list(oracle.split(np.zeros((n, 1))))
    assert len(found) == len(expected)
    for split, (trained, tested) in zip(found, expected, strict=True):
        assert np.array_equal(split.train_rows, trained)
        assert np.array_equal(split.test_rows, tested)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("n_times", "n_coins", "n_blocks", "n_test", "embargo"),
    [(120, 1, 6, 2, 0), (120, 1, 6, 2, 33), (80, 3, 4, 2, 7), (90, 2, 5, 1, 53), (60, 4, 3, 2, 7)],
)
def test_combinatorial_has_the_sets_of_purgedcv(seed, n_times, n_coins, n_blocks, n_test, embargo):
    start, end = uneven(seed, n_times, n_coins)
    oracle = purgedcv.CombinatorialPurgedCV(
        n_splits=n_blocks,
        n_test_groups=n_test,
        prediction_times=stamps(start),
        evaluation_times=stamps(end),
        embargo=pd.Timedelta(minutes=embargo) if embargo else None,
    )
    found = combinatorial(start, end, n_blocks=n_blocks, n_test=n_test, embargo_days=embargo / 1440)
    expected = list(oracle.split(np.zeros((len(start), 1))))
    assert len(found) == len(expected)
    for split, (train, test) in zip(found, expected, strict=True):
        assert np.array_equal(split.train_rows, train)
        assert np.array_equal(split.test_rows, test)


def test_g6_purgedcv_labels_do_not_include_their_end():
    start, end = daily(60, 2)
    oracle = purgedcv.CombinatorialPurgedCV(
        n_splits=6,
        n_test_groups=2,
        prediction_times=stamps(start),
        evaluation_times=stamps(end),
        embargo=pd.Timedelta(days=1),
    )
    train, test = list(oracle.split(np.zeros((60, 1))))[6]
    assert sorted(set(range(60)) - {*train, *test}) == [9, 20, 21, 22, 29, 40, 41, 42]
    ours = combinatorial(start, end - 1, embargo_days=1.0 + 1 / DAY_MS)[6]
    assert np.array_equal(ours.train_rows, train)


def test_walk_forward_has_the_sets_of_purgedcv_where_its_gap_is_padded_to_ours():
    n, n_splits = 395, 9
    start = np.arange(n) * DAY_MS
    end = start + 5 * DAY_MS - 3_600_000
    oracle = purgedcv.WalkForwardSplit(
        n_splits=n_splits,
        test_size=30,
        train_size=120,
        window="sliding",
        prediction_times=stamps(start),
        evaluation_times=stamps(end),
        purge_horizon=pd.Timedelta(days=1),
    )
    found = walk_forward(start, end)
    for split, (train, test) in zip(found, oracle.split(np.zeros((n, 1))), strict=True):
        assert np.array_equal(split.train_rows, train)
        assert np.array_equal(split.test_rows, test)
