"""A night on a synthetic market: what it publishes, what stops it, and what does not."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from tests.unit.api.nights.market import AT, market, night

import quorate
from quorate.api import learning
from quorate.api.auditing import Audit
from quorate.api.nights import work
from quorate.api.nights.night import STEPS
from quorate.api.nights.record import Record, State
from quorate.core.types import Regime
from quorate.errors import ConfigError, DataError
from quorate.report import promotion
from quorate.research import leaderboard, model_set
from quorate.research.versions import Stage
from quorate.statistics.guardrails import Arm

DAY = timedelta(days=1)


def made_champion(where, at):
    registry = quorate.registry(where / "registry")
    for stage in ("canary", "champion"):
        registry.stage("v0001", stage, why="the first", at=at, override="a test of nights")
    return registry


@pytest.fixture(scope="module", autouse=True)
def audited_once():
    """Audit the same days under the same settings once: nothing else is left out."""
    found = {}
    real = work.audit

    def audit(panel, settings, **named):
        key = (panel.source.digest, repr(settings.values), repr(sorted(named)))
        if key not in found:
            found[key] = real(panel, settings, **named)
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "audit", audit)
        yield


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Return the first night of a registry, and where it was."""
    where = tmp_path_factory.mktemp("first")
    return night(where), where


@pytest.fixture(scope="module")
def second(first, tmp_path_factory):
    """Return the night after, on which the first version is champion."""
    where = tmp_path_factory.mktemp("second") / "copy"
    shutil.copytree(first[1], where)
    made_champion(where, AT + timedelta(hours=1))
    return night(where, AT + DAY), where


def test_the_first_night_leaves_a_candidate(first):
    found, where = first
    assert found.is_done, [step.said for step in found.steps]
    assert [step.name for step in found.steps] == list(work_names())
    (version,) = quorate.registry(where / "registry").index.versions
    assert (version.name, version.stage, version.published_at) == ("v0001", Stage.CANDIDATE, AT)
    assert version.until == datetime(2024, 2, 13, tzinfo=UTC)
    assert set(version.metrics) == set(work.TOLD)
    assert found.champion == ""
    assert "the first enters at canary" in found.remarks[0]


def work_names():
    return ("ingest", "check", "features", "train", "audit", "walkforward", "compare", "publish")


def test_done_again_it_changes_nothing(first, monkeypatch):
    found, where = first
    for name in work_names():
        monkeypatch.setattr(work.Work, name, None)  # a step that was done again would fail
    index = (where / "registry" / "registry.index").read_bytes()
    again = night(where)
    assert again.as_dict() == found.as_dict()
    assert (where / "registry" / "registry.index").read_bytes() == index


def test_a_damaged_record_is_done_again_and_keeps_what_was_published(first):
    where = first[1]
    index = (where / "registry" / "registry.index").read_bytes()
    path = where / "nights" / f"{AT:%Y-%m-%d}" / "steps" / "check.json"
    path.write_bytes(path.read_bytes()[:40])
    found = night(where)
    assert found.is_done, [step.said for step in found.steps]
    assert [step.told for step in found.steps] == [step.told for step in first[0].steps]
    assert any("the record of check was damaged" in said for said in found.remarks)
    assert (where / "registry" / "registry.index").read_bytes() == index
    assert not any("damaged" in said for said in night(where).remarks)


