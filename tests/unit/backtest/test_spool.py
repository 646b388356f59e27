"""Frames come back from disk as they were put there; nothing is seen of them in its folder."""

from __future__ import annotations

import errno
import os

import polars as pl
import pytest

from quorate.backtest import spool
from quorate.backtest.spool import Spool
from quorate.errors import DataError

FRAMES = [
    pl.DataFrame({"a": [1, 2], "b": ["x", None], "c": [[{"n": 0.5}], []]}),
    pl.DataFrame({"a": [3], "b": ["y"], "c": [[{"n": 1.5}, {"n": 2.5}]]}),
]


def test_frames_come_back_in_order_as_often_as_asked_for(tmp_path):
    made = Spool(tmp_path)
    for frame in FRAMES:
        made.put(frame)
    for _ in range(2):
        found = list(made.frames())
        assert all(one.equals(other) for one, other in zip(found, FRAMES, strict=True))
    assert [frame.columns for frame in made.frames(["c"])] == [["c"], ["c"]]


def test_two_readers_and_a_writer_do_not_meet(tmp_path):
    made = Spool(tmp_path)
    made.put(FRAMES[0])
    made.put(FRAMES[1])
    one, other = made.frames(), made.frames()
    assert next(one).equals(FRAMES[0])
    assert next(other).equals(FRAMES[0])
    made.put(FRAMES[0])
    assert [frame.height for frame in one] == [1, 2]
    assert [frame.height for frame in other] == [1, 2]


def test_nothing_is_there_before_the_first_frame_and_nothing_is_seen_after(tmp_path):
    made = Spool(tmp_path / "absent")
    assert list(made.frames()) == []
    seen = Spool(tmp_path)
    seen.put(FRAMES[0])
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_says_what_to_do(tmp_path, monkeypatch):
    def full(**_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(spool, "TemporaryFile", full)
    with pytest.raises(
        DataError, match=r"No space .*; 0 bytes are there, [\d,]+ more were"
    ) as caught:
        Spool(tmp_path).put(FRAMES[0])
    assert "--out" in caught.value.hint
    with pytest.raises(DataError) as caught:
        Spool().put(FRAMES[0])
    assert "TMPDIR" in caught.value.hint
