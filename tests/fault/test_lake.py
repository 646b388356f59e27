"""A kill or a full disk leaves the old file or the new one, and the next write finds its way."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from tests.unit.lake.builders import bars, store

import quorate
from quorate.cli.lake_rows import import_lines
from quorate.errors import DataError
from quorate.lake import disk, layout, manifest

KEY = layout.Key("binance_spot", "ohlcv", "5m")
MONTH = 31 * 288

WRITER = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from tests.fault.test_lake import KEY, rows
from quorate.lake import disk, layout, manifest
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
{fault}
layout.write(rows({n}, close=2.0), Path(sys.argv[1]), KEY, "A", 2 * 10**12)
"""

KILL_BEFORE_SYNC = "os.fsync = die"
KILL_BEFORE_ANNOUNCED = "Path.replace = die"
KILL_BEFORE_DATA = """
was = disk.replace
def replace(path, held):
    was(path, held) if path.name == manifest.NEXT else die()
disk.replace = replace
"""
KILL_BETWEEN_MONTHS = """
was = disk.replace
def replace(path, held):
    die() if path.parent.name == "month=1970-02" else was(path, held)
disk.replace = replace
"""
KILL_BEFORE_MANIFEST = "manifest.commit = die"
KILL_AFTER_MANIFEST = """
was = manifest.commit
def commit(place):
    was(place)
    die()
manifest.commit = commit
"""
SMALL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))"
OLD, BOTH, NEW = [1.0, 1.0], [2.0, 1.0], [2.0, 2.0]


def rows(n, close=1.0):
    """Return n bars of 5 minutes from 1970 on."""
    frame = pl.DataFrame({"ts": range(0, n * 300_000, 300_000), "volume": [1.0] * n})
    return frame.select(
        pl.from_epoch("ts", time_unit="ms"),
        *(pl.lit(close).alias(name) for name in ("open", "high", "low", "close")),
        "volume",
    )


def write_elsewhere(root, fault, n=2 * MONTH):
    """Write in a process of its own, which meets the fault."""
    here = str(Path(__file__).parents[2])
    script = WRITER.format(fault=fault, n=n, here=here)
    return subprocess.run(
        [sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=False
    )


def first_and_last(root):
    """Return the closes of a row of the first month and of one of the second."""
    read = layout.read(root, KEY)
    assert read.height == MONTH + 10
    return [read["close"][0], read["close"][-1]]


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (KILL_BEFORE_SYNC, OLD),
        (KILL_BEFORE_ANNOUNCED, OLD),
        (KILL_BEFORE_DATA, OLD),
        (KILL_BETWEEN_MONTHS, BOTH),
        (KILL_BEFORE_MANIFEST, NEW),
        (KILL_AFTER_MANIFEST, NEW),
    ],
)
def test_a_kill_at_any_point_leaves_a_lake_that_reads_and_heals(tmp_path, fault, left):
    layout.write(rows(MONTH + 10), tmp_path, KEY, "A")
    assert write_elsewhere(tmp_path, fault, MONTH + 10).returncode == -signal.SIGKILL
    assert first_and_last(tmp_path) == left
    # the next write finds its way: what was missing is added, and nothing twice
    layout.write(rows(MONTH + 10, close=2.0), tmp_path, KEY, "A", 2 * 10**12)
    assert first_and_last(tmp_path) == NEW
    place = layout.folder(tmp_path, KEY) / "symbol=A"
    assert {each.rows for each in manifest.load(place).values()} == {2 * MONTH, 20}
    assert layout.verify(place) == ()
    assert {path.name for path in place.rglob("*") if path.is_file()} == {
        "lock",
        "manifest.json",
        "part.parquet",
    }


def test_verify_makes_the_manifest_whole_after_a_kill(tmp_path):
    layout.write(rows(10), tmp_path, KEY, "A")
    write_elsewhere(tmp_path, KILL_BEFORE_MANIFEST, 10)
    place = layout.folder(tmp_path, KEY) / "symbol=A"
    assert manifest.load(place)["1970-01"].rows == 10
    assert layout.verify(place) == (f"{place / 'manifest.json'} made whole",)
    assert manifest.load(place)["1970-01"].rows == 20
    assert layout.verify(place) == ()


@pytest.mark.parametrize("fault", [KILL_BEFORE_ANNOUNCED, KILL_BEFORE_DATA])
def test_a_kill_of_the_first_write_leaves_no_rows(tmp_path, fault):
    write_elsewhere(tmp_path, fault)
    assert layout.files(layout.folder(tmp_path, KEY)) == {}
    layout.write(rows(3), tmp_path, KEY, "A")
    assert layout.read(tmp_path, KEY).height == 3


def test_without_a_fault_the_writer_writes(tmp_path):
    assert write_elsewhere(tmp_path, "", 2_000).returncode == 0
    assert layout.read(tmp_path, KEY).height == 2_000


