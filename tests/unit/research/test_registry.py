"""A registry publishes what has shown enough, whole or not at all, and says who is champion."""

from __future__ import annotations

import dataclasses
import hashlib
import stat
import subprocess
import sys
from datetime import timedelta

import pytest
from tests.unit.research.fitted import CERTIFICATE
from tests.unit.research.published import (
    LATER,
    NOW,
    OTHER,
    RECIPE,
    audited,
    checked,
    guardrails,
    hours,
    look,
    published,
    renewal,
    renewed,
    sealed,
    shown,
    small,
    taken,
    with_champion,
)

from quorate.errors import DataError, ModelFileError, RegistryError
from quorate.lake import disk, locking
from quorate.records import canonical_json
from quorate.research import container, index_file, keys, model_file, model_set, registry, shelves
from quorate.research.shown import CANARY, RESEARCH
from quorate.research.versions import How, Stage
from quorate.statistics.promotion import Outcome


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("QUORATE_CONFIG_DIR", str(tmp_path / "config"))


@pytest.fixture
def place(tmp_path):
    return tmp_path / "registry"


@pytest.fixture
def sets(tmp_path):
    """Return the folders of four sets that differ in their last day alone."""
    return [small(tmp_path / f"set{day}", day)[0] for day in (2, 3, 4, 5)]


def champion(place, at=NOW, **change):
    return registry.champion(place, at=at, **change)


def move(place, version, stage, at=NOW, evidence=(), override="a test of something else"):
    return registry.move(
        place, version.name, stage, at=at, why="said so", evidence=evidence, override=override
    )


def test_what_is_published_is_what_is_read(place, sets):
    made = published(place, sets[3], metrics={"sharpe": 1.5, "calmar": float("nan")})
    assert (made.name, made.stage, made.parent) == ("v0001", Stage.CANDIDATE, None)
    assert made.metrics == {"sharpe": 1.5, "calmar": None}
    assert made.digest == model_set.read(sets[3]).digest
    index = registry.read(place)
    assert index.versions == (made,)
    assert [(m.how, m.before, m.after) for m in index.history] == [
        (How.PUBLISHED, None, Stage.CANDIDATE)
    ]
    assert shelves.fits(place, made).until == model_set.read(sets[3]).until
    assert shelves.differences(place, index) == ()


def test_a_version_does_not_change_with_its_source(place, sets):
    made = published(place, sets[3])
    small(sets[3], 9)
    assert shelves.fits(place, made).digest == made.digest
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (place / made.name).iterdir()}
    assert modes == {0o444}


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ((), "there is no audit"),
        ((checked(),), "there is no audit"),
        ((audited(n=0),), "the audit compared nothing"),
        ((audited(is_pass=False),), "says that it does not pass"),
        ((audited(data="cd" * 32),), "audit is of the data cdcdcdcdcdcdcdcd, the set is fitted"),
        (
            (audited(findings=[{"what": "ema", "test": "history cut", "says": "It leaks."}]),),
            r"has 1 findings, the first: ema \(history cut\). It leaks.",
        ),
    ],
)
def test_nothing_is_published_without_an_audit_of_its_data_that_passes(place, sets, evidence, said):
    with pytest.raises(RegistryError, match=said):
        published(place, sets[3], evidence=evidence)
    assert registry.read(place).versions == ()
    assert shelves.names(place) == []
    assert registry.lacking(place, sets[3], recipe=RECIPE, evidence=evidence)


def test_an_audit_of_data_without_a_hexadecimal_digest_counts(place, tmp_path):
    named = hashlib.sha256(b"synthetic seed 7").hexdigest()
    source, _ = small(tmp_path / "synthetic", certificate=named)
    assert published(place, source, evidence=(audited(source="synthetic seed 7"),)).number == 1


def test_the_same_set_again_is_the_version_that_it_is(place, sets):
    first = published(place, sets[3])
    held = (place / index_file.FILE).read_bytes()
    assert published(place, sets[3], evidence=()) == first
    assert (place / index_file.FILE).read_bytes() == held


