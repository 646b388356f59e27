"""Every recorded payload is parsed by a test, or it is said why it is of no kind that is pulled."""

from __future__ import annotations

import re
from pathlib import Path

import ccxt
import pytest
from tests.realdata import test_venue_payloads as others
from tests.realdata.test_listing_payloads import HISTORIES, LISTINGS, OTHERS
from tests.realdata.test_venue_payloads import recorded

from quorate.venues import frames
from quorate.venues.market import _row

pytestmark = pytest.mark.realdata

COIN = "jkorf/binance/Endpoints/CoinFutures/ExchangeData"
USDM = "jkorf/binance/Endpoints/UsdFutures/ExchangeData"
OKX = "jkorf/okx/Endpoints/UnifiedApi/ExchangeData"
CANDLES = {
    f"{COIN}/GetContinuousContractKlines.txt": ("binancecoinm", 1),
    f"{COIN}/GetIndexPriceKlines.txt": ("binancecoinm", 1),
    f"{COIN}/GetKlines.txt": ("binancecoinm", 1),
    f"{COIN}/GetMarkPriceKlines.txt": ("binancecoinm", 1),
    "jkorf/binance/Endpoints/Spot/ExchangeData/GetUiKlines.txt": ("binance", 1),
    f"{USDM}/GetContinuousContractKlines.txt": ("binanceusdm", 1),
    "jkorf/bybit/Endpoints/V5Api/ExchangeData/GetKlines.txt": ("bybit", 3),
    "jkorf/coinbase/Endpoints/AdvancedTrade/ExchangeData/GetKlines.txt": ("coinbase", 1),
    "jkorf/kraken/Endpoints/Futures/ExchangeData/GetKlines.txt": ("krakenfutures", 1),
    f"{OKX}/GetKlineHistory.txt": ("okx", 2),
    f"{OKX}/GetKlines.txt": ("okx", 2),
    "nautilus/binance/spot/http_json/klines_response.json": ("binance", 1),
    "nautilus/coinbase/http_candles.json": ("coinbase", 2),
    "nautilus/kraken/http_futures_candles_mark.json": ("krakenfutures", 3),
    "nautilus/kraken/http_futures_candles_spot.json": ("krakenfutures", 3),
    "nautilus/kraken/http_ohlc.json": ("kraken", 721),
    "nautilus/okx/http_get_candlesticks_full.json": ("okx", 2),
    "xchange/coinbasepro/example-historical-candles.json": ("coinbaseexchange", 10),
    "xchange/kraken/example-ohlc-data.json": ("kraken", 720),
}


def rows_of(body):
    """Return the first list of candles in a body, wherever it stands."""
    if isinstance(body, list):
        if body and all(map(is_candle, body)):
            return body
        body = dict(enumerate(body))
    found = map(rows_of, body.values()) if isinstance(body, dict) else ()
    return next((rows for rows in found if rows), [])


def is_candle(row):
    if isinstance(row, dict):
        return {"open", "high", "low", "close"} <= set(row)
    return isinstance(row, list) and len(row) >= 5 and not isinstance(row[0], list | dict)


@pytest.mark.parametrize("path", CANDLES)
def test_candles(data, path):
    venue, n = CANDLES[path]
    exchange = getattr(ccxt, venue)()
    market = {"inverse": False, "spot": True, "type": "spot"}
    rows = [
        exchange.parse_ohlcv(row, market) for row in rows_of(recorded(data / "payloads" / path))
    ]
    found = frames.series([_row("ohlcv", row) for row in sorted(rows)], "ohlcv")
    assert found.height == n
    assert found["ts"].dt.year().is_between(2017, 2026).all()
    for name in ("open", "close"):
        assert found.select((found[name] <= found["high"]) & (found[name] >= found["low"]))[
            name
        ].all()


