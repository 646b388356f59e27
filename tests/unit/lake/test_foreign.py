"""Files of any naming: what is found by itself, what a mapping says, what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from quorate.errors import DataError, SchemaError
from quorate.lake import foreign

AT = datetime(2023, 2, 1, 12, 30, tzinfo=UTC)
SECONDS = int(AT.timestamp())


def instants(*values, unit=None, kind=None):
    return foreign.instants(pl.Series("ts", list(values), kind), unit, "f: ts").to_list()


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-01T12:30:00Z",
        "2023-02-01 12:30:00",
        "2023-02-01T12:30",
        "2023-02-01 12:30:00.000+00:00",
        "2023-02-01T13:30:00+0100",
        "2023-02-01T07:00:00-05:30",
        "2023-02-01 12:30:00 UTC",
        "2023-02-01T12:30:00.000000000Z",
    ],
)
def test_iso_text_with_or_without_a_zone(text):
    assert instants(text) == [AT]


def test_iso_text_may_be_mixed_and_days_are_midnight():
    assert instants("2023-02-01", "2023-02-01T13:30:00+01:00", None) == [
        datetime(2023, 2, 1, tzinfo=UTC),
        AT,
        None,
    ]
    assert instants(date(2023, 2, 1)) == [datetime(2023, 2, 1, tzinfo=UTC)]


@pytest.mark.parametrize("per", [1, 1_000, 1_000_000, 1_000_000_000])
def test_the_unit_of_numbers_is_found(per):
    assert instants(SECONDS * per) == [AT]
    assert instants(float(SECONDS * per)) == [AT]
    assert instants(str(SECONDS * per)) == [AT]


def test_fractions_are_of_seconds():
    assert instants(SECONDS + 0.25)[0].microsecond == 250_000
    with pytest.raises(SchemaError, match="has fractions"):
        instants(SECONDS * 1e3 + 0.25)


def test_a_unit_that_is_said_holds():
    assert instants(60, unit="s") == [datetime(1970, 1, 1, 0, 1, tzinfo=UTC)]
    with pytest.raises(SchemaError, match="unit 'h' is none"):
        instants(60, unit="h")


def test_timestamps_are_taken_with_or_without_a_zone():
    naive = AT.replace(tzinfo=None)
    assert instants(naive, kind=pl.Datetime("us")) == [AT]
    assert instants(AT, kind=pl.Datetime("ns", "Asia/Tokyo")) == [AT]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([60], "no unit puts all of it"),
        ([SECONDS * 1_000, SECONDS * 1_000_000], "no unit puts all of it"),
        (["01/02/2023"], "is no ISO time"),
        (["2023-13-01"], "is no day or time"),
        (["noon", "2023-02-01"], "is no ISO time"),
        ([True], "no time"),
    ],
)
def test_what_can_be_meant_in_two_ways_is_refused(values, said):
    with pytest.raises(SchemaError, match=said):
        instants(*values)


def test_usual_names_are_found_and_the_others_left_out():
    rows = pl.DataFrame(
        {"Open time": [1], "open_time": [SECONDS], "Open": [1.0], "HIGH": [1.0], "l": [1.0],
         "Close": [1.0], "Vol": [1.0], "ignore": [0]}
    )  # fmt: skip
    found = foreign.bring(rows, "ohlcv", {}, None, "f")
    assert found.rows.columns == ["ts", "open", "high", "low", "close", "volume"]
    assert found.left_out == ("Open time", "ignore")
    mapped = foreign.bring(rows, "ohlcv", {"ts": "Open time", "volume": "ignore"}, "s", "f")
    assert mapped.rows["ts"].to_list() == [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)]
    assert mapped.left_out == ("open_time", "Vol")


def test_the_exact_name_wins_and_two_others_are_refused():
    both = pl.DataFrame({"time": [SECONDS], "date": [SECONDS], "funding_rate": [0.0]})
    with pytest.raises(SchemaError, match=r"ts may be time or date.*\n.*--map ts=time"):
        foreign.bring(both, "funding", {}, None, "f")
    exact = both.rename({"date": "ts"})
    assert foreign.bring(exact, "funding", {}, None, "f").left_out == ("time",)


def test_a_mapping_to_nothing_is_refused():
    rows = pl.DataFrame({"ts": [SECONDS], "r": [0.0]})
    with pytest.raises(SchemaError, match="no column rate; it has ts, r"):
        foreign.bring(rows, "funding", {"funding_rate": "rate"}, None, "f")
    with pytest.raises(SchemaError, match="spread is no column of kind funding"):
        foreign.bring(rows, "funding", {"spread": "r"}, None, "f")


def test_csv_files_are_read_compressed_or_not(tmp_path):
    import gzip

    text = "timestamp,rate\n2023-02-01T12:30:00Z,0.0001\n"
    (tmp_path / "A.csv").write_text(text)
    (tmp_path / "B.csv.gz").write_bytes(gzip.compress(text.encode()))
    for path in sorted(tmp_path.iterdir()):
        found = foreign.read(path, "funding", {}).rows
        assert found.rows() == [(AT, 1e-4)]
        assert not foreign.has_symbols(path, {})
    assert [foreign.stem(path) for path in sorted(tmp_path.iterdir())] == ["A", "B"]


@pytest.mark.parametrize("name", ["A.csv", "A.parquet"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"")
    assert not foreign.has_symbols(path, {})
    with pytest.raises(DataError, match=f"{name} cannot be read"):
        foreign.read(path, "funding", {})


def test_symbols_are_a_column_by_any_usual_name(tmp_path):
    path = tmp_path / "all.parquet"
    pl.DataFrame({"Ticker": ["A"]}).write_parquet(path)
    assert foreign.has_symbols(path, {})
    pl.DataFrame({"what": ["A"]}).write_parquet(path)
    assert not foreign.has_symbols(path, {})
    assert foreign.has_symbols(Path(path), {"symbol": "what"})


def test_a_file_without_a_needed_column_names_its_own_and_the_mapping():
    rows = pl.DataFrame(
        {"No": [1], "Trade Day": ["2024-01-01"], "open": [1.0], "high": [1.0], "low": [1.0],
         "close": [1.0], "volume": [1.0]}
    )  # fmt: skip
    with pytest.raises(SchemaError) as told:
        foreign.bring(rows, "ohlcv", {}, None, "A.csv")
    assert told.value.message == (
        "A.csv: no column is known to be ts; it has No, Trade Day, open, high, low, close, volume: "
        "say which is, as in --map ts=No"
    )
    when = rows.rename({"Trade Day": "Trade date"})
    with pytest.raises(SchemaError, match="--map ts='Trade date'"):
        foreign.bring(when, "ohlcv", {}, None, "A.csv")
    mapped = when.rename({"close": "last", "volume": "n"})
    with pytest.raises(SchemaError, match=r"to be close, volume; .* --map close=last volume=NAME"):
        foreign.bring(mapped.drop("No"), "ohlcv", {"ts": "Trade date"}, None, "A.csv")