def test_a_refit_takes_the_champions_place(place, sets):
    old = with_champion(place, sets[0])
    made = renewed(place, sets[1], old, at=hours(1))
    assert (made.stage, made.parent) == (Stage.CHAMPION, old.number)
    index = registry.read(place)
    assert index.version(1).stage is Stage.RETIRED
    assert champion(place).version == made
    assert [m.how for m in index.history[-2:]] == [How.REPLACED, How.RENEWED]
    kinds = [each["kind"] for each in index.history[-1].evidence]
    assert kinds == ["audit", "data", "non-inferiority"]
    assert index.champion_at(hours(0.5)) == index.version(1)
    assert index.champion_at(NOW - timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"no": "data"}, "there are no checks of the refit's data"),
        ({"no": "non-inferiority"}, "no test says that the refit is not worse"),
        ({"no": "audit"}, "there is no audit"),
        ({"checked": {"failures": ("BTC: 3 bars off the grid",)}}, "the data fail: BTC: 3 bars"),
        ({"checked": {"n_checked": 0}}, "no data were checked"),
        ({"checked": {"certificate": "cd" * 32}}, "the checks are of other data"),
        ({"renewal": {"n_days": 29}}, "on 29 days, fewer than 30"),
        ({"renewal": {"n_active": 2}}, "traded or held something on 2 of the 30 days, fewer than"),
        ({"renewal": {"n_active": 0}}, "neither fit traded or held anything on the 30 days"),
        ({"renewal": {"old": "ef" * 32}}, "the old fit of the test is efefefefefefefef, here"),
        ({"renewal": {"new": "ef" * 32}}, "the refit of the test is efefefefefefefef, here"),
        ({"renewal": {"guardrails": guardrails()[1:]}}, "pnl of the refit was not held against"),
        (
            {"renewal": {"guardrails": guardrails(turnover={"is_kept": False})}},
            "turnover of the refit is not shown to be within",
        ),
    ],
)
@pytest.mark.parametrize("stage", ["shadow", "champion"])
def test_a_refit_that_lacks_evidence_leaves_the_old_fit(place, sets, change, said, stage):
    old = published(place, sets[0])
    for step in {"shadow": ["shadow"], "champion": ["canary", "champion"]}[stage]:
        move(place, old, Stage(step))
    new = model_set.read(sets[1]).digest
    given = {
        "audit": sealed(audited()),
        "data": checked(**change.get("checked", {})),
        "non-inferiority": renewal(**({"old": old.digest, "new": new} | change.get("renewal", {}))),
    }
    evidence = tuple(each for kind, each in given.items() if kind != change.get("no"))
    before = registry.read(place)
    with pytest.raises(RegistryError, match=said):
        published(place, sets[1], evidence=evidence)
    assert registry.read(place) == before
    (found, *_) = registry.lacking(place, sets[1], recipe=RECIPE, evidence=evidence)
    assert said in found


def test_another_recipe_begins_as_a_candidate_beside_the_champion(place, sets):
    old = with_champion(place, sets[0])
    made = published(place, sets[1], OTHER, parent=old.name)
    assert (made.stage, made.parent) == (Stage.CANDIDATE, old.number)
    assert champion(place).version.number == old.number


