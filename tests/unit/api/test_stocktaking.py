"""What a lake holds, from its manifests; whether its files are what was written."""

from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, settlements, store, without

import quorate
from quorate.cli import run
from quorate.errors import DataError
from quorate.lake import layout

KEY = layout.Key("binance_spot", "ohlcv", "5m")
START = datetime.fromtimestamp(START_MS / 1e3, UTC)
LATER = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path):
    layout.write(bars(600), tmp_path, KEY, "A")
    layout.write(without(bars(300), 100, 7), tmp_path, KEY, "B")
    layout.write(put(bars(8), 7, close=100.75)[7:], tmp_path, KEY, "A", known_at=LATER)
    paid = layout.Key("okx_swap", "funding", "event")
    layout.write(settlements([START_MS], [1e-4]), tmp_path, paid, "A")
    facts = layout.Key("okx_swap", "instruments", "all")
    told = pl.DataFrame({"symbol": ["A"], "tick": [0.1], "lot": [1.0]})
    layout.write(told, tmp_path, facts, "A", known_at=LATER)
    return tmp_path


def test_a_row_a_key_with_its_sums(lake):
    found = quorate.stock(lake)
    names = ["kind", "symbols", "first", "last", "stalest", "rows", "missing", "corrections"]
    end = START + timedelta(minutes=5 * 599)
    early = START + timedelta(minutes=5 * 299)
    assert found.select(names).rows() == [
        ("ohlcv", 2, START, end, early, 893, 7, 1),
        ("funding", 1, START, START, START, 1, None, 0),
        ("instruments", 1, None, None, None, 1, None, 0),
    ]
    assert found["known"].to_list() == [LATER, START, LATER]
    paths = list(lake.rglob("part.parquet"))
    assert found["files"].sum() == len(paths) == 4
    assert found["size"].sum() == sum(path.stat().st_size for path in paths)


def test_gaps_are_counted_within_months_and_between_them(tmp_path):
    rows = bars(12_000)  # five minutes from February to the middle of March: 8,064 are February's
    for first, n in ((9_000, 1), (8_060, 10), (8_050, 2), (100, 7)):
        rows = without(rows, first, n)
    jitter = rows.with_columns(pl.col("ts") + pl.duration(milliseconds=pl.int_range(pl.len()) % 9))
    layout.write(jitter[:4_000], tmp_path, KEY, "A")
    layout.write(jitter[3_000:], tmp_path, KEY, "A")
    layout.write(put(jitter[:8], 7, close=99.0)[7:], tmp_path, KEY, "A", known_at=LATER)
    layout.write(bars(20), tmp_path, KEY, "B")
    assert quorate.stock(tmp_path, symbols=True).select("symbol", "missing", "gaps").rows() == [
        ("A", 20, 4),
        ("B", 0, 0),
    ]
    assert quorate.stock(tmp_path).select("missing", "gaps").rows() == [(20, 4)]


def test_gaps_are_not_known_of_months_of_before(lake):
    path = layout.folder(lake, KEY) / "symbol=B" / "manifest.json"
    told = json.loads(path.read_text())
    for month in told["months"].values():
        del month["gaps"]
    path.write_text(json.dumps(told))
    found = quorate.stock(lake, symbols=True)
    assert found["gaps"].to_list() == [0, None, None, None]
    assert found["missing"].to_list() == [0, 7, None, None]
    assert quorate.stock(lake)["gaps"].to_list() == [None] * 3


def test_a_row_a_symbol(lake):
    found = quorate.stock(lake, symbols=True)
    assert found.select("symbol", "rows", "missing").rows() == [
        ("A", 600, 0),
        ("B", 293, 7),
        ("A", 1, None),
        ("A", 1, None),
    ]


def test_a_symbol_without_a_row_is_not_counted(lake):
    """A write that was broken off before its first month left its folder behind."""
    (layout.folder(lake, KEY) / "symbol=C").mkdir()
    assert quorate.stock(lake)["symbols"].to_list() == [2, 1, 1]
    assert quorate.stock(lake, symbols=True).row(2)[3:7] == ("C", None, None, 0)


def test_no_data_file_is_opened(lake):
    for path in lake.rglob("part.parquet"):
        path.write_bytes(b"")
    assert quorate.stock(lake)["rows"].sum() == 895
    with pytest.raises(DataError, match=r"4 of 4 symbols are not as written: .* and 1 more"):
        quorate.verify(lake)


def test_verify_finds_the_one_damaged_file(lake):
    assert quorate.verify(lake) == []
    path = next(lake.rglob("symbol=B/**/part.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"1 of 4 symbols .*symbol=B.*is damaged"):
        quorate.verify(lake)


def test_what_is_no_lake_is_told(tmp_path):
    with pytest.raises(DataError, match="is no lake"):
        quorate.stock(tmp_path)


def test_the_command_lists_and_says_how_far_behind(lake, capsys):
    assert run(["data", "ls", str(lake), "--at", "2023-02-04"]) == 0
    said = capsys.readouterr().out
    assert "binance_spot" in said
    assert "22 h" in said  # 2023-02-03 01:55 before midnight
    assert run(["data", "ls", str(lake), "--symbols"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert "1 d" in lines[2]  # B ended a day before A
    assert run(["data", "ls", str(lake), "--json", "--verify"]) == 0
    told = capsys.readouterr()
    assert len(json.loads(told.out)) == 3
    assert "every file is as it was written" in told.err


def test_a_full_disk_is_no_damage(tmp_path, monkeypatch):
    where = store(tmp_path / "days", A=bars(600))
    quorate.import_data(where, tmp_path / "lake", vendor="v_spot", kind="ohlcv")

    def full(_):
        raise DataError("manifest.json was not written") from OSError(
            errno.ENOSPC, os.strerror(errno.ENOSPC)
        )

    monkeypatch.setattr(layout, "verify", full)
    with pytest.raises(DataError, match="could not be made whole") as told:
        quorate.verify(tmp_path / "lake")
    assert "nothing is damaged: free disk space" in str(told.value)
