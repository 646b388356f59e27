"""Losses of our folds against XGBoost's own cross-validation, over the folds that our splits make.

Theirs trains and judges by ``xgboost.cv``, which cuts its matrix itself; ours is what calibrates a
trained engine (votes of models that did not see the row) and what a walk fits at each step. The
same rows, purged the same, must lose the same on every fold.
"""

from __future__ import annotations

import numpy as np
import pytest
import xgboost
from sklearn.metrics import log_loss
from tests.unit.research.test_training import AS_OF, HORIZON, made

from quorate.core.engines.base import Rows
from quorate.core.features.table import FEATURES
from quorate.research import trees
from quorate.research.learned import labelled
from quorate.research.learners import learners
from quorate.research.models import N_BLOCKS, predicted, trained
from quorate.research.parallel import alone
from quorate.research.splits import combinatorial, walk_forward

TREES = learners(["trees"])[0]
NAMES = np.array([feature.name for feature in FEATURES])
COLUMNS = np.flatnonzero(NAMES != "bar_volume")  # no model reads a number of coins
# float32 log odds on either side, one sum of losses in float32
CLOSE = 1e-6


@pytest.fixture(scope="module")
def learned():
    prices, hours = made()
    return labelled(hours, prices, AS_OF, HORIZON)


def settings():
    """Return their names for the settings that trees are fitted with by default."""
    return {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_depth": 3,
        "eta": 0.05,
        "min_child_weight": 25.0,
        "reg_lambda": 25.0,
        "subsample": 0.7,
        "colsample_bytree": 0.5,
        "max_bin": 64,
        "nthread": 1,
        "seed": 0,
    }


def theirs(rows, folds, **more):
    """Return what ``xgboost.cv`` says of some folds: mean and deviation of their losses."""
    x = np.ascontiguousarray(rows.hours.features[:, COLUMNS])
    data = xgboost.DMatrix(x, label=rows.went_up.astype(float), weight=rows.weight, nthread=1)
    found = xgboost.cv(
        settings() | more, data, 200, folds=folds, metrics="logloss", as_pandas=False
    )
    return found["test-logloss-mean"][-1], found["test-logloss-std"][-1]


def one_by_one(rows, folds):
    """Return their loss of each fold; one fold a call, for the folds of a call share draws."""
    return np.array([theirs(rows, [fold])[0] for fold in folds])


def loss(prob_up, rows):
    return log_loss(rows.went_up, prob_up, sample_weight=rows.weight)


def by_votes(side, strength):
    """Return the probability of a rise that votes state."""
    return np.where(side > 0, strength, 1.0 - strength)


def in_order(rows):
    return rows.only(np.lexsort((rows.labels.coin, rows.labels.start_k)))


def agree(mine, rows, folds):
    np.testing.assert_allclose(mine, one_by_one(rows, folds), rtol=0.0, atol=CLOSE)
    assert np.diff(np.sort(mine)).min() > 10 * CLOSE  # a mix-up of two folds would show


def test_votes_that_calibrate_a_trained_engine_lose_what_their_folds_lose(learned):
    rows = in_order(learned)
    splits = combinatorial(rows.labels.start_ms, rows.labels.end_ms, n_blocks=N_BLOCKS, n_test=1)
    folds = [(split.train_rows, split.test_rows) for split in splits]
    side, strength, own = trained([TREES], rows, alone)[0].own
    prob = by_votes(side, strength)
    first = 0
    mine = []
    for _, test in folds:
        part = slice(first, first + len(test))
        np.testing.assert_array_equal(own.labels.start_k[part], rows.labels.start_k[test])
        mine.append(loss(prob[part], rows.only(test)))
        first += len(test)
    agree(mine, rows, folds)


def test_tests_of_two_blocks_lose_what_their_folds_lose(learned):
    rows = in_order(learned)
    splits = combinatorial(rows.labels.start_ms, rows.labels.end_ms, n_blocks=4, n_test=2)
    folds = [(split.train_rows, split.test_rows) for split in splits]
    mine = [
        loss(by_votes(*predicted(TREES, rows, train, test)), rows.only(test))
        for train, test in folds
    ]
    agree(mine, rows, folds)


def walked(rows, asked):
    """Return the folds of a walk, and the loss of each by a fit of ours."""
    labels = rows.labels
    splits = walk_forward(
        labels.start_ms, labels.end_ms, train_days=20.0, purge_days=1.0, test_days=5.0
    )
    folds = [(split.train_rows, split.test_rows) for split in splits]
    x = rows.hours.features[:, COLUMNS]
    names = tuple(NAMES[COLUMNS].tolist())
    mine = []
    for train, test in folds:
        own = trees.fit(x[train], rows.went_up[train], names, rows.weight[train], settings=asked)
        prob = own.prob_up(Rows(np.ascontiguousarray(x[test][:, :, None]), names))[:, 0]
        mine.append(loss(prob, rows.only(test)))
    return folds, mine


def test_steps_of_a_walk_lose_what_their_folds_lose(learned):
    rows = in_order(learned)
    folds, mine = walked(rows, trees.Settings())
    assert len(folds) == 3
    agree(mine, rows, folds)


def test_without_draws_all_folds_of_one_call_lose_what_ours_lose(learned):
    rows = in_order(learned)
    folds, mine = walked(rows, trees.Settings(row_share=1.0, column_share=1.0))
    mean, deviation = theirs(rows, folds, subsample=1.0, colsample_bytree=1.0)
    assert np.mean(mine) == pytest.approx(mean, abs=CLOSE)
    assert np.std(mine) == pytest.approx(deviation, abs=CLOSE)


def test_a_leak_would_show(learned):
    """A fold without its purge has other rows, and other losses, by far more than we allow."""
    rows = in_order(learned)
    splits = combinatorial(rows.labels.start_ms, rows.labels.end_ms, n_blocks=N_BLOCKS, n_test=1)
    purged = [(split.train_rows, split.test_rows) for split in splits]
    every = np.arange(rows.hours.n)
    leaky = [(np.setdiff1d(every, test), test) for _, test in purged]
    apart = np.abs(one_by_one(rows, purged) - one_by_one(rows, leaky))
    assert apart.min() > 10 * CLOSE