def test_a_challenger_needs_a_verdict_on_these_recipes_for_each_step(place, sets):
    old = with_champion(place, sets[0])
    made = published(place, sets[1], OTHER)
    with pytest.raises(RegistryError, match="cannot become canary beside a champion"):
        move(place, made, Stage.CANARY)
    move(place, made, Stage.SHADOW)
    for evidence, said in (
        ((), "no look holds it against the champion v0001"),
        ((look(made.digest, old.digest, outcome=Outcome.EXTEND, reasons=("luck",)),), "EXTEND: lu"),
        ((look(old.digest, old.digest),), "the challenger that was looked at"),
        ((look(made.digest, ""),), r"the champion that was looked at \(no models\)"),
        ((look(made.digest, old.digest),), "this look is not in the history"),
    ):
        with pytest.raises(RegistryError, match=said):
            move(place, made, Stage.CANARY, evidence=evidence)
    good = taken(place, made, old)
    move(place, made, Stage.CANARY, LATER, evidence=(good,))
    with pytest.raises(RegistryError, match="no look holds it"):
        move(place, made, Stage.CHAMPION, LATER)
    done = move(place, made, Stage.CHAMPION, LATER, evidence=(good,))
    assert champion(place, LATER, max_age_days=60).version == done
    assert registry.read(place).version(1).stage is Stage.RETIRED


GATES = [("research", name) for name in RESEARCH] + [("canary", name) for name in CANARY]


@pytest.mark.parametrize(("stage", "name"), GATES)
def test_each_figure_that_is_missing_or_short_is_named(place, sets, stage, name):
    old = with_champion(place, sets[0])
    made = published(place, sets[1], OTHER)
    bound = {"research": RESEARCH, "canary": CANARY}[stage][name]
    at, to, look = NOW, Stage.SHADOW, ()
    if stage == "canary":
        move(place, made, Stage.SHADOW)
        look = (taken(place, made, old),)
        at, to = LATER, Stage.CHAMPION
        move(place, made, Stage.CANARY, LATER, look)
    for value in (None, bound.value + (0.01 if bound.how == "below" else -0.01)):
        given = (shown(made, old, stage, **{name: value}), *look)
        with pytest.raises(RegistryError, match=r"v0002 cannot become \w+: ") as caught:
            move(place, made, to, at, given, override=" ")
        (said,) = caught.value.message.split(": ")[1].split("; ")
        assert said.startswith(f"{bound.what} is {'missing' if value is None else f'{value:.4g}'}")
        assert "--override" in caught.value.hint
    assert move(place, made, to, at, (shown(made, old, stage), *look), override="").stage is to


def test_without_figures_all_of_them_are_named_and_a_reason_goes_on_record(place, sets):
    with_champion(place, sets[0])
    made = published(place, sets[1], OTHER)
    with pytest.raises(RegistryError) as caught:
        move(place, made, Stage.SHADOW, override="")
    assert all(bound.what in caught.value.message for bound in RESEARCH.values())
    move(place, made, Stage.SHADOW, override=" its engine is too young for a sweep ")
    told = registry.read(place).history[-2].evidence[-1]
    assert told["kind"] == "override"
    assert told["reason"] == "its engine is too young for a sweep"
    assert len(told["lacking"]) == len(RESEARCH)


def test_figures_of_another_recipe_or_champion_do_not_count(place, sets):
    old = with_champion(place, sets[0])
    made = published(place, sets[1], OTHER)
    with pytest.raises(RegistryError, match="figures of research are of another recipe"):
        move(place, made, Stage.SHADOW, evidence=(shown(old, old),), override="")
    with pytest.raises(RegistryError, match="against another recipe than the champion's"):
        move(place, made, Stage.SHADOW, evidence=(shown(made, made),), override="")


LEARNED = RECIPE | {"learning": {"models": ["linear"]}, "learners": {"linear": "cd"}}


def test_a_first_canary_that_learned_shows_the_figures_of_research(place, sets):
    made = published(place, sets[0], LEARNED)
    with pytest.raises(RegistryError) as caught:
        move(place, made, Stage.CANARY, override=" ")
    asked = {name: bound.what in caught.value.message for name, bound in RESEARCH.items()}
    assert [name for name, is_asked in asked.items() if not is_asked] == ["superiority"]
    assert "--rules-only" in caught.value.hint
    poor = shown(made, deflated_sharpe=0.94)
    with pytest.raises(RegistryError, match=r"canary: the deflated Sharpe ratio \(DSR\) is 0.94"):
        move(place, made, Stage.CANARY, evidence=(poor,), override="")
    given = (shown(made, superiority=None),)
    assert move(place, made, Stage.CANARY, evidence=given, override="").stage is Stage.CANARY


