"""A training leaves a set that a run after it takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.core.types import Regime
from quorate.errors import ConfigError, TooLittleHistoryError
from quorate.lake.panel import part
from quorate.research import model_set

PLAN = quorate.Plan(train_days=30, models=("linear",))


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=6, days=60, planted_edge=1.0)


@pytest.fixture(scope="module")
def settings():
    return quorate.read_settings(overrides=dict(LIVELY))


@pytest.fixture(scope="module")
def trained(panel, settings, tmp_path_factory):
    to = tmp_path_factory.mktemp("models")
    return quorate.train(part(panel, 0, 40 * 288), settings, PLAN, to=to)


def test_the_set_holds_what_was_learned(trained):
    fits = model_set.read(trained.folder)
    assert [engine.name for engine in fits.engines] == ["linear_model"]
    assert fits.digest == trained.digest
    assert fits.until == trained.until.isoformat()
    assert fits.horizon_hours == 4.0
    assert trained.fit.edge is not None
    assert fits.edges.values.tobytes() == trained.fit.edge.edges.values.tobytes()
    assert trained.leaderboard.height == 5 * 26


def test_a_run_after_it_takes_the_set(trained, panel, settings, tmp_path):
    after = part(panel, 40 * 288, 60 * 288)
    run = quorate.run(after, settings, models=trained.folder, out=tmp_path)
    assert run.facts["models"]["digest"] == trained.digest
    assert (run.folder / "models" / model_set.MANIFEST).is_file()
    plain = quorate.run(after, settings)
    assert run.metrics["engines"].keys() - plain.metrics["engines"].keys() == {"linear_model"}
    assert run.equity.height == plain.equity.height


def test_nothing_after_the_training_matters(trained, panel, settings, tmp_path):
    """The same days from a longer history: a part of it says the same."""
    again = quorate.train(part(panel, 0, 40 * 288), settings, PLAN, to=tmp_path)
    assert again.digest == trained.digest
    other = quorate.train(part(panel, 0, 41 * 288), settings, PLAN, to=tmp_path)
    assert other.digest != trained.digest


def test_approvals_are_those_of_the_board(trained):
    fits = model_set.read(trained.folder)
    board = trained.leaderboard
    for name, regimes in fits.approved.items():
        allowed = set(board.filter((board["engine"] == name) & board["is"])["regime"])
        assert {Regime(each).name for each in regimes} == allowed
    assert np.isfinite(trained.fit.cells).any()


def test_models_of_a_regime_may_vote_there_alone(panel, settings, tmp_path):
    plan = replace(PLAN, per_regime=True, leaderboard=False)
    done = quorate.train(part(panel, 0, 40 * 288), settings, plan, to=tmp_path)
    fits = model_set.read(tmp_path)
    for engine in fits.engines:
        regime = Regime[engine.name.removeprefix("linear_model_").upper()]
        assert engine.approved == {regime}
    told = [each for each in done.fit.remarks if "whole rows in" in each]
    assert len(fits.engines) == len(Regime) - len(told) > 0
    run = quorate.run(part(panel, 40 * 288, 50 * 288), settings, models=tmp_path)
    assert {engine.name for engine in fits.engines} <= run.metrics["engines"].keys()


def test_too_short_a_history_is_refused(panel, settings, tmp_path):
    with pytest.raises(TooLittleHistoryError, match="fewer than 30 days"):
        quorate.train(part(panel, 0, 20 * 288), settings, PLAN, to=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_control_of_a_run_with_models_has_them_too(trained, panel, settings, tmp_path):
    after = part(panel, 40 * 288, 60 * 288)
    run = quorate.run(after, settings, models=trained.folder, out=tmp_path)
    found = quorate.control(run.folder, n=1, panel=after)
    alone = quorate.run(after, settings, out=tmp_path)
    assert not found.table.equals(quorate.control(alone.folder, n=1, panel=after).table)


META = "meta_momentum_week"


def test_a_model_of_when_a_rule_pays_is_written_and_votes(panel, settings, tmp_path):
    """Through training, the set, a run, and the leaderboard of a walk, under its own name."""
    plan = replace(PLAN, models=("meta:momentum_week",), leaderboard=False)
    done = quorate.train(part(panel, 0, 40 * 288), settings, plan, to=tmp_path)
    assert [*done.fit.models] == [META]
    run = quorate.run(part(panel, 40 * 288, 60 * 288), settings, models=tmp_path)
    assert META in run.metrics["engines"]
    fits = model_set.read(tmp_path)
    assert fits.engines[0].family == "trend"
    assert fits.recipe["learners"].keys() == {"meta:momentum_week"}
    week = replace(plan, train_days=24, test_days=14, purge_days=1, leaderboard=True)
    walked = quorate.walkforward(part(panel, 0, 40 * 288), settings, week)
    assert META in set(walked.leaderboard["engine"])
    assert [engine.name for engine in walked.fits[0].engines] == [META]


def test_a_rule_that_was_left_out_cannot_be_learned_of(panel, tmp_path):
    without = quorate.read_settings(overrides={"engines.exclude": ("momentum_week",)})
    plan = replace(PLAN, models=("meta:momentum_week",))
    with pytest.raises(ConfigError, match="no rule that votes is called 'momentum_week'"):
        quorate.train(panel, without, plan, to=tmp_path)
