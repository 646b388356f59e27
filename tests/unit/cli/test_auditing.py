"""``quorate audit`` as a user types it."""

from __future__ import annotations

import json

import pytest
from tests.unit.api.auditing.test_whole import ENGINE, LEAK
from tests.unit.lake.builders import bars, store

from quorate.api.auditing import Audit, Finding, Part, Test
from quorate.cli import run
from quorate.cli.audit_rows import findings, headline, not_covered, part_rows
from quorate.research import keys, sealing
from quorate.research.evidence import audit_digest


@pytest.fixture
def leak(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(ENGINE.format(name="mine", what="the next hour", move=LEAK), encoding="utf-8")
    return f"{path}:vote"


def test_the_synthetic_market_passes(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["audit", "--days", "3", "--cuts", "4"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("PASS")
    for part in ("engines", "decisions", "panel", "labels", "fits", "pipeline"):
        assert any(line.startswith(f"{part} ") for line in said.splitlines())
    assert "Not covered:" in said
    assert "a synthetic market is drawn whole" in said


def test_a_leak_is_named_and_the_exit_code_is_1(leak, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = ["audit", "--days", "3", "--cuts", "4", "--engine", leak]
    assert run(asked) == 1
    said = capsys.readouterr().out
    assert "FINDINGS" in said.splitlines()[0]
    assert "1. mine " in said
    assert "found by engines: history cut" in said
    assert "next: vote elementwise" in said
    assert run([*asked, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["is_pass"] is False
    assert told["parts"][0]["findings"][0]["what"].startswith("mine")
    assert audit_digest(told) == told["digest"]
    assert sealing.broken(told["seal"], "audit", told["digest"], keys.trusted()) == ""


def test_bars_of_ones_own_are_made_again_as_they_were_known(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store(tmp_path / "bars", AAAUSDT=bars(600), BBBUSDT=bars(600, price=50.0))
    asked = ["audit", "bars", "--venue", "binance_spot", "--kind", "spot", "--cuts", "4"]
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    panel = next(part for part in told["parts"] if part["name"] == "panel")
    assert panel["tests"]["history cut"] > 5_000
    assert panel["n_times"] == 2


def test_bars_of_nobody_are_refused_before_they_are_read(capsys):
    assert run(["audit", "no-such-folder"]) == 2
    assert "nothing says whose bars no-such-folder holds" in capsys.readouterr().err


def test_an_engine_that_is_not_there_is_refused(capsys, tmp_path):
    assert run(["audit", "--engine", f"{tmp_path}/gone.py:vote"]) == 2
    assert "there is no file" in capsys.readouterr().err


FINDING = Finding(
    part="engines", test=Test.NOISE, what="mine side", coin="BTC", at="2024-01-01 00:05",
    then="1.0", later="-1.0", n=7, says="It reads the future.", next="vote elementwise",
)  # fmt: skip


def test_a_narrow_terminal_cuts_nothing_that_counts():
    part = Part("engines", {"future noise": 1234}, 3, (FINDING,), ("a clock",), 1.0)
    found = Audit("a market", (part,), {})
    table = part_rows(found, 30)
    assert [column.header for column in table.columns][:3] == [
        "part", "findings", "values compared",
    ]  # fmt: skip
    text = findings(found).plain
    for word in ("mine side", "BTC at 2024-01-01 00:05 UTC", "then 1.0, later -1.0", "7 times"):
        assert word in text
    assert "1 FINDINGS" not in headline(found).plain
    assert "- a clock" in not_covered(found).plain
    assert "NOTHING" in headline(Audit("a market", (), {})).plain
