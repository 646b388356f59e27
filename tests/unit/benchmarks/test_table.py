"""The table of goals: what is told of a row, and what a check complains of."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import limits  # noqa: E402
import page  # noqa: E402
import pytest  # noqa: E402
import table  # noqa: E402
import turns  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

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
    "ours": "ours/solve.py 50",
    "theirs": "peers/clarabel_solve.py 50",
}


def test_a_row_tells_ratio_goal_and_memory() -> None:
    told = table.line(FOUND)
    assert "| 75 | 150 (140 to 160) | **yes** |" in told
    assert told.endswith("| 300 and 90 | `ours/solve.py 50`, `peers/clarabel_solve.py 50` |")
    assert "| no |" in table.line(FOUND | {"ratio": 74.0})


def test_one_turn_has_no_range() -> None:
    alone = FOUND | {"least": 150.0, "most": 150.0}
    assert "| 150 (one turn) |" in table.line(FOUND | {"turns": 1})
    assert "| 150 (one turn) |" in table.line(alone)  # kept from before turns were
    assert "| 150 (140 to 160) |" in table.line(FOUND | {"turns": 5})


def test_a_check_leaves_a_fifth_of_room_and_names_what_is_not_there() -> None:
    assert table.missed([FOUND, FOUND | {"ratio": 61.0}]) == []
    assert table.missed([FOUND | {"ratio": 59.0}]) == ["solve: 59 x, asked 60 x"]
    lost = {"work": "solve", "goal": 75.0, "failed": "no environment"}
    assert table.missed([lost]) == ["solve: no environment, asked 60 x"]
    assert "not measured: no environment" in table.line(lost)


def test_a_row_without_its_data_is_no_miss() -> None:
    left = {"work": "sweep", "goal": 1.0, "failed": page.NEEDS_DATA}
    assert table.missed([FOUND, left]) == []


def test_every_row_is_of_scripts_that_are_there() -> None:
    for row in table.ROWS:
        assert (BENCHMARKS / row.ours.split()[0]).is_file()
        assert (BENCHMARKS / row.theirs.split()[0]).is_file()
        assert row.goal > 0.0


# -- a whole call


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a call of the table: one row that is held, one that needs data, one figure."""
    rows = (
        table.Row("solve", "ours/solve.py", "peers/solve.py", 75.0, held=True),
        table.Row("sweep", "ours/sweep.py DATA", "peers/sweep.py DATA", 1.0, held=True),
        table.Row("missed", "ours/solve.py", "peers/solve.py", 999.0),
    )
    own = limits.Limit("start", 2.0, "s", "quorate", lambda *_: limits.median([2.0]), held=True)
    side = turns.Side("one", "solves", 10.0, "", {}, 0.0, (1.0,), (1.0,), 20.0, 10.0)
    found = turns.Compared(side, side, *2 * (turns.Ratio(80.0, 70.0, 90.0),))
    monkeypatch.setattr(table, "ROWS", rows)
    monkeypatch.setattr(table, "LIMITS", (own,))
    monkeypatch.setattr(turns, "command", str.split)
    monkeypatch.setattr(turns, "compare", lambda *_: found)

    def call(*given: str) -> None:
        monkeypatch.setattr(sys, "argv", ["table.py", *given])
        table.main()

    return call


