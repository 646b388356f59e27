"""``quorate nightly``: its table, its exit code, what it refuses."""

from __future__ import annotations

import json

import pytest
from tests.unit.lake import builders

from quorate.cli import run

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
