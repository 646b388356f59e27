"""The registry from Python: what an audit is, what a run takes as champion, what settings bound."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from benchmarks.digest import LIVELY
from tests.unit.research import published

import quorate
from quorate.api import proofs, registering
from quorate.api.models import fits_of
from quorate.errors import ConfigError, LeakageError, ModelFileError, RegistryError
from quorate.research import keys, model_set
from quorate.research import registry as kept
from quorate.research.evidence import audit_digest
from quorate.research.sealing import seal
from quorate.research.versions import Stage

pytestmark = pytest.mark.usefixtures("home")
PLAN = quorate.Plan(train_days=30, models=("linear",), leaderboard=False)
NOW = datetime(2024, 2, 10, 2, tzinfo=UTC)  # two hours after the panel ends


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    place = tmp_path_factory.mktemp("registering")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUORATE_CONFIG_DIR", str(place / "config"))
        yield place


@pytest.fixture(scope="module")
def settings():
    return quorate.read_settings(overrides=dict(LIVELY))


@pytest.fixture(scope="module")
def panel():
    return quorate.synthetic(n_coins=6, days=40, planted_edge=2.0)


@pytest.fixture(scope="module")
def models(home, panel, settings):
    quorate.train(panel, settings, PLAN, to=home / "models")
    return home / "models"


@pytest.fixture(scope="module")
def audit(panel, settings):
    return quorate.audit(panel, settings, n_cuts=4)


def champion(place, models, audit):
    found = quorate.registry(place)
    found.publish(models, audit, why="first", at=NOW)
    for stage in ("canary", "champion"):
        found.stage("v0001", stage, why="first", at=NOW, override="a test")
    return found


def test_a_training_and_its_audit_make_a_version(tmp_path, models, audit):
    found = quorate.registry(tmp_path)
    made = found.publish(models, audit, why="first", metrics={"sharpe": 1.0}, at=NOW)
    assert made.stage is Stage.CANDIDATE
    assert made.audit == audit.digest
    assert sorted(made.recipe) == ["engines", "features", "learners", "learning", "settings"]
    (row,) = found.table(NOW).to_dicts()
    assert row["engines"] == ["linear_model"]
    assert row["age_days"] == pytest.approx(2 / 24)
    assert json.loads(row["metrics"]) == {"sharpe": 1.0}
    kept = json.loads((tmp_path / "v0001" / "audit.json").read_text())
    assert kept.pop("digest") == audit.digest
    assert kept.pop("seal") == audit.seal
    told = audit.as_dict()
    for part in told["parts"]:
        del part["seconds"]  # another night of the same audit has the same file
    assert kept == told


def test_the_file_of_an_audit_will_do_and_is_checked(tmp_path, audit):
    path = tmp_path / "audit.json"
    told = audit.as_file()
    path.write_text(json.dumps(told))
    assert proofs.audited_of(path).digest == audit.digest
    assert proofs.audited_of(path).seal == audit.seal
    path.write_text(json.dumps(told | {"data": "another market"}))
    with pytest.raises(RegistryError, match=r"its content has .* it was changed"):
        proofs.audited_of(path)
    path.write_text(json.dumps(audit.as_dict()))
    with pytest.raises(RegistryError, match=r"audit\.json is not one: it lacks 'digest'"):
        proofs.audited_of(path)
    path.write_text("")
    with pytest.raises(RegistryError, match=r"audit\.json is not one: Expecting value"):
        proofs.audited_of(path)
    path.write_text("{}")
    with pytest.raises(RegistryError, match=r"audit\.json is not one: it lacks 'data'"):
        proofs.audited_of(path)
    with pytest.raises(RegistryError, match="cannot be read: No such file"):
        proofs.audited_of(tmp_path / "none.json")


def test_an_audit_that_found_something_or_nothing_publishes_nothing(tmp_path, models, audit):
    told = audit.as_dict()
    finding = {"what": "ema", "test": "history cut", "says": "It leaks."}
    told["parts"] = [*told["parts"], told["parts"][0] | {"findings": [finding]}]
    with pytest.raises(LeakageError, match="the audit has 1 findings, the first: ema"):
        quorate.registry(tmp_path).publish(models, told, why="first")
    nothing = quorate.Audit("nothing", (), audit.binds)
    with pytest.raises(LeakageError, match="compared nothing"):
        quorate.registry(tmp_path).publish(models, nothing, why="first")
    assert list(tmp_path.iterdir()) == []


def test_an_audit_that_was_made_by_hand_publishes_nothing(tmp_path, models, audit):
    """Whoever can write a file can compute its digest; only who holds the key can sign it."""
    place = quorate.registry(tmp_path / "registry")
    path = tmp_path / "audit.json"
    path.write_text(json.dumps({**audit.as_dict(), "digest": audit.digest}))
    with pytest.raises(RegistryError, match="the audit is not signed"):
        place.publish(models, path, why="first", at=NOW)
    with pytest.raises(RegistryError, match="the audit is not signed"):
        place.publish(models, quorate.Audit(audit.data, audit.parts, audit.binds), why="by hand")
    told = audit.as_dict() | {"data": "all that there is"}
    forged = {**told, "digest": audit_digest(told), "seal": audit.seal}
    path.write_text(json.dumps(forged))
    with pytest.raises(RegistryError, match="not that of its content: somebody changed it"):
        place.publish(models, path, why="first", at=NOW)
    other = keys.signer(tmp_path / "elsewhere")
    path.write_text(json.dumps(audit.as_file() | {"seal": seal("audit", audit.digest, other)}))
    with pytest.raises(RegistryError, match=f"signed by the key {keys.fingerprint(other.public)}"):
        place.publish(models, path, why="first", at=NOW)
    path.write_text(json.dumps(audit.as_file() | {"seal": {"key": "zz"}}))
    with pytest.raises(RegistryError, match="the signature of the audit is none"):
        place.publish(models, path, why="first", at=NOW)
    path.write_text(json.dumps(audit.as_file()))
    assert place.publish(models, path, why="first", at=NOW).name == "v0001"


def test_an_audit_of_other_code_or_parts_or_data_does_not_count(tmp_path, models, audit):
    for name, said in (
        ("code", "other code"),
        ("engines", "other engines"),
        ("settings", "other settings"),
        ("data", "of the data 0000000000000000, the set is fitted on"),
    ):
        told = audit.as_dict()
        told["binds"] = told["binds"] | {name: "00" * 32}
        with pytest.raises(RegistryError, match=said):
            quorate.registry(tmp_path).publish(models, told, why="first")


def test_a_later_day_of_the_same_recipe_is_a_refit(tmp_path, models):
    again = quorate.synthetic(n_coins=6, days=41, planted_edge=2.0)
    settings = quorate.read_settings(overrides=dict(LIVELY) | {"account.equity_usd": "5000"})
    quorate.train(again, settings, PLAN, to=tmp_path / "later")
    then, now = model_set.read(models), model_set.read(tmp_path / "later")
    assert then.digest != now.digest
    assert then.recipe == now.recipe
    other = quorate.read_settings(overrides=dict(LIVELY) | {"consensus.k": "0.9"})
    quorate.train(again, other, PLAN, to=tmp_path / "other")
    assert model_set.read(tmp_path / "other").recipe != then.recipe


def test_a_run_takes_the_champion_and_says_so(tmp_path, models, audit, panel, monkeypatch):
    found = champion(tmp_path / "registry", models, audit)
    monkeypatch.setattr(registering, "_moment", lambda at: NOW if at is None else at)
    settings = quorate.read_settings(
        overrides=dict(LIVELY) | {"models.registry": str(found.folder)}
    )
    done = quorate.run(panel, settings, models="champion", out=tmp_path / "runs")
    assert done.facts["models"]["digest"] == model_set.read(models).digest
    said = [each for each in done.facts["models"]["remarks"] if "champion v0001" in each]
    assert len(said) == 1
    assert "0.1 days old" in said[0]
    assert (done.folder / "models" / model_set.MANIFEST).is_file()


def test_the_settings_bound_the_champions_age(tmp_path, models, audit, monkeypatch):
    found = champion(tmp_path, models, audit)
    assert found.max_age_days == 7.0
    later = NOW + timedelta(days=8)
    with pytest.raises(RegistryError, match=r"8\.1 days old"):
        found.champion(later)
    given = {"models.registry": str(tmp_path), "models.max_age_days": "9"}
    settings = quorate.read_settings(overrides=given)
    (said,) = quorate.registry(settings=settings).champion(later).remarks
    assert "194 hours old, more than 26" in said
    monkeypatch.setattr(registering, "_moment", lambda _: later)
    assert fits_of("champion", settings).digest == found.version("v0001").digest
    with pytest.raises(RegistryError, match=r"8\.1 days old"):
        fits_of("champion", quorate.read_settings(overrides={"models.registry": str(tmp_path)}))


@pytest.mark.parametrize("value", ["0", "-1", "4000"])
def test_a_bound_out_of_its_own_is_refused(value):
    settings = quorate.read_settings(overrides={"models.max_age_days": value})
    with pytest.raises(ConfigError, match=r"models\.max_age_days is .*outside \(0, 3650\]"):
        quorate.registry(settings=settings)


def test_what_is_no_stage_is_refused(tmp_path, models, audit):
    found = quorate.registry(tmp_path)
    found.publish(models, audit, why="first", at=NOW)
    with pytest.raises(ConfigError, match="there is no stage 'live'"):
        found.stage("v0001", "live", why="first")
    with pytest.raises(RegistryError, match="has no version v0009") as caught:
        found.stage("v0009", "shadow", why="first")
    assert caught.value.hint == "the last there are: v0001"


def test_rollback_and_differences(tmp_path, models, audit):
    found = champion(tmp_path / "registry", models, audit)
    other, _ = published.small(tmp_path / "small", certificate=model_set.read(models).certificate)
    made = kept.publish(
        found.folder,
        other,
        recipe=published.OTHER | {"engines": None, "settings": None},
        evidence=(proofs.audited_of(audit),),
        at=NOW,
        why="b",
    )
    found.stage(made.name, "shadow", why="b", at=NOW, override="a test")
    after = NOW + timedelta(days=30)
    by = published.taken(found.folder, made, found.version("v0001"), after)
    for stage in ("canary", "champion"):
        found.stage(made.name, stage, why="b", evidence=(by,), at=after, override="a test")
    assert found.index.champion.name == "v0002"
    assert found.roll_back(why="it lost").name == "v0001"
    assert found.differences() == ()
    (found.folder / "v0002" / model_set.MANIFEST).unlink()
    (said,) = found.differences()
    assert said.startswith("v0002: ")
    with pytest.raises(ModelFileError):
        model_set.read(found.folder / "v0002")


def test_a_move_that_lies_ahead_is_refused(tmp_path):
    found = quorate.registry(tmp_path)
    ahead = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(ConfigError, match="lies ahead"):
        found.roll_back(why="it lost", at=ahead)
    with pytest.raises(ConfigError, match="lies ahead"):
        found.stage("v0001", "shadow", why="soon", at=ahead)