def test_a_check_runs_what_is_held_and_says_what_it_left_out(
    call: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    call("--check")
    said = capsys.readouterr().out
    assert "| solve | 75 | 80 (70 to 90) |" in said
    assert "| start | <= 2 s | 2 s (2 to 2) | **yes** |" in said
    assert "| missed |" not in said
    assert "Left out, for it needs --data: sweep" in said
    call("--check", "--data", "bars")
    assert "Left out" not in capsys.readouterr().out


@pytest.mark.parametrize(("given", "said"), [("sweep", "give --data"), ("clarabell", "no row")])
def test_a_check_of_nothing_does_not_pass(
    given: str, said: str, call: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call("--check", given)
    assert ended.value.code not in (0, None)
    assert said in f"{ended.value.code}{capsys.readouterr().err}"


def test_a_check_fails_for_a_ratio_and_for_a_figure(
    call: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = table.LIMITS[0]._replace(goal=1.0)
    monkeypatch.setattr(table, "LIMITS", (slow,))
    monkeypatch.setattr(table, "ROWS", (table.ROWS[0]._replace(goal=101.0),))
    with pytest.raises(SystemExit) as ended:
        call("--check")
    assert ended.value.code == "solve: 80 x, asked 80.8 x\nstart: 2 s, asked at most 1.2 s"


def test_figures_are_kept_row_by_row(call: Callable[..., None], docs: Path) -> None:
    call("--write")
    kept = json.loads((docs / "benchmarks.json").read_text())
    assert [row["work"] for row in kept["rows"]] == ["solve", "missed"]
    assert [row["work"] for row in kept["limits"]] == ["start"]
    for row in (*kept["rows"], *kept["limits"]):
        assert row["on"] >= "2026"
        assert row["commit"]


# -- what is kept


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(page, "DOCS", tmp_path)
    text = "above\n<!-- rows: begin -->\nold\n<!-- rows: end -->\n"
    text += "<!-- limits: begin -->\n<!-- limits: end -->\nbelow\n"
    (tmp_path / "benchmarks.md").write_text(text)
    return tmp_path


def test_a_row_that_was_not_asked_for_stays_as_it_was(docs: Path) -> None:
    other = FOUND | {"work": "cycle", "on": "2026-11-20", "commit": "abc1234"}
    page.write([FOUND | {"work": "gone"}, other], ["gone", "solve", "cycle"], table.BESIDE)
    fresh = FOUND | {"ratio": 170.0, "on": "2026-11-26", "commit": "def5678"}
    page.write([fresh], ["solve", "cycle"], table.BESIDE)
    kept = json.loads((docs / "benchmarks.json").read_text())["rows"]
    assert [row["work"] for row in kept] == ["solve", "cycle"]
    assert kept == [fresh, other]
    lines = (docs / "benchmarks.md").read_text().splitlines()
    assert lines[0] == "above"
    assert lines[-1] == "below"
    assert "old" not in lines
    assert lines[4].startswith("| solve | 75 | 170 ")
    assert lines[7] == ("Measured 2026-11-20 on commit abc1234; 2026-11-26 on commit def5678.")


def test_a_row_without_its_data_does_not_wipe_what_was_measured(docs: Path) -> None:
    page.write([FOUND], ["solve"], table.BESIDE)
    page.write([{"work": "solve", "failed": page.NEEDS_DATA}], ["solve"], table.BESIDE)
    assert json.loads((docs / "benchmarks.json").read_text())["rows"] == [FOUND]
    page.write([{"work": "solve", "goal": 1.0, "failed": "it died"}], ["solve"], table.BESIDE)
    assert "not measured: it died" in (docs / "benchmarks.md").read_text()


def test_a_page_without_the_markers_is_refused(docs: Path) -> None:
    (docs / "benchmarks.md").write_text("no table here\n")
    with pytest.raises(ValueError, match="no markers"):
        page.write([FOUND], ["solve"], table.BESIDE)


def test_rows_from_before_dates_were_kept_are_told_apart() -> None:
    dated = FOUND | {"on": "2026-11-26", "commit": "abc1234"}
    assert page.when([dated, dated]) == "Measured 2026-11-26 on commit abc1234."
    assert page.when([dated, FOUND]) == (
        "Measured 2026-11-26 on commit abc1234. 1 of 2 rows are not dated."
    )
    assert page.when([FOUND]) == "1 of 1 rows are not dated."
    assert page.when([dated | {"failed": "it died"}]) == "Nothing was measured."


def test_rows_of_several_commits_name_them_all() -> None:
    rows = [
        FOUND | {"on": day, "commit": made}
        for day, made in (("2026-11-27", "f0"), ("2026-11-26", "9a"), ("2026-11-27", "0b"))
    ]
    assert page.when(rows) == ("Measured 2026-11-26 on commit 9a; 2026-11-27 on commits 0b, f0.")


def test_a_commit_says_when_what_is_measured_was_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "ROOT", tmp_path)
    assert page.commit() == "unknown"
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "one.py").write_text("1\n")
    git = [shutil.which("git"), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "One"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    clean = page.commit()
    assert len(clean) >= 7
    assert not clean.endswith("+")
    (tmp_path / "notes.md").write_text("no figure depends on it\n")
    assert page.commit() == clean
    (tmp_path / "src" / "two.py").write_text("2\n")
    assert page.commit() == f"{clean}+"


def test_the_page_shows_what_is_kept() -> None:
    kept = json.loads((page.DOCS / "benchmarks.json").read_text(encoding="utf-8"))
    text = (page.DOCS / "benchmarks.md").read_text(encoding="utf-8")
    for row in kept["rows"]:
        assert table.line(row) in text
    assert page.when(kept["rows"]) in text
    for told in kept.get("limits", ()):
        assert limits.line(told) in text
    assert page.when(kept["limits"]) in text


def test_what_was_reached_is_held() -> None:
    kept = json.loads((page.DOCS / "benchmarks.json").read_text(encoding="utf-8"))
    held = {goal.work for goal in (*table.ROWS, *limits.LIMITS) if goal.held}
    rows, own = ([told for told in kept[key] if "failed" not in told] for key in ("rows", "limits"))
    reached = {row["work"] for row in rows if row["ratio"] >= row["goal"]}
    reached |= {told["work"] for told in own if limits.is_reached(told)}
    assert reached - held == set()
