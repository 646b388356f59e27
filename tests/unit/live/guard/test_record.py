"""The kill switch's memory: there before anything is sent, and after any end of the process."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from quorate.errors import StoreError
from quorate.live.guard.record import Killed, Level, Record

if TYPE_CHECKING:
    from pathlib import Path

KILL = Killed(level=Level.CANCEL, by="ann", why="drill", at_ms=5)


def test_the_first_reason_and_the_higher_level_stay(tmp_path: Path) -> None:
    record = Record(tmp_path)
    record.mark(KILL)
    record.mark(Killed(level=Level.FLATTEN, by="bob", why="later", at_ms=9))
    record.mark(Killed(level=Level.BLOCK, by="eve", why="less", at_ms=10))
    assert Record(tmp_path).killed() == Killed(level=Level.FLATTEN, by="ann", why="drill", at_ms=5)
    record.lift(by="ann", why="seen", at_ms=20)
    assert Record(tmp_path).killed() is None
    assert [row["step"] for row in record.lines()] == ["killed"] * 3 + ["lifted"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"level":9,"by":"a","why":"b","at_ms":1}', "\0"])
def test_a_mark_that_cannot_be_read_is_a_kill_too(tmp_path: Path, text: str) -> None:
    (tmp_path / "killed.json").write_text(text)
    with pytest.raises(StoreError, match="a kill is in force"):
        Record(tmp_path).killed()
    assert Record(tmp_path).mark(KILL).level is Level.FLATTEN
    assert Record(tmp_path).killed() == Killed(level=Level.FLATTEN, by="ann", why="drill", at_ms=5)


def test_a_line_that_was_changed_or_removed_is_named(tmp_path: Path) -> None:
    record = Record(tmp_path)
    for number in range(4):
        record.write("step", at_ms=number)
    path = tmp_path / "kills.jsonl"
    rows = path.read_text().splitlines(keepends=True)
    path.write_text(rows[0] + rows[1].replace('"at_ms":1', '"at_ms":7') + "".join(rows[2:]))
    with pytest.raises(StoreError, match="line 2 of"):
        record.lines()
    path.write_text(rows[0] + rows[2] + rows[3])
    with pytest.raises(StoreError, match="line 2 of"):
        record.lines()


def test_a_line_torn_by_a_loss_of_power_is_left_out_and_the_next_one_follows(
    tmp_path: Path,
) -> None:
    record = Record(tmp_path)
    record.write("one", at_ms=1)
    whole = (tmp_path / "kills.jsonl").read_text()
    record.write("two", at_ms=2)
    text = (tmp_path / "kills.jsonl").read_text()
    for length in range(len(whole) + 1, len(text)):
        (tmp_path / "kills.jsonl").write_text(text[:length])
        assert [row["step"] for row in record.lines()] == ["one"]
    record.write("three", at_ms=3)
    assert [row["step"] for row in record.lines()] == ["one", "three"]


def test_a_mark_is_whole_whenever_the_process_is_killed(tmp_path: Path) -> None:
    for turn in range(20):
        folder = tmp_path / str(turn)
        child = os.fork()
        if child == 0:
            record = Record(folder)
            while True:
                record.mark(KILL)
        import time

        time.sleep(0.002 * turn)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = Record(folder).killed()
        assert found in {None, KILL}
        json.dumps(Record(folder).lines())


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="the guard's folder"):
        Record(tmp_path / "file" / "guard")
