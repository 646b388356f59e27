"""One schema a kind: frames are brought to it, or refused with what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from tests.unit.lake.builders import bars, put, settlements

from quorate.errors import SchemaError
from quorate.lake.kinds import INSTANT, KINDS, at_ms, bring, interval_ms, is_increasing

HOUR = timedelta(hours=1)


def test_columns_come_in_one_order_and_type_whatever_order_they_had():
    given = bars(n=3).select(
        pl.col("volume").cast(pl.Int32),
        "close",
        pl.lit(5.0).alias("trades"),
        *("low", "high", "open", "ts"),
    )
    rows = bring(given, "ohlcv", "1h", "A")
    assert rows.columns == ["ts", "open", "high", "low", "close", "volume", "trades", "known_at"]
    assert rows.schema["volume"] == pl.Float64
    assert rows.schema["trades"] == pl.Int64
    assert rows.schema["ts"] == rows.schema["known_at"] == INSTANT


def test_a_bar_is_known_at_its_close_and_a_settlement_at_its_time():
    rows = bring(bars(n=3), "ohlcv", "1h", "A")
    assert (rows["known_at"] - rows["ts"]).unique().to_list() == [HOUR]
    paid = bring(settlements([0, 5], [1e-4, 1e-4]), "funding", "event", "A")
    assert paid["known_at"].equals(paid["ts"])


def test_one_known_at_for_all_or_the_rows_own():
    at = datetime(2024, 1, 1, tzinfo=UTC)
    assert bring(bars(n=2), "ohlcv", "event", "A", at)["known_at"].to_list() == [at, at]
    own = bars(n=2).with_columns(known_at=pl.lit(at))
    assert bring(own, "ohlcv", "event", "A")["known_at"].to_list() == [at, at]
    with pytest.raises(SchemaError, match="one for all was given too"):
        bring(own, "ohlcv", "1h", "A", at)


@pytest.mark.parametrize("has_own", [False, True])
def test_no_row_is_known_before_its_close(has_own):
    """Said of bars that close later, it would let a run look ahead."""
    given = bars(n=3, minutes=60)
    said = given["ts"][1]
    given = given.with_columns(known_at=pl.lit(said)) if has_own else given
    rows = bring(given, "ohlcv", "1h", "A", None if has_own else said)
    assert (rows["known_at"] - rows["ts"]).to_list() == [HOUR, HOUR, HOUR]
    paid = bring(settlements([0, 5], [1e-4, 1e-4]), "funding", "event", "A", 3)
    assert paid["known_at"].dt.epoch("ms").to_list() == [3, 5]
    facts = pl.DataFrame({"symbol": ["A"], "tick": ["0.1"], "lot": ["1"]})
    assert bring(facts, "instruments", "event", "A", 0)["known_at"].dt.epoch("ms").item() == 0


def test_an_interval_that_tells_no_close_needs_a_known_at():
    with pytest.raises(SchemaError, match="does not tell when a bar closes"):
        bring(bars(), "ohlcv", "event", "A")


def test_rows_are_sorted_by_time_and_when_they_were_known():
    rows = bring(bars(n=5).sample(fraction=1.0, shuffle=True, seed=3), "ohlcv", "1h", "A")
    assert rows.drop("known_at").equals(bars(n=5))
    assert not is_increasing(pl.Series([1, 1]))
    assert is_increasing(pl.Series([1, 2]))


def test_nan_in_an_optional_column_is_null_and_a_column_without_a_value_stays():
    given = bars(n=2).with_columns(quote_volume=pl.Series([float("nan"), 3.0]), trades=pl.lit(None))
    rows = bring(given, "ohlcv", "1h", "A")
    assert rows["quote_volume"].to_list() == [None, 3.0]
    assert rows.schema["trades"] == pl.Int64


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (bars().drop("high", "low"), "no column high, low for kind ohlcv"),
        (bars().with_columns(spread=pl.lit(1.0)), "column spread is not of kind ohlcv"),
        (bars().with_columns(close=pl.lit("1")), "column close is String, it must be a number"),
        (bars().with_columns(trades=pl.lit(1.5)), "must be a whole number"),
        (bars().with_columns(pl.col("ts").dt.epoch("ms")), "it must be a timestamp"),
        (put(bars(), 1, ts=None), "1 rows have no ts"),
        (bars().with_columns(pl.col("ts").dt.offset_by("200y")), "outside 1970 to 2100"),
        (bars().with_columns(pl.col("ts").dt.offset_by("-90y")), "outside 1970 to 2100"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_do(frame, said):
    with pytest.raises(SchemaError, match=said) as caught:
        bring(frame, "ohlcv", "1h", "A")
    assert caught.value.hint
    assert str(caught.value).startswith("A: ")


def test_a_kind_without_a_schema_is_refused_with_those_there_are():
    with pytest.raises(SchemaError, match="kind 'trades' has no schema"):
        bring(bars(), "trades", "1h", "A")


def test_every_column_has_a_unit():
    assert all(field.unit for kind in KINDS.values() for field in kind.fields.values())


@pytest.mark.parametrize(
    ("name", "ms"),
    [("1m", 60_000), ("8h", 28_800_000), ("1d", 86_400_000), ("1w", 604_800_000), ("1M", None)],
)
def test_the_length_of_an_interval(name, ms):
    assert interval_ms(name) == ms


def test_a_time_without_a_zone_is_utc():
    assert at_ms(datetime(1970, 1, 1, 0, 0, 1)) == 1_000  # noqa: DTZ001
    assert at_ms(datetime(1970, 1, 1, 1, tzinfo=UTC)) == 3_600_000
    assert at_ms(7) == 7
