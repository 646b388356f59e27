"""Recorded lists of instruments and histories of settlements, through ccxt's parsers into ours.

The recorded body stands in for the venue's answer, at the place that ccxt asks for it; what it asks
for besides is answered with nothing.
"""

from __future__ import annotations

import ccxt
import pytest
from tests.realdata.test_venue_payloads import recorded

from quorate.venues import frames
from quorate.venues.market import _row

pytestmark = pytest.mark.realdata

NOTHING = {
    "code": "0",
    "retCode": 0,
    "retMsg": "OK",
    "result": {"list": []},
    "error": [],
    **{key: [] for key in ("data", "symbols", "products", "instruments")},
}
KINDS = {
    "bybit": ["spot", "linear", "inverse"],
    "okx": ["spot", "future", "swap"],
    "hyperliquid": ["swap"],
}
BYBIT, NAUTILUS = "jkorf/bybit/Endpoints/V5Api/ExchangeData", "nautilus"
COIN = "jkorf/binance/Endpoints/CoinFutures/ExchangeData"
OKX = "jkorf/okx/Endpoints/UnifiedApi/ExchangeData"
LISTINGS = {
    # where: venue, what is asked, instruments, one of them with its tick, lot and smallest order
    f"{COIN}/GetExchangeInfo.txt": (
        *("binancecoinm", "exchangeInfo", 1),
        ("BTC/USD:BTC-200925", "0.1", "1", "1"),
    ),
    f"{NAUTILUS}/binance/spot/http_json/exchange_info_response.json": (
        *("binance", "exchangeInfo", 1),
        ("ETH/BTC", None, None, None),  # its filters were recorded empty
    ),
    f"{BYBIT}/GetLinearInverseSymbolsPreListing.txt": (
        *("bybit", "category=linear", 1),
        ("PRE02ZRO/USDT:USDT", "0.001", "0.1", "0.1"),
    ),
    f"{NAUTILUS}/bybit/http_get_instruments_inverse.json": (
        *("bybit", "category=inverse", 1),
        ("BTC/USD:BTC", "0.5", "1", "1"),
    ),
    f"{NAUTILUS}/bybit/http_get_instruments_inverse_symbol_type.json": (
        *("bybit", "category=inverse", 1),
        ("BRENT/USD:BRENT", "0.01", "0.001", "0.001"),
    ),
    f"{NAUTILUS}/bybit/http_get_instruments_linear.json": (
        *("bybit", "category=linear", 2),
        ("ETH/USDT:USDT", "0.05", "0.01", "0.01"),
    ),
    f"{NAUTILUS}/bybit/http_get_instruments_linear_symbol_type.json": (
        *("bybit", "category=linear", 1),
        ("TSLA/USDT:USDT", "0.01", "0.001", "0.001"),
    ),
    f"{NAUTILUS}/bybit/http_get_instruments_spot.json": (
        *("bybit", "category=spot", 2),
        ("BTC/USDT", "0.1", "0.0001", "0.001"),
    ),
    f"{NAUTILUS}/bybit/http_get_instruments_spot_xstocks.json": (
        *("bybit", "category=spot", 1),
        ("AAPL/USDT", "0.01", "0.0001", "0.001"),
    ),
    f"{NAUTILUS}/coinbase/http_product.json": (
        *("coinbase", "products", 1),
        ("BTC/USD", "0.01", "0.00000001", "0.00000001"),
    ),
    f"{NAUTILUS}/coinbase/http_products.json": (
        *("coinbase", "products", 2),
        ("BTC/USDC", "0.01", "0.00000001", "0.00000001"),
    ),
    f"{NAUTILUS}/coinbase/http_products_future.json": (
        *("coinbase", "products", 2),
        ("BTC/USD:USD-260424", "5", "1", "1"),
    ),
    f"{NAUTILUS}/deribit/http_get_instrument.json": (
        *("deribit", "get_instruments", 1),
        ("BTC/USD:BTC", "0.5", "10", "10"),
    ),
    f"{NAUTILUS}/deribit/http_get_instruments.json": (
        *("deribit", "get_instruments", 4),
        ("BTC/USD:BTC-241227", "0.5", "10", "10"),
    ),
    f"{NAUTILUS}/deribit/http_get_instruments_future_combo.json": (
        *("deribit", "get_instruments", 6),
        ("BTC-FS-19MAY26_PERP", "0.5", "10", "10"),
    ),
    f"{NAUTILUS}/kraken/http_asset_pairs.json": (
        *("kraken", "AssetPairs", 1),
        ("BTC/USDT", "0.1", "0.00000001", "0.00005"),
    ),
    f"{NAUTILUS}/kraken/http_asset_pairs_tokenized.json": (
        *("kraken", "AssetPairs", 1),
        ("AAPLX/USD", "0.01", "0.00000001", "0.00000001"),
    ),
    "xchange/kraken/example-assetpairs-data.json": (
        *("kraken", "AssetPairs", 75),
        ("ADA/CAD", "0.000001", "0.00000001", None),  # of before the venue told a smallest order
    ),
    f"{NAUTILUS}/kraken/http_futures_instruments.json": (
        *("krakenfutures", "instruments", 4),
        ("ETH/USD:USD", "0.1", "0.001", None),
    ),
    f"{NAUTILUS}/kraken/http_futures_instrument_no_fee_schedule.json": (
        *("krakenfutures", "instruments", 1),
        ("ETH/USD:USD", "0.1", "0.001", None),
    ),
    f"{NAUTILUS}/okx/http_get_instruments_futures.json": (
        *("okx", "instType=FUTURES", 6),
        ("BTC/USD:BTC-241220", "0.1", "1", "1"),
    ),
    f"{NAUTILUS}/okx/http_get_instruments_spot.json": (
        *("okx", "instType=SPOT", 5),
        ("SOL/USD", "0.01", "0.000001", "0.001"),
    ),
}
SINGLE = {
    "http_product.json": lambda body: {"products": [body]},
    "http_get_instrument.json": lambda body: {**body, "result": [body["result"]]},
}
"""Answers about one instrument; ccxt asks for the list of all."""


