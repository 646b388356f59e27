"""A kill ends deliberately: two people, or one and ten minutes, with who, why and when kept."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from quorate.cli import run
from quorate.errors import StoreError
from quorate.live.controls.standing import DELAY_MS
from quorate.live.guard.lifting import lift
from quorate.live.guard.record import SENTINEL, Killed, Level, Record
from quorate.live.guard.watch import Watching

if TYPE_CHECKING:
    from pathlib import Path

KILL = Killed(level=Level.FLATTEN, by="http", why="the feed", at_ms=5)


def is_lifted(folder: Path, by: str, at_ms: int) -> bool:
    found = lift(folder, by=by, why="flat, seen", at_ms=at_ms)
    assert found is not None
    assert (Record(folder).killed() is None) is found.is_lifted
    return found.is_lifted


def test_two_people_lift_a_kill_at_once_and_one_after_ten_minutes(tmp_path: Path) -> None:
    assert lift(tmp_path / "none", by="ann", why="x", at_ms=1) is None
    assert lift(tmp_path, by="ann", why="x", at_ms=1) is None
    record = Record(tmp_path)
    record.mark(KILL)
    assert not is_lifted(tmp_path, "ann", 1_000)
    assert not is_lifted(tmp_path, " Ann", 1_000 + DELAY_MS - 1)
    assert is_lifted(tmp_path, "ann", 1_000 + DELAY_MS)
    record.mark(KILL)
    assert not is_lifted(tmp_path, "ann", 2_000_000), "an earlier asking is over with its kill"
    assert is_lifted(tmp_path, "bob", 2_000_001)
    last = record.lines()[-1]
    assert last == {
        "step": "lifted",
        "at_ms": 2_000_001,
        "by": "bob",
        "why": "armed by bob, asked by ann: flat, seen",
    }
    assert [row["step"] for row in record.lines()].count("asked") == 2


def test_who_asks_for_a_kill_anew_ends_an_asking_and_carrying_one_out_does_not(
    tmp_path: Path,
) -> None:
    record = Record(tmp_path)
    record.mark(KILL)
    assert not is_lifted(tmp_path, "ann", 1_000)
    in_force = record.killed()
    assert in_force is not None
    record.mark(in_force)  # a guard that is started again carries it out
    assert record.arming() is not None
    record.mark(Killed(level=Level.CANCEL, by="eve", why="again", at_ms=2_000))
    assert not is_lifted(tmp_path, "bob", 3_000)
    assert is_lifted(tmp_path, "ann", 3_001)


@pytest.mark.parametrize("text", ["{", '{"by":1}', '{"by":"ann","at_ms":"soon"}'])
def test_an_asking_that_cannot_be_read_asks_for_nothing(tmp_path: Path, text: str) -> None:
    Record(tmp_path).mark(KILL)
    (tmp_path / "arming.json").write_text(text)
    assert not is_lifted(tmp_path, "bob", 1_000)
    assert is_lifted(tmp_path, "ann", 1_001)


def test_what_nobody_has_heard_and_what_cannot_be_read_are_lifted_too(tmp_path: Path) -> None:
    (tmp_path / SENTINEL).write_text("flatten the peg")
    found = lift(tmp_path, by="ann", why="seen", at_ms=5)
    assert found is not None
    assert (found.killed.why, found.is_lifted) == ("the peg", False)
    assert is_lifted(tmp_path, "bob", 6)
    assert not (tmp_path / SENTINEL).exists()
    (tmp_path / "killed.json").write_text("{")
    assert lift(tmp_path, by="ann", why="seen", at_ms=7) is not None
    assert is_lifted(tmp_path, "bob", 8)


def test_a_disk_that_refuses_leaves_the_kill_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Record(tmp_path).mark(KILL)
    assert not is_lifted(tmp_path, "ann", 1)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(StoreError, match="stays in force"):
        lift(tmp_path, by="bob", why="seen", at_ms=2)
    assert Record(tmp_path).killed() == KILL


def test_a_guard_says_which_kill_is_in_force_before_it_acts(tmp_path: Path) -> None:
    Record(tmp_path).mark(KILL)
    pages: list[str] = []
    nothing: Any = None
    guard = Watching(nothing, nothing, tmp_path, pages.append)
    guard.begin()
    assert guard.asked.level == Level.FLATTEN
    (page,) = pages
    for word in ("flatten", "http", "the feed", "1970-01-01 00:00:00", f"--folder {tmp_path}"):
        assert word in page
    is_lifted(tmp_path, "ann", 6)
    is_lifted(tmp_path, "bob", 7)
    after = Watching(nothing, nothing, tmp_path, pages.append)
    after.begin()
    assert (after.asked.level, len(pages)) == (0, 1)


def test_arm_ends_the_guard_s_kill_and_says_what_is_still_in_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, store = tmp_path / "guard", tmp_path / "desk.sqlite"
    at = ["arm", "--why", "flat", "--folder", str(folder), "--store", str(store)]
    Record(folder).mark(KILL)
    assert run([*at, "--by", "ann"]) == 1
    said = capsys.readouterr().out
    assert "STILL IN FORCE" in said
    assert "flatten, asked for by http" in said
    assert "a second operator may arm now" in said
    assert run([*at, "--by", "ANN "]) == 1
    capsys.readouterr()
    assert run([*at, "--by", "bob", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["guard"]["is_lifted"]
    assert Record(folder).killed() is None
    assert not store.exists(), "where there is no desk none is asked"
    assert run([*at, "--by", "bob"]) == 0
    assert store.exists()
