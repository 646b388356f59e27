"""Bybit's replies, without a socket: newest first, windows, errors under HTTP 200."""

from __future__ import annotations

import pytest
from tests.unit.exchange.binance.test_public import HOUR, N, listing

from quorate.exchange.bybit.public import Bybit
from quorate.exchange.meter import Meter

KLINES = {"category": "linear", "symbol": "BTCUSDT", "interval": "60"}


@pytest.fixture
def bybit():
    return Bybit(listing(), listing())


def asked(facade, endpoint, **query):
    text = {name: str(value) for name, value in query.items()}
    return facade.reply(f"/v5/market/{endpoint}", text, 0.0, ())


def stamps(reply):
    return [int(row[0]) for row in reply.body["result"]["list"]]


def test_candles_come_newest_first(bybit):
    assert stamps(asked(bybit, "kline", **KLINES, limit=3)) == [
        (N - 1) * HOUR,
        (N - 2) * HOUR,
        (N - 3) * HOUR,
    ]


def test_a_page_spans_its_limit_and_no_more(bybit):
    found = stamps(asked(bybit, "kline", **KLINES, start=HOUR, limit=3))
    assert found == [3 * HOUR, 2 * HOUR, HOUR]
    assert stamps(asked(bybit, "kline", **KLINES, start=-99 * HOUR, limit=50)) == []


def test_of_settlements_the_newest_of_a_span_come(bybit):
    query = {"category": "linear", "symbol": "BTCUSDT", "limit": 2}
    reply = asked(bybit, "funding/history", **query, startTime=0, endTime=5 * HOUR)
    rows = reply.body["result"]["list"]
    assert [int(row["fundingRateTimestamp"]) for row in rows] == [5 * HOUR, 4 * HOUR]


@pytest.mark.parametrize(
    ("endpoint", "query"),
    [
        ("kline", {**KLINES, "symbol": "NOPE"}),
        ("kline", {**KLINES, "interval": "7"}),
        ("kline", {**KLINES, "category": "moon"}),
        ("open-interest", {"category": "linear", "symbol": "BTCUSDT", "intervalTime": "7min"}),
    ],
)
def test_errors_stand_in_the_envelope(bybit, endpoint, query):
    reply = asked(bybit, endpoint, **query)
    assert (reply.status, reply.body["retCode"]) == (200, 10001)


def test_too_many_requests_are_403():
    facade = Bybit(listing(), listing(), meter=Meter(1))
    said = [asked(facade, "time") for _ in range(2)]
    assert [(reply.status, reply.body["retCode"]) for reply in said] == [(200, 0), (403, 10018)]


def test_nothing_inverse_and_nothing_before_its_launch_is_listed(bybit):
    for query in ({"category": "inverse"}, {"category": "linear", "status": "PreLaunch"}):
        assert asked(bybit, "instruments-info", **query).body["result"]["list"] == []
    rows = asked(bybit, "instruments-info", category="linear").body["result"]["list"]
    assert [row["symbol"] for row in rows] == ["BTCUSDT", "HYPEUSDT"]
