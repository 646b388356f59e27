"""``quorate nightly``: its table, its exit code, what it refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.lake import builders

from quorate.cli import nightly, run
from quorate.errors import ConfigError

END = datetime(2023, 2, 9, tzinfo=UTC)
DAYS = ("--train-days", "2", "--purge-days", "2", "--test-days", "2")


@pytest.fixture
def told(tmp_path):
    bars = builders.store(tmp_path / "bars", BTCUSDT=builders.bars(288 * 6))
    places = [f"--{name}={tmp_path / name}" for name in ("nights", "out", "registry")]
    return ["nightly", "--bars", str(bars), "--venue=binance_spot", "--kind=spot", *places, *DAYS]


def test_bars_that_end_too_early_are_told_and_the_exit_code_is_1(told, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert run([*told, "--rules-only", "--at=2023-02-09"]) == 1
    said = capsys.readouterr().out
    words = " ".join(said.split())
    assert "the data end" in words
    assert "48 hours before" in words
    assert said.count("not reached") == 6
    assert "champion none" in said


def test_the_same_as_json(told, capsys):
    assert run([*told, "--rules-only", "--at=2023-02-09", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["is_done"], found["champion"]) == (False, None)
    states = {step["name"]: step["state"] for step in found["steps"]}
    assert (states["ingest"], states["check"], states["publish"]) == (
        "done", "failed", "not reached",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--rules-only", "--models", "linear"), "leave out one of the two"),
        (("--pull", "binance"), "--pull writes into a lake"),
        (("--at", "yesterday"), "is no day"),
        (("--at", "2999-01-01"), "lies ahead"),
    ],
)
def test_what_cannot_be_meant_is_refused(told, more, why, capsys):
    assert run([*told, *more]) == 2
    assert why in capsys.readouterr().err


@dataclass(frozen=True)
class Asked:
    """A market that says how it was asked for."""

    bars: Path = Path("lake/vendor=binance/kind=ohlcv")
    as_of: str | None = None
    start: str = ""
    end: str = ""

    def load(self, _settings):
        return self


def known_by(at, end=END, *, market=Asked(), **named):
    return nightly._loader(market, None, at, **named)(end - timedelta(days=9), end).as_of


def test_a_past_night_reads_a_lake_as_it_was_at_its_moment():
    today = datetime.now(UTC).replace(hour=0, minute=0)
    now = f"{today:%Y-%m-%d}"
    assert known_by("2023-02-09") == "2023-02-09T02:00"
    assert known_by("2023-02-09", is_pulled=True) == "2023-02-09T02:00"
    assert known_by(now, today) == f"{now}T02:00"
    # what is pulled tonight came after two o'clock
    assert known_by(now, today, is_pulled=True) is None
    assert known_by(None, today) is None


def test_a_night_reads_nothing_that_was_known_later():
    assert known_by("2023-02-09", market=Asked(as_of="2023-02-09")) == "2023-02-09"
    for later in ("2023-02-09T02:01", "2024-01-01"):
        with pytest.raises(ConfigError, match="is after the night of 2023-02-09 02:00"):
            known_by("2023-02-09", market=Asked(as_of=later))
