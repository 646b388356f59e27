"""Recorded replies of venues, as they are, through ccxt's own client into our frames.

A server on loopback gives the recorded bodies back by path, so that the whole way is walked:
request, HTTP, ccxt's parser, frame.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from quorate.exchange.facade import Reply
from quorate.exchange.serving import served
from quorate.venues import frames
from quorate.venues.client import Patience, connected
from quorate.venues.market import _METHODS, MarketData, _row

pytestmark = pytest.mark.realdata

QUICK = Patience(tries=1, timeout_s=20.0, pace_ms=1.0)
JKORF, NAUTILUS = "payloads/jkorf", "payloads/nautilus"
SPOT = f"{JKORF}/binance/Endpoints/Spot/ExchangeData"
USDM = f"{JKORF}/binance/Endpoints/UsdFutures/ExchangeData"
BYBIT = f"{JKORF}/bybit/Endpoints/V5Api/ExchangeData"
OKX = f"{JKORF}/okx/Endpoints/UnifiedApi/ExchangeData"
KRAKEN = f"{JKORF}/kraken/Endpoints"


def recorded(path):
    """Return a recorded body: JSON, or three lines about the request and then JSON."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text if path.suffix == ".json" else text.split("\n", 3)[3])


class Replay:
    """Gives recorded bodies back, by the end of the path and, where it matters, a parameter."""

    def __init__(self, data, bodies):
        self.bodies = {place: recorded(data / file) for place, file in bodies.items()}

    def reply(self, path, query, *_):
        for place, body in self.bodies.items():
            end, _, wanted = place.partition("?")
            if path.endswith(end) and (not wanted or wanted in query.values()):
                return Reply(200, body)
        return Reply(
            200,
            {
                "code": "0",
                "retCode": 0,
                "result": {"list": []},
                "data": [],
                "error": [],
                "symbols": [],
            },
        )


def replayed(data, venue, symbols, bodies, kinds):
    """Return a venue's instruments and one page of each kind."""

    async def gather(url):
        async with connected(venue, symbols=symbols, url=url, patience=QUICK) as client:
            market = MarketData(client, 2**62)
            found = {"instruments": market.instruments()}
            for kind, symbol, interval in kinds:
                listed = market.market(symbol)
                rows = await market._asker(kind, _METHODS[kind], listed, interval)(0, 10**12)
                found[kind] = frames.series(rows, kind)
            return found

    with served(Replay(data, bodies)) as server:
        return asyncio.run(gather(server.url))


def plain(frame):
    """Return a frame's rows with times in milliseconds."""
    return [(int(row[0].timestamp() * 1000), *row[1:]) for row in frame.rows()]


def instrument(found, symbol):
    return next(row for row in found["instruments"].to_dicts() if row["symbol"] == symbol)


def test_binance_spot(data):
    bodies = {"/exchangeInfo": f"{SPOT}/GetExchangeInfo.txt", "/klines": f"{SPOT}/GetKlines.txt"}
    found = replayed(data, "binance", ["ETH/BTC"], bodies, [("ohlcv", "ETH/BTC", "1w")])
    assert plain(found["ohlcv"]) == [
        (1499040000000, 0.0163479, 0.8, 0.015758, 0.015771, 148976.11427815)
    ]
    row = instrument(found, "ETH/BTC")
    assert (row["active"], row["kind"], row["base"], row["quote"]) == (True, "spot", "ETH", "BTC")
    assert (row["tick"], row["lot"]) == (None, None)  # its filters were recorded empty


def test_binance_futures(data):
    bodies = {
        "/exchangeInfo": f"{USDM}/GetExchangeInfo.txt",
        "/klines": f"{USDM}/GetKlines.txt",
        "/markPriceKlines": f"{USDM}/GetMarkPriceKlines.txt",
        "/indexPriceKlines": f"{USDM}/GetIndexPriceKlines.txt",
        "/fundingRate": f"{USDM}/GetFundingRates.txt",
        "/openInterestHist": f"{USDM}/GetOpenInterestHistory.txt",
    }
    perp = "BLZ/USDT:USDT"
    kinds = [(kind, perp, "5m") for kind in ("ohlcv", "mark", "index", "open_interest")]
    found = replayed(data, "binanceusdm", [perp], bodies, [*kinds, ("funding", perp, "")])
    assert plain(found["mark"]) == [
        (1591256460000, 9653.29201333, 9654.56401333, 9653.07367333, 9653.07367333)
    ]
    assert plain(found["index"])[0][:2] == (1591256400000, 9653.6944)
    assert plain(found["open_interest"]) == [
        (1583127900000, 20403.637),
        (1583128200000, 20401.367),
    ]
    assert plain(found["funding"]) == []  # the recorded settlements are another symbol's
    row = instrument(found, perp)
    assert (row["tick"], row["lot"], row["min_amount"]) == ("0.0001", "1", "1")
    assert row["listed_at"].isoformat() == "2020-08-24T07:00:00+00:00"
    assert (row["ends_at"], row["active"]) == (None, True)


