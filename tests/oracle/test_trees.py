"""Our trees against XGBoost's own training and prediction, a stump by hand, and luck."""

import json

import numpy as np
import pytest
import xgboost
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from quorate.core.engines.base import Rows
from quorate.core.features.table import FEATURES
from quorate.errors import ResearchError
from quorate.research.trees import Settings, fit

NAMES = tuple(feature.name for feature in FEATURES[:12])


def market(seed, n=3_000, edge=0.8):
    """Return rows with holes, labels that follow some of them, and weights."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(n, 12)) * draw.uniform(1e-4, 50.0, 12)
    scaled = rows / rows.std(0)
    z = edge * (np.sign(scaled[:, 0]) * (scaled[:, 1] > 0.0) + 0.5 * scaled[:, 2])
    up = draw.uniform(size=n) < expit(z)
    rows[draw.uniform(size=rows.shape) < 0.08] = np.nan
    return rows, up, draw.uniform(0.05, 1.0, n)


def theirs(rows, up, weight, *, depth, seed, n_trees=60):
    """Train as their documentation says, every number written out."""
    data = xgboost.DMatrix(rows, label=up.astype(float), weight=weight)
    settings = {
        "objective": "binary:logistic",
        "base_score": float(np.sum(weight * up) / np.sum(weight)),
        "tree_method": "hist",
        "max_depth": depth,
        "eta": 0.1,
        "min_child_weight": 5.0,
        "reg_lambda": 2.5,
        "subsample": 0.7,
        "colsample_bytree": 0.5,
        "max_bin": 64,
        "seed": seed,
        "nthread": 1,
    }
    return xgboost.train(settings, data, n_trees)


def ours(rows, up, weight, *, depth, seed, n_trees=60):
    asked = Settings(
        n_trees=n_trees, depth=depth, rate=0.1, least_mass=20.0, penalty=10.0, seed=seed
    )
    return fit(rows, up, NAMES, weight, settings=asked)


def questions(booster):
    """Return feature and threshold of every inner node, as their JSON has them."""
    told = json.loads(bytes(booster.save_raw("json")))
    return [
        (f, np.float32(split))
        for tree in told["learner"]["gradient_booster"]["model"]["trees"]
        for f, split, left in zip(
            tree["split_indices"], tree["split_conditions"], tree["left_children"], strict=True
        )
        if left >= 0
    ]


def margin(model, rows):
    return model.margin(Rows(np.ascontiguousarray(rows[:, :, None]), NAMES))[:, 0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("depth", [1, 3, 6])
def test_log_odds_are_xgboosts_bit_by_bit(seed, depth):
    rows, up, weight = market(seed)
    booster = theirs(rows, up, weight, depth=depth, seed=seed)
    model = ours(rows, up, weight, depth=depth, seed=seed)
    fresh, _, _ = market(seed + 100, 500)
    # values on the thresholds themselves, beside them, and nothing but holes
    splits = questions(booster)
    on = np.tile(fresh[:1], (len(splits), 1))
    for row, (f, split) in enumerate(splits):
        on[row, f] = split
    beside = np.nextafter(on.astype(np.float32), np.float32(-np.inf)).astype(float)
    for asked in (rows, fresh, on, beside, np.full((3, 12), np.nan)):
        wanted = booster.predict(xgboost.DMatrix(asked), output_margin=True)
        assert margin(model, asked).tobytes() == wanted.tobytes()


def test_probabilities_are_xgboosts():
    rows, up, weight = market(9)
    booster = theirs(rows, up, weight, depth=4, seed=0)
    model = ours(rows, up, weight, depth=4, seed=0)
    prob = model.prob_up(Rows(np.ascontiguousarray(rows[:, :, None]), NAMES))[:, 0]
    assert prob == pytest.approx(booster.predict(xgboost.DMatrix(rows)), abs=1e-6)


def test_a_row_of_many_coins_is_xgboosts_too():
    rows, up, weight = market(3)
    booster = theirs(rows, up, weight, depth=3, seed=1)
    model = ours(rows, up, weight, depth=3, seed=1)
    cube = np.ascontiguousarray(rows.reshape(60, 50, 12).transpose(0, 2, 1))
    wanted = booster.predict(xgboost.DMatrix(rows), output_margin=True)
    assert model.margin(Rows(cube, NAMES)).ravel().tobytes() == wanted.tobytes()


@pytest.mark.parametrize("seed", range(5))
def test_one_stump_is_the_best_of_all(seed):
    """Chen and Guestrin (2016), equations 5 and 7, over every question there is."""
    draw = np.random.default_rng(seed)
    rows = draw.integers(0, 9, (400, 3)).astype(float)
    up = draw.uniform(size=400) < 0.3 + 0.05 * rows[:, 1]
    asked = Settings(
        n_trees=1, depth=1, rate=0.5, least_mass=20.0, penalty=8.0, row_share=1.0, column_share=1.0
    )
    model = fit(rows, up, NAMES[:3], settings=asked)
    share = up.mean()
    slope, curve = share - up, np.full(400, share * (1.0 - share))

    def worth(part):
        return slope[part].sum() ** 2 / (curve[part].sum() + 2.0)

    gains = {
        (f, cut): worth(rows[:, f] < cut) + worth(rows[:, f] >= cut)
        for f in range(3)
        for cut in range(1, 9)
        if min(curve[rows[:, f] < cut].sum(), curve[rows[:, f] >= cut].sum()) >= 5.0
    }
    f, cut = max(gains, key=gains.get)
    assert model.names == NAMES[f : f + 1]
    left = rows[:, f] < model.number[0, 0]
    assert (left == (rows[:, f] < cut)).all()
    for part, leaf in ((left, model.number[0, 1]), (~left, model.number[0, 2])):
        assert leaf == pytest.approx(-0.5 * slope[part].sum() / (curve[part].sum() + 2.0), rel=1e-4)


def area(seed, edge):
    """Return the area under the curve on the later third, trained on the earlier rows."""
    rows, up, weight = market(seed, 9_000, edge)
    model = fit(rows[:6_000], up[:6_000], NAMES, weight[:6_000], settings=Settings(n_trees=100))
    return roc_auc_score(up[6_000:], margin(model, rows[6_000:]))


LUCK = 3.0 / np.sqrt(3.0 * 3_000)
"""Three deviations of the area of 3,000 fair labels: each is 1 / sqrt(3 n) to within a per cent."""


@pytest.mark.parametrize("seed", range(3))
def test_an_edge_is_found_out_of_sample(seed):
    # right about 53 times in 100: what a good model of five-minute bars may be
    assert area(seed, 0.25) > 0.5 + LUCK


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_no_edge(seed):
    assert abs(area(seed, 0.0) - 0.5) < LUCK


def counted(seed, edge):
    """Return the trees grown where the last quarter says how many help."""
    rows, up, weight = market(seed, 9_000, edge)
    spans = {
        "begun_k": np.arange(9_000),
        "ended_k": np.arange(9_000) + 12,
        "as_of_k": 9_012,
    }
    return fit(rows, up, NAMES, weight, settings=Settings(n_trees=100, later_frac=0.25), **spans)


@pytest.mark.parametrize("seed", range(6))
def test_counting_trees_refuses_noise(seed):
    with pytest.raises(ResearchError, match="lowers the log loss of 2250 later rows beyond luck"):
        counted(seed, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_counting_trees_lets_an_edge_pass(seed):
    assert counted(seed, 0.4).settings["gain_t"] > 2.0
