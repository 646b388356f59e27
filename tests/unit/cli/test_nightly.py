"""``quorate nightly``: its table, its exit code, what it refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.unit.lake import builders

import quorate
import quorate.api.pulling
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
        (("--cuts", "3"), "Must be >= 4"),
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


KNOWN = END + timedelta(hours=3)


def known_by(market, known=KNOWN):
    return nightly._loader(market, None)(END - timedelta(days=9), END, known).as_of


def test_a_lake_is_read_as_it_was_when_the_night_had_taken_in_what_was_new():
    assert known_by(Asked()) == "2023-02-09T03:00:00"
    assert known_by(Asked(bars=Path("data/spot_5m"))) is None


def test_a_night_reads_nothing_that_was_known_later():
    assert known_by(Asked(as_of="2023-02-09")) == "2023-02-09"
    for later in ("2023-02-09T03:01", "2024-01-01"):
        with pytest.raises(ConfigError, match="is after what the night knew"):
            known_by(Asked(as_of=later))


def test_what_is_pulled_reaches_back_as_far_as_the_night_reads(monkeypatch):
    """Learning alone is not enough: the gap, the test and the warm-up come before it."""
    asked = []

    def pulled(_venue, _symbols, *, start, lake, vendor, **_):
        asked.append((start, str(lake), vendor))
        return SimpleNamespace(n_new=1, n_changed=0, raise_if_failed=lambda: None)

    monkeypatch.setattr(quorate.api.pulling, "pull_venue", pulled)
    plan = quorate.Plan(train_days=120, purge_days=4, test_days=30)
    fetch = nightly._ingest(Asked(), "binance", ["BTC/USDT"], plan)
    assert fetch() == {"n_new": 1, "n_changed": 0}
    ((start, *place),) = asked
    assert datetime.now(UTC) - start > timedelta(days=120 + 4 + 30 + 8)
    assert place == ["lake", "binance"]
