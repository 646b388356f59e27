"""Pulls keep below the weight a venue allows a minute, by the venue's own count."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.venues.building import QUICK, START, bars, markets, together

from quorate.exchange.binance.public import Binance
from quorate.exchange.meter import Meter
from quorate.exchange.serving import served
from quorate.venues import budget
from quorate.venues.budget import Budget
from quorate.venues.market import opened

TOLD = """{"rateLimits": [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE",
    "intervalNum": 1, "limit": 100}]}"""
INFO = "https://host/fapi/v1/exchangeInfo"
KLINES = "https://host/fapi/v1/klines"
AT = {"Date": "Fri, 01 Jan 2038 10:00:20 GMT"}


@pytest.mark.parametrize(
    ("headers", "rest_s"),
    [
        ({"X-MBX-USED-WEIGHT-1M": "79"}, 0.0),
        ({"X-MBX-USED-WEIGHT-1M": "80"}, 40.0),
        ({"x-mbx-used-weight": "99"}, 40.0),
        ({"X-MBX-USED-WEIGHT-1M": "many"}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_minute_is_waited_out_once_most_of_it_is_used(headers, rest_s):
    known = Budget()
    assert known.rest_s(KLINES, headers | AT, "") == 0.0  # no limit was told yet
    assert known.rest_s(INFO, AT, TOLD) == 0.0
    assert known.rest_s(KLINES, headers | AT, "") == rest_s
    assert known.rest_s("https://host/api/v3/klines", headers | AT, "") == 0.0  # another side


def test_without_a_date_a_whole_minute_is_waited():
    known = Budget()
    known.rest_s(INFO, {}, TOLD)
    assert known.rest_s(KLINES, {"X-MBX-USED-WEIGHT-1M": "90"}, "") == 60.0


def test_nobody_is_refused_however_many_symbols_are_pulled_at_once(monkeypatch):
    monkeypatch.setattr(budget, "MINUTE_S", 1.0)
    listed = markets(600, coins=("BTC", "ETH", "SOL"))
    meter = Meter(limit=60, window_s=1.0, ban_s=60.0)
    facade = Binance(listed.spot, listed.futures, spot_meter=meter)

    async def all_of(url):
        async with opened(
            "binance", symbols=["BTC/USDT"], url=url, patience=QUICK, page_rows=20
        ) as data:

            async def one(coin):
                pages = data.history("ohlcv", f"{coin}/USDT", "5m", START, data.now_ms)
                return [page async for page in pages]

            return await asyncio.gather(*(one(coin) for coin in ("BTC", "ETH", "SOL")))

    with served(facade) as server:
        found = asyncio.run(all_of(server.url))
    for seed, pages in enumerate(found):
        assert together(pages).equals(bars(600, seed=seed).head(599))
    assert server.n_asked("klines") >= 90  # of weight 2, in a limit of 60: several minutes
    assert {asked.status for asked in server.log} == {200}
