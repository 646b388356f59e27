"""Binance's replies, without a socket: parameters, limits, errors, weights."""

from __future__ import annotations

import polars as pl
import pytest

from quorate.exchange.binance.public import Binance, weight
from quorate.exchange.listing import NEVER_MS, ListedInstrument, Listing
from quorate.exchange.meter import Meter

HOUR = 3_600_000
N = 2_000


def listing():
    made = Listing(
        ListedInstrument("BTC", listed_ms=5),
        ListedInstrument("HYPE", funding_hours=4),
        now_ms=N * HOUR - 1,
    )
    bars = pl.DataFrame(
        {
            "ts": [i * HOUR for i in range(N)],
            "o": [1.5] * N,
            "h": [2.0] * N,
            "l": [1e-5] * N,
            "c": [1.0] * N,
            "v": [3.0] * N,
        }
    )
    for kind in ("ohlcv", "mark", "index"):
        made.put(kind, "BTCUSDT", "1h", bars if kind == "ohlcv" else bars.drop("v"))
    made.put("funding", "BTCUSDT", "", bars.select("ts", pl.lit(1e-4).alias("rate")))
    made.put("open_interest", "BTCUSDT", "1h", bars.select("ts", "v"))
    return made


@pytest.fixture
def binance():
    return Binance(listing(), listing())


def asked(facade, path, **query):
    return facade.reply(path, {name: str(value) for name, value in query.items()}, 0.0, ())


KLINES = {"symbol": "BTCUSDT", "interval": "1h"}


@pytest.mark.parametrize(
    ("path", "limit", "n"),
    [
        ("/api/v3/klines", None, 500),
        ("/api/v3/klines", 1000, 1000),
        ("/api/v3/klines", 5000, 1000),
        ("/fapi/v1/klines", None, 500),
        ("/fapi/v1/klines", 1500, 1500),
    ],
)
def test_pages_are_as_long_as_binance_allows(binance, path, limit, n):
    more = {} if limit is None else {"limit": limit}
    rows = asked(binance, path, **KLINES, **more).body
    assert len(rows) == n
    assert rows[-1][0] == (N - 1) * HOUR  # without a start, the newest


def test_both_ends_of_a_span_are_included(binance):
    rows = asked(binance, "/api/v3/klines", **KLINES, startTime=HOUR, endTime=3 * HOUR).body
    assert [row[0] for row in rows] == [HOUR, 2 * HOUR, 3 * HOUR]
    assert rows[0][:7] == [HOUR, "1.5", "2.0", "0.00001", "1.0", "3.0", 2 * HOUR - 1]


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/api/v3/klines", {**KLINES, "symbol": "NOPE"}, -1121),
        ("/api/v3/klines", {"interval": "1h"}, -1102),
        ("/api/v3/klines", {**KLINES, "interval": "7m"}, -1120),
        ("/api/v3/klines", {**KLINES, "startTime": "yesterday"}, -1100),
        ("/api/v3/klines", {**KLINES, "startTime": "-1"}, -1100),
        ("/api/v3/klines", {**KLINES, "since": "1"}, -1104),
        ("/api/v3/klines", {**KLINES, "limit": "0"}, -1130),
        ("/fapi/v1/klines", {**KLINES, "limit": "1501"}, -1130),
        ("/fapi/v1/fundingRate", {"symbol": "BTCUSDT", "limit": "1001"}, -1130),
        ("/fapi/v1/indexPriceKlines", KLINES, -1104),  # it takes a pair
        ("/fapi/v1/openInterest", {"symbol": "ETHUSDT"}, -1121),
        ("/futures/data/openInterestHist", {"symbol": "BTCUSDT", "period": "1m"}, -1130),
        (
            "/futures/data/openInterestHist",
            {"symbol": "BTCUSDT", "period": "1h", "startTime": "0"},
            -1130,
        ),
        ("/api/v3/time", {"symbol": "BTCUSDT"}, -1104),
        ("/api/v3/exchangeInfo", {"symbol": "NOPE"}, -1121),
    ],
)
def test_errors_are_binances_own(binance, path, query, code):
    reply = asked(binance, path, **query)
    assert (reply.status, reply.body["code"]) == (400, code)
    assert reply.body["msg"]


def test_a_path_that_is_not_there_is_404(binance):
    assert asked(binance, "/api/v9/klines").status == 404


def test_weights_are_told_and_kept(binance):
    first = asked(binance, "/api/v3/exchangeInfo")
    assert first.headers["X-MBX-USED-WEIGHT-1M"] == "20"
    assert asked(binance, "/api/v3/klines", **KLINES).headers["X-MBX-USED-WEIGHT-1M"] == "22"
    # Futures are counted apart.
    assert asked(binance, "/fapi/v1/time").headers["X-MBX-USED-WEIGHT-1M"] == "1"


def test_too_much_weight_is_429_then_418_with_a_time_to_wait():
    facade = Binance(listing(), listing(), spot_meter=Meter(4, ignored=1))
    said = [asked(facade, "/api/v3/klines", **KLINES) for _ in range(4)]
    assert [reply.status for reply in said] == [200, 200, 429, 418]
    assert said[2].body["code"] == -1003
    assert said[2].headers["Retry-After"] == "60"
    assert said[3].headers["Retry-After"] == "120"


@pytest.mark.parametrize(
    ("limit", "cost"), [("1", 1), ("99", 1), ("100", 2), ("500", 5), ("1000", 5), ("1500", 10)]
)
def test_the_weight_of_futures_candles_grows_with_their_number(limit, cost):
    for path in ("klines", "markPriceKlines", "indexPriceKlines"):
        assert weight(f"/fapi/v1/{path}", {"limit": limit}) == cost


def test_funding_and_what_differs_from_eight_hours(binance):
    rows = asked(binance, "/fapi/v1/fundingRate", symbol="BTCUSDT", startTime=HOUR, limit=2).body
    assert [(row["fundingTime"], row["fundingRate"]) for row in rows] == [
        (HOUR, "0.0001"),
        (2 * HOUR, "0.0001"),
    ]
    told = asked(binance, "/fapi/v1/fundingInfo").body
    assert [(row["symbol"], row["fundingIntervalHours"]) for row in told] == [("HYPEUSDT", 4)]


def test_open_interest_of_a_span_that_is_too_long_is_its_newest(binance):
    query = {"symbol": "BTCUSDT", "period": "1h", "limit": 3}
    start, end = (N - 9) * HOUR, (N - 3) * HOUR
    rows = asked(
        binance, "/futures/data/openInterestHist", **query, startTime=start, endTime=end
    ).body
    assert [row["timestamp"] for row in rows] == [(N - 5 + i) * HOUR for i in range(3)]


def test_a_delisted_perpetual_has_an_end_and_its_status(binance):
    binance.futures.list(ListedInstrument("OLD", status="SETTLING", ends_ms=77))
    rows = {row["symbol"]: row for row in asked(binance, "/fapi/v1/exchangeInfo").body["symbols"]}
    assert (rows["OLDUSDT"]["status"], rows["OLDUSDT"]["deliveryDate"]) == ("SETTLING", 77)
    assert rows["BTCUSDT"]["deliveryDate"] == NEVER_MS
    assert rows["BTCUSDT"]["onboardDate"] == 5
    binance.spot.list(ListedInstrument("OLD", status="BREAK"))
    (row,) = asked(binance, "/api/v3/exchangeInfo", symbol="OLDUSDT").body["symbols"]
    assert (row["status"], row["isSpotTradingAllowed"]) == ("BREAK", False)
