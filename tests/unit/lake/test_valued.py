"""Of which kind a folder is, and its series counted by symbol and day."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, settlements, stamps, store, without

from quorate.errors import DataError
from quorate.lake import layout, valued

HOUR_MS = 3_600_000
FUNDING = settlements(START_MS + 8 * HOUR_MS * np.arange(30), np.full(30, 1e-4))
INTEREST = pl.DataFrame({"ts": stamps(START_MS + HOUR_MS * np.arange(9)), "open_interest": 1.0})


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (bars(9), "ohlcv"),
        (bars(9).drop("volume"), "mark"),
        (FUNDING, "funding"),
        (INTEREST, "open_interest"),
        (FUNDING.rename({"funding_rate": "rate"}), "ohlcv"),  # and is then refused as bars are
    ],
)
def test_the_columns_of_a_plain_folder_say_its_kind(tmp_path, rows, kind):
    where = store(tmp_path / "set", A=rows)
    assert valued.kind_of(where, layout.files(where)) == kind


@pytest.mark.parametrize("kind", ["ohlcv", "mark", "index", "funding"])
def test_the_path_of_the_lake_says_it(tmp_path, kind):
    rows = FUNDING if kind == "funding" else bars(9, 60)
    rows = rows.drop("volume") if kind in {"mark", "index"} else rows
    key = layout.Key("okx_swap", kind, "event" if kind == "funding" else "1h")
    layout.write(rows, tmp_path, key, "A")
    where = layout.folder(tmp_path, key)
    assert valued.kind_of(where, layout.files(where)) == kind


def test_a_file_that_is_no_parquet_is_named(tmp_path):
    (tmp_path / "A.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"A\.parquet cannot be read as Parquet"):
        valued.kind_of(tmp_path, layout.files(tmp_path))


def test_a_hole_of_days_is_counted_on_each_of_them(tmp_path):
    where = store(tmp_path / "set", A=without(FUNDING, 10, 7))
    found = valued.worth("A", layout.files(where)["A"], "funding")
    days = found.quality.days
    assert days["day"].to_list() == [dt.date(2023, 2, 1) + dt.timedelta(n) for n in range(10)]
    assert days["n_traded"].to_list() == [3, 3, 3, 1, 0, 1, 3, 3, 3, 3]
    assert days["n_missing"].to_list() == [0, 0, 0, 2, 3, 2, 0, 0, 0, 0]
    line = found.quality.coins.row(0, named=True)
    assert (line["n_rows"], line["n_traded"], line["n_missing"], line["failed"]) == (23, 23, 7, "")
    rows = valued.by_day(found.quality.findings).select("day", "rule", "n").rows()
    holes = days.filter(pl.col("n_missing") > 0).select("day", "n_missing").rows()
    assert [(day, n) for day, _, n in rows] == holes
    assert found.intervals.select("hours", "n").rows() == [(8.0, 23)]


def test_a_lake_is_worth_what_its_files_are(tmp_path):
    rows = without(FUNDING, 10, 7)
    key = layout.Key("okx_swap", "funding", "event")
    layout.write(rows, tmp_path / "lake", key, "A")
    where = store(tmp_path / "set", A=rows)
    one, two = (
        valued.worth("A", layout.files(each)["A"], "funding")
        for each in (where, layout.folder(tmp_path / "lake", key))
    )
    for left, right in zip(
        (*one.quality, one.intervals), (*two.quality, two.intervals), strict=True
    ):
        assert left.equals(right)


def test_a_span_cuts_every_table(tmp_path):
    where = store(tmp_path / "set", A=without(FUNDING, 10, 7))
    span = START_MS + 4 * 24 * HOUR_MS, START_MS + 6 * 24 * HOUR_MS
    found = valued.worth("A", layout.files(where)["A"], "funding", span)
    assert found.quality.days.select("n_traded", "n_missing").rows() == [(0, 3), (1, 2)]
    assert found.quality.findings.select("n", "value").rows() == [(5, 64.0)]
    none = valued.worth("A", layout.files(where)["A"], "funding", (0, START_MS))
    assert none.quality.days.is_empty()
    assert none.quality.coins.row(0)[:4] == ("A", None, None, 0)
    assert none.intervals.is_empty()


def test_many_symbols_are_one_set_of_tables(tmp_path):
    where = store(tmp_path / "set", A=FUNDING, B=FUNDING[::2])
    files = layout.files(where)
    parts = [valued.worth(symbol, paths, "funding") for symbol, paths in files.items()]
    found = valued.together(parts)
    assert found.quality.coins["symbol"].to_list() == ["A", "B"]
    assert valued.every(found.intervals) == {"A": "8 h", "B": "16 h"}
    assert valued.together([]).quality.coins.is_empty()
