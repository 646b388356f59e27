"""A pull that is killed at any moment leaves a lake that holds, and the next one completes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import polars as pl
from tests.unit.venues.building import QUICK, bars, markets

from quorate.exchange.script import Fault, Script
from quorate.exchange.serving import served
from quorate.lake import layout
from quorate.lake.layout import Key
from quorate.lake.pulling import Wanted, pull

KEY = Key("binance_spot", "ohlcv", "5m")
COMMAND = ("data", "pull", "venue", "binance", "--symbols", "BTC/USDT", "--start", "2023-11-14")
BEGIN = datetime(2023, 11, 14, tzinfo=UTC)
KILL_IN_WRITE = """
import os, signal, sys
from pathlib import Path
from quorate.cli import run
replace, turns = Path.replace, iter(range(99))
def killed(self, target):
    if next(turns) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = killed
sys.exit(run(sys.argv[1:]))
"""


def started(url, lake, code="import sys\nfrom quorate.cli import run\nsys.exit(run(sys.argv[1:]))"):
    return subprocess.Popen(
        [sys.executable, "-c", code, *COMMAND, "--lake", str(lake), "--url", url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def completed(url, lake):
    asked = Wanted("binance", "ohlcv", "5m", ("BTC/USDT",), BEGIN, BEGIN + timedelta(days=400))
    (found,) = pull(asked, lake, url=url, patience=QUICK)
    assert found.problem is None


def stored(lake):
    rows = layout.read(lake, KEY, ("BTCUSDT",)).drop("symbol")
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


def test_a_kill_in_the_middle_of_a_write_leaves_whole_files(tmp_path):
    right = bars(3_000, seed=0).head(2_999)
    with served(markets(3_000)) as server:
        process = started(server.url, tmp_path, KILL_IN_WRITE)
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL
        held = stored(tmp_path)
        assert 0 < held.height < right.height
        assert held.equals(right.head(held.height))
        completed(server.url, tmp_path)
    assert stored(tmp_path).equals(right)
