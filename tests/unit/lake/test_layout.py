"""Parquet by vendor, kind, interval, symbol and month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, settlements, store

from quorate.errors import DataError, SchemaError
from quorate.lake import layout

KEY = layout.Key("binance_spot", "ohlcv", "1h")
LATER = datetime(2024, 1, 1, tzinfo=UTC)


def two_months():
    return bars(n=48 * 24, minutes=60)  # 2023-02-01 to 2023-03-21


def test_a_month_is_a_file(tmp_path):
    paths = layout.write(two_months(), tmp_path, KEY, "BTCUSDT")
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        f"vendor=binance_spot/kind=ohlcv/interval=1h/symbol=BTCUSDT/month={month}/part.parquet"
        for month in ("2023-02", "2023-03")
    ]


def test_what_is_read_is_what_was_written(tmp_path):
    rows = two_months()
    layout.write(rows.sample(fraction=1.0, shuffle=True, seed=1), tmp_path, KEY, "BTCUSDT")
    assert layout.read(tmp_path, KEY).drop("symbol").equals(rows)


def test_read_cuts_time_half_open_and_chooses_symbols(tmp_path):
    for symbol in ("A", "B", "C"):
        layout.write(two_months(), tmp_path, KEY, symbol)
    start, end = datetime(2023, 2, 28, 22, tzinfo=UTC), datetime(2023, 3, 1, 1, tzinfo=UTC)
    rows = layout.read(tmp_path, KEY, ["C", "A"], start, end)
    assert rows["symbol"].to_list() == ["A"] * 3 + ["C"] * 3
    assert rows["ts"][:3].dt.hour().to_list() == [22, 23, 0]


def test_read_of_a_span_without_rows_is_empty_with_the_columns(tmp_path):
    layout.write(bars(), tmp_path, KEY, "A")
    rows = layout.read(tmp_path, KEY, start=datetime(2030, 1, 1, tzinfo=UTC))
    assert rows.height == 0
    assert rows.columns == [*bars().columns, "symbol"]


def test_a_correction_stands_beside_what_it_corrects(tmp_path):
    layout.write(bars(n=4), tmp_path, KEY, "A")
    later = put(bars(n=6), 3, close=100.35)[3:]
    layout.write(later, tmp_path, KEY, "A", known_at=LATER)
    assert layout.read(tmp_path, KEY)["close"].round(3).to_list() == [
        100.0, 100.1, 100.2, 100.35, 100.4, 100.5
    ]  # fmt: skip
    before = layout.read(tmp_path, KEY, as_of=LATER - timedelta(milliseconds=1))
    assert before["close"].round(3).to_list() == [100.0, 100.1, 100.2, 100.3]
    assert layout.read(tmp_path, KEY, as_of=LATER).equals(layout.read(tmp_path, KEY))
    told = layout.history(tmp_path, KEY)
    assert told.height == 7
    assert told.columns == [*bars().columns, "known_at", "symbol"]


def test_the_same_again_adds_nothing_and_leaves_the_bytes(tmp_path):
    layout.write(two_months(), tmp_path, KEY, "A")
    held = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert layout.write(two_months(), tmp_path, KEY, "A") == ()
    assert layout.write(two_months(), tmp_path, KEY, "A", known_at=LATER) == ()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == held


def test_only_the_month_that_something_is_added_to_is_written(tmp_path):
    layout.write(two_months()[:-1], tmp_path, KEY, "A")
    done = layout.store(two_months(), tmp_path, KEY, "A")
    assert [path.parent.name for path in done.paths] == ["month=2023-03"]
    assert (done.n_added, done.corrections.height) == (1, 0)


def test_what_two_rows_of_one_moment_contradict_is_refused(tmp_path):
    layout.write(bars(n=4), tmp_path, KEY, "A")
    with pytest.raises(DataError, match=r"two different rows of 2023-02-01 00:15:00Z") as caught:
        layout.write(put(bars(n=4), 3, close=100.35), tmp_path, KEY, "A")
    assert "give known_at" in str(caught.value)


def test_bulk_history_is_dated_by_its_bars_and_its_corrections_by_the_import(tmp_path):
    layout.write(bars(n=4), tmp_path, KEY, "A")
    given = put(bars(n=5), 3, close=100.35)
    done = layout.store(given, tmp_path, KEY, "A", corrected_at=LATER)
    assert done.n_added == 2
    assert done.corrections.rows() == [
        (given["ts"][3], "close", "100.3", "100.35", LATER),
    ]
    told = layout.history(tmp_path, KEY)
    assert told["known_at"].to_list()[-2:] == [LATER, given["ts"][4] + timedelta(hours=1)]
    assert layout.store(given, tmp_path, KEY, "A", corrected_at=LATER).n_added == 0


def test_files_of_before_there_were_manifests_still_read(tmp_path):
    place = layout.folder(tmp_path, KEY) / "symbol=A" / "month=2023-02"
    place.mkdir(parents=True)
    bars().write_parquet(place / "part.parquet")
    assert layout.read(tmp_path, KEY).drop("symbol").equals(bars())
    with pytest.raises(DataError, match="no column known_at"):
        layout.write(bars(), tmp_path, KEY, "A")


def test_facts_without_a_time_are_one_row_a_symbol_and_have_versions(tmp_path):
    key = layout.Key("binance_spot", "instruments", "all")
    facts = pl.DataFrame({"symbol": ["A"], "tick": ["0.01"], "lot": ["0.1"], "taker": [0.001]})
    with pytest.raises(SchemaError, match="became known"):
        layout.write(facts, tmp_path, key, "A")
    layout.write(facts, tmp_path, key, "A", known_at=1_000)
    layout.write(facts, tmp_path, key, "A", known_at=1_500)
    layout.write(facts.with_columns(tick=pl.lit("0.1")), tmp_path, key, "A", known_at=2_000)
    assert layout.read(tmp_path, key, as_of=1_999).rows() == [("0.01", "0.1", "0.001", "A")]
    assert layout.read(tmp_path, key).rows() == [("0.1", "0.1", "0.001", "A")]


def test_a_file_that_nobody_wrote_is_taken_in_by_verify(tmp_path):
    place = layout.folder(tmp_path, KEY) / "symbol=A"
    (path,) = layout.write(bars(), tmp_path, KEY, "A")
    stray = place / "month=2023-03" / "part.parquet"
    stray.parent.mkdir()
    moved = pl.read_parquet(path).with_columns(pl.col("ts", "known_at").dt.offset_by("1mo"))
    moved.write_parquet(stray)
    with pytest.raises(DataError, match="in no manifest"):
        layout.read(tmp_path, KEY)
    assert layout.verify(place) == (f"{stray} taken in",)
    assert layout.read(tmp_path, KEY).height == 48


def test_times_without_a_zone_are_utc_and_stored_in_milliseconds(tmp_path):
    naive = bars(n=2).with_columns(pl.col("ts").dt.replace_time_zone(None).cast(pl.Datetime("us")))
    layout.write(naive, tmp_path, KEY, "A")
    rows = layout.read(tmp_path, KEY)
    assert rows.schema["ts"] == pl.Datetime("ms", "UTC")
    assert rows["ts"].dt.epoch("ms")[0] == START_MS


def test_other_columns_than_stored_are_refused(tmp_path):
    layout.write(bars(n=2), tmp_path, KEY, "A")
    with pytest.raises(SchemaError, match="no column volume"):
        layout.write(bars(n=2).drop("volume"), tmp_path, KEY, "A")


@pytest.mark.parametrize("frame", [bars().drop("ts"), bars().with_columns(ts=pl.lit("noon"))])
def test_ts_must_be_a_timestamp(tmp_path, frame):
    with pytest.raises(SchemaError, match="column ts"):
        layout.write(frame, tmp_path, KEY, "A")


def test_a_row_without_a_time_is_refused(tmp_path):
    with pytest.raises(SchemaError, match="1 rows have no ts"):
        layout.write(put(bars(n=3), 1, ts=None), tmp_path, KEY, "A")


@pytest.mark.parametrize("name", ["..", "a/b", "", "a=b", "/etc"])
def test_a_name_cannot_leave_its_folder(tmp_path, name):
    with pytest.raises(ValueError, match="cannot be a folder"):
        layout.write(bars(), tmp_path, KEY, name)
    with pytest.raises(ValueError, match="cannot be a folder"):
        layout.folder(tmp_path, layout.Key(name, "ohlcv", "5m"))


def test_an_unknown_symbol_is_named_with_what_there_is(tmp_path):
    layout.write(bars(), tmp_path, KEY, "A")
    with pytest.raises(DataError, match="no files for B") as caught:
        layout.read(tmp_path, KEY, ["A", "B"])
    assert "1 symbols are stored there: A" in str(caught.value)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere is not a folder"):
        layout.files(tmp_path / "nowhere")


def test_plain_and_partitioned_folders_list_alike(tmp_path):
    plain = store(tmp_path / "plain", B=bars(), A=bars())
    assert list(layout.files(plain)) == ["A", "B"]
    assert not layout.is_partitioned(plain)
    layout.write(two_months(), tmp_path, KEY, "A")
    found = layout.files(layout.folder(tmp_path, KEY))
    assert layout.is_partitioned(layout.folder(tmp_path, KEY))
    assert [path.parent.name for path in found["A"]] == ["month=2023-02", "month=2023-03"]


def test_a_whole_lake_is_told_with_the_folder_to_name(tmp_path):
    lake = tmp_path / "lake"
    rates = settlements([START_MS], [1e-4])
    for key in (layout.Key("okx_swap", "funding", "event"), layout.Key("okx_swap", "ohlcv", "5m")):
        layout.write(rates if key.kind == "funding" else bars(), lake, key, "A")
    layout.write(bars(), lake, KEY._replace(vendor="z"), "A")
    ours = layout.folder(lake, layout.Key("okx_swap", "ohlcv", "5m"))
    for where in (lake, lake / "vendor=okx_swap"):
        with pytest.raises(DataError, match="is a lake, and one vendor's series") as told:
            layout.files(where)
        assert f"`quorate data check {ours}` (--bars {ours})" in told.value.hint
    with pytest.raises(DataError, match="there are 3"):
        layout.files(lake)
    assert list(layout.files(ours)) == ["A"]
    assert layout.files(ours, ["B"]) == {}
    assert layout.files(ours / "symbol=A") == {}


def test_a_file_is_refused_with_its_folder_to_name(tmp_path):
    path = tmp_path / "BTCUSDT.parquet"
    path.write_bytes(b"")
    with pytest.raises(DataError, match="is a file, and a folder of them is read") as refused:
        layout.files(path)
    assert f"name {tmp_path} and --symbols BTCUSDT" in refused.value.hint
    assert f"quorate data import {path}" in refused.value.hint
