"""A pull that is killed, stopped or out of disk leaves a lake that the next pull completes."""

from __future__ import annotations

import calendar
import errno
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import polars as pl
import pytest
from tests.unit.lake.test_archive import KEY, Puller, spot
from tests.unit.venues.archive_site import Fault, site
from tests.unit.venues.test_http import QUICK

from quorate.errors import DataError
from quorate.lake import layout, taken

PULLER = """
import os, sys
from datetime import date
from pathlib import Path
from quorate.lake.archive import Wanted, pull
from quorate.venues.archive.names import series
from quorate.venues.http import Limits
{fault}
wanted = Wanted(
    series("spot", "ohlcv", "1h"), date(2022, 1, 1), date(2023, 1, 1), ("BTCUSDT",),
    sys.argv[2], sys.argv[2],
)
pull(
    Path(sys.argv[1]), wanted, today=date(2023, 3, 4), at="2023-03-04T12:00:00+00:00",
    limits=Limits(n_jobs=2, backoff_s=0.01), told=lambda _: None,
)
"""
MONTHS = [f"2022-{month:02d}" for month in range(1, 13)]
FILE_LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({n}, {n}))"


@pytest.fixture
def archive():
    with site() as served:
        spot(served, *MONTHS)
        yield served


@pytest.fixture
def puller(archive, tmp_path):
    return Puller(archive, tmp_path)


