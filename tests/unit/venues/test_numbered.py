"""Histories whose pages are counted from the newest on, through ccxt's own client."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.venues.building import HOUR, QUICK, START, together

from quorate.errors import NotOfferedError
from quorate.exchange.facade import Reply
from quorate.exchange.serving import served
from quorate.venues.client import connected
from quorate.venues.market import MarketData

N = 230
PERP = "BTC/USDT:USDT"
TIMES = [START + i * 8 * HOUR for i in range(N)]
ROWS = {
    "mexc": [
        {"symbol": "BTC_USDT", "fundingRate": i * 1e-6, "settleTime": t}
        for i, t in enumerate(TIMES)
    ],
    "bitget": [
        {"symbol": "BTCUSDT", "fundingRate": str(i * 1e-6), "fundingTime": str(t)}
        for i, t in enumerate(TIMES)
    ],
}


class Settlements:
    """Gives settlements by the number of their page, the newest first, or the newest alone."""

    def __init__(self, venue, number, size, is_counted=True):
        self.venue, self.number, self.size, self.is_counted = venue, number, size, is_counted

    def reply(self, path, query, *_):
        if not path.endswith(("funding_rate/history", "history-fund-rate")):
            return Reply(200, {"code": "00000", "success": True, "data": [], "symbols": []})
        n, size = int(query.get(self.number, 1)), int(query[self.size])
        newest = ROWS[self.venue][::-1]
        page = newest[(n - 1) * size : n * size] if self.is_counted else newest[:size]
        data = {"resultList": page} if self.venue == "mexc" else page
        return Reply(200, {"code": "00000", "success": True, "data": data})


def pulled(facade, venue, start=START, page_rows=100):
    async def gather(url):
        async with connected(venue, symbols=[PERP], url=url, patience=QUICK) as client:
            exchange = client.exchange
            name = "BTC_USDT" if venue == "mexc" else "BTCUSDT"
            market = exchange.safe_market_structure(
                {"id": name, "symbol": PERP, "base": "BTC", "quote": "USDT", "settle": "USDT"}
                | {"type": "swap", "swap": True, "contract": True, "linear": True, "active": True}
            )
            exchange.set_markets([market])
            data = MarketData(client, TIMES[-1] + HOUR, page_rows)
            pages = data.history("funding", PERP, "", start, TIMES[-1] + HOUR)
            return [page async for page in pages]

    with served(facade) as server:
        found = together(asyncio.run(gather(server.url)))
    return found, [each for each in server.log if "fund" in each.path]


@pytest.mark.parametrize(
    ("venue", "number", "size"),
    [("mexc", "page_num", "page_size"), ("bitget", "pageNo", "pageSize")],
)
def test_every_page_is_turned_as_far_back_as_is_asked(venue, number, size):
    found, asked = pulled(Settlements(venue, number, size), venue)
    assert found["ts"].to_list() == TIMES
    assert found["funding_rate"].to_list() == [float(f"{i * 1e-6}") for i in range(N)]
    assert [each.query[number] for each in asked] == ["1", "2", "3", "4"]
    found, asked = pulled(Settlements(venue, number, size), venue, start=TIMES[150])
    assert found["ts"].to_list() == TIMES[150:]
    assert [each.query[number] for each in asked] == ["1"]


def test_a_venue_that_gives_its_newest_rows_alone_is_refused(monkeypatch):
    monkeypatch.setattr("quorate.venues.market.NUMBERED", {})
    facade = Settlements("mexc", "page_num", "page_size", is_counted=False)
    with pytest.raises(NotOfferedError, match="gives its newest 100 rows whatever start") as caught:
        pulled(facade, "mexc")
    assert "2023" in caught.value.hint
    found, _ = pulled(facade, "mexc", start=TIMES[N - 100])
    assert found["ts"].to_list() == TIMES[N - 100 :]
