"""Figures for shadow and for champion are read from runs of the recipe, as the ledger has them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.api import positive_paths
from quorate.api.figures import canaried, researched
from quorate.api.trials import data_of, trials_of
from quorate.api.validating import paths_told
from quorate.errors import RegistryError
from quorate.lake.panel import part
from quorate.report.reading import read
from quorate.research.shown import CANARY, RESEARCH, Shown
from quorate.statistics.accounts import deflated
from quorate.statistics.confidence import running
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.store import open_store

pytestmark = pytest.mark.slow  # two walks, two audits, a sweep and a cross-validation
PLAN = quorate.Plan(
    train_days=20, purge_days=3, test_days=35, models=("linear",), leaderboard=False
)
NOW = datetime(2024, 1, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a registry with a champion and a candidate, and the folder of all that was run."""
    place = tmp_path_factory.mktemp("figures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUORATE_CONFIG_DIR", str(place / "config"))
        panel = quorate.synthetic(n_coins=4, days=59, planted_edge=2.0)
        early = part(panel, 0, 23 * 288)
        found = quorate.registry(place / "registry")
        for name, change in (("champion", {}), ("challenger", {"consensus.k": "0.6"})):
            settings = quorate.read_settings(overrides=dict(LIVELY) | change)
            quorate.train(early, settings, PLAN, to=place / name)
            audit = quorate.audit(early, settings, n_cuts=4)
            found.publish(place / name, audit, why="made", at=NOW)
            walked = quorate.walkforward(panel, settings, PLAN, out=place / "runs")
            (place / f"{name}.run").write_text(walked.result.run_id)
        for stage in ("canary", "champion"):
            found.stage("v0001", stage, why="first", at=NOW, override="the first")
        choices = [
            quorate.read_settings(overrides=dict(LIVELY) | {"consensus.k": k})
            for k in ("0.5", "0.6", "0.75")
        ]
        swept = quorate.sweep(panel, choices, out=place / "runs")
        (place / "sweep.run").write_text(swept.table["run_id"][0])
        paths = quorate.cpcv(panel, settings, models=["linear"])
        told = paths_told(paths, panel, settings, ["linear"])
        (place / "cpcv.json").write_text(json.dumps(told))
        yield found, place, panel, settings


def figures(made, run="challenger", **change):
    found, place, *_ = made
    given = {
        "champion_run": name(place, "champion"),
        "sweep": name(place, "sweep"),
        "cpcv": place / "cpcv.json",
    }
    return researched(found, "v0002", name(place, run), out=place / "runs", **(given | change))


def name(place, which):
    return (place / f"{which}.run").read_text()


def test_every_figure_of_research_is_found_where_it_is(made):
    found, place, panel, _ = made
    shown = figures(made)
    assert set(shown.figures) == set(RESEARCH) == set(shown.sources)
    run = read(place / "runs" / name(place, "challenger"))
    assert shown.figures["n_trades"] == run.trades.height > 0
    data = data_of(part(panel, 23 * 288, panel.n_bars))
    with open_store(place / "runs" / "quorate.sqlite") as store:
        trials = trials_of([store.runs], data._replace(digest=run.about["data"]["digest"]))
    net = daily_returns(run.equity.select(list(EQUITY))).net
    # every trial since the run counts, not those there were then alone
    assert trials.n == 2
    assert shown.figures["deflated_sharpe"] == pytest.approx(deflated(net, trials), abs=1e-12)
    assert shown.figures["dear_net_usd"] * 1e8 == pytest.approx(
        run.net - sum(v for line, v in run.lines.items() if line.name != "GROSS" and v > 0) / 2
    )
    paths = json.loads((place / "cpcv.json").read_text())["paths"]
    assert shown.figures["positive_paths"] == np.mean([row["net_bps"] > 0 for row in paths])
    assert "3 settings" in shown.sources["overfit"]
    assert shown.sources["dear_net_usd"].startswith(f"run {run.about['run_id']}, opened with 100,0")
    assert shown.champion == found.index.champion.recipe_hash
    assert shown.recipe == found.version("v0002").recipe_hash