OF_NO_KIND = {
    r"/(Trading|Account|CopyTrading|SubAccounts|user_data_json)/": "an account's own",
    r"/(Socket|Subscriptions)/|/ws_|_stream|stream-": "a stream, and pulls ask by request",
    r"(?i)order(?!book)|fills?[_.]|executions?\b|http_trade_history|user_": "orders and fills",
    r"(?i)account|balance|position|wallet|fee_rate|transaction|dividend|accounts|clearinghouse|"
    r"margin|collateral|withdraw|deposit|transfer|loan|interest_?rate|InterestRate|lend|bill|"
    r"risk_?limit|PositionTiers|leverage": "an account's own, or what it may borrow",
    r"(?i)book|depth": "an order book",
    r"(?i)trade|execution": "single trades",
    r"(?i)ticker|price(?!Klines)|spread|24hour|summar|stats|status-data|spot-data|basis|premium|"
    r"quote": "prices of a moment, or series that no rule here reads",
    r"(?i)ratio|taker|volatility|rubik|insurance|oracle|support|discount|unitconvert|convert|"
    r"settlement|delivery|estimated|components|constituents|compositeindex|assetindex|"
    r"liquidation": "statistics of a venue that no rule here reads",
    r"(?i)time|status|ping|test|error|announce|notification|delist|rules|details|asset(s|-)|"
    r"currenc|coin\.json|token|option_summary|expirations|optional|"
    r"response": "about the venue itself",
    r"OptionMarketData|exchange-rate": "options, or money against money",
    r"GetOpenInterests?\.txt|GetFundingInfo|GetFundingRates\.txt": "the present value alone",
}
"""By what is in the path, in this order: why a payload is no history and no list of instruments."""

OF_NO_READER = {
    r"[Oo]ption(?!al)": "options, which are never loaded",
    r"get_combos": "combinations by their legs, without a step",
    r"GetUnderlying": "names of what options and futures are on, and no instrument",
    r"GetConvertListAllPairs|GetIsolatedMargin|GetMarginSymbols|instruments_margin": "an account's "
    "own, or what it may borrow: the same instruments as on spot",
    r"GetSpreadSymbols|xbtm26_xbtu26_spread": "combinations of two instruments",
    r"GetSymbolStatus": "whether each trades, without what it is",
    r"AdvancedTrade/ExchangeData/GetSymbols": "a form to fill in, with placeholders for values",
    r"bitmex/": "a venue that this release of ccxt does not have",
    r"hyperliquid/http_(meta|all_perp_metas|spot_meta)": "half of an answer: its steps follow from "
    "prices, which stand in the other half",
    r"xchange/gateio|xchange/deribit": "of an older interface than ccxt asks",
    r"CopyTrading|Socket|ws_|product_book": "an account's own, a stream or an order book",
}
"""Of a kind that is pulled, and parsed by no test: why."""


def named():
    """Return the payloads that the other tests name."""
    text = Path(others.__file__).read_text(encoding="utf-8")
    names = ("JKORF", "NAUTILUS", "SPOT", "USDM", "BYBIT", "OKX", "KRAKEN")
    places = {name: getattr(others, name).removeprefix("payloads/") for name in names}
    found = re.findall(r"\{(\w+)\}([^\"]*\.(?:txt|json))", text)
    return {places[name] + rest for name, rest in found if name in places}


def test_every_payload_is_parsed_or_it_is_said_why_not(data):
    root = data / "payloads"
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    parsed = named() | set(CANDLES) | set(LISTINGS) | set(HISTORIES) | set(OTHERS)
    assert len(parsed) >= 75
    assert parsed <= files
    reasons = [*OF_NO_KIND, *OF_NO_READER]
    rest = sorted(files - parsed)
    assert [path for path in rest if not any(re.search(each, path) for each in reasons)] == []


def test_every_reason_is_one_of_a_list_of_instruments_or_a_history(data):
    root = data / "payloads"
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    for reason in OF_NO_READER:
        assert any(re.search(reason, path) for path in files), reason