def test_a_first_canary_that_learned_keeps_what_it_lacked(place, sets):
    made = published(place, sets[0], LEARNED)
    move(place, made, Stage.CANARY, override="nothing trades yet")
    (told,) = registry.read(place).history[-1].evidence
    assert (told["kind"], told["reason"]) == ("override", "nothing trades yet")
    assert len(told["lacking"]) == len(RESEARCH) - 1


@pytest.mark.parametrize(
    ("recipe", "engines", "is_rules_alone"),
    [
        (RECIPE, (), True),
        (RECIPE | {"learning": {"models": [], "calibrate": True}, "learners": {}}, (), True),
        (RECIPE, ("linear_model",), False),
        (RECIPE | {"learning": {"models": ["linear"]}}, (), False),
        (RECIPE | {"learners": {"meta": "ab"}}, (), False),
    ],
)
def test_rules_alone_learn_no_engine(place, sets, recipe, engines, is_rules_alone):
    made = dataclasses.replace(published(place, sets[0], recipe), engines=engines)
    assert made.is_rules_alone is is_rules_alone


def test_a_first_champion_that_never_traded_is_refused(place, sets):
    made = published(place, sets[0])
    move(place, made, Stage.CANARY, override="")  # rules alone need no figures
    idle = shown(made, stage="canary", n_trades=0.0)
    with pytest.raises(RegistryError, match="closed trades as canary is 0, must be at least 50"):
        move(place, made, Stage.CHAMPION, evidence=(idle,), override="")
    for low, said in ((None, "is missing"), (-0.01, "is -0.01")):
        poor = shown(made, stage="canary", ahead_low=low)
        with pytest.raises(RegistryError, match=rf"\(cash where there is none\) {said}"):
            move(place, made, Stage.CHAMPION, evidence=(poor,), override="")
    alone = shown(made, stage="canary")
    assert move(place, made, Stage.CHAMPION, evidence=(alone,), override="").stage == "champion"


def test_an_override_is_no_way_around_a_verdict(place, sets):
    with_champion(place, sets[0])
    made = published(place, sets[1], OTHER)
    move(place, made, Stage.SHADOW)
    with pytest.raises(RegistryError, match="no look holds it against the champion"):
        move(place, made, Stage.CANARY, override="I am sure")


def test_a_look_that_promoted_one_who_was_sent_back_does_not_count_again(place, sets):
    old = with_champion(place, sets[0])
    made = published(place, sets[1], OTHER)
    move(place, made, Stage.SHADOW)
    good = taken(place, made, old)
    for stage in (Stage.CANARY, Stage.CHAMPION):
        move(place, made, stage, LATER, evidence=(good,))
    registry.roll_back(place, at=LATER, why="it lost")
    move(place, made, Stage.CANDIDATE, LATER)
    move(place, made, Stage.SHADOW, LATER)
    with pytest.raises(RegistryError, match="this look has made v0002 or a fit of it canary bef"):
        move(place, made, Stage.CANARY, LATER, evidence=(good,))
    after = LATER + timedelta(days=30)
    later = taken(place, made, old, after)
    assert later.first > good.first + timedelta(days=27)
    assert move(place, made, Stage.CANARY, after, evidence=(later,)).stage is Stage.CANARY


def test_a_look_at_an_earlier_fit_of_the_recipe_counts(place, sets):
    old = with_champion(place, sets[0])
    challenger = published(place, sets[1], OTHER)
    move(place, challenger, Stage.SHADOW)
    refit = renewed(place, sets[2], challenger, OTHER)
    assert refit.stage is Stage.SHADOW
    good = taken(place, challenger, old)
    assert move(place, refit, Stage.CANARY, LATER, evidence=(good,)).stage is Stage.CANARY