def test_what_is_not_named_is_missing(made):
    shown = figures(made, champion_run=None, sweep=None, cpcv=None)
    assert set(RESEARCH) - set(shown.figures) == {"superiority", "overfit", "positive_paths"}
    short = "; ".join(shown.short(shown.champion))
    assert "(PBO) is missing (no sweep is named), must be below 0.2" in short
    assert "(CPCV) is missing (no cross-validation is named), must be at least 0.8" in short


def test_a_run_of_another_recipe_or_that_was_changed_is_refused(made, tmp_path):
    found, place, *_ = made
    with pytest.raises(RegistryError, match="has other settings than the recipe of v0002"):
        figures(made, run="champion")
    with pytest.raises(RegistryError, match="has other settings than the recipe of v0001"):
        figures(made, champion_run=name(place, "challenger"))
    there = tmp_path / "changed"
    shutil.copytree(place / "runs" / name(place, "challenger"), there)
    equity = pl.read_parquet(there / "equity.parquet")
    more = pl.col("equity", "equity_usd") + pl.int_range(pl.len()) * 10**7
    equity.with_columns(more).write_parquet(there / "equity.parquet")
    with pytest.raises(RegistryError, match="is not what the ledger booked"):
        researched(found, "v0002", there, out=place / "runs")
    told = json.loads((there / "run.json").read_text())
    told["walk"]["plan"]["train_days"] = 19
    (there / "run.json").write_text(json.dumps(told))
    with pytest.raises(RegistryError, match="learns otherwise than the recipe of v0002"):
        researched(found, "v0002", there, out=place / "runs")


def test_a_walk_whose_gap_is_short_shows_nothing(made, tmp_path):
    """It is the recipe's, and booked: of all that shows a version only its gap is otherwise."""
    found, _, panel, settings = made
    walked = quorate.walkforward(panel, settings, replace(PLAN, purge_days=2), out=tmp_path)
    run_id = walked.result.run_id
    said = f"the run {run_id} left 2 days between what it learned .* at least 3"
    with pytest.raises(RegistryError, match=said) as caught:
        researched(found, "v0002", run_id, out=tmp_path)
    assert "quorate walkforward --purge-days 4" in caught.value.hint


def test_a_run_with_models_counts_after_they_were_fitted(made, tmp_path):
    found, place, panel, settings = made
    for first, said in ((0, "begins before 2024-01-2"), (None, "is neither a walk forward nor")):
        models = place / ("challenger" if first == 0 else "champion")
        span = part(panel, 0 if first == 0 else 23 * 288, 26 * 288)
        done = quorate.run(span, settings, models=models, out=tmp_path)
        with pytest.raises(RegistryError, match=said):
            researched(found, "v0002", done.run_id, out=tmp_path)


def test_a_sweep_without_the_recipe_and_a_file_of_somebody_are_refused(made, tmp_path):
    _, place, panel, settings = made
    other = quorate.read_settings(overrides=dict(LIVELY) | {"consensus.k": "0.9"})
    quorate.sweep(part(panel, 0, 288), [other], out=place / "runs")
    with open_store(place / "runs" / "quorate.sqlite") as store:
        last = store.runs.list()[-1].run_id
    with pytest.raises(RegistryError, match="the settings of v0002 are none of the 1 of sweep"):
        figures(made, sweep=last)
    with pytest.raises(RegistryError, match="the ledger has no run whose id begins nobody"):
        figures(made, sweep="nobody")
    told = json.loads((place / "cpcv.json").read_text())
    for change, said in (
        ({"paths": [row | {"net_bps": 9.0} for row in told["paths"]]}, "somebody changed it"),
        ({"seal": None}, "the cpcv is not signed"),
        ({"paths": 1}, "is no cross-validation"),
    ):
        path = tmp_path / "other.json"
        path.write_text(json.dumps(told | change))
        with pytest.raises(RegistryError, match=said):
            figures(made, cpcv=path)
    path.write_text(json.dumps(paths_of(panel, other, ["linear"])))
    with pytest.raises(RegistryError, match="of other settings than the recipe of v0002"):
        figures(made, cpcv=path)
    path.write_text(json.dumps(paths_of(panel, settings, ["trees"])))
    assert figures(made, cpcv=path).sources["positive_paths"] == "other.json lacks linear"


