"""Instruments are kept each time a venue says something else of them."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from tests.unit.venues.building import HOUR, QUICK, START, markets

from quorate.errors import DataError, NotOfferedError
from quorate.exchange.serving import served
from quorate.lake import layout
from quorate.lake.layout import Key
from quorate.lake.listings import note

KEY = Key("binance_usdm", "instruments", "event")


def test_an_instrument_is_stored_once_and_again_when_it_changes(tmp_path):
    facade = markets(10, coins=("BTC", "ETH"))
    with served(facade) as server:
        first = note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
        same = note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
        old = facade.futures.instruments["ETHUSDT"]
        facade.futures.now_ms += 24 * HOUR
        facade.futures.list(
            old._replace(tick="0.1", status="SETTLING", ends_ms=facade.futures.now_ms)
        )
        last = note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
    assert [(each.name, each.is_new) for each in first] == [("BTCUSDT", True), ("ETHUSDT", True)]
    assert not any(each.is_new or each.changed for each in same)
    assert [each.changed for each in last] == [(), ("active", "tick", "ends_at")]
    kept = layout.history(tmp_path, KEY, ("ETHUSDT",)).sort("known_at")
    assert kept["tick"].to_list() == ["0.01", "0.1"]
    assert kept["active"].to_list() == [True, False]
    assert kept["known_at"].dt.date().n_unique() == 2
    assert kept["listed_at"][0] == datetime.fromtimestamp((START - HOUR) / 1e3, UTC)
    assert layout.read(tmp_path, KEY, ("BTCUSDT",)).height == 1


def test_one_that_is_listed_no_more_is_noted_once(tmp_path):
    """Venues leave out what they have delisted: in the lake it must not trade for ever."""
    facade = markets(10, coins=("BTC", "ETH"))
    with served(facade) as server:
        note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
        old = facade.futures.instruments.pop("ETHUSDT")
        facade.futures.now_ms += 24 * HOUR
        only = note("binanceusdm", tmp_path, ("BTC/USDT:USDT",), url=server.url, patience=QUICK)
        gone = note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
        same = note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
        facade.futures.now_ms += 24 * HOUR
        facade.futures.list(old)
        back = note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
    assert [each.is_gone for each in only] == [False]  # whoever asks for one hears of one
    assert [(each.name, each.is_gone) for each in gone] == [("BTCUSDT", False), ("ETHUSDT", True)]
    assert [each.name for each in same] == ["BTCUSDT"]
    assert [each.changed for each in back] == [(), ("active",)]
    kept = layout.history(tmp_path, KEY, ("ETHUSDT",)).sort("known_at")
    assert kept["active"].to_list() == [True, False, True]
    assert kept["tick"].n_unique() == kept["listed_at"].n_unique() == 1


def test_the_asset_that_somebody_said_stays_when_the_venue_says_something_else(tmp_path):
    facade = markets(10, coins=("BTC", "ETH"))
    with served(facade) as server:
        note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
        said = layout.read(tmp_path, KEY, ("ETHUSDT",))
        later = datetime.fromtimestamp((facade.futures.now_ms + HOUR) / 1e3, UTC)
        layout.store(
            said.with_columns(asset=pl.lit("ether")), tmp_path, KEY, "ETHUSDT", known_at=later
        )
        facade.futures.now_ms += 24 * HOUR
        same = note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
        old = facade.futures.instruments["ETHUSDT"]
        facade.futures.list(old._replace(tick="0.1"))
        note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
    assert not any(each.changed for each in same)
    kept = layout.history(tmp_path, KEY, ("ETHUSDT",)).sort("known_at")
    assert kept.select("tick", "asset").rows() == [
        ("0.01", None),
        ("0.01", "ether"),
        ("0.1", "ether"),
    ]


def test_a_list_that_is_cut_short_is_not_believed(tmp_path):
    coins = tuple(f"C{n:02d}" for n in range(24))
    facade = markets(10, coins=coins)
    with served(facade) as server:
        note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
        for coin in coins[11:]:
            del facade.futures.instruments[f"{coin}USDT"]
        with pytest.raises(DataError, match=r"of 24 .* 13 are not listed any more, which is not"):
            note("binanceusdm", tmp_path, url=server.url, patience=QUICK)
    assert layout.read(tmp_path, KEY)["active"].all()


def test_only_those_that_are_asked_for(tmp_path):
    with served(markets(10, coins=("BTC", "ETH"))) as server:
        found = note("binance", tmp_path, ("ETH/USDT",), url=server.url, patience=QUICK)
        with pytest.raises(NotOfferedError, match="XRP/USDT"):
            note("binance", tmp_path, ("XRP/USDT",), url=server.url, patience=QUICK)
    assert [each.key.vendor for each in found] == ["binance_spot"]
    assert [path.name for path in tmp_path.rglob("symbol=*")] == ["symbol=ETHUSDT"]