def opened(venue, bodies):
    """Return ccxt's client of a venue that answers with recorded bodies."""
    exchange = getattr(ccxt, venue)()
    exchange.has["fetchCurrencies"] = False
    if venue in KINDS:
        exchange.options["fetchMarkets"] = {"types": KINDS[venue], "hip3": {"limit": 0}}

    def fetch(url, *given):
        asked = f"{url} {given}"
        return next((said for place, said in bodies.items() if place in asked), NOTHING)

    exchange.fetch = fetch
    exchange.load_markets()
    return exchange


@pytest.mark.parametrize("path", LISTINGS)
def test_a_list_of_instruments(data, path):
    venue, place, n, expected = LISTINGS[path]
    body = recorded(data / "payloads" / path)
    wrap = next((each for name, each in SINGLE.items() if path.endswith(f"/{name}")), None)
    exchange = opened(venue, {place: wrap(body) if wrap else body})
    found = frames.instruments(exchange.markets.values(), int(exchange.precisionMode))
    assert found.height == n
    rows = {row["symbol"]: row for row in found.to_dicts()}
    row = rows[expected[0]]
    assert (row["tick"], row["lot"], row["min_amount"]) == expected[1:]
    assert found["kind"].is_in(["spot", "swap", "future", "option"]).all()


def settled(exchange, symbol):
    rows = exchange.fetch_funding_rate_history(symbol, None, 10)
    found = frames.series([_row("funding", row) for row in rows], "funding")
    return [(f"{at:%Y-%m-%d %H}", rate) for at, rate in found.rows()]


def renamed(listing, key, **values):
    """Return a recorded list in which the first instrument has the name of the history."""
    first, *rest = listing[key]
    return {**listing, key: [{**first, **values}, *rest]}


HISTORIES = {
    f"{COIN}/GetFundingRates.txt": [("2023-10-31 16", -0.003), ("2023-11-01 00", -0.003)],
    f"{BYBIT}/GetFundingRateHistory.txt": [("2022-12-26 08", 0.0001)],
    f"{OKX}/GetFundingRateHistory.txt": [
        ("2023-12-20 00", 0.0002279755647389),
        ("2023-12-20 08", 0.0000746572360545),
    ],
    f"{NAUTILUS}/kraken/http_futures_historical_funding_rates.json": [
        ("2025-07-10 16", 0.00015),
        ("2025-07-11 00", -0.00005),
        ("2025-07-11 08", 0.0001),
    ],
    f"{NAUTILUS}/hyperliquid/http_funding_history.json": [
        ("2026-02-01 01", 0.0000125),
        ("2026-02-01 02", -0.0000081),
        ("2026-02-01 03", 0.0000033),
    ],
}


