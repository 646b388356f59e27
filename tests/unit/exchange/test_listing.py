"""Rows of a span, as a venue gives them at its time."""

from __future__ import annotations

import polars as pl
import pytest

from quorate.exchange.listing import ListedInstrument, Listing, Span, text

BARS = pl.DataFrame({"ts": [i * 60_000 for i in range(10)], "close": [float(i) for i in range(10)]})


@pytest.fixture
def listing():
    made = Listing(ListedInstrument("BTC"), now_ms=480_500)
    made.put("ohlcv", "BTCUSDT", "1m", BARS)
    return made


@pytest.mark.parametrize(
    ("span", "closes"),
    [
        (Span(None, None, 3), [6, 7, 8]),  # the newest, the forming one last
        (Span(None, 300_000, 3), [3, 4, 5]),  # up to an end, which is included
        (Span(120_000, None, 3), [2, 3, 4]),  # from a start, which is included
        (Span(120_001, None, 2), [3, 4]),
        (Span(120_000, 180_000, 9), [2, 3]),
        (Span(540_000, None, 9), []),  # not begun yet
        (Span(300_000, 120_000, 9), []),
        (Span(0, None, 99), list(range(9))),
    ],
)
def test_spans(listing, span, closes):
    found = listing.select("ohlcv", "BTCUSDT", "1m", span)
    assert [row[1] for row in found] == closes


def test_rows_are_replaced_by_time_and_kept_in_order(listing):
    listing.put(
        "ohlcv", "BTCUSDT", "1m", pl.DataFrame({"ts": [60_000, 30_000], "close": [9.5, 8.5]})
    )
    found = listing.select("ohlcv", "BTCUSDT", "1m", Span(0, 60_000, 9))
    assert found == [(0, 0.0), (30_000, 8.5), (60_000, 9.5)]


def test_times_may_be_timestamps():
    made = Listing(now_ms=10**15)
    made.put("ohlcv", "X", "1m", BARS.with_columns(pl.from_epoch("ts", time_unit="ms")))
    assert made.series("ohlcv", "X", "1m").stamps == BARS["ts"].to_list()


def test_what_is_not_there_is_empty(listing):
    assert listing.select("mark", "BTCUSDT", "1m", Span(None, None, 5)) == []


@pytest.mark.parametrize("value", [0.1, 1e-8, 123456.789, 1e21, 0.30000000000000004])
def test_numbers_are_written_whole_and_without_an_exponent(value):
    assert "e" not in text(value)
    assert float(text(value)) == value
