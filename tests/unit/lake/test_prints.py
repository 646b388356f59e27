"""A digest is of names and contents, in their order."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, store

from quorate.lake import layout, sources
from quorate.lake.prints import Print, of_rows, together

PRINTS = {Path("x/a"): Print(3, "00"), Path("x/b"): Print(4, "01"), Path("y/a"): Print(3, "00")}


def test_names_contents_order_and_what_else_counts_make_it():
    one = together([Path("x/a"), Path("x/b")], PRINTS)
    assert one == together([Path("y/a"), Path("x/b")], PRINTS)  # wherever the folder lies
    others = {
        together([Path("x/b"), Path("x/a")], PRINTS),
        together([Path("x/a")], PRINTS),
        together([Path("x/a"), Path("x/b")], PRINTS, "span"),
        together([Path("x/a"), Path("x/b")], PRINTS | {Path("x/b"): Print(4, "02")}),
    }
    assert len(others | {one}) == 5


def test_a_file_that_was_not_read_is_a_bug():
    with pytest.raises(KeyError):
        together([Path("z")], PRINTS)


def test_rows_are_told_apart_by_names_and_values():
    rows = pl.DataFrame({"ts": [1, 2], "close": [1.0, None]})
    assert of_rows(rows) == of_rows(pl.concat([rows[:1], rows[1:]]))
    assert len({of_rows(each) for each in (rows, rows.rename({"ts": "at"}), rows[:1])}) == 3


def test_reading_leaves_a_print_of_each_file(tmp_path):
    where = store(tmp_path / "plain", A=bars())
    prints = {}
    sources.read_bars([where / "A.parquet"], drop_last=False, prints=prints)
    assert prints[where / "A.parquet"].n_bytes == (where / "A.parquet").stat().st_size
    key = layout.Key("okx_swap", "ohlcv", "5m")
    paths = layout.write(
        bars(n=24, start_ms=START_MS + 28 * 86_400_000 - 3_600_000), tmp_path, key, "A"
    )
    assert len(paths) == 2
    sources.bar_rows(paths, None, prints)
    whole = dict(prints)
    sources.bar_rows(paths, 2**60, prints)  # as of a moment it is the rows that count
    assert {path for path in paths if whole[path] != prints[path]} == set(paths)
    assert [whole[path].n_bytes for path in paths] == [path.stat().st_size for path in paths]
