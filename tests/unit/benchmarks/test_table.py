"""The table of goals: what is told of a row, and what a check complains of."""

from __future__ import annotations

import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import pytest  # noqa: E402
import table  # noqa: E402

FOUND = {
    "work": "solve",
    "goal": 75.0,
    "ratio": 150.0,
    "least": 140.0,
    "most": 160.0,
    "unit": "solves",
    "our_rate": 2e5,
    "their_rate": 1.3e3,
    "our_mib": 300.0,
    "their_mib": 90.0,
}


def test_a_row_tells_ratio_goal_and_memory() -> None:
    told = table.line(FOUND)
    assert "| 75 | 150 (140 to 160) | **yes** |" in told
    assert told.endswith("| 300 and 90 |")
    assert "| no |" in table.line(FOUND | {"ratio": 74.0})


def test_a_check_leaves_a_fifth_of_room_and_names_what_is_not_there() -> None:
    assert table.missed([FOUND, FOUND | {"ratio": 61.0}]) == []
    assert table.missed([FOUND | {"ratio": 59.0}]) == ["solve: 59 x, asked 60 x"]
    lost = {"work": "solve", "goal": 75.0, "failed": "no environment"}
    assert table.missed([lost]) == ["solve: no environment, asked 60 x"]
    assert "not measured: no environment" in table.line(lost)


def test_every_row_is_of_scripts_that_are_there() -> None:
    for row in table.ROWS:
        assert (BENCHMARKS / row.ours.split()[0]).is_file()
        assert (BENCHMARKS / row.theirs.split()[0]).is_file()
        assert row.goal > 0.0


def test_a_misspelt_row_passes_no_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["table.py", "--check", "clarabell"])
    with pytest.raises(SystemExit) as ended:
        table.main()
    assert ended.value.code == 2
    assert "no row contains ['clarabell']" in capsys.readouterr().err
