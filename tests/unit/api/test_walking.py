"""A walk forward is one run that never saw what it was fitted on."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.api import walked_fits, walking
from quorate.api.extensions import named
from quorate.api.recipes import recipe
from quorate.errors import ConfigError, TooLittleHistoryError
from quorate.lake.panel import part
from quorate.report.formats import number
from quorate.research import model_set
from quorate.store import open_store

PLAN = quorate.Plan(train_days=24, purge_days=1, test_days=10, models=("linear",))


@pytest.fixture(scope="module")
def settings():
    return quorate.read_settings(overrides=dict(LIVELY))


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=6, days=55, planted_edge=1.0)


@pytest.fixture(scope="module")
def walked(panel, settings, tmp_path_factory):
    return quorate.walkforward(panel, settings, PLAN, out=tmp_path_factory.mktemp("runs"))


def test_each_fold_learns_from_what_is_past(walked):
    folds = walked.folds
    assert folds["fold"].to_list() == [1, 2, 3]
    assert folds["calibrations"].max() > 0
    assert (folds["labels"] > 2_000).all()
    assert folds["large_edge_sigmas"].max() > 0.0
    assert folds["large_score"].max() < 1.0
    for row in folds.iter_rows(named=True):
        begins = np.datetime64(row["test_from"])
        gap = begins - np.datetime64(row["learned_to"].replace(tzinfo=None))
        assert gap == np.timedelta64(1, "D")
        assert row["learned_to"] - row["learned_from"] == np.timedelta64(24, "D")


def test_the_folder_keeps_what_each_fold_learned(settings, walked):
    place = walked.result.folder / walked_fits.FOLDER
    assert sorted(path.name for path in place.iterdir()) == ["fold-01", "fold-02", "fold-03"]
    for row, fit in zip(walked.folds.iter_rows(named=True), walked.fits, strict=True):
        kept = model_set.read(place / f"fold-{row['fold']:02d}", digest=row["fit"])
        assert datetime.fromisoformat(kept.until) == row["learned_to"]
        assert [engine.name for engine in kept.engines] == list(fit.models)
        if fit.edges is not None:
            assert kept.edges.values.tobytes() == fit.edges.values.tobytes()
        assert kept.recipe == recipe(settings, named(settings), PLAN)
    told = json.loads((walked.result.folder / "run.json").read_text())["walk"]
    assert [row["fit"] for row in told["folds"]] == walked.folds["fit"].to_list()
    assert told["not_kept"] == ""


def test_fits_that_are_large_or_cannot_be_signed_are_not_kept(walked, tmp_path, monkeypatch):
    place = walked.result.folder / walked_fits.FOLDER
    assert sum(size_of(fold) for fold in place.iterdir()) < 200_000
    sets = [made(walked, n) for n in range(3)]
    assert None not in walked_fits.keep(tmp_path / "all", sets).digests
    sizes = [size_of(fold) for fold in sorted((tmp_path / "all" / walked_fits.FOLDER).iterdir())]
    found = walked_fits.keep(tmp_path, sets, sum(sizes) - 1)
    assert [each is None for each in found.digests] == [False, False, True]
    assert found.why.startswith("the fits up to fold 3 take more than 0.")
    assert not (tmp_path / walked_fits.FOLDER / "fold-03").exists()

    def refuse():
        raise ConfigError("there is no library to sign with", hint="install it")

    monkeypatch.setattr("quorate.research.keys.signer", refuse)
    unsigned = walked_fits.keep(tmp_path / "other", sets)
    assert unsigned == ((None, None, None), "there is no library to sign with")


def size_of(fold):
    return sum(path.stat().st_size for path in fold.iterdir())


def made(walked, n):
    """Return a set of the size of a fold's."""
    fit = walked.fits[n]
    return model_set.ModelSet(
        certificate="ab" * 32, horizon_hours=4.0, until=datetime(2024, 1, 1, tzinfo=UTC), voters=(),
        calibrations=fit.calibrations, strengths=fit.strengths, edge=fit.edge,
        approved={"momentum_day": frozenset()},
    )  # fmt: skip


def test_folds_make_up_the_run(walked):
    """Their returns compound to that of the run, their days and trades add up."""
    came, result = walked.folds, walked.result
    grown = float(np.prod(1.0 + came["total_return"].to_numpy()))
    assert grown - 1.0 == pytest.approx(result.net_return, rel=1e-9)
    assert came["n_trades"].sum() == result.trades.height > 0
    assert came["n_days"].sum() == result.metrics["net"]["n_days"] == 30
    spread = result.metrics["stability"]["fold"]["dispersion"]["total_return"]
    assert spread["mean"] == pytest.approx(came["total_return"].mean())
    assert spread["median"] == pytest.approx(came["total_return"].median())


def test_nothing_is_traded_before_the_first_test(walked):
    begins = np.datetime64(walked.folds["test_from"][0])
    first = walked.result.fills["ts"].min().replace(tzinfo=None)
    assert np.datetime64(first) >= begins
    assert np.datetime64(walked.result.equity["ts"].min().replace(tzinfo=None)) >= begins


