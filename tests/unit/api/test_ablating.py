"""An ablation sees what matters, believes no noise, and counts how many it compared."""

from __future__ import annotations

import math

import numpy as np
import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.api import ablating
from quorate.api.ablating import Lesson, ablate
from quorate.api.variants import CHARGED, Variant, variants
from quorate.errors import ConfigError, ResearchError, TooLittleHistoryError
from quorate.store import open_store

FEW = "momentum_day,momentum_week,taker_imbalance,rsi_reversal"
BASE = quorate.read_settings(overrides=LIVELY)
LESSON = Lesson(train_days=12, purge_days=1, test_days=8, warm_days=5)


def only(*names):
    """Return settings in which a few engines vote."""
    others = [engine.name for engine in quorate.engines() if engine.name not in names]
    return quorate.read_settings(overrides=LIVELY | {"engines.exclude": ",".join(others)})


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=3, days=47, bar_minutes=15, planted_edge=4.0)


@pytest.fixture(scope="module")
def found(panel, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return ablate(panel, only(*FEW.split(",")), LESSON, out=out), out


def test_every_option_and_every_engine_is_a_row_once(found):
    base = only(*FEW.split(","))
    names = [str(one) for one in variants(base)]
    assert sorted(found[0].table["variant"]) == sorted(names)
    assert len(set(names)) == len(names)
    assert "consensus.threshold=floor" in names
    assert "without rsi_reversal" in names
    assert not any(name.startswith("consensus.weighting=skill") for name in names)  # in force


def test_a_variant_is_what_its_settings_give(panel, found):
    table = found[0].table
    row = next(r for r in table.iter_rows(named=True) if r["variant"] == "risk.kelly=cap")
    base = only(*FEW.split(","))
    changed = Variant("option", "risk.kelly", "cap").of(base)
    alone = ablate(panel, changed, LESSON, engines=False)
    assert alone.base["sharpe"] == row["sharpe"]
    assert alone.base["n_trades"] == row["n_trades"]


def test_all_are_booked_as_trials(found):
    table, out = found[0].table, found[1]
    with open_store(out / "quorate.sqlite") as store:
        booked = store.runs.list(kind="ablate")
    assert [run.status for run in booked] == ["finished"] * (table.height + 1)
    assert len({(run.recipe, run.settings_hash) for run in booked}) == table.height + 1


def test_p_values_allow_for_how_many_there_were(found):
    table = found[0].table
    known = table.filter(table["p_holm"].is_not_nan())
    assert found[0].n_compared == known.height > 5
    assert (known["p_holm"] >= known["p_value"]).all()
    assert known["p_value"].is_sorted()
    assert (known["low"] <= known["difference"]).all()
    assert (known["difference"] <= known["high"]).all()
    own = found[0].returns
    assert own.shape == (found[0].n_days, table.height + 1)
    base = found[0].base["sharpe"]
    for i, row in enumerate(known.iter_rows(named=True), 1):
        assert row["difference"] == pytest.approx(row["sharpe"] - base)
        assert row["mean_bps"] == pytest.approx(1e4 * float(np.mean(own[:, i] - own[:, 0])))


def test_what_changes_nothing_is_not_compared(found):
    idle = found[0].table.filter(found[0].table["verdict"] == "not compared")
    assert all(math.isnan(p) for p in idle["p_value"])
    assert "routing.ranking=cost" in idle["variant"].to_list()  # there is one venue


def test_options_that_change_what_is_charged_say_so(found):
    marked = {r["variant"].split("=")[0] for r in found[0].table.to_dicts() if r["is_charged"]}
    assert marked == set(CHARGED)
    charged = found[0].table.filter(found[0].table["is_charged"])
    assert set(charged["verdict"]) <= {"other costs", "not compared"}
    assert all(math.isnan(p) for p in charged["p_holm"])


@pytest.mark.slow
def test_the_engine_that_earns_it_is_seen():
    """Of three engines one follows what was planted: without it the rest is worse."""
    planted = quorate.synthetic(n_coins=3, days=80, planted_edge=4.0)
    base = only("taker_imbalance", "rsi_reversal", "hour_reversal")
    told = ablate(planted, base, LESSON, options=False).table
    verdicts = dict(zip(told["variant"], told["verdict"], strict=True))
    assert verdicts["without taker_imbalance"] == "worse"
    assert "better" not in verdicts.values()
    assert told.row(0, named=True)["p_holm"] < 0.05


@pytest.mark.slow  # every option on noise
def test_on_noise_there_is_no_evidence():
    noise = quorate.synthetic(n_coins=3, days=80, planted_edge=0.0, seed=11)
    found = ablate(noise, only(*FEW.split(",")), LESSON)
    assert set(found.table["verdict"]) <= {"no evidence", "not compared", "other costs"}


@pytest.mark.slow  # two processes that import everything
def test_two_processes_give_the_bytes_of_one(panel, found):
    again = ablate(panel, only(*FEW.split(",")), LESSON, workers=2)
    assert again.table.equals(found[0].table)
    np.testing.assert_array_equal(again.returns, found[0].returns)


@pytest.mark.slow
def test_passes_over_the_panel_change_nothing(panel, found, monkeypatch):
    monkeypatch.setattr(ablating, "AT_ONCE", 7)
    assert ablate(panel, only(*FEW.split(",")), LESSON).table.equals(found[0].table)


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"lesson": Lesson()}, TooLittleHistoryError, "there are 47 days"),
        ({"lesson": LESSON._replace(test_days=0)}, ConfigError, "0 judged"),
        ({"lesson": LESSON._replace(edge="x")}, ConfigError, "edge is 'x'"),
        ({"options": False, "engines": False}, ConfigError, "varies nothing"),
    ],
)
def test_mistakes_are_refused_before_anything_is_tried(panel, more, error, said, monkeypatch):
    monkeypatch.setattr(ablating, "crossed_together", lambda *_, **__: pytest.fail("it tried"))
    with pytest.raises(error, match=said):
        ablate(panel, **({"settings": BASE, "lesson": LESSON} | more))


def test_settings_that_never_trade_are_told_why_before_anything_else_is_tried(panel, monkeypatch):
    idle = quorate.read_settings(overrides=LIVELY | {"consensus.edge_slope": "0.01"})
    works, crossed = [], ablating.crossed_together

    def seen(some, workers):
        works.extend(some)
        return crossed(some, workers)

    monkeypatch.setattr(ablating, "crossed_together", seen)
    said = r"never trade, .* refused \d+% of coin-bars.* cost gate .* at most, and would have cost "
    with pytest.raises(ResearchError, match=said) as caught:
        ablate(panel, idle, LESSON._replace(edge="stated"), engines=False)
    assert [len(work.settings) for work in works] == [1]
    assert ablating.OPEN in caught.value.hint


def test_what_opens_the_gates_are_settings():
    """What is advised can be typed: every word of it is a setting within its bounds."""
    told = dict(word.strip().split("=") for word in ablating.OPEN.split("--set ")[1:])
    assert set(told) == {"consensus.edge_slope", "consensus.prior_mass", "risk.min_paper_trades"}
    quorate.read_settings(overrides=told)


def test_what_was_refused_is_told_beside_what_was_traded(found):
    assert " of coin-bars" in found[0].base["refused"]
