"""A file that is read in parts is in the lake, to the byte, what the same file read whole is."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import bars, put, settlements, store, without

import quorate
from quorate.api import batches
from quorate.api.incoming import Given, Source

LATER = datetime(2024, 1, 1, tzinfo=UTC)
LONG = bars(70 * 24, 60)  # of three months
DOUBLED = pl.concat([LONG[:700], LONG[690:]])


def content(root):
    return {
        path.relative_to(root): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def numbers(unit):
    return LONG.with_columns(pl.col("ts").dt.epoch(unit)).rename({"ts": "open_time"})


def imported(where, lake, **choices):
    given = {"vendor": "v_spot", "kind": "ohlcv", "corrected_at": LATER, **choices}
    done = quorate.import_data(where, lake, **given)
    told = done.as_dict()
    return {n: v for n, v in told.items() if n not in {"lake", "folder"}}, content(lake)


@pytest.fixture
def small(monkeypatch):
    """Every file is large, and is read a few rows at a time."""

    def begin():
        monkeypatch.setattr(batches, "LARGE_ROWS", 1)
        monkeypatch.setattr(batches, "STEP_ROWS", 100)

    return begin


@pytest.mark.parametrize(
    "rows",
    [
        LONG,
        DOUBLED,  # in order from one stretch to the next, or not: then it is read whole
        LONG.reverse(),
        without(LONG, 100, 800),  # a month without a row
        numbers("ms"),
        numbers("us"),
        LONG.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%SZ")),
        LONG.with_columns(pl.lit("x").alias("note")),
        put(LONG, 1000, close=float("nan")),
    ],
    ids=["plain", "doubled", "reversed", "hole", "ms", "us", "text", "more", "nan"],
)
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_parts_come_to_what_the_whole_does(tmp_path, small, rows, kind):
    where = tmp_path / "set"
    store(where, A=rows)
    if kind == "csv":
        rows.write_csv(where / "A.csv")
        (where / "A.parquet").unlink()
    whole = imported(where, tmp_path / "whole")
    assert whole[0]["n_added"] > 800
    small()
    assert imported(where, tmp_path / "parts") == whole
    # again: nothing is new; with a change in the first month and more rows, the same as whole
    assert imported(where, tmp_path / "parts")[0]["n_added"] == 0


def test_corrections_and_what_is_new_come_in_parts_too(tmp_path, small):
    where = store(tmp_path / "set", A=LONG[100:900])
    both = [tmp_path / "whole", tmp_path / "parts"]
    for lake in both:
        imported(where, lake)
    store(where, A=put(LONG, 150, close=107.5))
    whole = imported(where, both[0])
    assert whole[0]["n_backdated"] == 100
    small()
    assert imported(where, both[1]) == whole


def test_settlements_come_in_parts(tmp_path, small):
    at = bars(600, 480)["ts"].dt.epoch("ms")
    where = store(tmp_path / "set", A=settlements(at, np.linspace(-1e-4, 1e-4, 600)))
    whole = imported(where, tmp_path / "whole", kind="funding")
    small()
    assert imported(where, tmp_path / "parts", kind="funding") == whole
    assert whole[0]["n_added"] == 600


def test_what_is_wrong_with_a_large_file_is_said_as_of_a_small_one(tmp_path, small):
    where = store(
        tmp_path / "set",
        MIXED=pl.concat([LONG[:800], bars(800, 5, start_ms=LONG["ts"][-1].timestamp() * 1000)]),
        NOTIME=LONG.rename({"ts": "at"}),
        GOOD=LONG,
        UNITS=pl.concat([numbers("ms")[:800], numbers("us")[800:]]),
    )
    (where / "BROKEN.parquet").write_bytes(b"PAR1 no more")
    given = {"interval": "1h"}
    whole = imported(where, tmp_path / "whole", **given)
    assert sum(each["error"] != "" for each in whole[0]["coins"]) == 4
    small()
    assert imported(where, tmp_path / "parts", **given) == whole


def test_a_large_file_comes_month_after_month(tmp_path, small):
    path = store(tmp_path, A=LONG) / "A.parquet"
    given = Given(tmp_path, "v", "ohlcv", {}, None, keep_last=False, known_at=None, corrected_at=0)
    small()
    found = batches.opened(Source("A", (path,), (), (path,)), given)
    parts = list(found.parts)
    assert [part.found.rows["ts"].dt.month().unique().to_list() for part in parts] == [
        [2],
        [3],
        [4],
    ]
    assert [part.is_last for part in parts] == [False, False, True]
    assert found.minutes == 60


PEAK = """
import sys
from pathlib import Path
import quorate
quorate.import_data(sys.argv[1], sys.argv[2], vendor="v_spot", kind="ohlcv")
said = Path("/proc/self/status").read_text()  # the peak of this process, not of who began it
print(int(said.split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.slow
def test_memory_is_that_of_a_month_however_long_the_file(tmp_path):
    peaks = []
    for n in (1_000_000, 6_000_000):
        rng = np.random.default_rng(0)
        close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-4, n)))
        noise = rng.uniform(1.0, 9.0, n)
        rows = bars(n, 1).with_columns(
            pl.Series("close", close), open=close, high=close, low=close, volume=noise
        )
        where = store(tmp_path / f"{n}", A=rows)
        asked = [sys.executable, "-c", PEAK, str(where), str(tmp_path / f"lake{n}")]
        done = subprocess.run(asked, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    # MiB; groups of rows are read ahead, up to some number. Read whole it was 500 more
    assert peaks[1] < peaks[0] + 200
