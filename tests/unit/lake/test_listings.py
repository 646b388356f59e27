"""Instruments are kept each time a venue says something else of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.unit.venues.building import HOUR, QUICK, START, markets

from quorate.errors import NotOfferedError
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


def test_only_those_that_are_asked_for(tmp_path):
    with served(markets(10, coins=("BTC", "ETH"))) as server:
        found = note("binance", tmp_path, ("ETH/USDT",), url=server.url, patience=QUICK)
        with pytest.raises(NotOfferedError, match="XRP/USDT"):
            note("binance", tmp_path, ("XRP/USDT",), url=server.url, patience=QUICK)
    assert [each.key.vendor for each in found] == ["binance_spot"]
    assert [path.name for path in tmp_path.rglob("symbol=*")] == ["symbol=ETHUSDT"]
