"""What requests weigh: as ccxt reckons, by their limit and symbol, and told with the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import pytest
from tests.unit.exchange.binance.client import START_MS, venue

from quorate.exchange.access import Request
from quorate.exchange.binance.weights import weight

if TYPE_CHECKING:
    from collections.abc import Mapping

FAPI: Final = "/fapi/v1/"
OURS: Final[dict[str, int]] = {
    # Binance counts an order by its own windows, and asks nothing of the weight for it
    "POST order": 0,
    "PUT order": 0,
    "POST algoOrder": 0,
    # ccxt spaces these as if they weighed 1
    "GET v3/account": 5,
    "GET v3/balance": 5,
    "GET v3/positionRisk": 5,
}


@pytest.mark.parametrize(
    ("name", "limit", "weighs"),
    [
        *(("depth", limit, 2) for limit in ("5", "10", "20", "50")),
        *(("depth", limit, 5) for limit in ("100",)),
        *(("depth", limit, 10) for limit in (None, "500", "x", "")),
        ("depth", "1000", 20),
        *(("klines", limit, 1) for limit in ("1", "99")),
        *(("klines", limit, 2) for limit in ("100", "499")),
        *(("klines", limit, 5) for limit in (None, "500", "1000")),
        *(("klines", limit, 10) for limit in ("1001", "1500", "99999")),
    ],
)
def test_a_page_weighs_by_its_limit(name: str, limit: str | None, weighs: int) -> None:
    query = {"symbol": "BTCUSDT"} | ({} if limit is None else {"limit": limit})
    assert weight(f"GET {FAPI}{name}", query) == weighs


@pytest.mark.parametrize(
    ("name", "of_one", "of_all"),
    [
        ("openOrders", 1, 40),
        ("openAlgoOrders", 1, 40),
        ("ticker/bookTicker", 2, 5),
        ("premiumIndex", 1, 10),
    ],
)
def test_who_names_no_symbol_pays_for_all(name: str, of_one: int, of_all: int) -> None:
    assert weight(f"GET {FAPI}{name}", {"symbol": "BTCUSDT"}) == of_one
    assert weight(f"GET {FAPI}{name}", {}) == of_all


def test_every_endpoint_weighs_what_ccxt_reckons_for_it() -> None:
    client: Any = pytest.importorskip("ccxt.async_support.binanceusdm").binanceusdm()
    costs: Mapping[str, Any] = client.describe()["api"]
    api = venue()._api
    names = [f"GET {each}" for each in api.public]
    names += [each.replace(FAPI, "") for each in api.signed if FAPI in each]
    names += [f"{each} listenKey" for each in ("POST", "PUT", "DELETE")]
    known = {
        f"{method.upper()} {path}": config["cost"]
        for group in ("fapiPublic", "fapiPrivate")
        for method, paths in costs[group].items()
        for path, config in paths.items()
    }
    for name in names:
        method, path = name.split(" ")
        query = {"symbol": "BTCUSDT"} | ({"limit": "5"} if path == "depth" else {})
        query |= {"limit": "1"} if path == "klines" else {}
        expected = OURS[name] if name in OURS else known[name]
        assert weight(f"{method} {FAPI}{path}", query) == expected, name
    v3 = [each for each in api.signed if each.startswith("GET /fapi/v3/")]
    assert {each: weight(each, {}) for each in v3} == {
        f"GET /fapi/{each.removeprefix('GET ')}": cost
        for each, cost in OURS.items()
        if "v3" in each
    }


def test_the_weight_is_told_with_the_reply_and_listen_keys_weigh_too() -> None:
    made = venue()

    def used(method: str, path: str, **query: str) -> str:
        request = Request(
            method, f"{FAPI}{path}", urlencode(query), headers={"X-MBX-APIKEY": "key"}
        )
        reply = made.answer(request, START_MS)
        assert reply.status == 200, reply
        return reply.headers["X-MBX-USED-WEIGHT-1M"]

    assert used("GET", "depth", symbol="BTCUSDT", limit="1000") == "20"
    assert used("GET", "depth", symbol="BTCUSDT") == "30"
    assert used("POST", "listenKey") == "31"
    assert used("PUT", "listenKey") == "32"
    made.meter.limit = 32
    refused = made.answer(
        Request("POST", f"{FAPI}listenKey", headers={"X-MBX-APIKEY": "key"}), START_MS
    )
    assert refused.status == 429