def test_bybit(data):
    bodies = {
        "/instruments-info?spot": f"{BYBIT}/GetSpotSymbols.txt",
        "/instruments-info?PreLaunch": f"{NAUTILUS}/bybit/http_get_klines_linear.json",
        "/instruments-info?linear": f"{BYBIT}/GetLinearInverseSymbols.txt",
        "/kline": f"{NAUTILUS}/bybit/http_get_klines_linear.json",
        "/mark-price-kline": f"{BYBIT}/GetMarkPriceKlines.txt",
        "/index-price-kline": f"{BYBIT}/GetIndexPriceKlines.txt",
        "/funding/history": f"{NAUTILUS}/bybit/http_get_funding_history.json",
        "/open-interest": f"{BYBIT}/GetOpenInterest.txt",
    }
    perp = "BTC/USDT:USDT"
    kinds = [(kind, perp, "1h") for kind in ("ohlcv", "mark", "index", "open_interest")]
    found = replayed(data, "bybit", [perp, "BTC/USDT"], bodies, [*kinds, ("funding", perp, "")])
    assert plain(found["ohlcv"]) == [(1709891679000, 27450.0, 27460.0, 27440.0, 27455.0, 123.45)]
    assert [row[0] for row in plain(found["index"])] == [1670608740000, 1670608800000]
    assert plain(found["funding"]) == [(1709856000000, 0.00015), (1709884800000, 0.0001)]
    row = instrument(found, perp)
    assert (row["tick"], row["lot"]) == ("0.1", "0.001")
    assert row["listed_at"].isoformat() == "2020-03-30T00:00:00+00:00"
    assert instrument(found, "BTC/USDT")["tick"] == "0.01"


def test_okx(data):
    bodies = {
        "/public/instruments?SPOT": f"{OKX}/GetSymbols.txt",
        "/market/history-candles": f"{NAUTILUS}/okx/http_get_candlesticks.json",
        "/market/candles": f"{NAUTILUS}/okx/http_get_candlesticks.json",
    }
    found = replayed(data, "okx", ["BTC/USDT"], bodies, [("ohlcv", "BTC/USDT", "1m")])
    assert plain(found["ohlcv"]) == [
        (1625097600000, 33528.6, 33870.0, 33528.6, 33783.9, 778.838),
        (1625097660000, 33783.9, 33783.9, 33782.1, 33782.1, 0.123),
    ]
    row = instrument(found, "BTC/USDT")
    assert (row["lot"], row["min_amount"]) == ("0.00000001", "0.00001")
    assert row["listed_at"].isoformat() == "2020-11-27T09:16:12+00:00"


def test_okx_swap(data):
    bodies = {
        "/public/instruments?SWAP": f"{NAUTILUS}/okx/http_get_instruments_swap.json",
        "/history-mark-price-candles": f"{OKX}/GetMarkPriceKlines.txt",
        "/mark-price-candles": f"{OKX}/GetMarkPriceKlines.txt",
        "/history-index-candles": f"{OKX}/GetIndexKlines.txt",
        "/index-candles": f"{OKX}/GetIndexKlines.txt",
        "/funding-rate-history": f"{NAUTILUS}/okx/http_get_funding_rate_history.json",
    }
    perp = "BTC/USDT:USDT"
    kinds = [("mark", perp, "1m"), ("index", perp, "1m"), ("funding", perp, "")]
    found = replayed(data, "okx", [perp], bodies, kinds)
    # Both recorded rows bear one time: the paging asks such a page again.
    assert [row[0] for row in plain(found["mark"])] == [1597026383085, 1597026383085]
    assert found["index"].height == 2
    assert plain(found["funding"]) == [(1704038400000, -0.00002), (1704067200000, 0.00015)]
    assert instrument(found, perp)["settle"] == "USDT"


def test_kraken(data):
    bodies = {
        "/public/Assets": f"{KRAKEN}/Spot/ExchangeData/GetAssets.txt",
        "/public/AssetPairs": f"{KRAKEN}/Spot/ExchangeData/GetSymbols.txt",
        "/public/OHLC": f"{KRAKEN}/Spot/ExchangeData/GetKlines.txt",
    }
    found = replayed(data, "kraken", ["BTC/USD"], bodies, [("ohlcv", "BTC/USD", "1m")])
    rows = plain(found["ohlcv"])
    raw = recorded(data / bodies["/public/OHLC"])["result"]["XXBTZUSD"]
    assert rows == [(r[0] * 1000, *map(float, r[1:5]), float(r[6])) for r in raw]
    row = instrument(found, "BTC/USD")
    assert (row["tick"], row["lot"]) == ("0.1", "0.00000001")
    assert (row["maker"], row["taker"]) == ("0.0016", "0.0026")


def test_hundreds_of_candles_of_kraken(data):
    import ccxt

    raw = recorded(data / NAUTILUS / "kraken/http_ohlc.json")["result"]["XBTUSDT"]
    found = frames.series([_row("ohlcv", row) for row in ccxt.kraken().parse_ohlcvs(raw)], "ohlcv")
    assert found.height == len(raw) > 500
    assert plain(found) == [(r[0] * 1000, *map(float, r[1:5]), float(r[6])) for r in raw]


def test_kraken_futures(data):
    bodies = {
        "/instruments": f"{KRAKEN}/Futures/ExchangeData/GetSymbols.txt",
        "/1h": f"{NAUTILUS}/kraken/http_futures_candles_trade.json",
        "/historicalfundingrates": f"{KRAKEN}/Futures/ExchangeData/GetHistoricalFundingRates.txt",
    }
    perp = "BTC/USD:BTC"
    kinds = [("ohlcv", perp, "1h"), ("funding", perp, "")]
    found = replayed(data, "krakenfutures", [perp], bodies, kinds)
    assert plain(found["ohlcv"])[0] == (
        1731715200000,
        91069.0,
        91373.5,
        90956.0,
        91045.5,
        319499.0,
    )
    assert [row[0] for row in plain(found["funding"])] == [
        1656374400000,
        1656388800000,
        1656403200000,
    ]
    assert instrument(found, perp)["tick"] == "0.5"
