"""Boosted trees: conform, are the library's bits, the same model twice, and honest about noise."""

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.unit.research.markets import wander

from quorate.core.engines.base import Rows
from quorate.core.engines.checks import CHECKS
from quorate.core.engines.specimen import specimen
from quorate.core.types import Regime
from quorate.errors import ConfigError, LeakageError, ResearchError, TooLittleHistoryError
from quorate.research import boosting, events, labels, libraries, trees, weights
from quorate.research.trees import Settings, fit

ROOT = Path(__file__).parents[3]
NAMES = ("ret_z_24h", "adx", "vol_24h", "signed_flow_4h")
SMALL = Settings(n_trees=40, depth=3, rate=0.2, least_mass=10.0, penalty=10.0)


def history(seed=1, n=1_000):
    """Return plausible rows, some of them with holes, and which way they went."""
    draw = np.random.default_rng(seed)
    rows = specimen(NAMES, n, 1, seed).values[:, :, 0].copy()
    z = 1.5 * np.sign(rows[:, 0]) + 3.0 * rows[:, 3] - 0.02 * rows[:, 1]
    up = draw.uniform(size=n) < 1.0 / (1.0 + np.exp(-z))
    rows[draw.uniform(size=rows.shape) < 0.1] = np.nan
    return rows, up


def model(**given):
    rows, up = history()
    return fit(rows, up, NAMES, **({"settings": SMALL} | given))


MODEL = model()


def engine(least_edge=0.0):
    return MODEL.engine(
        name="fitted",
        family="model",
        approved=[Regime.TREND],
        hypothesis="What moved before goes on as it did.",
        least_edge=least_edge,
    )


def as_rows(rows, names=NAMES):
    return Rows(np.ascontiguousarray(rows[:, :, None]), names)


ENGINE = engine(0.1)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_engine_conforms(check):
    assert check(ENGINE) == ""


def test_it_takes_the_likelier_side_with_that_sides_probability():
    rows = specimen(NAMES, 40, 5)
    side, strength = engine().vote(rows)
    prob = MODEL.prob_up(rows)
    assert (side == np.sign(prob - 0.5)).all()
    assert strength == pytest.approx(np.maximum(prob, 1.0 - prob), abs=1e-15)


def test_it_abstains_where_its_edge_is_small():
    rows = specimen(NAMES, 200, 5)
    side, strength = ENGINE.vote(rows)
    edge = np.abs(2.0 * MODEL.prob_up(rows) - 1.0)
    assert ((side == 0) == (edge < 0.1)).all()
    assert (strength[side == 0] == 0.5).all()


def test_a_missing_feature_goes_on_in_a_probability_and_abstains_in_a_vote():
    rows, _ = history()
    side, _ = engine().vote(as_rows(rows))
    hole = np.isnan(rows).any(axis=1)
    prob = MODEL.prob_up(as_rows(rows))[:, 0]
    assert np.isfinite(prob).all()
    assert (side[hole] == 0).all()
    assert (side[~hole] != 0).all()
    assert len(np.unique(prob[hole])) > 20


def test_it_reads_only_what_some_tree_asks_for():
    rows, up = history()
    rows[:, 1] = 20.0
    found = fit(rows, up, NAMES, settings=SMALL)
    assert found.names == ("ret_z_24h", "vol_24h", "signed_flow_4h")
    assert found.offered == found.names
    reads = found.engine(
        name="fitted", family="model", approved=[Regime.TREND], hypothesis="None."
    ).reads
    assert reads == found.names


def test_columns_are_found_by_name():
    rows = specimen(NAMES, 20, 3)
    turned = Rows(np.ascontiguousarray(rows.values[:, ::-1]), NAMES[::-1])
    assert MODEL.margin(turned).tobytes() == MODEL.margin(rows).tobytes()


def test_the_same_data_and_settings_are_the_same_model():
    again = model()
    assert again.digest() == MODEL.digest()
    assert again.place.tobytes() == MODEL.place.tobytes()
    assert again.number.tobytes() == MODEL.number.tobytes()
    assert model(settings=Settings(**{**SMALL.told(), "seed": 1})).digest() != MODEL.digest()