def paths_of(panel, settings, models, n_paths=5, cost_bps=15.0):
    nets = {"path": range(n_paths), "net_bps": [1.0] * n_paths}
    table = pl.DataFrame({"model": ["linear_model"] * n_paths, **nets})
    found = quorate.api.validating.Paths(table, table, 6, 2, cost_bps)
    return paths_told(found, panel, settings, models)


def test_paths_of_any_market_cost_and_number_show_nothing(made, tmp_path):
    _, _, panel, settings = made
    path = tmp_path / "cpcv.json"
    other = quorate.synthetic(n_coins=4, days=59, planted_edge=9.0, seed=8)
    for panel_of, change, said in (
        (other, {}, "is of other data than the run .* and the fits of v0002"),
        (part(panel, 0, 30 * 288), {}, "is of other data than the run"),
        (panel, {"n_paths": 1}, "has 1 paths, 5 are needed"),
        (panel, {"cost_bps": 9.9}, "counts a vote at 9.9 bps, the fees .* are 10"),
    ):
        path.write_text(json.dumps(paths_of(panel_of, settings, ["linear"], **change)))
        with pytest.raises(RegistryError, match=said):
            figures(made, cpcv=path)
    # the bars that its fit was made of are its own too
    path.write_text(json.dumps(paths_of(part(panel, 0, 23 * 288), settings, ["linear"])))
    assert figures(made, cpcv=path).figures["positive_paths"] == 1.0
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"cost_bps": 99.0}))
    with pytest.raises(RegistryError, match="somebody changed it"):
        figures(made, cpcv=path)
    path.write_text(json.dumps({n: v for n, v in told.items() if n != "cost_bps"}))
    with pytest.raises(RegistryError, match="is no cross-validation: 'cost_bps'"):
        figures(made, cpcv=path)


def test_a_canary_counts_from_the_day_it_is_one(made, tmp_path):
    found, place, panel, settings = made
    shutil.copytree(found.folder, tmp_path / "registry")
    again = quorate.registry(tmp_path / "registry")
    with pytest.raises(RegistryError, match="v0002 is candidate, no canary"):
        canaried(again, "v0002", name(place, "challenger"), out=place / "runs")
    alone = quorate.registry(tmp_path / "alone")
    audit = quorate.audit(part(panel, 0, 23 * 288), settings, n_cuts=4)
    alone.publish(place / "challenger", audit, why="made", at=NOW)
    first = {"why": "first", "at": NOW + timedelta(days=4, hours=1)}
    with pytest.raises(RegistryError, match=r"v0001 cannot become canary: closed trades out of"):
        alone.stage("v0001", "canary", **first)
    alone.stage("v0001", "canary", override="no sweep", **first)
    shown = canaried(alone, "v0001", name(place, "challenger"), out=place / "runs")
    run = read(place / "runs" / name(place, "challenger"))
    since = datetime(2024, 1, 29, tzinfo=UTC)
    assert shown.figures["n_trades"] == run.trades.filter(pl.col("closed_at") > since).height
    assert 0 < shown.figures["n_trades"] < run.trades.height
    assert shown.figures["n_days"] == 30  # of 35, of which five began before
    assert set(CANARY) - set(shown.figures) == {"slippage_ratio", "reject_rate"}
    net = daily_returns(run.equity.select(list(EQUITY))).net[5:]
    assert len(net) == 30
    assert shown.figures["ahead_low"] == running(net).low[-1]  # nothing is taken off: cash
    assert shown.sources["ahead_low"].endswith("against cash")
    assert "only orders at a venue show it" in shown.sources["reject_rate"]


@pytest.mark.parametrize("named", ["cpcv.json", None])
def test_rules_alone_are_told_what_to_do_without_paths(made, named):
    found, place, *_ = made
    recipe = found.version("v0002").recipe
    rules = {**recipe, "learning": {**recipe["learning"], "models": []}, "learners": {}}
    run = read(place / "runs" / name(place, "challenger"))
    file = None if named is None else place / named
    version = replace(found.version("v0002"), recipe=rules)
    value, source = positive_paths.share(file, version, run, set())
    short = "; ".join(
        Shown(stage="research", recipe="", sources={"positive_paths": source}).short("")
    )
    assert value is None
    assert "(CPCV) is missing (the recipe learns no engine, so no" in short
    assert 'rules alone reach shadow by --override "why" alone' in short
