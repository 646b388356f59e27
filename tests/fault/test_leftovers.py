"""What a killed import leaves half written goes with the next write, and is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from tests.fault.test_lake import KEY, rows

import quorate
from quorate.cli.lake_rows import import_lines
from quorate.lake import layout, locking, manifest, months

SLOW_IMPORT = """
import os, sys, time
from quorate.api.importing import import_data
from quorate.lake import disk, manifest
was, sync = disk.replace, os.fsync
def replace(path, held):
    if path.name == manifest.PART:
        os.fsync = lambda handle: time.sleep(60)  # a disk that does not come back
    was(path, held)
disk.replace = replace
import_data(sys.argv[1], sys.argv[2], vendor="binance_spot", kind="ohlcv")
"""


def killed_import(folder, lake):
    """Import in a process of its own, kill it while its data are written; return what it left."""
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_IMPORT, str(folder), str(lake)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        until = time.monotonic() + 60.0
        while not any(lake.rglob(".part.parquet.*")) and time.monotonic() < until:
            time.sleep(0.01)
        child.kill()
        assert child.wait() == -signal.SIGKILL
    left = orphans(lake)
    assert any(path.name.startswith(".part.parquet.") for path in left)
    return left


def orphans(lake):
    """Return temporary files: data, and the manifest of the other symbol if it was caught too."""
    return sorted(path for path in lake.rglob(".*.*.*") if path.is_file())


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for name in "AB":
        rows(100).write_parquet(folder / f"{name}.parquet")
    return folder


def test_what_a_killed_import_left_goes_with_the_next_and_is_told(files, tmp_path):
    lake = tmp_path / "lake"
    left = killed_import(files, lake)
    done = quorate.import_data(files, lake, vendor="binance_spot", kind="ohlcv")
    assert sorted(done.swept) == [str(path) for path in left]
    assert done.as_dict()["swept"] == list(done.swept)
    assert f"{len(left)} temporary files removed" in "\n".join(import_lines(done))
    assert orphans(lake) == []
    assert layout.read(lake, KEY).height == 2 * 99
    again = quorate.import_data(files, lake, vendor="binance_spot", kind="ohlcv")
    assert again.swept == ()
    assert "temporary" not in "\n".join(import_lines(again))


def test_an_import_of_other_symbols_sweeps_too(files, tmp_path):
    lake, other = tmp_path / "lake", tmp_path / "other"
    left = killed_import(files, lake)
    other.mkdir()
    rows(100).write_parquet(other / "C.parquet")
    assert len(quorate.import_data(other, lake, vendor="binance_spot", kind="ohlcv").swept) == len(
        left
    )
    assert orphans(lake) == []
    # a month that never came to be is no folder any more
    assert not any(each.is_dir() for each in lake.glob("*/*/*/symbol=[AB]/month=*"))


def test_verify_removes_what_a_killed_write_left_and_says_so(files, tmp_path):
    lake = tmp_path / "lake"
    left = killed_import(files, lake)
    said = quorate.verify(lake)
    assert [line for line in said if line.endswith("removed, which a killed write left")]
    assert len([line for line in said if any(path.name in line for path in left)]) == len(left)
    assert orphans(lake) == []
    assert quorate.verify(lake) == []


def test_a_temporary_file_of_a_living_writer_is_left_alone(tmp_path):
    layout.write(rows(10), tmp_path, KEY, "A")
    place = layout.folder(tmp_path, KEY) / "symbol=A"
    mine, old = (place / f"month=1970-01/.part.parquet.{name}" for name in ("young", "old"))
    with locking.writing(place):
        for path in (mine, old):
            path.write_bytes(b"half")
        began = (place / locking.NAME).stat().st_mtime
        os.utime(mine, (began + 5.0, began + 5.0))  # younger than the lock was taken
        os.utime(old, (began - 5.0, began - 5.0))
        assert manifest.sweep(place) == (old,)
        assert mine.exists()
    with locking.writing(place):  # what is being written elsewhere is not looked at
        os.utime(mine, (1.0, 1.0))
        assert months.sweep(place.parent) == ()
    assert months.sweep(place.parent) == (mine,)
    assert layout.read(tmp_path, KEY).height == 10


def test_a_manifest_that_was_half_written_goes_though_no_data_were(tmp_path):
    layout.write(rows(10), tmp_path, KEY, "A")
    half = layout.folder(tmp_path, KEY) / "symbol=A" / ".manifest.next.json.young"
    half.write_bytes(b"half")
    os.utime(half, (1.0, 1.0))
    assert months.sweep(half.parent.parent) == (half,)
    assert layout.read(tmp_path, KEY).height == 10