@pytest.mark.parametrize("path", HISTORIES)
def test_a_history_of_settlements(data, path):
    where = data / "payloads"
    body = recorded(where / path)
    if path.startswith(COIN):
        listing = renamed(
            recorded(where / COIN / "GetExchangeInfo.txt"),
            "symbols",
            symbol="BTCUSD_PERP",
            contractType="PERPETUAL",
        )
        exchange = opened("binancecoinm", {"fundingRate": body, "exchangeInfo": listing})
        found = settled(exchange, "BTC/USD:BTC")
    elif path.startswith(BYBIT):
        listing = recorded(where / NAUTILUS / "bybit/http_get_instruments_linear.json")
        usdc = {"symbol": "ETHPERP", "baseCoin": "ETH", "quoteCoin": "USDC", "settleCoin": "USDC"}
        listing["result"] = renamed(listing["result"], "list", **usdc)
        exchange = opened("bybit", {"funding/history": body, "category=linear": listing})
        found = settled(exchange, "ETH/USDC:USDC")
    elif path.startswith(OKX):
        listing = recorded(where / NAUTILUS / "okx/http_get_instruments_swap.json")
        exchange = opened("okx", {"funding-rate-history": body, "instType=SWAP": listing})
        found = settled(exchange, "BTC/USD:BTC")
    elif "kraken" in path:
        listing = recorded(where / NAUTILUS / "kraken/http_futures_instruments.json")
        places = {"historicalfundingrates": body, "instruments": listing}
        found = settled(opened("krakenfutures", places), "ETH/USD:USD")
    else:
        meta = recorded(where / NAUTILUS / "hyperliquid/http_meta_perp_sample.json")
        told = {"markPx": "1", "oraclePx": "1", "midPx": "1"}  # ccxt reads its ticks from prices
        listing = [meta, [told for _ in meta["universe"]]]
        places = {"fundingHistory": body, "metaAndAssetCtxs": listing}
        found = settled(opened("hyperliquid", places), "BTC/USDC:USDC")
    assert found == HISTORIES[path]


OTHERS = {
    f"{COIN}/GetOpenInterestHistory.txt": (
        *("binancecoinm", f"{COIN}/GetExchangeInfo.txt"),
        {"openInterestHist": "exchangeInfo"},
    ),
    f"{NAUTILUS}/deribit/http_get_tradingview_chart_data.json": (
        *("deribit", f"{NAUTILUS}/deribit/http_get_instruments.json"),
        {"get_tradingview_chart_data": "get_instruments"},
    ),
}


@pytest.mark.parametrize("path", OTHERS)
def test_open_interest_and_the_candles_of_a_chart(data, path):
    venue, listing, places = OTHERS[path]
    place, listed = next(iter(places.items()))
    where = data / "payloads"
    exchange = opened(venue, {place: recorded(where / path), listed: recorded(where / listing)})
    if place == "openInterestHist":
        rows = exchange.fetch_open_interest_history("BTC/USD:BTC-200925", "5m")
        found = frames.series([_row("open_interest", row) for row in rows], "open_interest")
        assert found["open_interest"].to_list() == [20_401.0, 20_403.0]  # contracts, by time
        assert f"{found['ts'][0]:%Y-%m-%d %H:%M}" == "2020-03-02 05:50"
        return
    rows = exchange.fetch_ohlcv("BTC/USD:BTC", "1m", 1_766_483_400_000, 5)
    found = frames.series([_row("ohlcv", row) for row in rows], "ohlcv")
    assert found.row(0)[1:] == (87451.0, 87456.5, 87451.0, 87456.5, 2.94375216)
    assert (found.height, f"{found['ts'][-1]:%Y-%m-%d %H:%M}") == (5, "2025-12-23 09:55")
