"""A desk asks a guard by its file: it is heard, or that is told, and the desk's loop goes on."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

import pytest

from quorate.errors import StoreError
from quorate.live.guard.asking import ask
from quorate.live.guard.hearing import poll
from quorate.live.guard.record import SENTINEL, Killed, Level, Record, asked_by_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_guard_hears_who_asks_and_why(tmp_path: Path) -> None:
    heard: list[Killed] = []

    async def play() -> None:
        guard = asyncio.create_task(poll(tmp_path, heard.append))
        await ask(tmp_path, "an overfill", level=Level.CANCEL, by="desk main")
        guard.cancel()

    asyncio.run(play())
    (killed,) = heard
    assert (killed.level, killed.by, killed.why) == (Level.CANCEL, "desk main", "an overfill")
    assert not (tmp_path / SENTINEL).exists()


def test_where_no_guard_answers_that_is_told_and_the_next_one_obeys(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no guard answers") as raised:
        asyncio.run(ask(tmp_path, "an overfill", seconds=0.1))
    assert "quorate guard" in raised.value.hint
    killed = asked_by_file(tmp_path, 5)
    assert killed == Killed(level=Level.FLATTEN, by="desk", why="an overfill", at_ms=5)


def test_a_disk_that_hangs_or_refuses_holds_up_no_loop(tmp_path: Path) -> None:
    """Opening a pipe that nobody reads does not come back, as a disk that is gone does not."""
    pipe = tmp_path / f"{SENTINEL}.tmp"
    os.mkfifo(pipe)
    n_turns = 0

    async def play() -> None:
        nonlocal n_turns
        asking = asyncio.create_task(ask(tmp_path, "an overfill", seconds=-0.9))
        while not asking.done():
            n_turns += 1
            await asyncio.sleep(0.01)
        await asking

    with pytest.raises(StoreError, match="does not answer"):
        asyncio.run(play())
    assert n_turns > 1, "the loop went on"
    os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))  # lets the thread go
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="no kill can be asked for"):
        asyncio.run(ask(tmp_path / "file", "an overfill"))


@pytest.mark.parametrize(
    "text", ["{", '{"level":"block"}', '{"level":[],"by":"a","why":"b"}', "{" * 9]
)
def test_a_file_that_is_half_of_what_was_meant_asks_for_everything(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / SENTINEL).write_text(text)
    killed = asked_by_file(tmp_path, 5)
    assert killed is not None
    assert killed.level is Level.FLATTEN


def test_a_person_may_write_the_file(tmp_path: Path) -> None:
    (tmp_path / SENTINEL).write_text("cancel the peg is gone")
    killed = asked_by_file(tmp_path, 5)
    assert killed == Killed(level=Level.CANCEL, by="file", why="the peg is gone", at_ms=5)


def test_the_mark_has_who_asked_first_and_the_record_who_asked_each_time(tmp_path: Path) -> None:
    record = Record(tmp_path)
    record.mark(Killed(level=Level.CANCEL, by="ann", why="the feed", at_ms=5))
    record.mark(Killed(level=Level.FLATTEN, by="bob", why="the peg", at_ms=9))
    mark = json.loads((tmp_path / "killed.json").read_text())
    assert (mark["by"], mark["why"], mark["level"]) == ("ann", "the feed", 3)
    said = [(row["by"], row["why"], row["at_ms"]) for row in record.lines()]
    assert said == [("ann", "the feed", 5), ("bob", "the peg", 9)]