def test_going_back_goes_further_back_each_time(place, sets):
    old = with_champion(place, sets[0])
    second = renewed(place, sets[1], old)
    third = renewed(place, sets[2], second)
    for wanted in (second, old):
        found = registry.roll_back(place, at=NOW, why="it lost")
        assert (found.number, found.stage) == (wanted.number, Stage.CHAMPION)
        assert champion(place).fits.digest == wanted.digest
    assert registry.read(place).version(third.name).stage is Stage.RETIRED
    with pytest.raises(RegistryError, match="no champion before this one"):
        registry.roll_back(place, at=NOW, why="it lost")


def test_going_back_to_one_that_never_was_champion_is_refused(place, sets):
    old = with_champion(place, sets[0])
    renewed(place, sets[1], old)
    other = published(place, sets[2], OTHER)
    with pytest.raises(RegistryError, match="v0003 was not champion before this one") as caught:
        registry.roll_back(place, at=NOW, why="it lost", to=other.name)
    assert "go back to one of: v0001" in caught.value.hint
    with pytest.raises(RegistryError, match="says why"):
        registry.roll_back(place, at=NOW, why=" ")


def test_going_back_to_a_damaged_version_leaves_the_champion(place, sets):
    old = with_champion(place, sets[0])
    new = renewed(place, sets[1], old)
    (place / old.name / model_set.MANIFEST).unlink()
    with pytest.raises(ModelFileError, match="v0001 holds no model set"):
        registry.roll_back(place, at=NOW, why="it lost")
    assert champion(place).version.number == new.number


def test_a_champion_that_is_too_old_is_refused(place, sets):
    made = with_champion(place, sets[3])  # its data ended on the 5th, 00:00
    assert champion(place, hours(0)).remarks == ()
    assert champion(place, hours(0)).age_days == pytest.approx(26 / 24)
    (said,) = champion(place, hours(1)).remarks
    assert said == "the champion v0001 is 27 hours old, more than 26: it was not renewed"
    last = made.until + timedelta(days=7)
    assert champion(place, last).version == made
    with pytest.raises(RegistryError, match=r"v0001 is 7\.1 days old .*2024-01-05.* = 7") as caught:
        champion(place, last + timedelta(hours=2))
    assert "fit its recipe again and publish the refit" in caught.value.hint
    assert champion(place, last + timedelta(hours=2), max_age_days=8.0).version == made


def test_nothing_is_published_or_votes_before_its_data_ended(place, sets):
    with pytest.raises(RegistryError, match=r"ended 2024-01-05 00:00 UTC, after the 2024-01-04"):
        published(place, sets[3], at=hours(-30))
    made = with_champion(place, sets[3])
    with pytest.raises(RegistryError, match=r"until 2024-01-05 00:00 UTC, after the 2024-01-04"):
        champion(place, made.until - timedelta(minutes=1))
    assert champion(place, made.until).version == made


def test_moves_stand_in_the_order_of_their_moments(place, sets):
    old = with_champion(place, sets[0])
    new = renewed(place, sets[1], old)
    held = (place / index_file.FILE).read_bytes()
    with pytest.raises(RegistryError, match="would stand before the last one"):
        registry.move(place, "v0001", Stage.CANDIDATE, at=hours(-1), why="in the past")
    assert (place / index_file.FILE).read_bytes() == held
    # a clock that was set back does not keep a bad champion
    registry.roll_back(place, at=hours(-1), why="it lost")
    index = registry.read(place)
    assert index.champion.number == old.number
    assert index.champion_at(NOW).number == old.number
    assert index.history[-1].at == NOW == new.published_at


def test_without_a_champion_or_a_registry_that_is_said(place, sets):
    with pytest.raises(RegistryError, match="holds no registry"):
        champion(place)
    published(place, sets[0])
    with pytest.raises(RegistryError, match="has no champion yet"):
        champion(place)


