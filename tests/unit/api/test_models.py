"""A model set in a run: what it changes, what is told of it, and that it is found again."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
from benchmarks.digest import Left
from tests.unit.api.conftest import LIVELY
from tests.unit.lake.builders import bars, store
from tests.unit.research.fitted import CERTIFICATE, edge, made

import quorate
from quorate.api import folding, models, sweeping
from quorate.api.dissect import NOT_APPROVED
from quorate.api.explanation import FITTED, STREAMING
from quorate.cli import run as command
from quorate.core.types import Regime
from quorate.errors import ConfigError, EngineError, ModelFileError
from quorate.research import model_set
from quorate.research.fits import Fits
from quorate.store import open_store

HOURS = 2.0  # as LIVELY has them
SET = made(horizon_hours=HOURS, edge=edge(slope=4.0, horizon_days=HOURS / 24))


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUORATE_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("sets") / "models"
    model_set.write(where, SET)
    return where


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=5, days=22, planted_edge=4.0)


@pytest.fixture(scope="module")
def settings():
    return quorate.read_settings(overrides=LIVELY)


@pytest.fixture(scope="module")
def lively(panel, settings, folder, tmp_path_factory):
    """Return a run with the set, its folder of runs; the set itself is gone afterwards."""
    moved = tmp_path_factory.mktemp("moved") / "models"
    shutil.copytree(folder, moved)
    result = quorate.run(panel, settings, models=moved, out=tmp_path_factory.mktemp("runs"))
    shutil.rmtree(moved)
    return result


@pytest.fixture(scope="module")
def entry(lively):
    """Return an entry of a coin in a trend, where a calibration was fitted."""
    entries = quorate.decisions(lively.folder, reason="ENTRY")
    return entries.filter(entries["regime"] == "trend").row(-1, named=True)


def test_its_engines_vote_and_stand_in_the_facts(lively):
    assert "logit_hour" in [each["name"] for each in lively.facts["engines"]]
    assert lively.metrics["engines"]["logit_hour"]["n_votes"] > 0
    assert lively.trades.height > 5
    (dropped,) = [e for e in lively.facts["engines"] if e["name"] == "vwap_reversion"]
    assert dropped["approved"] == []


def test_the_run_says_which_set_and_what_was_fitted(lively, folder):
    told = json.loads((lively.folder / "run.json").read_text())["models"]
    fits = model_set.read(folder)
    assert told["digest"] == fits.digest
    assert told["certificate"] == CERTIFICATE
    assert told["engines"] == ["logit_hour"]
    assert told["approved"] == {"vwap_reversion": []}
    assert told["horizon_hours"] == HOURS
    kept = told["cells"]["ema_cross"]
    assert kept.keys() == {"trend"}
    assert kept["trend"] == [None if np.isnan(p) else p for p in fits.cells["ema_cross"][:5]]
    assert told["edge_map"]["values"] == fits.edges.values.tolist()


def test_the_files_go_with_the_run(lively, folder):
    kept = {path.name: path.read_bytes() for path in (lively.folder / models.FOLDER).iterdir()}
    assert kept == {path.name: path.read_bytes() for path in model_set.read(folder).files}


def test_bars_the_set_was_fitted_on_are_counted(lively, panel):
    # it was fitted until the fifth of January, and the first bar closes on the first
    n = lively.facts["models"]["n_in_sample"]
    assert panel.close_ms(n - 1) <= datetime(2024, 1, 5, tzinfo=UTC).timestamp() * 1000
    assert panel.close_ms(n) > datetime(2024, 1, 5, tzinfo=UTC).timestamp() * 1000
    (note,) = [each for each in lively.facts["data"]["notes"] if each.startswith("models were")]
    assert f"{n:,} of {panel.n_bars:,} bars" in note
    later = Fits(until="2019-01-01T00:00:00+00:00")
    assert models.n_in_sample(later, panel) == 0
    assert models.notes(later, panel) == []
    assert models.n_in_sample(Fits(until="2030-01-01T00:00:00+00:00"), panel) == panel.n_bars
    assert "nothing says until when" in models.notes(Fits(), panel)[0]


def test_explained_again_with_the_models_of_the_run(lively, entry):
    found = quorate.explain(lively.folder, entry["id"])
    assert found.source == "recomputed"
    assert "identical" in found.verdict
    by_name = {vote.engine: vote for vote in found.votes}
    fitted = lively.facts["models"]["cells"]["ema_cross"]["trend"]
    assert found.score.edge_map == FITTED
    for name, vote in by_name.items():
        wanted = name == "ema_cross" and vote.prob in fitted
        assert vote.calibration == (FITTED if wanted else STREAMING), name
    assert "edge, fitted map" in str(found)


def test_each_probability_says_what_calibrated_it(lively, entry):
    """Somewhere in a trend the engine votes; its probability is the one that was fitted."""
    kept = quorate.decisions(lively.folder)
    votes = {"fitted": 0, "streaming": 0}
    for row in kept.filter(kept["regime"] == "trend").sort("timestamp").tail(40).to_dicts():
        found = quorate.explain(lively.folder, row["id"], recorded=True)
        for vote in found.votes:
            if vote.engine == "ema_cross":
                votes[vote.calibration] += 1
            else:
                assert vote.calibration == STREAMING
        if votes["fitted"]:
            break
    assert votes["fitted"]
    again = quorate.explain(lively.folder, row["id"])
    assert {v.engine: v.calibration for v in again.votes}["ema_cross"] == FITTED
    (line,) = [x for x in str(again).splitlines() if "calibrated out of sample" in x]
    assert line.strip() == f"* 1 of {len(again.votes)} calibrated out of sample"
    assert max(map(len, str(again).splitlines())) <= 80
    assert entry["id"]


def test_an_engine_that_may_vote_nowhere_is_said_so(lively):
    """It votes on and has no weight; where it took no side, that is why."""
    kept = quorate.decisions(lively.folder)
    found = [quorate.explain(lively.folder, each) for each in kept["id"].to_list()[-3:]]
    said = []
    for each in found:
        said += [(v.is_approved, v.weight) for v in each.votes if v.engine == "vwap_reversion"]
        said += [(s.why, s.weight) for s in each.silent if s.engine == "vwap_reversion"]
    assert len(said) == len(found)
    assert set(said) <= {(False, 0.0), (NOT_APPROVED, 0.0)}


def test_without_its_models_only_the_record_is_shown(lively, entry, tmp_path):
    copy = tmp_path / lively.run_id
    shutil.copytree(lively.folder, copy)
    shutil.rmtree(copy / models.FOLDER)
    found = quorate.explain(copy, entry["id"])
    assert found.source == "recorded"
    assert "holds no model set" in found.verdict
    assert found.score.edge_map == FITTED
    model_set.write(copy / models.FOLDER, made(horizon_hours=HOURS, edge=None))
    assert "the one asked for is" in quorate.explain(copy, entry["id"]).verdict


def test_a_run_without_models_says_nothing_of_them(panel, settings, tmp_path):
    result = quorate.run(panel, settings, out=tmp_path)
    assert "models" not in result.facts
    assert not (result.folder / models.FOLDER).exists()
    kept = quorate.decisions(result.folder, reason="ENTRY")
    found = quorate.explain(result.folder, kept["id"][-1])
    assert {vote.calibration for vote in found.votes} == {STREAMING}
    assert found.score.edge_map == "stated"
    assert "out of sample" not in str(found)
    # and fits of nothing change nothing
    same = quorate.run(panel, settings, models=Fits())
    assert same.equity.equals(result.equity)
    assert same.decisions.equals(result.decisions)


def test_fits_made_by_hand_are_given_again(panel, settings, tmp_path):
    row = np.full(25, 0.6)
    fits = Fits(cells={"ema_cross": row}, horizon_hours=HOURS)
    result = quorate.run(panel, settings, models=fits, out=tmp_path)
    kept = quorate.decisions(result.folder, reason="ENTRY")["id"][-1]
    assert quorate.explain(result.folder, kept).source == "recorded"
    found = quorate.explain(result.folder, kept, models=fits)
    assert "identical" in found.verdict
    other = Fits(cells={"ema_cross": row + 0.1}, horizon_hours=HOURS)
    assert "the run had the models" in quorate.explain(result.folder, kept, models=other).verdict


def test_another_set_is_another_trial(panel, settings, folder, tmp_path):
    for given in (None, folder, Fits(until="2020-01-01T00:00:00+00:00"), folder):
        result = quorate.run(panel, settings, models=given, out=tmp_path)
    assert result.facts["n_trials"] == 3.0
    with open_store(tmp_path / "quorate.sqlite") as book:
        recipes = {run.recipe for run in book.runs.list()}
    assert sum(model_set.read(folder).digest in recipe for recipe in recipes) == 1


def test_another_horizon_is_refused(panel, folder):
    with pytest.raises(ConfigError, match=r"fitted to what 2 hours bring, and .* is 4") as caught:
        quorate.run(panel, models=folder)
    assert "risk.horizon_hours=2" in caught.value.hint


def test_what_is_no_set_is_refused(panel, settings, tmp_path):
    with pytest.raises(ConfigError, match="models are dict, neither a folder nor Fits"):
        quorate.run(panel, settings, models={})
    with pytest.raises(ModelFileError, match="holds no model set"):
        quorate.run(panel, settings, models=tmp_path, out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()  # what never began is no trial


def test_an_engine_that_does_not_vote_is_refused(panel, settings, folder):
    some = tuple(each for each in quorate.engines() if each.name != "ema_cross")
    with pytest.raises(EngineError, match="a calibration of the engine 'ema_cross'"):
        quorate.run(panel, settings, engines=some, models=folder)


CHOICES = quorate.grid({"consensus.k": ["0.5", "1.0"], "risk.stop_sigmas": ["0.7", "3"]})


@pytest.mark.parametrize(("batch", "threads"), [(3, 2), (32, 1)])
def test_a_sweep_gives_the_bytes_of_runs_of_their_own(panel, folder, batch, threads, monkeypatch):
    watched = []

    class Watched(sweeping.Gathering):
        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            self.left = Left()
            watched.append(self.left)

        def add(self, done):
            self.left.take(done)
            super().add(done)

    monkeypatch.setattr(sweeping, "Gathering", Watched)
    monkeypatch.setattr(sweeping, "BATCH", batch)
    chosen = [quorate.read_settings(overrides=LIVELY | each) for each in CHOICES]
    fits = model_set.read(folder)
    quorate.sweep(panel, chosen, models=folder, threads=threads)
    assert len({left.digest for left in watched}) == len(chosen)
    for left, setting in zip(watched, chosen, strict=True):
        alone = Left()
        fold = folding.begin(panel, setting, fits.voters(quorate.engines()), fits)
        for _, done in folding.advance(panel, fold):
            alone.take(done)
        assert alone.n_fills == left.n_fills > 0
        assert alone.digest == left.digest


def test_what_is_weighed_otherwise_is_not_shared(panel, settings):
    row = np.full(25, 0.6)
    some = (
        None,
        Fits(cells={"ema_cross": row}),
        Fits(cells={"ema_cross": row + 0.1}),
        Fits(edges=edge().edges),
        Fits(edges=edge(slope=0.5).edges),
        Fits(approved={"ema_cross": frozenset({Regime.PANIC})}),
    )
    folds = [folding.begin(panel, settings, quorate.engines(), fits) for fits in some]
    assert len({sweeping.weighed_by(fold.made) for fold in folds}) == len(some)
    again = folding.begin(panel, settings, quorate.engines(), some[1])
    assert sweeping.weighed_by(again.made) == sweeping.weighed_by(folds[1].made)


def test_engines_of_a_set_are_ours_and_see_rows_as_they_come(panel, settings, folder):
    fits = model_set.read(folder)
    fold = folding.begin(panel, settings, fits.voters(quorate.engines()), fits)
    assert fold.made.foreign == frozenset()
    assert fold.made.cells.shape == (len(fold.made.engines), 25)


def test_runs_with_other_models_differ_in_a_row(lively, panel, settings):
    plain = quorate.run(panel, settings, out=lively.folder.parent)
    found = quorate.compare(plain.folder, lively.folder)
    rows = {row.name: row.values for row in found.settings}
    assert rows["models"] == (None, lively.facts["models"]["digest"][:16])
    assert rows["engine logit_hour"] == (None, "votes")


def test_the_command_runs_with_a_set(folder, tmp_path, capsys):
    store(tmp_path / "bars", BTCUSDT=bars(400), ETHUSDT=bars(400))
    words = ["--bars", str(tmp_path / "bars"), "--venue", "binance_spot", "--kind", "spot"]
    out = tmp_path / "runs"
    given = ["--models", str(folder), "--set", "risk.horizon_hours=2", "--out", str(out), "--json"]
    assert command(["backtest", *words, *given]) == 0
    result = quorate.read(json.loads(capsys.readouterr().out)["run_id"], out=out)
    assert result.facts["models"]["digest"] == model_set.read(folder).digest


def test_the_command_refuses_a_set_before_it_reads_a_bar(tmp_path, capsys):
    words = ["--bars", str(tmp_path / "none"), "--venue", "binance_spot", "--kind", "spot"]
    assert command(["backtest", *words, "--models", str(tmp_path)]) != 0
    assert "holds no model set" in capsys.readouterr().err


def test_a_sweep_takes_a_set_and_its_next_command_names_it(folder, tmp_path, capsys):
    out = ["--out", str(tmp_path / "runs")]
    given = ["--models", str(folder), "--set", "risk.horizon_hours=2", *out, "--json"]
    assert command(["sweep", "--demo", "--days", "2", "--over", "consensus.k=1,2", *given]) == 0
    again = json.loads(capsys.readouterr().out)["best"]["backtest"]
    assert f"--models {folder}" in again
