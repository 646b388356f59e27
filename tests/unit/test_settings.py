"""One reader of settings: what it takes, what it refuses, and what it says."""

from __future__ import annotations

import pytest

from quorate.errors import ConfigError
from quorate.settings import Field, read

SCHEMA = {
    "risk": {
        "preset": Field(str, "balanced", "which preset"),
        "leverage": Field(float, 1.0, "notional per committed capital"),
        "streak": Field(int, 3, "losses in a row"),
    },
    "engines": {"extra": Field(tuple[str, ...], (), "engines of your own")},
    "exits": {"cap": Field(float | None, None, "cap, if any")},
}


def toml(tmp_path, text):
    path = tmp_path / "quorate.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_environment_wins_over_file_over_default(tmp_path):
    path = toml(tmp_path, '[risk]\npreset = "aggressive"\nleverage = 2.0\n')
    found = read(SCHEMA, path, {"QUORATE_RISK__LEVERAGE": "1.5"})
    assert found["risk"] == {"preset": "aggressive", "leverage": 1.5, "streak": 3}
    origins = [found.origin("risk", name) for name in ("preset", "leverage", "streak")]
    assert origins == ["quorate.toml", "environment", "default"]


def test_lists_come_from_the_file(tmp_path):
    path = toml(tmp_path, '[engines]\nextra = ["mine.engines:vote"]\n')
    assert read(SCHEMA, path, {})["engines"]["extra"] == ("mine.engines:vote",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mod:a", ("mod:a",)),
        ("mod:a,mod:b", ("mod:a", "mod:b")),
        (" mod:a , mod:b, ", ("mod:a", "mod:b")),
        ('["mod:a", "mod:b"]', ("mod:a", "mod:b")),
        ("['mod:a']", ("mod:a",)),
        ("[]", ()),
        ("", ()),
    ],
)
def test_lists_come_from_the_environment_too(text, names):
    assert read(SCHEMA, None, {"QUORATE_ENGINES__EXTRA": text})["engines"]["extra"] == names


@pytest.mark.parametrize("text", ["[mod:a", '["mod:a"', "[1]"])
def test_a_broken_list_is_refused(text):
    with pytest.raises(ConfigError, match=r"environment: engines\.extra"):
        read(SCHEMA, None, {"QUORATE_ENGINES__EXTRA": text})


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(("section", "name"), [("risk", "leverage"), ("exits", "cap")])
def test_what_is_not_finite_is_refused_wherever_it_stands(section, name, text, tmp_path):
    says = rf"{section}\.{name} is '?{text}'?: .*finite.*\n  next: give a finite number; {name}: "
    with pytest.raises(ConfigError, match=says):
        read(SCHEMA, None, {f"QUORATE_{section}__{name}".upper(): text})
    with pytest.raises(ConfigError, match=says):
        read(SCHEMA, toml(tmp_path, f"[{section}]\n{name} = {text}\n"), {})


def test_other_names_of_the_environment_are_not_ours():
    assert read(SCHEMA, None, {"QUORATE_DATA_DIR": "x", "HOME": "y"})["risk"]["streak"] == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[risk]\nprest = 'x'\n", r"\[risk\] has no setting 'prest'\n.*'preset'"),
        ("[rsk]\npreset = 'x'\n", r"no section \[rsk\]\n.*'risk'"),
        ("risk = 3\n", r"no section \[risk\]"),
        ("streak = 3\n", r"'streak' stands outside of any section\n.*\[risk\]"),
        ("[risk]\nstreak = 'many'\n", r"risk\.streak is 'many'"),
        ("[risk]\nstreak = 2.5\n", r"risk\.streak is 2\.5"),
        ("[risk\n", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_nearest_name(tmp_path, text, says):
    with pytest.raises(ConfigError, match=says):
        read(SCHEMA, toml(tmp_path, text), {})


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("QUORATE_RISC__PRESET", "names no section"),
        ("QUORATE_RISK__PRESETT", "has no setting 'presett'"),
    ],
)
def test_a_wrong_name_in_the_environment_is_refused(name, says):
    with pytest.raises(ConfigError, match=says):
        read(SCHEMA, None, {name: "1"})


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no settings file .*gone\.toml"):
        read(SCHEMA, tmp_path / "gone.toml", {})


def test_what_a_sweep_varies_wins_and_is_named_by_it():
    found = read(SCHEMA, None, {}, {"risk.streak": "4", "risk.leverage": "2"}, {"risk.streak": "5"})
    assert found["risk"] == {"preset": "balanced", "leverage": 2.0, "streak": 5}
    assert [found.origin("risk", n) for n in ("leverage", "streak")] == ["--set", "--over"]
    with pytest.raises(ConfigError, match=r"--over: risk\.streak is 'many'"):
        read(SCHEMA, None, {}, {"risk.streak": "4"}, {"risk.streak": "many"})
    with pytest.raises(ConfigError, match=r"--over: there is no section \[rsk\]"):
        read(SCHEMA, None, {}, None, {"rsk.streak": "1"})


def test_settings_that_were_read_share_nothing():
    first, second = read(SCHEMA, None, {}), read(SCHEMA, None, {})
    first["risk"]["streak"] = 9
    assert second["risk"]["streak"] == 3
    assert read(SCHEMA | {"risk": {"streak": Field(int, 7, "")}}, None, {})["risk"] == {"streak": 7}
