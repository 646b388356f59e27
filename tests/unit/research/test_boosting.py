"""Settings within their bounds, trees counted on later rows, and every node where it belongs."""

import json

import numpy as np
import pytest

from quorate.errors import ResearchError, TooLittleHistoryError
from quorate.research import boosting
from quorate.research.boosting import Settings

FEW = Settings(n_trees=60, depth=2, rate=0.2, least_mass=5.0, penalty=5.0, later_frac=0.25)


def history(n=1_200, n_coins=3, edge=1.5, seed=1):
    """Return rows of some coins bar by bar, with labels of 5 bars."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(n, 4))
    up = (draw.uniform(size=n) < 1.0 / (1.0 + np.exp(-edge * rows[:, 0]))).astype(float)
    begun = np.arange(n) // n_coins
    return rows, up, draw.uniform(0.3, 1.0, n), begun, begun + 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n_trees": 0}, r"n_trees is 0, it must be in \[1, 5000\]"),
        ({"depth": 9}, "depth is 9"),
        ({"n_bins": 1}, "n_bins is 1"),
        ({"patience": 0}, "patience is 0"),
        ({"rate": 0.0}, r"rate is 0.0, it must be in \(0, 1\]"),
        ({"row_share": 1.5}, "row_share is 1.5"),
        ({"column_share": float("nan")}, "column_share is nan"),
        ({"least_mass": 0.0}, "least_mass is 0.0"),
        ({"penalty": float("inf")}, "penalty is inf"),
        ({"later_frac": 0.6}, "later_frac is 0.6"),
        ({"least_t": -1.0}, "least_t is -1.0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_a_setting_outside_its_bounds_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        Settings(**change)


def test_trees_are_counted_on_later_rows_with_purged_ones_between():
    rows, up, weight, begun, ended = history()
    found = boosting.count_trees(rows, up, weight, FEW, begun, ended)
    # 400 bars: the later part begins at bar 300, and labels of 4 bars before reach into it
    assert (found.n_later, found.n_purged) == (300, 12)
    assert found.loss < found.loss_without
    assert 1 < found.n_trees <= 60


def test_rows_in_any_order_of_time_are_parted_alike():
    rows, up, weight, begun, ended = history()
    order = np.random.default_rng(5).permutation(len(up))
    given = (each[order] for each in (rows, up, weight))
    found = boosting.count_trees(*given, FEW, begun[order], ended[order])
    assert (found.n_later, found.n_purged) == (300, 12)


def test_what_the_purged_rows_say_changes_nothing():
    rows, up, weight, begun, ended = history()
    purged = (begun < 300) & (ended >= 300)
    found = boosting.count_trees(rows, up, weight, FEW, begun, ended)
    rows[purged], up[purged] = 99.0, 1.0
    assert boosting.count_trees(rows, up, weight, FEW, begun, ended) == found


def test_the_loss_of_the_later_rows_is_weighted_and_judged_by_its_deviation():
    rows, up, weight, begun, ended = history()
    found = boosting.count_trees(rows, up, weight, FEW, begun, ended)
    earlier, later = ended < 300, begun >= 300
    booster = boosting.grow(rows[earlier], up[earlier], weight[earlier], FEW, found.n_trees)
    share = np.average(up[earlier], weights=weight[earlier])
    prob = 1.0 / (1.0 + np.exp(-boosting.margins(booster, rows[later]).astype(float)))

    def loss(prob):
        return -np.log(np.where(up[later] == 1.0, prob, 1.0 - prob))

    w = weight[later]
    assert found.loss == pytest.approx(np.average(loss(prob), weights=w), abs=1e-9)
    assert found.loss_without == pytest.approx(np.average(loss(share), weights=w), abs=1e-9)
    gain = loss(share) - loss(prob)
    mean = np.average(gain, weights=w)
    # stretches of twice five bars: ten of them, each as one draw
    off = [(w * (gain - mean))[(begun[later] - 300) // 10 == i].sum() for i in range(10)]
    assert found.gain_t == pytest.approx(mean * w.sum() / np.linalg.norm(off), abs=1e-6)


def test_one_more_tree_or_one_less_is_no_better():
    rows, up, weight, begun, ended = history()
    found = boosting.count_trees(rows, up, weight, FEW, begun, ended)
    earlier, later = ended < 300, begun >= 300

    def loss(n_trees):
        booster = boosting.grow(rows[earlier], up[earlier], weight[earlier], FEW, n_trees)
        z = boosting.margins(booster, rows[later]).astype(float)
        return np.average(np.logaddexp(0.0, z) - up[later] * z, weights=weight[later])

    best = loss(found.n_trees)
    assert found.n_trees < FEW.n_trees
    assert best < min(loss(found.n_trees - 1), loss(found.n_trees + 1))


def test_labels_that_follow_nothing_are_refused():
    rows, up, weight, begun, ended = history(edge=0.0, seed=3)
    with pytest.raises(
        ResearchError, match="no number of trees lowers the log loss of 300 later rows beyond luck"
    ):
        boosting.count_trees(rows, up, weight, FEW, begun, ended)


def test_the_same_coin_twice_is_no_more_certain():
    rows, up, weight, begun, ended = history()
    once = boosting.count_trees(rows, up, weight, FEW, begun, ended)
    twice = Settings(**{**FEW.told(), "least_mass": 10.0, "penalty": 10.0})
    both = (np.repeat(each, 2, axis=0) for each in (rows, up, weight))
    found = boosting.count_trees(*both, twice, np.repeat(begun, 2), np.repeat(ended, 2))
    assert found.gain_t == pytest.approx(once.gain_t, rel=0.25)  # not times the root of two


def test_few_stretches_of_time_are_refused():
    rows, up, weight, begun, _ = history()
    with pytest.raises(TooLittleHistoryError, match="begin on 100 bars, and labels last up to 7"):
        boosting.count_trees(rows, up, weight, FEW, begun, begun + 6)


@pytest.mark.parametrize("n_bars", [14, 400])
def test_a_part_that_says_too_little_is_refused(n_bars):
    rows, up, weight, begun, ended = history(n=3 * n_bars)
    if n_bars == 400:
        up[begun >= 300] = 1.0
    with pytest.raises(
        TooLittleHistoryError, match=r"rows come to .* counting trees needs 10 of 2"
    ):
        boosting.count_trees(rows, up, weight, FEW, begun, ended)


def test_the_base_is_the_log_odds_of_the_share_that_rose():
    up, weight = np.array([1.0, 0.0, 0.0]), np.array([0.5, 1.0, 0.5])
    found = boosting.base(Settings(), up, weight)
    assert found == float(np.float32(found))
    assert found == pytest.approx(np.log(0.25 / 0.75), abs=1e-6)


def test_every_node_is_laid_where_a_walk_looks_for_it():
    """A lopsided tree by hand: x1 < 0.5, then on the right x3 < -1, missing to the right there."""
    tree = {
        "left_children": [1, -1, 3, -1, -1],
        "right_children": [2, -1, 4, -1, -1],
        "split_indices": [1, 0, 3, 0, 0],
        "split_conditions": [0.5, 10.0, -1.0, 20.0, 30.0],
        "default_left": [1, 0, 0, 0, 0],
    }
    told = {"learner": {"gradient_booster": {"model": {"trees": [tree]}}}}

    class Booster:
        def save_raw(self, raw_format):
            assert raw_format == "json"
            return bytearray(json.dumps(told).encode())

    place, number, used = boosting.laid_out(Booster())
    assert used.tolist() == [1, 3]
    assert place.tolist() == [[0, 0, 3]]
    assert number.tolist() == [[0.5, 10.0, -1.0, 10.0, 10.0, 20.0, 30.0]]
