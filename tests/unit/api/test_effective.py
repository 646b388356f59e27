"""Which file is read without being named, and that engines beside it are found."""

from __future__ import annotations

import sys

import pytest

import quorate
from quorate.errors import ConfigError, EngineError

ENGINE = """
import numpy as np
from quorate.core.engines.base import engine
from quorate.core.types import Regime


@engine(name="{name}", family="own", approved=[Regime.TREND], reads=["ret_1h"])
def vote(rows):
    '''Vote for nothing.'''
    return np.zeros(rows["ret_1h"].shape, np.int8), np.full(rows["ret_1h"].shape, 0.5)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Stand in an empty folder, as a user does."""
    monkeypatch.delenv("QUORATE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_of_the_current_folder_is_read(here):
    (here / "quorate.toml").write_text("[consensus]\nk = 1.5\n", encoding="utf-8")
    found = quorate.read_settings()
    assert found["consensus"]["k"] == 1.5
    assert found.origin("consensus", "k") == "quorate.toml"
    assert found.path is not None


def test_a_named_file_stands_in_its_place(here, monkeypatch):
    (here / "quorate.toml").write_text("[consensus]\nk = 1.5\n", encoding="utf-8")
    (here / "other.toml").write_text("[risk]\npreset = 'aggressive'\n", encoding="utf-8")
    found = quorate.read_settings("other.toml")
    assert (found.origin("consensus", "k"), found.origin("risk", "preset")) == (
        "default",
        "other.toml",
    )
    monkeypatch.setenv("QUORATE_CONFIG", "other.toml")
    assert quorate.read_settings().origin("risk", "preset") == "other.toml"
    monkeypatch.setenv("QUORATE_CONFIG", "")
    assert quorate.read_settings().path is None


def test_without_a_file_there_are_defaults(here):
    assert list(here.iterdir()) == []
    assert quorate.read_settings().path is None


def test_what_is_set_by_hand_says_so(here, monkeypatch):
    (here / "quorate.toml").write_text("[consensus]\nk = 1.5\n", encoding="utf-8")
    monkeypatch.setenv("QUORATE_CONSENSUS__K", "2.0")
    found = quorate.read_settings(overrides={"consensus.k": "1.25"})
    assert (found["consensus"]["k"], found.origin("consensus", "k")) == (1.25, "--set")
    assert quorate.read_settings().origin("consensus", "k") == "environment"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("consensus.kk", r"--set: \[consensus\] has no setting 'kk'"),
        ("consensas.k", r"--set: there is no section \[consensas\]\n.*'consensus'"),
        ("consensus.k", r"--set: consensus\.k is 'much'"),
    ],
)
def test_an_error_names_set(name, says):
    with pytest.raises(ConfigError, match=says):
        quorate.read_settings(overrides={name: "much"})


def test_an_engine_beside_the_file_votes(here):
    package = here / "quorate_test_beside"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "mine.py").write_text(ENGINE.format(name="beside"), encoding="utf-8")
    text = "[engines]\nextra = ['quorate_test_beside.mine:vote']\n"
    (here / "quorate.toml").write_text(text, encoding="utf-8")
    path = list(sys.path)
    result = quorate.run(quorate.synthetic(n_coins=2, days=1), out=here / "runs")
    assert sys.path == path
    assert "beside" in [each["name"] for each in result.facts["engines"]]
    assert result.facts["origins"]["engines"] == {"extra": "quorate.toml"}
    again = quorate.explain(
        result.run_id, "SYN-BTC", result.facts["data"]["end"], out=here / "runs"
    )
    assert again.source == "recomputed"


def test_an_engine_that_is_not_there_says_where_was_looked(here):
    text = "[engines]\nextra = ['quorate_test_nowhere:vote']\n"
    (here / "quorate.toml").write_text(text, encoding="utf-8")
    with pytest.raises(EngineError) as found:
        quorate.run(quorate.synthetic(n_coins=2, days=1))
    assert f"looked in {here.resolve()} and" in found.value.hint
