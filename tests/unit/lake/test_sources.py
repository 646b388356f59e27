"""Rows are checked one by one; each violation is told with its row."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, store

from quorate.errors import DataError, SchemaError
from quorate.lake import sources

NAN = float("nan")


def read(tmp_path, frame, *, drop_last=False):
    folder = store(tmp_path / "set", A=frame)
    return sources.read_bars([folder / "A.parquet"], drop_last=drop_last)


def test_columns_arrive_as_they_are(tmp_path):
    frame = bars().with_columns(taker_buy_volume=pl.col("volume") * 0.4)
    series = read(tmp_path, frame)
    for column in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(series, column), frame[column].to_numpy())
    np.testing.assert_allclose(series.taker_buy, 4.0)
    assert series.open_ms[0] == START_MS
    assert series.file.endswith("set/A.parquet")


def test_a_file_of_many_coins_is_refused_with_what_to_write(tmp_path):
    frame = bars(n=4).with_columns(symbol=pl.Series(["A", "A", "B", "B"]))
    with pytest.raises(SchemaError, match="column symbol names 2 coins") as caught:
        read(tmp_path, frame)
    assert "`quorate data import" in caught.value.hint
    assert "one file SYMBOL.parquet a coin" in caught.value.hint
    one = read(tmp_path, bars(n=4).with_columns(symbol=pl.lit("A")))
    assert one.open_ms.size == 4


def test_unknown_taker_volume_is_nan(tmp_path):
    assert np.isnan(read(tmp_path, bars()).taker_buy).all()


def test_the_last_bar_may_be_dropped(tmp_path):
    assert read(tmp_path, bars(n=24), drop_last=True).open_ms.size == 23


def test_integer_times_are_milliseconds(tmp_path):
    frame = bars().with_columns(pl.col("ts").dt.epoch("ms"))
    assert read(tmp_path, frame).open_ms[0] == START_MS


BAD_ROWS = [
    ({"close": NAN}, "close is nan"),
    ({"open": None}, "open is nan"),
    ({"low": -1.0}, "low is -1 "),
    ({"close": 0.0}, "close is 0 "),
    ({"high": float("inf")}, "high is inf"),
    ({"high": 99.0}, "high is 99 .* at least open and close"),
    ({"low": 101.0}, "low is 101 .* at most open and close"),
    ({"volume": -1.0}, "volume is -1 .* at least 0"),
    ({"volume": NAN}, "volume is nan"),
]


@pytest.mark.parametrize(("values", "message"), BAD_ROWS)
def test_a_bad_value_names_file_time_value_bound_and_next_step(tmp_path, values, message):
    with pytest.raises(SchemaError, match=message) as caught:
        read(tmp_path, put(bars(), 3, **values))
    text = str(caught.value)
    assert "set/A.parquet" in text
    assert "2023-02-01 00:15:00Z" in text
    assert "(1 such rows)" in text
    assert "next: " in text


def test_takers_cannot_buy_more_than_was_traded(tmp_path):
    frame = bars().with_columns(taker_buy_volume=pl.lit(11.0))
    with pytest.raises(SchemaError, match=r"taker_buy_volume is 11 .*\(24 such rows\)"):
        read(tmp_path, frame)


def test_unsorted_rows_are_refused(tmp_path):
    with pytest.raises(SchemaError, match=r"row 24 at 2023-02-01 00:00:00Z stands after"):
        read(tmp_path, pl.concat([bars(), bars()[:1]]))


def test_doubled_rows_are_refused(tmp_path):
    with pytest.raises(SchemaError, match=r"row 1 at 2023-02-01 00:00:00Z stands twice"):
        read(tmp_path, pl.concat([bars()[:1], bars()]))


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(SchemaError, match="no column volume"):
        read(tmp_path, bars().drop("volume"))


def test_text_is_no_price(tmp_path):
    with pytest.raises(SchemaError, match="column close is String"):
        read(tmp_path, bars().with_columns(close=pl.lit("12")))


@pytest.mark.parametrize("ts", [pl.lit("noon"), pl.lit(1.5)])
def test_times_must_be_times(tmp_path, ts):
    with pytest.raises(SchemaError, match="ts is "):
        read(tmp_path, bars().with_columns(ts=ts))


def test_a_null_time_is_refused(tmp_path):
    with pytest.raises(SchemaError, match="1 rows have no ts"):
        read(tmp_path, put(bars(), 2, ts=None))


def test_a_file_that_is_no_parquet_is_named(tmp_path):
    path = tmp_path / "A.parquet"
    path.write_bytes(b"not a file of that kind")
    with pytest.raises(DataError, match=r"A\.parquet cannot be read as Parquet"):
        sources.read_bars([path], drop_last=True)
    with pytest.raises(DataError, match=r"B\.parquet cannot be read"):
        sources.read_bars([tmp_path / "B.parquet"], drop_last=True)


def test_jitter_within_two_seconds_is_snapped(tmp_path):
    jitter = np.array([0, 9, -1_999, 2_000] * 6)
    frame = bars().with_columns(pl.col("ts").dt.epoch("ms") + pl.Series(jitter))
    snapped = sources.snap(read(tmp_path, frame), 5)
    np.testing.assert_array_equal(np.diff(snapped.open_ms), 300_000)


def test_more_than_two_seconds_off_the_grid_is_refused(tmp_path):
    frame = bars().with_columns(pl.col("ts").dt.epoch("ms") + 2_001)
    with pytest.raises(SchemaError, match=r"seconds off the grid of 5 minutes is 2\.001"):
        sources.snap(read(tmp_path, frame), 5)


def test_two_rows_snapped_to_one_bar_are_refused(tmp_path):
    at = np.array([0, 1_000, 300_000]) + START_MS
    frame = bars(n=3).with_columns(ts=pl.Series(at))
    with pytest.raises(SchemaError, match="stands twice"):
        sources.snap(read(tmp_path, frame), 5)