def test_a_history_cut_after_a_fold_has_the_same_folds(panel, settings, walked):
    """What was learned and traded then does not know what came later: every byte."""
    days = 45
    short = quorate.walkforward(part(panel, 0, days * 288), settings, PLAN)
    assert short.folds.height == 2
    assert short.fits[1].edges is not None
    for then, later in zip(short.fits, walked.fits, strict=False):
        assert then.cells.tobytes() == later.cells.tobytes()
        assert (then.edges is None) == (later.edges is None)
        if then.edges is not None:
            assert then.edges.values.tobytes() == later.edges.values.tobytes()
        assert [e.parameters for e in then.engines] == [e.parameters for e in later.engines]
    n = short.result.equity.height
    assert short.result.equity.equals(walked.result.equity.head(n))
    assert short.result.fills.equals(walked.result.fills.head(short.result.fills.height))


def test_without_anything_to_learn_it_is_a_run_that_waited(panel, settings):
    """The same account as one that was told not to enter before the first test."""
    plan = quorate.Plan(
        train_days=24,
        purge_days=1,
        test_days=10,
        models=(),
        calibrate=False,
        edge="stated",
        leaderboard=False,
    )
    walked = quorate.walkforward(panel, settings, plan)
    plain = quorate.run(panel, settings)
    assert not any(np.isfinite(fit.cells).any() or fit.edges for fit in walked.fits)
    ours = walked.result.scorecard.filter(pl.col("regime") == "ALL")
    assert ours.height == plain.scorecard.filter(pl.col("regime") == "ALL").height
    last = walked.result.equity["ts"].max()
    assert last == plain.equity["ts"].max()


def test_engines_are_judged_on_mondays(walked):
    """At the first test, and on every Monday from then on, on what had ended by then."""
    weeks = walked.leaderboard["week"].unique().sort().to_list()
    assert [week.strftime("%Y-%m-%d") for week in weeks] == [
        *("2024-01-26", "2024-01-29", "2024-02-05", "2024-02-12", "2024-02-19")
    ]
    names = {engine["name"] for engine in walked.result.facts["engines"]}
    assert set(walked.leaderboard["engine"]) == names
    assert walked.leaderboard["mass"].max() > 200.0
    was = {(row["engine"], row["regime"]): row["is"] for row in walked.leaderboard[:1].to_dicts()}
    for row in walked.leaderboard.iter_rows(named=True):  # a chain: what was is what became
        place = (row["engine"], row["regime"])
        assert was.get(place, row["was"]) == row["was"]
        was[place] = row["is"]


def test_who_is_withdrawn_no_longer_weighs(panel, settings, monkeypatch):
    """The gates read the board: with nobody approved nothing is weighed, so nothing is traded."""
    real = walking.board

    def nobody(votes, names, approved):
        found = real(votes, names, approved)
        return found._replace(approved=np.zeros_like(found.approved))

    monkeypatch.setattr(walking, "board", nobody)
    assert quorate.walkforward(panel, settings, PLAN).result.trades.height == 0


def test_it_is_booked_and_written(walked):
    place = walked.result.folder
    facts = json.loads((place / "run.json").read_text())
    assert facts["kind"] == "walkforward"
    assert set(facts["seconds"]) == {"watch", "learn", "rank", "trade", "tell"}
    metrics = json.loads((place / "metrics.json").read_text())
    assert list(metrics["stability"]["fold"]["groups"]) == walked.folds["test_from"].to_list()
    for name in ("leaderboard", "worth"):
        assert pl.read_parquet(place / f"{name}.parquet").equals(getattr(walked, name))
    assert set(walked.worth["engine"]) == set(walked.leaderboard["engine"])
    page = (place / "report.html").read_text()
    assert "folds: Sharpe ratio" in page or "folds: sharpe" in page
    with open_store(place.parent / "quorate.sqlite") as store:
        (run,) = store.runs.list()
    assert (run.kind, run.status) == ("walkforward", "finished")
    assert number(len(walked.folds), 0) == "3"


@pytest.mark.parametrize(
    ("plan", "error", "said"),
    [
        ({"train_days": 60}, TooLittleHistoryError, "55.0 days hold no window"),
        ({"models": ("forest",)}, ConfigError, "no model is called 'forest'"),
        ({"test_days": 0}, ConfigError, "each is at least 1"),
        ({"edge": "guess"}, ConfigError, "use one of: isotonic, slope, stated"),
        ({"edge_z": -1.0}, ConfigError, r"edge_z is -1, outside \[0, 5\]"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(panel, settings, plan, error, said, tmp_path):
    def walk():
        asked = quorate.Plan(**({"train_days": 20, "purge_days": 1, "test_days": 10} | plan))
        return quorate.walkforward(panel, settings, asked, out=tmp_path)

    with pytest.raises(error, match=said):
        walk()
    assert not any(tmp_path.iterdir())


def test_a_label_longer_than_the_gap_is_refused(panel):
    settings = quorate.read_settings(overrides={"risk.horizon_hours": "48"})
    with pytest.raises(ConfigError, match="gap of 1 days is shorter than a label of 2 days"):
        quorate.walkforward(panel, settings, PLAN)