def test_a_full_disk_is_told_and_leaves_the_old_file(tmp_path):
    layout.write(rows(10), tmp_path, KEY, "A")
    done = write_elsewhere(tmp_path, SMALL_DISK, MONTH)
    assert done.returncode == 1
    assert "part.parquet was not written (" in done.stderr
    assert "bytes): File too large" in done.stderr
    assert "next: free disk space" in done.stderr
    assert layout.read(tmp_path, KEY)["close"].to_list() == [1.0] * 10
    place = layout.folder(tmp_path, KEY) / "symbol=A"
    assert not (place / manifest.NEXT).exists()
    assert manifest.load(place)["1970-01"].rows == 10


def test_a_disk_that_is_full_after_the_first_month_keeps_what_got_there(tmp_path, monkeypatch):
    was = disk.replace

    def full(path, held):
        if path.parent.name == "month=1970-02":
            raise DataError("no space", hint="free some")
        was(path, held)

    monkeypatch.setattr(disk, "replace", full)
    with pytest.raises(DataError, match="no space"):
        layout.write(rows(MONTH + 10), tmp_path, KEY, "A")
    assert layout.read(tmp_path, KEY).height == MONTH
    place = layout.folder(tmp_path, KEY) / "symbol=A"
    assert list(manifest.load(place)) == ["1970-01"]


def test_no_space_at_sync_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    said = (
        r"was not written \(\d+ bytes\): No space left on device; it needs [\d.]+ (bytes|KiB) in "
        r".*/symbol=A, where [\d.,]+ \wiB are free"
    )
    with pytest.raises(DataError, match=said):
        layout.write(rows(10), tmp_path, KEY, "A")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["lock"]


def n_rows(root):
    """Return how many rows the lake has of each symbol."""
    held = [path for path in root.rglob("part.parquet") if path.is_file()]
    counts = {"A": 0, "B": 0, "C": 0}
    for path in held:
        counts[path.parts[-3].removeprefix("symbol=")] += pl.read_parquet(path).height
    return counts


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """Return a folder of three coins with three months of hours each."""
    where = tmp_path_factory.mktemp("set")
    return store(where, **{name: bars(88 * 24, 60) for name in "ABC"})


