"""A kill or a full disk leaves the old file or the new one, and nothing in between."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from quorate.errors import DataError
from quorate.lake import layout

KEY = layout.Key("binance_spot", "ohlcv", "5m")

WRITER = """
import os, signal, sys
from pathlib import Path
import polars as pl
from quorate.lake import layout
{fault}
rows = pl.DataFrame({{"ts": range(0, {n} * 300_000, 300_000), "close": [2.0] * {n}}})
rows = rows.with_columns(pl.from_epoch("ts", time_unit="ms"))
layout.write(rows, Path(sys.argv[1]), layout.Key("binance_spot", "ohlcv", "5m"), "A")
"""

KILL_BEFORE_RENAME = "Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)"
KILL_BEFORE_SYNC = "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)"
SMALL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))"


def rows(n, close=1.0):
    frame = pl.DataFrame({"ts": range(0, n * 300_000, 300_000), "close": [close] * n})
    return frame.with_columns(pl.from_epoch("ts", time_unit="ms"))


def write_elsewhere(root, fault, n=2_000):
    """Write in a process of its own, which meets the fault."""
    script = WRITER.format(fault=fault, n=n)
    return subprocess.run(
        [sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("fault", [KILL_BEFORE_RENAME, KILL_BEFORE_SYNC])
def test_a_kill_while_writing_leaves_the_old_file(tmp_path, fault):
    layout.write(rows(10), tmp_path, KEY, "A")
    assert write_elsewhere(tmp_path, fault).returncode == -signal.SIGKILL
    assert layout.read(tmp_path, KEY)["close"].to_list() == [1.0] * 10
    # What the killed writer left behind is no obstacle.
    layout.write(rows(20, close=3.0), tmp_path, KEY, "A")
    assert layout.read(tmp_path, KEY)["close"].to_list() == [3.0] * 20


def test_a_kill_of_the_first_write_leaves_no_file(tmp_path):
    write_elsewhere(tmp_path, KILL_BEFORE_RENAME)
    assert layout.files(layout.folder(tmp_path, KEY)) == {}


def test_without_a_fault_the_writer_writes(tmp_path):
    assert write_elsewhere(tmp_path, "").returncode == 0
    assert layout.read(tmp_path, KEY).height == 2_000


def test_a_full_disk_is_told_and_leaves_the_old_file(tmp_path):
    layout.write(rows(10), tmp_path, KEY, "A")
    done = write_elsewhere(tmp_path, SMALL_DISK)
    assert done.returncode == 1
    assert "part.parquet was not written (" in done.stderr
    assert "bytes): File too large" in done.stderr
    assert "next: free disk space" in done.stderr
    assert layout.read(tmp_path, KEY)["close"].to_list() == [1.0] * 10
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["part.parquet"]


def test_no_space_at_sync_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"was not written \(\d+ bytes\): No space left on device"):
        layout.write(rows(10), tmp_path, KEY, "A")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_in_the_way_is_told(tmp_path):
    (tmp_path / "vendor=binance_spot").write_text("a file where a folder must be")
    with pytest.raises(DataError, match="was not written"):
        layout.write(rows(10), tmp_path, KEY, "A")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_file_cut_short_is_named(tmp_path, share):
    (path,) = layout.write(rows(500), tmp_path, KEY, "A")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match=r"part\.parquet cannot be read as Parquet"):
        layout.read(tmp_path, KEY)
    with pytest.raises(DataError, match=r"part\.parquet cannot be read as Parquet"):
        layout.write(rows(1), tmp_path, KEY, "A")
    assert Path(path).stat().st_size == int(len(content) * share)