@pytest.mark.slow
def test_another_process_grows_the_same_trees():
    said = "from tests.unit.research.test_trees import MODEL; print(MODEL.digest())"
    told = subprocess.run(
        [sys.executable, "-c", said],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=ROOT,
    )
    assert told.stdout.strip() == MODEL.digest()


def test_it_says_which_version_grew_it():
    assert libraries.versions(("xgboost",))["xgboost"] == MODEL.library
    assert libraries.versions(("xgboost-none",))["xgboost-none"] == "none"


def test_a_row_of_no_weight_is_no_row():
    rows, up = history()
    weight = np.ones(len(up))
    weight[::3] = 0.0
    kept = weight > 0.0
    found = fit(rows, up, NAMES, weight, settings=SMALL)
    only = fit(rows[kept], up[kept], NAMES, settings=SMALL)
    assert found.digest() == only.digest()
    assert (found.n, found.mass) == (int(kept.sum()), float(kept.sum()))


def test_weights_count():
    weight = np.where(np.arange(1_000) % 2 == 0, 1.0, 0.1)
    assert model(weight=weight).digest() != MODEL.digest()


def test_a_model_cannot_be_written_on():
    for array in (MODEL.place, MODEL.number):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_model_that_travelled_is_the_same_and_cannot_be_written_on():
    there = copy.deepcopy(MODEL)  # by what sends it to another process
    assert there.digest() == MODEL.digest()
    with pytest.raises(ValueError, match="read-only"):
        there.packed().place[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        there.number[0] = 1.0


def test_trees_are_counted_on_the_last_rows_and_grown_on_all():
    rows, up = history()
    asked = Settings(**{**SMALL.told(), "later_frac": 0.3})
    begun = np.arange(len(up))
    spans = {"begun_k": begun, "ended_k": begun + 4, "as_of_k": 2_000}
    found = fit(rows, up, NAMES, settings=asked, **spans)
    assert found.settings["n_later"] == 300
    assert found.settings["n_purged"] == 4
    assert found.settings["loss"] < found.settings["loss_without"]
    n_trees = int(found.settings["n_trees"])
    assert len(found.place) == n_trees < 40
    plain = fit(rows, up, NAMES, settings=Settings(**{**SMALL.told(), "n_trees": n_trees}))
    assert found.number.tobytes() == plain.number.tobytes()


def test_labels_and_their_weights_go_in_as_they_come():
    prices = wander(4, 4_000, 3)
    told = labels.fixed_horizon(prices, events.hourly(prices), horizon=30)
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(told.n, 4))
    rows[:, 2] += 1.5 * np.sign(told.gross)
    asked = Settings(**{**SMALL.told(), "later_frac": 0.25})
    found = fit(
        rows,
        told.gross > 0.0,
        NAMES,
        weights.uniqueness(told.first_k, told.exit_k, told.coin),
        settings=asked,
        begun_k=told.start_k,
        ended_k=told.end_k,
        as_of_k=int(told.end_k.max()),
    )
    assert found.mass < 0.5 * told.n  # labels of 30 bars, one in 12
    cut = np.sort(told.start_k)[int(0.75 * told.n)]
    later = told.start_k >= cut
    touches = (told.end_k >= told.start_k[later].min()) & ~later
    assert found.settings["n_later"] == later.sum()
    assert found.settings["n_purged"] == touches.sum() > 0


def test_counting_trees_needs_times():
    asked = Settings(**{**SMALL.told(), "later_frac": 0.3})
    with pytest.raises(ValueError, match="give begun_k and ended_k with later_frac"):
        model(settings=asked)
    spans = {"ended_k": np.arange(1_000), "as_of_k": 1_000}
    for begun in (np.arange(1_000) + 1, np.arange(10), np.arange(1_000) * 1.0):
        with pytest.raises(ValueError, match="begun_k is"):
            model(settings=asked, begun_k=begun, **spans)


