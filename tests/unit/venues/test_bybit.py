"""A second venue, whose pages have windows, whose rows come backwards, whose errors are 200s."""

from __future__ import annotations

import asyncio

import polars as pl
import pytest
from tests.unit.venues.building import (
    HOUR,
    QUICK,
    START,
    STEP,
    bars,
    history,
    markets,
    settlements,
    together,
)

from quorate.errors import RateLimitError, VenueError
from quorate.exchange.bybit.public import Bybit
from quorate.exchange.listing import ListedInstrument, Listing
from quorate.exchange.meter import Meter
from quorate.exchange.script import Fault, Script
from quorate.exchange.serving import served
from quorate.venues.market import opened

PERP = "BTC/USDT:USDT"


def facade(n=2_500):
    made = markets(n)
    return Bybit(made.spot, made.futures)


@pytest.mark.parametrize(
    ("kind", "symbol", "seed"),
    [("ohlcv", "BTC/USDT", 0), ("ohlcv", PERP, 100), ("mark", PERP, 200), ("index", PERP, 300)],
)
def test_candles_come_whole(kind, symbol, seed):
    with served(facade(1_100)) as server:
        pages = history(server.url, "bybit", kind, symbol)
    right = bars(1_100, seed=seed).head(1_099)
    assert together(pages).equals(right if kind == "ohlcv" else right.drop("volume"))
    assert {asked.status for asked in server.log} == {200}


def test_funding_of_more_than_a_page_begins_with_its_first_row():
    """Of a span one row longer than a page Bybit leaves out the oldest."""
    listed = Listing(ListedInstrument("BTC"), now_ms=START + 450 * 8 * HOUR)
    listed.put("funding", "BTCUSDT", "", settlements(451, jitter=False))
    with served(Bybit(listed, listed)) as server:
        pages = history(server.url, "bybit", "funding", PERP, "", end=START + 500 * 8 * HOUR)
    assert together(pages).equals(settlements(451, jitter=False))


@pytest.mark.parametrize("hours", [1, 4])
def test_settlements_closer_than_eight_hours_come_whole(hours):
    """ccxt asks for a span as long as if they were 8 hours apart, and the newest of it come."""
    rows = pl.DataFrame(
        {
            "ts": [START + i * hours * HOUR for i in range(700)],
            "funding_rate": [i * 1e-7 for i in range(700)],
        }
    )
    listed = Listing(ListedInstrument("BTC", listed_ms=START), now_ms=START + 699 * hours * HOUR)
    listed.put("funding", "BTCUSDT", "", rows)
    with served(Bybit(listed, listed)) as server:
        pages = history(server.url, "bybit", "funding", PERP, "", end=START + 9_999 * HOUR)
    assert together(pages).equals(rows)


@pytest.mark.parametrize("late", [0, 1, 98, 99, 100, 101, 197, 198, 199])
def test_the_first_row_at_the_edge_of_a_page_is_not_lost(late):
    rows = bars(300, start=START + late * STEP)
    listed = Listing(ListedInstrument("NEW"), now_ms=START + (late + 299) * STEP + 1)
    listed.put("ohlcv", "NEWUSDT", "5m", rows)
    with served(Bybit(listed, listed)) as server:
        pages = history(server.url, "bybit", "ohlcv", "NEW/USDT", page_rows=100)
    assert together(pages).equals(rows.head(299))


def test_open_interest_comes_whole():
    with served(facade(450)) as server:
        pages = history(server.url, "bybit", "open_interest", PERP)
    assert together(pages)["ts"].to_list() == [START + i * STEP for i in range(450)]


def test_a_coin_listed_late_is_found_behind_empty_pages():
    made = markets(900)
    late = bars(900, start=START + 2_500 * STEP)
    listed = Listing(ListedInstrument("NEW"), now_ms=START + 3_399 * STEP + 1)
    listed.put("ohlcv", "NEWUSDT", "5m", late)
    with served(Bybit(listed, made.futures)) as server:
        pages = history(server.url, "bybit", "ohlcv", "NEW/USDT")
    assert together(pages).equals(late.head(899))


@pytest.mark.parametrize("trouble", ["skip", "hole", "empty", "repeat", "garble"])
def test_a_fault_changes_nothing_in_what_comes(trouble):
    with served(facade(900), Script(Fault("kline", trouble, first=2, size=30))) as server:
        pages = history(server.url, "bybit", "ohlcv", "BTC/USDT", page_rows=400)
    assert together(pages).equals(bars(900, seed=0).head(899))


def test_too_many_requests_are_a_limit():
    made = markets(900)
    crowded = Bybit(made.spot, made.futures, meter=Meter(3, window_s=600.0))
    with served(crowded) as server:
        with pytest.raises(RateLimitError, match=r"HTTP 403.*, to wait 600 s"):
            history(server.url, "bybit", "ohlcv", "BTC/USDT", page_rows=100)
        assert [asked.status for asked in server.log] == [200, 200, 200, 403]


def test_instruments_have_the_same_columns_as_those_of_another_venue():
    async def instruments(url):
        async with opened("bybit", symbols=[PERP], url=url, patience=QUICK) as data:
            return data.instruments()

    with served(facade(10)) as server:
        found = asyncio.run(instruments(server.url))
    row = found.row(0, named=True)
    assert (row["symbol"], row["tick"], row["lot"]) == (PERP, "0.01", "0.001")
    assert found.select(pl.col("listed_at").dt.epoch("ms")).item() == START - HOUR


def test_an_error_under_http_200_is_an_error():
    async def asked(url):
        async with opened("bybit", symbols=["BTC/USDT"], url=url, patience=QUICK) as data:
            gone = {**data.market("BTC/USDT"), "id": "GONE"}
            data.client.exchange.markets["BTC/USDT"] = gone
            pages = data.history("ohlcv", "BTC/USDT", "5m", START, data.now_ms)
            return [page async for page in pages]

    with served(facade(10)) as server, pytest.raises(VenueError, match="Symbol Is Invalid"):
        asyncio.run(asked(server.url))