def damaged(held):
    return held[:100] + bytes([held[100] ^ 1]) + held[101:]


def unsigned(held):
    return held[:-96] + bytes(96)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (damaged, r"is damaged or cut short: its \d+ bytes do not match their SHA-256"),
        (lambda held: held[:-5], "is damaged or cut short"),
        (lambda held: held[:0], "is not a model file"),
        (unsigned, "is not signed"),
    ],
)
def test_a_damaged_or_unsigned_index_is_refused_and_stands(place, sets, change, said):
    made = with_champion(place, sets[0])
    path = place / index_file.FILE
    path.write_bytes(change(path.read_bytes()))
    held = path.read_bytes()
    acts = (
        lambda: champion(place),
        lambda: published(place, sets[1], OTHER),
        lambda: move(place, made, Stage.RETIRED),
        lambda: registry.roll_back(place, at=NOW, why="it lost"),
    )
    for act in acts:
        with pytest.raises(RegistryError, match=said) as caught:
            act()
        assert "restore registry.index from a backup" in caught.value.hint
    assert path.read_bytes() == held
    assert shelves.names(place) == ["v0001"]


def test_an_index_of_another_key_or_with_changed_content_is_refused(place, sets, tmp_path):
    with_champion(place, sets[0])
    path = place / index_file.FILE
    content = container.unpack(path.read_bytes(), "it", keys.trusted())
    stranger = keys.signer(tmp_path / "stranger")
    header = content.header | {"history": []}
    path.write_bytes(container.pack(header, {}, {}, stranger)[0])
    name = keys.fingerprint(stranger.public)
    with pytest.raises(RegistryError, match=rf"signed by the key {name}, trusted are"):
        champion(place)
    forged = container.pack(header, {}, {}, stranger)[0]
    path.write_bytes(forged[:-96] + keys.trusted()[0] + forged[-64:])
    with pytest.raises(RegistryError, match="is not that of its content: somebody changed it"):
        champion(place)


def test_another_signed_file_in_its_place_is_refused(place, sets):
    with_champion(place, sets[0])
    path = place / index_file.FILE
    path.write_bytes((sets[0] / model_set.MANIFEST).read_bytes())
    with pytest.raises(RegistryError, match="it is a model_set, put in its place"):
        champion(place)
    path.write_bytes(container.pack({"kind": "registry", "layout": 2}, {}, {}, keys.signer())[0])
    with pytest.raises(RegistryError, match="has layout 2, this version of Quorate reads 1"):
        champion(place)
    odd = {"kind": "registry", "layout": 1, "versions": [{"number": 1}], "history": []}
    odd |= {"recipes": {}}
    path.write_bytes(container.pack(odd, {}, {}, keys.signer())[0])
    with pytest.raises(RegistryError, match="not as this version of Quorate writes it"):
        champion(place)


def test_versions_without_their_index_are_not_begun_anew(place, sets):
    with_champion(place, sets[0])
    (place / index_file.FILE).unlink()
    with pytest.raises(RegistryError, match=r"holds 1 versions and no registry\.index"):
        published(place, sets[1])


def test_a_version_that_was_swapped_is_named(place, sets):
    made = with_champion(place, sets[0])
    other = published(place, sets[1], OTHER)
    path = place / made.name / model_set.MANIFEST
    path.unlink()
    path.write_bytes((place / other.name / model_set.MANIFEST).read_bytes())
    with pytest.raises(ModelFileError, match=f"is the model {other.digest}, the one asked for is"):
        champion(place)
    audit = place / other.name / shelves.AUDIT
    held = audit.read_bytes()
    audit.unlink()
    audit.write_bytes(held.replace(b"true", b"false"))
    (place / "v0009").mkdir()
    first, second, third = shelves.differences(place, registry.read(place))
    assert first.startswith("v0001: model file")
    assert second.startswith("v0002")
    assert "the index says" in second
    assert third.startswith("v0009 is in no index")