@contextmanager
def started(archive, root, fault="", command=None, within=()):
    """Pull in a process of its own; it does not outlive the block."""
    script = ["-c", PULLER.format(fault=fault), str(root), archive.url]
    with subprocess.Popen(
        [*within, sys.executable, *(command or script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(there, process):
    """Wait until something is so, while a process runs."""
    for _ in range(2000):
        if there():
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def valid(root):
    """Return the months in the lake, every one of them whole."""
    where = layout.folder(root, KEY)
    found = layout.files(where).get("BTCUSDT", ()) if where.is_dir() else ()
    for path in found:
        month = path.parent.name.removeprefix("month=")
        days = calendar.monthrange(2022, int(month[5:]))[1]
        assert pl.read_parquet(path, hive_partitioning=False).height == days * 24
    return [path.parent.name.removeprefix("month=") for path in found]


def completed(archive, puller):
    """Pull again; return the files that were fetched for it."""
    found = puller("2022-01-01", "2023-01-01", "BTCUSDT")
    found.raise_if_failed()
    assert valid(puller.root) == MONTHS
    assert puller.rows().height == 365 * 24
    assert [path for path in (puller.root / ".pull/cache").rglob("*") if path.is_file()] == []
    return [key[-11:-4] for key in archive.asked()]


def test_a_kill_in_the_middle_of_a_pull_loses_no_finished_file(archive, puller):
    keys = [key for key in archive.files if key.endswith("-06.zip")]
    cut = len(archive.files[keys[0]]) // 2
    archive.faults[keys[0]] = [Fault(stall=cut)]
    part = taken.cache(puller.root, KEY) / "BTCUSDT-1h-2022-06.zip.part"
    with started(archive, puller.root) as process:
        # The other worker has gone on to the end; June hangs in its middle.
        wait_for(lambda: part.exists() and part.stat().st_size == cut, process)
        wait_for(lambda: len(taken.read(puller.root, KEY, "BTCUSDT")) == 11, process)
    assert process.returncode == -signal.SIGKILL
    assert valid(puller.root) == [month for month in MONTHS if month != "2022-06"]
    assert completed(archive, puller) == ["2022-06"]
    assert [asked for key, asked in archive.log if key == keys[0]] == [f"bytes={cut}-"]


@pytest.mark.parametrize(
    "fault",
    [
        "from quorate.lake import taken; taken.add = lambda *_: os.kill(os.getpid(), 9)",
        "from quorate.venues.parts import Part; Part.finish = lambda *_: os.kill(os.getpid(), 9)",
    ],
)
def test_a_kill_at_any_step_fetches_no_file_twice(archive, puller, fault):
    with started(archive, puller.root, fault) as process:
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    valid(puller.root)
    whole = {path.name for path in taken.cache(puller.root, KEY).glob("*.zip")}
    fetched = completed(archive, puller)
    assert {f"BTCUSDT-1h-{month}.zip" for month in fetched}.isdisjoint(whole)


def test_kills_one_after_the_other_add_up_to_a_whole_pull(archive, puller):
    for key in list(archive.files):
        archive.faults[key] = [Fault(slow_s=0.01)] * 20
    fetched = 0
    for _ in range(2):
        archive.log.clear()
        with started(archive, puller.root) as process:
            wait_for(lambda: len(archive.asked()) > 3, process)
        valid(puller.root)
        fetched += len(archive.asked())
    left = completed(archive, puller)
    # A file is asked for again only where a kill came while it was under way: two at a time.
    assert fetched + len(left) <= len(MONTHS) + 2 * 2
    assert completed(archive, puller) == []


def test_an_interrupt_says_so_and_the_next_run_goes_on(archive, puller):
    key = next(key for key in archive.files if key.endswith("-03.zip"))
    archive.faults[key] = [Fault(stall=7_000)]
    command = ["data", "pull", "archive", "--lake", str(puller.root), "--market", "spot"]
    command += ["--interval", "1h", "--symbols", "BTCUSDT", "--start", "2022-01-01"]
    command = ["-m", "quorate", *command, "--end", "2023-01-01", "--url", archive.url]
    with started(archive, puller.root, command=command) as process:
        wait_for(lambda: len(taken.read(puller.root, KEY, "BTCUSDT")) == 11, process)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]
    assert time.monotonic() - began < 5.0
    assert process.returncode == 130
    assert said == "stopped; nothing half-written was left\n"
    assert completed(archive, puller) == ["2022-03"]


def test_a_full_disk_is_told_and_the_next_run_completes_it(archive, puller):
    with started(archive, puller.root, FILE_LIMIT.format(n=3_000)) as process:
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert re.search(r"DataError: .* was not written.*File too large", said)
    assert "next: free disk space" in said
    assert valid(puller.root) == []
    assert sorted(completed(archive, puller)) == MONTHS


def test_a_file_system_that_is_really_full(archive, puller, tmp_path):
    """A small file system of its own, where this machine lets a test mount one."""
    place, kept = tmp_path / "small", tmp_path / "kept"
    place.mkdir()
    mount = f"mount -t tmpfs -o size=128k none {place} && "
    within = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
    tried = subprocess.run([*within, f"{mount} true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no file system can be mounted here")
    copy = f'{mount} {{ "$@"; code=$?; cp -r {place} {kept}; exit $code; }}'
    with started(archive, place, within=(*within, copy, "sh")) as process:
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert re.search(r"Error: .* was not written.*No space left on device", said)
    puller.root = kept
    assert 0 < len(valid(kept)) < len(MONTHS)
    completed(archive, puller)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_disk_that_fails_at_a_sync_is_told(archive, puller, monkeypatch, n):
    """Of the bytes that came, of their name, of the rows: whatever was synced last."""
    real, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if len(calls) >= n:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"was not written.*: No space left on device"):
        puller("2022-01-01", "2023-01-01", "BTCUSDT", limits=QUICK._replace(n_jobs=1))
    monkeypatch.undo()
    assert len(calls) == n
    assert valid(puller.root) == []
    completed(archive, puller)


def test_a_lake_that_refuses_other_columns_fails_the_file_alone(archive, puller, monkeypatch):
    def refuse(*_, **__):
        raise DataError("other columns", hint="look")

    monkeypatch.setattr(layout, "write", refuse)
    monkeypatch.setattr(layout, "store", refuse, raising=False)
    found = puller("2022-01-01", "2022-03-01", "BTCUSDT")
    assert found.failures["why"].to_list() == ["other columns"] * 2
    monkeypatch.undo()
    assert len(list(taken.cache(puller.root, KEY).iterdir())) == 2
    assert "2022-01" not in completed(archive, puller)
