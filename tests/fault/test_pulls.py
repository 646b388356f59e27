"""A pull that is killed at any moment leaves a lake that holds, and the next one completes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from tests.fault.moments import apart
from tests.unit.venues.building import QUICK, bars, markets

from quorate.exchange.script import Fault, Script
from quorate.exchange.serving import served
from quorate.lake import layout
from quorate.lake.layout import Key
from quorate.lake.pulling import Wanted, pull

KEY = Key("binance_spot", "ohlcv", "5m")
COMMAND = ("data", "pull", "venue", "binance", "--start", "2023-11-14")
BEGIN = datetime(2023, 11, 14, tzinfo=UTC)
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({n}, {n}))\n"
RUN = "import sys\nfrom quorate.cli import run\nsys.exit(run(sys.argv[1:]))"
KILL_IN_WRITE = """
import os, signal, sys
from pathlib import Path
from quorate.cli import run
replace, turns = Path.replace, iter(range(99))
def killed(self, target):
    if next(turns) == {n}:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = killed
sys.exit(run(sys.argv[1:]))
"""


def started(url, lake, code=RUN, symbols=("BTC/USDT",), within=()):
    command = [*within, sys.executable, "-c", code, *COMMAND, "--symbols", *symbols]
    return subprocess.Popen(
        [*command, "--lake", str(lake), "--url", url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def completed(url, lake):
    asked = Wanted("binance", "ohlcv", "5m", ("BTC/USDT",), BEGIN, BEGIN + timedelta(days=400))
    (found,) = pull(asked, lake, url=url, patience=QUICK)
    assert found.problem is None


def stored(lake, name="BTCUSDT"):
    rows = layout.read(lake, KEY, (name,)).drop("symbol")
    return rows.with_columns(pl.col("ts").dt.epoch("ms"))


def test_a_kill_while_the_venue_is_asked_loses_that_page_and_no_more(tmp_path):
    right = bars(3_000, seed=0).head(2_999)
    with served(markets(3_000), Script(Fault("klines", "stall", first=3, size=60))) as server:
        process = started(server.url, tmp_path)
        deadline = time.monotonic() + 60
        while server.n_asked("klines") < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        assert stored(tmp_path).equals(right.head(1_999))  # two pages of 1000, one row in both

        before = server.n_asked("klines")
        completed(server.url, tmp_path)
        assert stored(tmp_path).equals(right)
        assert server.n_asked("klines") == before + 2
        completed(server.url, tmp_path)
        assert server.n_asked("klines") == before + 3


@pytest.mark.parametrize("n", apart(range(7), [3]))
def test_a_kill_in_the_middle_of_a_write_leaves_whole_files(tmp_path, n):
    """At every rename of two pages' writes: of the manifest to be, of the data, of the manifest."""
    right = bars(3_000, seed=0).head(2_999)
    with served(markets(3_000)) as server:
        process = started(server.url, tmp_path, KILL_IN_WRITE.replace("{n}", str(n)))
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL
        if any(tmp_path.rglob("part.parquet")):
            held = stored(tmp_path)
            assert 0 < held.height < right.height
            assert held.equals(right.head(held.height))
        else:
            assert n < 2
        completed(server.url, tmp_path)
    assert stored(tmp_path).equals(right)


def test_a_kill_before_the_first_row_stored_leaves_no_hole_for_ever(tmp_path):
    """An earlier start is filled from its beginning, so a kill leaves a hole behind it."""
    right = bars(3_000, seed=0).head(2_999)
    late = BEGIN + timedelta(days=9)
    with served(markets(3_000), Script(Fault("klines", "stall", first=3, size=60))) as server:
        asked = Wanted("binance", "ohlcv", "5m", ("BTC/USDT",), late, late + timedelta(hours=9))
        pull(asked, tmp_path, url=server.url, patience=QUICK)
        process = started(server.url, tmp_path)
        deadline = time.monotonic() + 60
        while server.n_asked("klines") < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        assert stored(tmp_path).height == 1_000 + 9 * 12
        completed(server.url, tmp_path)
    assert stored(tmp_path).equals(right)


SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")


def full_disk_is_told(process, server):
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 3, said
    assert "was not written" in said
    assert "next: free disk space" in said
    # The disk would refuse the others too: they are not asked for in vain.
    assert server.n_asked("klines") < 3 * 9


def test_a_full_disk_ends_the_pull_and_the_next_one_completes_it(tmp_path):
    with served(markets(9_000, coins=("BTC", "ETH", "SOL"))) as server:
        full_disk_is_told(
            started(server.url, tmp_path, FULL.format(n=60_000) + RUN, SYMBOLS), server
        )
        whole_so_far(tmp_path)
        pull(EVERY, tmp_path, url=server.url, patience=QUICK)
    for n, coin in enumerate(("BTC", "ETH", "SOL")):
        assert stored(tmp_path, f"{coin}USDT").equals(bars(9_000, seed=n).head(8_999))


def test_a_file_system_that_is_really_full(tmp_path):
    """A file system of half a megabyte of its own, where this machine lets a test mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mount = f"mount -t tmpfs -o size=512k none {place} && "
    within = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
    tried = subprocess.run([*within, f"{mount} true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no file system can be mounted here")
    kept = tmp_path / "kept"  # a file system of its own is seen by nobody else
    copy = f'{mount} {{ "$@"; code=$?; cp -r {place} {kept}; exit $code; }}'
    with served(markets(9_000, coins=("BTC", "ETH", "SOL"))) as server:
        full_disk_is_told(
            started(server.url, place, RUN, SYMBOLS, within=(*within, copy, "sh")), server
        )
        assert whole_so_far(kept) > 0
        pull(EVERY, kept, url=server.url, patience=QUICK)
    for n, coin in enumerate(("BTC", "ETH", "SOL")):
        assert stored(kept, f"{coin}USDT").equals(bars(9_000, seed=n).head(8_999))


EVERY = Wanted("binance", "ohlcv", "5m", SYMBOLS, BEGIN, BEGIN + timedelta(days=400))


def whole_so_far(lake):
    """Return how many rows a lake holds, all of which are right."""
    n_rows = 0
    for n, coin in enumerate(("BTC", "ETH", "SOL")):
        if any(lake.rglob(f"symbol={coin}USDT/*/part.parquet")):
            held = stored(lake, f"{coin}USDT")
            assert held.equals(bars(9_000, seed=n).head(held.height))
            n_rows += held.height
    return n_rows
