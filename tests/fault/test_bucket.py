"""A kill, a lost server or two writers leave a lake in a bucket old or new, never half there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.fault.test_lake import KEY, MONTH, NEW, OLD, first_and_last, rows
from tests.unit.venues.building import QUICK, bars, markets

import quorate
from quorate.errors import StorageError, StorageUnavailableError
from quorate.exchange.serving import served
from quorate.lake import layout, manifest, objects, prefixes
from quorate.lake.pulling import Wanted, pull

WRITER = """
import os, signal, sys
sys.path.insert(0, {here!r})
from tests.fault.test_lake import KEY, rows
from quorate.lake import layout, objects
from quorate.lake.address import located
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
{fault}
layout.write(rows({n}, close=2.0), located(sys.argv[1]), KEY, "A", 2 * 10**12)
"""
KILL_BEFORE_DATA = "objects.replace = die"
KILL_BETWEEN_MONTHS = """
was = objects.replace
def replace(path, held):
    die() if path.parent.name == "month=1970-02" else was(path, held)
objects.replace = replace
"""
KILL_BEFORE_MANIFEST = "objects.swap = die"
KILL_AFTER_MANIFEST = "objects.drop = die"
SECOND_PAGE = """
import os, signal, sys
from quorate.cli import run
from quorate.lake import objects
swap, turns = objects.swap, iter(range(99))
def killed(*given):
    if next(turns) == {n}:
        os.kill(os.getpid(), signal.SIGKILL)
    return swap(*given)