def test_a_number_is_never_given_twice(place, sets):
    published(place, sets[0])
    (place / "v0007").mkdir()
    assert published(place, sets[1], OTHER).name == "v0008"


def test_a_source_that_is_refused_is_not_published(place, sets, tmp_path):
    with pytest.raises(ModelFileError, match="holds no model set"):
        published(place, tmp_path)
    (path,) = [sets[0] / model_set.MANIFEST]
    path.write_bytes(damaged(path.read_bytes()))
    with pytest.raises(ModelFileError, match="damaged"):
        published(place, sets[0])
    assert not place.exists()


def test_a_disk_that_refuses_leaves_what_was_there(place, sets, monkeypatch):
    made = with_champion(place, sets[0])
    put = disk.replace

    def full(path, held):
        if path.name == index_file.FILE:
            raise DataError("the disk is full")
        put(path, held)

    monkeypatch.setattr(disk, "replace", full)
    with pytest.raises(DataError, match="full"):
        renewed(place, sets[1], made)
    monkeypatch.setattr(disk, "replace", put)
    assert champion(place).version.number == made.number


def test_who_comes_second_waits_and_is_told(place, sets, monkeypatch):
    monkeypatch.setattr(shelves, "_WAIT_S", 0.1)
    with locking.writing(place), pytest.raises(DataError, match="another process has been writing"):
        published(place, sets[0])
    assert published(place, sets[0]).number == 1


TOGETHER = """
import sys
from pathlib import Path
from tests.unit.research.published import published
place, source, recipe = sys.argv[1:]
print(published(Path(place), Path(source), {"recipe": recipe}).name)
"""


@pytest.mark.slow
def test_several_processes_publish_at_once_and_none_is_lost(place, sets):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", TOGETHER, str(place), str(source), str(i)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for i, source in enumerate(sets)
    ]
    names = {each.communicate(timeout=120)[0].strip() for each in started}
    assert names == {"v0001", "v0002", "v0003", "v0004"}
    index = registry.read(place)
    assert {each.name for each in index.versions} == names
    assert shelves.differences(place, index) == ()


def test_a_set_of_other_features_is_refused_when_it_is_to_vote(place, sets, monkeypatch):
    with_champion(place, sets[0])
    told = model_file._told

    def other(table):
        return [(name if name != "ret_1h" else "ret_61m", digest) for name, digest in told(table)]

    monkeypatch.setattr(model_file, "_told", other)
    assert registry.read(place).champion is not None
    with pytest.raises(ModelFileError, match="'ret_1h' is gone; 'ret_61m' is new"):
        champion(place)


def test_a_set_says_its_recipe_itself(place, sets, tmp_path):
    source, _ = small(tmp_path / "said", recipe=RECIPE)
    assert published(place, source, recipe=None).recipe == RECIPE
    with pytest.raises(RegistryError, match="is not the one that the set was made by"):
        published(place, source, recipe=OTHER)
    with pytest.raises(RegistryError, match="does not say by which recipe it was made"):
        published(place, sets[0], recipe=None)


def test_an_audit_of_other_engines_does_not_count(place, tmp_path):
    source, _ = small(tmp_path / "said", recipe=RECIPE)
    bound = {"data": CERTIFICATE, "engines": "00" * 32}
    with pytest.raises(RegistryError, match="audit is of other engines than those of the recipe"):
        published(place, source, None, evidence=(audited(binds=bound),))
    bound["engines"] = hashlib.sha256(canonical_json(RECIPE["engines"]).encode()).hexdigest()
    assert published(place, source, None, evidence=(audited(binds=bound),)).number == 1


def test_many_nights_of_one_recipe_keep_it_once(place, sets):
    old = with_champion(place, sets[0], {"long": "x" * 50_000})
    renewed(place, sets[1], old, {"long": "x" * 50_000})
    assert (place / index_file.FILE).stat().st_size < 60_000
    assert registry.read(place).version(2).recipe == {"long": "x" * 50_000}
