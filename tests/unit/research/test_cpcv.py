"""Whole histories that a model did not see."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from tests.unit.research.test_training import AS_OF, HORIZON, made

from quorate.errors import ResearchError, TooLittleHistoryError
from quorate.research.cpcv import cpcv, spread
from quorate.research.learned import labelled
from quorate.research.learners import LEARNERS
from quorate.research.models import predicted
from quorate.research.parallel import together
from quorate.research.splits import combinatorial, paths

LINEAR = LEARNERS["linear"]


@pytest.fixture(scope="module")
def learned():
    prices, hours = made()
    return labelled(hours, prices, AS_OF, HORIZON)


@pytest.fixture(scope="module")
def found(learned):
    return cpcv(learned, [LINEAR], cost_bps=10.0)


def test_what_can_be_known_is_found_on_every_path(found):
    assert found.table["path"].to_list() == [0, 1, 2, 3, 4]
    assert found.table["brier_skill"].min() > 0.2
    assert found.table["hit_rate"].min() > 0.7
    row = found.spread.filter(pl.col("measure") == "sharpe").to_dicts()[0]
    assert row["min"] <= row["median"] <= row["max"]
    assert row["share_positive"] == 1.0


def test_noise_has_no_skill():
    prices, hours = made(seed=21, signal=0.0)
    noise = cpcv(labelled(hours, prices, AS_OF, HORIZON), [LINEAR], cost_bps=10.0)
    assert noise.table["brier_skill"].max() < 0.01
    assert noise.table["hit_rate"].max() < 0.56


def test_a_path_is_put_together_of_models_that_did_not_see_its_blocks(learned, found):
    """The second path by hand: each block by the split that the path names."""
    splits = combinatorial(learned.labels.start_ms, learned.labels.end_ms)
    side = np.zeros(learned.hours.n)
    for block, number in enumerate(paths(6, 2)[1].tolist()):
        split = splits[number]
        first, after = split.test[split.blocks.index(block)]
        said, _ = predicted(LINEAR, learned, split.train_rows, np.arange(first, after))
        side[first:after] = said
    right = (side > 0) == (learned.went_up != 0)
    hit_rate = np.sum(learned.weight * right) / np.sum(learned.weight)
    row = found.table.row(1, named=True)
    assert row["hit_rate"] == pytest.approx(hit_rate, rel=1e-12)
    net = np.sum(learned.weight * (side * learned.labels.gross - 1e-3)) / np.sum(learned.weight)
    assert row["net_bps"] == pytest.approx(net * 1e4, rel=1e-9)


@pytest.mark.slow
def test_workers_change_no_byte(learned, found):
    with together(2) as each:
        again = cpcv(learned, [LINEAR], cost_bps=10.0, each=each)
    assert again.table.equals(found.table)


def test_costs_are_taken_from_every_vote(learned, found):
    free = cpcv(learned, [LINEAR])
    gap = free.table["net_bps"] - found.table["net_bps"]
    assert gap.to_list() == pytest.approx([10.0] * 5)


def test_too_little_is_refused(learned):
    few = learned.only(np.arange(400))
    with pytest.raises(ResearchError, match="whole rows, fewer than 1000"):
        cpcv(few, [LINEAR], n_blocks=3, n_test=1)
    with pytest.raises(TooLittleHistoryError):
        cpcv(learned.only(np.arange(4)), [LINEAR])


def test_a_path_without_a_vote_is_not_a_good_one(found):
    nets = [*[math.nan] * 4, -3.0]
    rows = [("one", path, 0, net, net, net, net) for path, net in enumerate(nets)]
    for row in spread(pl.DataFrame(rows, schema=found.table.schema, orient="row")).to_dicts():
        assert (row["share_positive"], row["mean"]) == (0.0, -3.0)