@pytest.mark.parametrize("n", [0, 1, 2, 3])  # two records, each a file and a folder
def test_an_import_that_cannot_write_down_that_it_began_begins_nothing(
    tmp_path, monkeypatch, history, n
):
    was, left = os.fsync, [n]

    def full(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        was(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DataError, match="No space left on device") as told:
            quorate.import_data(history, tmp_path / "lake", vendor="v_spot", kind="ohlcv")
    assert "free disk space" in told.value.hint
    assert not any((tmp_path / "lake").rglob("part.parquet"))
    again = quorate.import_data(
        history, tmp_path / "lake", vendor="v_spot", kind="ohlcv", keep_last=True
    )
    assert again.n_added == 3 * 88 * 24
    assert not any((tmp_path / "lake").rglob("unfinished-*"))


@pytest.mark.parametrize("n", [4, 5, 10, 15, 24])
def test_an_import_that_a_full_disk_stops_counts_what_stands(tmp_path, monkeypatch, history, n):
    """After n files and folders made durable the disk refuses; whatever was stored is told."""
    was, left = os.fsync, [n]

    def full(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        was(handle)

    lake = tmp_path / "lake"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        done = quorate.import_data(history, lake, vendor="v_spot", kind="ohlcv", keep_last=True)
    there = n_rows(lake)
    assert dict(done.coins.select("symbol", "n_added").rows()) == there
    if sum(there.values()) < 3 * 88 * 24:
        assert "No space left on device" in done.failed["error"][0]
        with pytest.raises(DataError, match="were not stored") as told:
            done.raise_if_failed()
        partly = sum(there[name] for name in done.failed["symbol"])
        assert (f"{partly:,d} rows are" in told.value.hint) == (partly > 0)
    said = import_lines(done)[0]
    n_there = sum(count > 0 for count in there.values())
    assert said.startswith(
        f"{done.n_added:,d} rows added to {n_there} of" if n_there else "nothing was stored"
    )
    again = quorate.import_data(history, lake, vendor="v_spot", kind="ohlcv", keep_last=True)
    assert again.n_added == 3 * 88 * 24 - done.n_added
    assert set(n_rows(lake).values()) == {88 * 24}


@pytest.mark.slow
def test_an_import_to_a_file_system_that_is_really_full_counts_what_stands(tmp_path, history):
    """A file system of its own, where this machine lets a test mount one."""
    place, kept = tmp_path / "small", tmp_path / "kept"
    place.mkdir()
    mount = f"mount -t tmpfs -o size=120k none {place} && "
    within = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
    tried = subprocess.run([*within, f"{mount} true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no file system can be mounted here")
    copy = f'{mount} {{ "$@"; code=$?; cp -r {place} {kept}; exit $code; }}'
    asked = f"data import {history} --lake {place} --vendor v_spot --json".split()
    told = subprocess.run(
        [*within, copy, "sh", sys.executable, "-m", "quorate", *asked],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 3
    assert "No space left on device" in told.stderr
    done = json.loads(told.stdout)
    there = n_rows(kept)
    assert {each["symbol"]: each["n_added"] for each in done["coins"]} == there
    assert 0 < sum(there.values()) == done["n_added"] < 3 * 88 * 24


def test_a_folder_in_the_way_is_told(tmp_path):
    (tmp_path / "vendor=binance_spot").write_text("a file where a folder must be")
    with pytest.raises(DataError, match="was not written"):
        layout.write(rows(10), tmp_path, KEY, "A")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_file_cut_short_is_named(tmp_path, share):
    (path,) = layout.write(rows(500), tmp_path, KEY, "A")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    for reading in (
        lambda: layout.read(tmp_path, KEY),
        lambda: layout.write(rows(1), tmp_path, KEY, "A"),
        lambda: layout.verify(path.parents[1]),
    ):
        with pytest.raises(DataError, match=r"part\.parquet is damaged"):
            reading()
    assert path.stat().st_size == int(len(content) * share)


def test_one_changed_byte_is_found_even_where_the_file_still_reads(tmp_path):
    (path,) = layout.write(rows(500), tmp_path, KEY, "A")
    other = layout.write(rows(500, close=1.5), tmp_path / "other", KEY, "A")[0]
    path.write_bytes(other.read_bytes())
    with pytest.raises(DataError, match=r"part\.parquet is damaged"):
        layout.read(tmp_path, KEY)


def test_damage_while_a_write_was_broken_off_is_not_taken_for_the_write(tmp_path):
    (path,) = layout.write(rows(10), tmp_path, KEY, "A")
    write_elsewhere(tmp_path, KILL_BEFORE_MANIFEST, 10)
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 1
    path.write_bytes(bytes(held))
    for reading in (lambda: layout.read(tmp_path, KEY), lambda: layout.verify(path.parents[1])):
        with pytest.raises(DataError, match=r"part\.parquet is damaged"):
            reading()


def test_a_file_that_is_gone_is_named(tmp_path):
    paths = layout.write(rows(MONTH + 10), tmp_path, KEY, "A")
    paths[1].unlink()
    for reading in (
        lambda: layout.read(tmp_path, KEY),
        lambda: layout.write(rows(1), tmp_path, KEY, "A"),
        lambda: layout.verify(paths[0].parents[1]),
    ):
        with pytest.raises(DataError, match=r"month=1970-02/part\.parquet is gone"):
            reading()


IMPORT = """
import os, signal, sys
from quorate.api.importing import import_data
from quorate.lake import manifest
was, done = manifest.commit, []
def commit(place):
    if len(done) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(place)
    was(place)
manifest.commit = commit
import_data(sys.argv[1], sys.argv[2], vendor="binance_spot", kind="ohlcv")
"""


def test_an_import_that_is_killed_is_completed_by_the_next(tmp_path):
    folder, lake = tmp_path / "files", tmp_path / "lake"
    folder.mkdir()
    # more than threads can have in flight when the kill comes: some were not begun
    for name in "ABCDEFGHIJKL":
        rows(100).write_parquet(folder / f"{name}.parquet")
    killed = subprocess.run(
        [sys.executable, "-c", IMPORT, str(folder), str(lake)], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert 3 <= quorate.stock(lake, symbols=True).filter(rows=99).height < 12
    done = quorate.import_data(folder, lake, vendor="binance_spot", kind="ohlcv")
    done.raise_if_failed()
    assert 0 < done.n_added <= 9 * 99
    assert quorate.verify(lake) == []
    assert layout.read(lake, KEY).height == 12 * 99
    assert list(lake.rglob("manifest.next.json")) == []


HOLDER = """
import sys
from pathlib import Path
from quorate.lake.locking import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_write_one_symbol_at_once(tmp_path):
    place = layout.folder(tmp_path, KEY) / "symbol=A"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataError, match="is being written by another"):
            layout.write(rows(10), tmp_path, KEY, "A")
        layout.write(rows(10), tmp_path, KEY, "B")  # another symbol is free
        holder.kill()  # whoever dies leaves no lock behind
        holder.wait()
    assert len(layout.write(rows(10), tmp_path, KEY, "A")) == 1


RACER = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from tests.fault.test_lake import KEY, rows
from quorate.errors import DataError
from quorate.lake import layout
first, done = int(sys.argv[2]), 0
while done < 15:
    try:
        part = rows(40)[first + 2 * done : first + 2 * done + 1]
        layout.write(part, Path(sys.argv[1]), KEY, "A")
        done += 1
    except DataError as error:
        assert "is being written" in str(error), error
"""


def test_two_writers_that_try_again_lose_no_row_and_a_reader_sees_whole_files(tmp_path):
    layout.write(rows(1), tmp_path, KEY, "A")
    script = RACER.format(here=str(Path(__file__).parents[2]))
    racers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(first)])
        for first in (1, 2)
    ]
    seen = 1
    while any(racer.poll() is None for racer in racers):
        height = layout.read(tmp_path, KEY).height
        assert height >= seen
        seen = height
    assert [racer.returncode for racer in racers] == [0, 0]
    assert layout.read(tmp_path, KEY).height == 31
