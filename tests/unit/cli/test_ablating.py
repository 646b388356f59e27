"""``quorate ablate`` as a user types it."""

from __future__ import annotations

import json

import pytest
from benchmarks.digest import LIVELY

import quorate
from quorate.cli import run

SETS = [word for name, value in LIVELY.items() for word in ("--set", f"{name}={value}")]
HOW = ["--train-days", "12", "--purge-days", "1", "--test-days", "8", "--warm-days", "5"]


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """Give the command over a small market that was kept and says that it is made up."""
    home = tmp_path_factory.mktemp("kept")
    quorate.keep(
        quorate.synthetic(n_coins=3, days=40, bar_minutes=15, planted_edge=4.0), home / "m"
    )
    bars, out = str(home / "m"), str(home / "runs")
    return ["ablate", "--bars", bars, "--no-engines", *SETS, *HOW, "--out", out]


def test_it_tells_people_the_evidence_first(command, capsys):
    assert run(command) == 0
    said = capsys.readouterr().out
    heads = ["SYNTHETIC DATA", "EVIDENCE", "AS IT IS", "95% interval", "READ", "CHARGED", "IDLE"]
    heads += ["PAGE"]
    at = [said.index(word) for word in heads]
    assert at == sorted(at)
    assert "consensus.threshold=floor" in said


def test_it_tells_machines_the_same(command, capsys, tmp_path):
    assert run([*command, "--json", "--page", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["is_synthetic"]
    assert told["n_windows"] == 3
    assert {row["kind"] for row in told["variants"]} == {"option"}
    assert told["evidence"]
    assert told["page"] == str(tmp_path / "ablate.html")
    assert "An ablation of" in (tmp_path / "ablate.html").read_text(encoding="utf-8")