objects.swap = killed
sys.exit(run(sys.argv[1:]))
"""


def elsewhere(root, fault, n=MONTH + 10):
    """Write in a process of its own, which meets the fault."""
    script = WRITER.format(fault=fault, n=n, here=str(Path(__file__).parents[2]))
    return subprocess.run(
        [sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=False
    )


def place_of(bucket):
    return layout.folder(bucket.root, KEY) / "symbol=A"


@pytest.mark.parametrize(
    ("fault", "left", "n_strays"),
    [
        (KILL_BEFORE_DATA, OLD, {0}),
        (KILL_BETWEEN_MONTHS, OLD, {0, 1}),  # they are put side by side
        (KILL_BEFORE_MANIFEST, OLD, {2}),
        (KILL_AFTER_MANIFEST, NEW, {2}),
    ],
)
def test_a_kill_at_any_point_leaves_the_old_rows_or_the_new_ones(
    bucket, monkeypatch, fault, left, n_strays
):
    layout.write(rows(MONTH + 10), bucket.root, KEY, "A")
    assert elsewhere(bucket.root, fault).returncode == -signal.SIGKILL
    assert first_and_last(bucket.root) == left
    assert len(bucket.kept()) - 3 in n_strays
    # what nothing names may be of a writer that is alive: it is left alone for a day
    assert layout.verify(place_of(bucket)) == ()
    layout.write(rows(MONTH + 10, close=2.0), bucket.root, KEY, "A", 2 * 10**12)
    assert first_and_last(bucket.root) == NEW
    assert {each.rows for each in manifest.load(place_of(bucket)).values()} == {2 * MONTH, 20}
    monkeypatch.setattr(prefixes, "GRACE", timedelta(seconds=-60))
    layout.verify(place_of(bucket))
    assert len(bucket.kept()) == 3
    assert first_and_last(bucket.root) == NEW


@pytest.mark.parametrize("fault", [KILL_BETWEEN_MONTHS, KILL_BEFORE_MANIFEST])
def test_a_kill_of_the_first_write_leaves_no_rows_and_the_next_one_stores_them(bucket, fault):
    assert elsewhere(bucket.root, fault).returncode == -signal.SIGKILL
    assert layout.files(layout.folder(bucket.root, KEY), ["A"]) == {}
    layout.write(rows(MONTH + 10, close=2.0), bucket.root, KEY, "A", 2 * 10**12)
    assert first_and_last(bucket.root) == NEW
    assert len(bucket.kept()) == 3


def test_without_a_fault_the_writer_writes(bucket):
    done = elsewhere(bucket.root, "", 2_000)
    assert done.returncode == 0, done.stderr
    assert layout.read(bucket.root, KEY).height == 2_000


@pytest.mark.parametrize("what", ["part-", "manifest.json"])
@pytest.mark.parametrize("fault", [503, "cut"])
def test_a_server_that_goes_away_in_the_middle_is_told(bucket, monkeypatch, what, fault):
    layout.write(rows(MONTH + 10), bucket.root, KEY, "A")
    short = objects.Patience(timedelta(seconds=1), timedelta(seconds=1), 1, timedelta(seconds=2))
    monkeypatch.setattr(objects, "PATIENCE", short)
    bucket.fault = lambda method, key: fault if method == "PUT" and what in key else None
    with pytest.raises(StorageUnavailableError, match="did not do what s3://bucket"):
        layout.write(rows(MONTH + 10, close=2.0), bucket.root, KEY, "A", 2 * 10**12)
    assert first_and_last(bucket.root) == OLD
    bucket.fault = lambda *_: None
    layout.write(rows(MONTH + 10, close=2.0), bucket.root, KEY, "A", 2 * 10**12)
    assert first_and_last(bucket.root) == NEW


def test_a_manifest_whose_answer_was_lost_was_swapped_once(bucket):
    layout.write(rows(MONTH + 10), bucket.root, KEY, "A")
    faults = iter(["deaf"])
    bucket.fault = lambda method, key: (
        next(faults, None) if method == "PUT" and "manifest" in key else None
    )
    layout.write(rows(MONTH + 10, close=2.0), bucket.root, KEY, "A", 2 * 10**12)
    assert next(faults, "met") == "met"
    assert first_and_last(bucket.root) == NEW
    assert len(bucket.kept()) == 3


def test_an_old_month_that_cannot_be_deleted_is_no_failure(bucket, monkeypatch):
    layout.write(rows(10), bucket.root, KEY, "A")
    bucket.fault = lambda method, _: 403 if method in {"POST", "DELETE"} else None
    layout.write(rows(10, close=2.0), bucket.root, KEY, "A", 2 * 10**12)
    assert layout.read(bucket.root, KEY)["close"].to_list() == [2.0] * 10
    bucket.fault = lambda *_: None
    assert len(bucket.kept()) == 3
    monkeypatch.setattr(prefixes, "GRACE", timedelta(seconds=-60))
    assert len(layout.verify(place_of(bucket))) == 1


def test_writers_side_by_side_lose_no_row(bucket):
    n_writers, n_each = 3, 4
    layout.write(rows(100), bucket.root, KEY, "A")
    failed = []

    def write(w):
        for k in range(n_each):
            n = w * n_each + k
            done = False
            while not done:
                try:
                    row = rows(100, close=2.0)[n : n + 1]
                    layout.write(row, bucket.root, KEY, "A", 2 * 10**12 + n)
                    done = True
                except StorageError as error:
                    failed.append(error)
                    done = True
                except quorate.errors.DataError as error:  # five times somebody was faster
                    done = "being written by others" not in error.message

    threads = [threading.Thread(target=write, args=(w,)) for w in range(n_writers)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    closes = layout.read(bucket.root, KEY)["close"].to_list()
    assert closes == [2.0] * (n_writers * n_each) + [1.0] * (100 - n_writers * n_each)
    assert manifest.load(place_of(bucket))["1970-01"].rows == 100 + n_writers * n_each
    assert layout.verify(place_of(bucket)) == ()


def test_a_pull_that_is_killed_goes_on_where_the_lake_ends(bucket):
    right = bars(3_000, seed=0).head(2_999)
    with served(markets(3_000)) as server:
        command = ("data", "pull", "venue", "binance", "--symbols", "BTC/USDT")
        words = (*command, "--start", "2023-11-14", "--lake", str(bucket.root), "--url", server.url)
        done = subprocess.run(
            [sys.executable, "-c", SECOND_PAGE.format(n=1), *words],
            capture_output=True,
            check=False,
            env=os.environ,
        )
        assert done.returncode == -signal.SIGKILL
        held = layout.read(bucket.root, KEY, ["BTCUSDT"])
        assert 0 < held.height < right.height
        begin = datetime(2023, 11, 14, tzinfo=UTC)
        asked = Wanted("binance", "ohlcv", "5m", ("BTC/USDT",), begin, begin + timedelta(days=400))
        (found,) = pull(asked, bucket.root, url=server.url, patience=QUICK)
        assert found.problem is None
    read = layout.read(bucket.root, KEY, ["BTCUSDT"])
    assert read["close"].to_list() == right["close"].to_list()


def test_a_file_that_was_stored_and_not_noted_is_taken_again_and_adds_nothing(bucket):
    from tests.unit.lake.test_archive import KEY as HOURLY
    from tests.unit.lake.test_archive import Puller, counted, spot
    from tests.unit.venues.archive_site import site

    bucket.fault = lambda method, key: 403 if method == "PUT" and "jsonl" in key else None
    with site() as archive:
        spot(archive, "2022-11", "2022-12")
        puller = Puller(archive, bucket.root)
        with pytest.raises(StorageError, match="does not allow"):
            puller("2022-11-01", "2023-01-01", "BTCUSDT")
        bucket.fault = lambda *_: None
        found = puller("2022-11-01", "2023-01-01", "BTCUSDT")
        found.raise_if_failed()
        assert counted(found)[:2] == (2, 0)
    rows = layout.history(bucket.root, HOURLY, ["BTCUSDT"])
    assert rows.height == rows["ts"].n_unique() == (30 + 31) * 24


def test_an_import_ends_where_the_server_does(bucket, tmp_path, monkeypatch):
    from tests.unit.lake.builders import bars as plain
    from tests.unit.lake.builders import store

    folder = store(tmp_path / "plain", **{f"C{n:02d}": plain(20) for n in range(20)})
    short = objects.Patience(timedelta(seconds=1), timedelta(seconds=1), 0, timedelta(seconds=1))
    monkeypatch.setattr(objects, "PATIENCE", short)
    bucket.fault = lambda _, key: 503 if "symbol=C03" in key else None
    with pytest.raises(StorageUnavailableError, match="symbol=C03"):
        quorate.import_data(folder, str(bucket.root), vendor="okx_spot", kind="ohlcv")
    assert not any("symbol=C19" in key for _, key in bucket.asked)
    bucket.fault = lambda *_: None
    done = quorate.import_data(folder, str(bucket.root), vendor="okx_spot", kind="ohlcv")
    done.raise_if_failed()
    assert quorate.stock(bucket.root)["symbols"].to_list() == [20]
