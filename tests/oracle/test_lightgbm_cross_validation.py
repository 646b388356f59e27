"""Losses of our folds against LightGBM's own cross-validation, with its trees as the learner.

Here the trees are theirs on both sides: what is held against ``lightgbm.cv`` is ours alone, that a
fold learns from the rows, labels and weights that it names and is asked on those that it names.
Features are codes of sixteen levels: theirs cuts a feature into bins once for all folds, ours in
each, and of codes both make the same.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from tests.oracle.test_cross_validation import COLUMNS, TREES, by_votes, in_order, loss
from tests.unit.research.test_training import AS_OF, HORIZON, made

from quorate.research.learned import labelled
from quorate.research.models import predicted
from quorate.research.splits import combinatorial, walk_forward

lightgbm = pytest.importorskip("lightgbm")

ROUNDS = 40
SETTINGS = {
    "objective": "binary",
    "num_leaves": 7,
    "learning_rate": 0.1,
    "min_data_in_leaf": 20,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
# they keep labels and weights as float32
CLOSE = 1e-8


class Grown:
    """Their trees, voting as a model of ours."""

    def __init__(self, features, up, names, weight):
        data = lightgbm.Dataset(features, label=up.astype(float), weight=weight, params=SETTINGS)
        self.booster, self.names = lightgbm.train(SETTINGS, data, ROUNDS), names

    def vote(self, rows):
        assert rows.names == self.names
        prob = self.booster.predict(np.ascontiguousarray(rows.values[:, :, 0]))[:, None]
        return np.where(prob > 0.5, 1, -1), np.maximum(prob, 1.0 - prob)

    def engine(self, **_):
        return SimpleNamespace(vote=self.vote)


THEIRS = TREES._replace(name="lightgbm", fit=Grown)


@pytest.fixture(scope="module")
def rows():
    prices, hours = made()
    found = in_order(labelled(hours, prices, AS_OF, HORIZON))
    cuts = np.quantile(found.hours.features, np.arange(1, 16) / 16.0, axis=0)
    codes = [
        np.searchsorted(cuts[:, f], found.hours.features[:, f]).astype(float)
        for f in range(cuts.shape[1])
    ]
    return found._replace(hours=found.hours._replace(features=np.stack(codes, axis=1)))


def agree(rows, splits):
    x = np.ascontiguousarray(rows.hours.features[:, COLUMNS])
    data = {"label": rows.went_up.astype(float), "weight": rows.weight, "params": SETTINGS}
    for split in splits:
        fold = split.train_rows, split.test_rows
        found = lightgbm.cv(
            SETTINGS, lightgbm.Dataset(x, **data, free_raw_data=False), ROUNDS, folds=[fold]
        )
        mine = loss(by_votes(*predicted(THEIRS, rows, *fold)), rows.only(split.test_rows))
        assert mine == pytest.approx(found["valid binary_logloss-mean"][-1], abs=CLOSE)


def test_folds_of_cross_validation_lose_what_theirs_lose(rows):
    agree(rows, combinatorial(rows.labels.start_ms, rows.labels.end_ms, n_blocks=4, n_test=1))


def test_steps_of_a_walk_lose_what_theirs_lose(rows):
    labels = rows.labels
    steps = walk_forward(
        labels.start_ms, labels.end_ms, train_days=20.0, purge_days=1.0, test_days=5.0
    )
    assert len(steps) == 3
    agree(rows, steps)