def test_a_night_that_broke_off_ends_as_one_that_did_not(first, tmp_path, monkeypatch):
    def cut(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(work.Work, "walkforward", cut)
        with pytest.raises(KeyboardInterrupt):
            night(tmp_path)
    monkeypatch.setattr(work.Work, "train", None)
    found = night(tmp_path)
    assert found.is_done
    whole = quorate.registry(first[1] / "registry").index.versions
    again = quorate.registry(tmp_path / "registry").index.versions
    # the run of the walk forward has another id; nothing of it is in the version
    assert again == whole


def test_the_champion_is_renewed(second):
    found, where = second
    assert found.is_done, [step.said for step in found.steps]
    assert found.champion == "v0002"
    index = quorate.registry(where / "registry").index
    assert [each.stage for each in index.versions] == [Stage.RETIRED, Stage.CHAMPION]
    kinds = [each["kind"] for each in index.history[-1].evidence]
    assert sorted(kinds) == ["audit", "data", "non-inferiority"]
    (held,) = (each for each in index.history[-1].evidence if each["kind"] == "non-inferiority")
    assert held["n_active"] > 10


def test_approvals_are_those_before_except_on_mondays(second):
    found, where = second
    (told,) = found.steps[3].told.values()
    assert told["approvals"] == "as before"
    sets = [model_set.read(where / "registry" / name).approved for name in ("v0001", "v0002")]
    assert sets[0] == sets[1]
    assert sets[0]


@pytest.mark.slow  # a night more
def test_on_a_monday_they_are_judged_anew_from_where_they_stand(second, tmp_path, monkeypatch):
    where = tmp_path / "copy"
    shutil.copytree(second[1], where)
    monday = datetime(2024, 2, 19, 2, tzinfo=UTC)
    begun = []

    def board(votes, names, approved):
        begun.append({name: approved[:, e].tolist() for e, name in enumerate(names)})
        return leaderboard.board(votes, names, approved)

    whole = model_set.read

    def read(folder):  # as if the weeks before had withdrawn all cells but one of each
        fits = whole(folder)
        few = {name: frozenset(sorted(regimes)[:1]) for name, regimes in fits.approved.items()}
        return dataclasses.replace(fits, approved=few)

    monkeypatch.setattr(work.Work, "_stood", lambda *_: read(where / "registry" / "v0001").approved)
    monkeypatch.setattr(learning, "board", board)
    found = night(where, monday)
    assert found.is_done, [step.said for step in found.steps]
    (told,) = found.steps[3].told.values()
    assert told["approvals"] == "judged anew"
    old = read(where / "registry" / "v0001").approved
    (began,) = begun
    assert began == {name: [regime in old[name] for regime in Regime] for name in began}
    assert sum(map(sum, began.values())) == len(began)
    (kept,) = where.rglob("2024-02-19/leaderboard/*.parquet")
    assert set(pl.read_parquet(kept)["engine"]) == set(began)


def test_a_refit_that_is_not_shown_to_be_no_worse_is_not_published(first, tmp_path, monkeypatch):
    where = tmp_path / "copy"
    shutil.copytree(first[1], where)
    registry = made_champion(where, AT + timedelta(hours=1))
    renewal = work.renewal

    def worse(*given, **named):
        found = renewal(*given, **named)
        first, *rest = found.guardrails
        broken = dataclasses.replace(first, is_kept=False, p_value=0.4, why="")
        return dataclasses.replace(found, guardrails=(broken, *rest))

    monkeypatch.setattr(work, "renewal", worse)
    found = night(where, AT + DAY)
    assert found.is_done
    assert found.champion == "v0001"
    assert "pnl of the refit is not shown" in found.steps[-1].said
    assert len(registry.index.versions) == 1


def test_where_neither_fit_traded_nothing_was_compared_and_the_old_fit_stays(
    first, tmp_path, monkeypatch
):
    where = tmp_path / "copy"
    shutil.copytree(first[1], where)
    registry = made_champion(where, AT + timedelta(hours=1))
    monkeypatch.setattr(promotion, "arm", lambda _run, day: Arm(*np.zeros((7, len(day)))))
    found = night(where, AT + DAY)
    compare, publish = found.steps[-2:]
    assert found.is_done
    assert "neither v0001 nor its refit traded or held anything on 30 days" in compare.said
    assert next(iter(compare.told.values()))["n_active"] == 0
    assert "nothing was compared" in publish.said
    assert [each.name for each in registry.index.versions] == ["v0001"]


def test_an_audit_that_does_not_pass_stops_the_night(first, tmp_path, monkeypatch):
    where = tmp_path / "copy"
    shutil.copytree(first[1], where)
    registry = made_champion(where, AT + timedelta(hours=1))
    monkeypatch.setattr(work, "audit", lambda *_given, **_named: Audit("nothing", (), {}))
    found = night(where, AT + DAY)
    states = {step.name: step.state for step in found.steps}
    assert not found.is_done
    assert states["audit"] is State.FAILED
    assert states["publish"] is State.NOT_REACHED
    assert found.steps[-1].said == "audit failed"
    assert found.champion == "v0001"
    assert len(registry.index.versions) == 1


@pytest.mark.slow
def test_a_changed_setting_makes_a_challenger_beside_the_champion(first, tmp_path):
    where = tmp_path / "copy"
    shutil.copytree(first[1], where)
    registry = made_champion(where, AT + timedelta(hours=1))
    found = night(where, AT + DAY, overrides={"consensus.k": "0.9"})
    assert found.is_done, [step.said for step in found.steps]
    stages = {each.name: each.stage for each in registry.index.versions}
    assert stages == {"v0001": Stage.RETIRED, "v0002": Stage.CANDIDATE, "v0003": Stage.CHAMPION}
    assert registry.version("v0002").parent == 1
    assert len(found.steps[3].told) == 2


def test_bars_that_end_too_early_keep_the_champion(first, tmp_path):
    where = tmp_path / "copy"
    shutil.copytree(first[1], where)
    made_champion(where, AT + timedelta(hours=1))
    found = night(where, AT + DAY, given=lambda start, end, _: market(start, end - DAY))
    assert [step.state for step in found.steps[:3]] == [
        State.DONE, State.FAILED, State.NOT_REACHED,
    ]  # fmt: skip
    assert "quorate data pull" in found.steps[1].said
    assert found.champion == "v0001"


def test_a_market_that_knows_more_than_its_night_is_refused(tmp_path):
    found = night(tmp_path, given=lambda start, end, _: market(start, end + DAY))
    assert "after the night" in found.steps[1].said


@pytest.mark.slow  # a night more
def test_a_past_night_publishes_nothing_once_the_registry_went_on(second, tmp_path):
    where = tmp_path / "copy"
    shutil.copytree(second[1], where)
    shutil.rmtree(where / "nights")
    index = (where / "registry" / "registry.index").read_bytes()
    found = night(where)
    assert found.is_done
    assert "the registry went on after this night" in found.steps[-1].said
    assert (where / "registry" / "registry.index").read_bytes() == index
    # and it fits what it fitted then
    before = quorate.registry(where / "registry").version("v0001")
    (told,) = found.steps[3].told.values()
    assert told["digest"] == before.digest


def test_what_a_past_night_knew_ends_an_hour_after_its_moment(tmp_path):
    asked = []

    def given(start, end, known):
        asked.append((start, end, known))
        return market(start, end - DAY)

    night(tmp_path, given=given)
    midnight = datetime(2024, 2, 13, tzinfo=UTC)
    assert asked == [(midnight - 43 * DAY, midnight, AT + timedelta(hours=1))]


def test_bars_that_came_after_a_check_that_failed_are_seen(tmp_path):
    known = []

    def given(_start, _end, by):
        known.append(by)
        raise DataError("no bars yet", hint="wait")

    now = datetime.now(UTC) - timedelta(hours=1)
    for _ in range(2):
        assert not night(tmp_path, now, given=given).is_done
    assert known[0] < known[1]


def test_a_night_of_another_market_begins_anew(tmp_path):
    early = {"given": lambda start, end, _: market(start, end - DAY)}
    ends = [night(tmp_path, source=source, **early).steps[0] for source in ("one", "one", "two")]
    assert ends[0].given == ends[1].given != ends[2].given


def test_a_step_that_is_not_done_says_why(first, tmp_path):
    """Of a night that was done, and of one that broke off, only what is done is told as begun."""
    told = []
    night(first[1], progress=told.append)
    assert told == [f"{name}: done before, given the same" for name in STEPS]
    told.clear()
    night(tmp_path, given=lambda start, end, _: market(start, end - DAY), progress=told.append)
    assert told[:3] == ["ingest", "check", "features: not reached, check failed"]


def test_of_a_past_night_nothing_is_fetched(tmp_path):
    def fetch():
        raise AssertionError

    found = night(tmp_path, given=lambda start, end, _: market(start, end - DAY), ingest=fetch)
    assert "the night is past" in found.steps[0].said


@pytest.mark.parametrize("at", ["2024-13-01", datetime(2999, 1, 1, tzinfo=UTC)])
def test_a_moment_that_is_none_is_refused(at, tmp_path):
    with pytest.raises(ConfigError):
        night(tmp_path, at)


def test_too_few_cuts_are_refused_before_anything_is_done(tmp_path):
    with pytest.raises(ConfigError, match="n_cuts is 3, it must be at least 4"):
        quorate.nightly(market, at=AT, nights=tmp_path / "nights", n_cuts=3)
    assert not any(tmp_path.iterdir())


def test_a_day_means_its_two_o_clock(tmp_path):
    found = night(tmp_path, date(2024, 2, 13), given=lambda start, end, _: market(start, end - DAY))
    assert found.at == AT
    assert found.folder.name == "2024-02-13"


def test_days_on_which_both_warm_up_are_no_test_of_a_refit(tmp_path, monkeypatch):
    """A market of 34 days has 26 of both fits: they are said to be 26, which is too few."""
    days = np.arange(34)
    zeros = dict.fromkeys(("held", "won", "lost", "trades", "costs_usd", "turnover"), 0.0)

    def arm(_run, day):
        series = {name: np.full(len(day), value) for name, value in zeros.items()}
        return Arm(net=0.01 * np.sin(day), **series)

    monkeypatch.setattr(work, "run", lambda *_, **__: SimpleNamespace(facts={"run_id": "r"}))
    monkeypatch.setattr(work, "part", lambda panel, *_: panel)
    none = SimpleNamespace(about={})
    monkeypatch.setattr(promotion, "read", lambda _place: none)
    monkeypatch.setattr(promotion, "priced_alike", lambda *runs: runs)
    monkeypatch.setattr(promotion, "days_of", lambda _run: SimpleNamespace(day=days))
    monkeypatch.setattr(promotion, "arm", arm)
    midnight = int(datetime(2024, 2, 13, tzinfo=UTC).timestamp() * 1000)
    short = SimpleNamespace(n_bars=34 * 288, bars_per_hour=12, close_ms=lambda _row: midnight)
    held = working(tmp_path, lambda *_: short)._held(recipe(), SimpleNamespace(name="v1"))
    assert held.n_days == 26
    assert "on 26 days, fewer than 30" in held.reasons[0]


def test_a_short_plan_still_asks_for_the_days_of_the_test_of_a_refit(tmp_path):
    asked = []

    def given(start, end, _):
        asked.append((end - start).days)
        raise DataError("no bars", hint="none")

    with pytest.raises(DataError, match="no bars"):
        working(tmp_path, given).check()
    assert asked == [30 + work.WARM_DAYS]


def recipe():
    plan = quorate.Plan(train_days=6, purge_days=1, test_days=3, models=())
    return SimpleNamespace(plan=plan, settings=None, engines=(), name="short")


def working(where, given):
    made = work.Work(
        market=given,
        recipes=(recipe(),),
        at=AT,
        out=where,
        folder=where,
        registry=SimpleNamespace(folder=where),
        champion=None,
        is_monday=False,
        n_cuts=4,
        ingest=None,
    )
    Record(where).run("ingest", "", made.ingest)
    return made