def test_the_future_is_refused():
    with pytest.raises(LeakageError, match="1000 of 1000 labels end after bar 4"):
        model(ended_k=np.full(1_000, 5), as_of_k=4)


def test_labels_of_one_way_are_refused():
    rows, up = history()
    with pytest.raises(ResearchError, match="all of 1000 labels went one way"):
        fit(rows, np.ones(1_000), NAMES)
    with pytest.raises(ResearchError, match="went one way"):
        fit(rows, up, NAMES, weight=up.astype(float))


def test_too_few_labels_are_refused():
    rows, up = history()
    with pytest.raises(TooLittleHistoryError, match=r"150 rows come to 150.0 .* need 200"):
        fit(rows[:150], up[:150], NAMES)
    with pytest.raises(TooLittleHistoryError, match=r"1000 rows come to 100.0"):
        fit(rows, up, NAMES, np.full(1_000, 0.1))


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_features_that_do_not_vary_are_refused(value):
    _, up = history()
    with pytest.raises(ResearchError, match="no feature varies: ret_z_24h, adx"):
        fit(np.full((1_000, 4), value), up, NAMES, settings=SMALL)


@pytest.mark.parametrize("value", [0.1, np.nan])
def test_with_a_feature_that_does_not_vary_they_are_those_of_the_others(value):
    """Half of the features are drawn for a tree: one that says nothing would take a place."""
    rows, up = history()
    rows[:, 1] = value
    found = fit(rows, up, NAMES, settings=SMALL)
    others = fit(rows[:, [0, 2, 3]], up, (NAMES[0], *NAMES[2:]), settings=SMALL)
    assert found.offered == others.offered
    assert found.digest() == others.digest()


def test_trees_that_ask_nothing_are_refused():
    rows, up = history(n=200)
    rows[:, 1:] = 0.0
    rows[:, 0] = 0.0
    rows[0, 0] = 1.0  # varies, but no leaf of 10 labels can tell
    with pytest.raises(ResearchError, match="found no question"):
        fit(rows, up, NAMES, settings=SMALL)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": NAMES[:3]}, r"3 names \(3 different\) for 4 features"),
        ({"names": NAMES[:3] + NAMES[:1]}, r"4 names \(3 different\)"),
        ({"names": (*NAMES[:3], "signed_flow_5h")}, "unknown feature 'signed_flow_5h'; the neare"),
        ({"went_up": np.ones(5)}, r"went_up \(5,\)"),
        ({"went_up": np.full(30, 0.5)}, "went_up must be 0 or 1"),
        ({"went_up": np.full(30, np.nan)}, "went_up must be 0 or 1"),
        ({"weight": np.full(30, 2.0)}, "a weight is outside"),
        ({"weight": np.full(30, np.nan)}, "a weight is outside"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, said):
    rows, up = history(n=30)
    with pytest.raises(ValueError, match=said):
        fit(**({"features": rows, "went_up": up, "names": NAMES} | change))


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39])
def test_the_feature_with_an_infinite_number_is_named(value):
    rows, up = history()
    rows[3, 2] = value
    with pytest.raises(ValueError, match="feature 'vol_24h' has a number that is infinite as a"):
        fit(rows, up, NAMES)


def test_a_kernel_that_says_otherwise_than_the_library_hands_out_nothing(monkeypatch):
    off = boosting.margins

    def by_a_bit(booster, rows):
        told = off(booster, rows)
        told[7] = np.nextafter(told[7], np.float32(9.0))
        return told

    monkeypatch.setattr(trees.boosting, "margins", by_a_bit)
    with pytest.raises(ResearchError, match="do not say in our kernel what they say there"):
        model()


def test_without_the_library_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(ConfigError, match=r'pip install "quorate\[research\]"'):
        model()


def test_votes_need_no_library():
    said = (
        "import sys, quorate, quorate.research.trees, quorate.research.parts\n"
        "print([name for name in sys.modules if name.startswith(('xgboost', 'sklearn'))])"
    )
    told = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, check=True, timeout=120
    )
    assert told.stdout.strip() == "[]"
