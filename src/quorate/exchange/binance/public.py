"""Binance's public REST, spot and USD-M futures, over a listing.

In: a path and its parameters. Out: the JSON that Binance sends: numbers as text, its error codes
with status 400, weights in ``X-MBX-USED-WEIGHT-1M``, 429 and 418 with ``Retry-After``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.exchange.binance.asking import RefusedError, given, only, span
from quorate.exchange.binance.weights import of_candles
from quorate.exchange.facade import Reply
from quorate.exchange.listing import INTERVALS, NEVER_MS, ListedInstrument, Span, text
from quorate.exchange.meter import Meter
from quorate.exchange.script import bent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quorate.exchange.listing import Listing, Row
    from quorate.exchange.script import Fault

_MONTH_MS: Final = 30 * 86_400_000


class _Asked(NamedTuple):
    """A request: its parameters and what it meets."""

    query: Mapping[str, str]
    faults: Sequence[Fault]


class Binance:
    """The spot and USD-M futures APIs over two listings.

    Parameters
    ----------
    spot, futures : Listing
        What is listed where.
    spot_meter, futures_meter : Meter, optional
        Limits; Binance's own when left out.

    Notes
    -----
    Units: as Binance.  Causal: as the listing.  Missing: an unknown symbol is its error -1121.
    """

    def __init__(
        self,
        spot: Listing,
        futures: Listing,
        *,
        spot_meter: Meter | None = None,
        futures_meter: Meter | None = None,
    ) -> None:
        self.spot = spot
        self.futures = futures
        self._meters = {
            "api": Meter(6000) if spot_meter is None else spot_meter,
            "fapi": Meter(2400) if futures_meter is None else futures_meter,
        }
        self._endpoints: dict[str, Callable[[_Asked], object]] = {
            "/api/v3/ping": self._ping,
            "/api/v3/time": lambda asked: self._time(asked, self.spot),
            "/api/v3/exchangeInfo": self._spot_info,
            "/api/v3/klines": lambda asked: self._klines(asked, self.spot, "ohlcv"),
            "/dapi/v1/exchangeInfo": _no_coin_margined,
            "/fapi/v1/ping": self._ping,
            "/fapi/v1/time": lambda asked: self._time(asked, self.futures),
            "/fapi/v1/exchangeInfo": self._futures_info,
            "/fapi/v1/klines": lambda asked: self._klines(asked, self.futures, "ohlcv"),
            "/fapi/v1/markPriceKlines": lambda asked: self._klines(asked, self.futures, "mark"),
            "/fapi/v1/indexPriceKlines": lambda asked: self._klines(asked, self.futures, "index"),
            "/fapi/v1/fundingRate": self._funding,
            "/fapi/v1/fundingInfo": self._funding_info,
            "/fapi/v1/openInterest": self._open_interest,
            "/futures/data/openInterestHist": self._open_interest_history,
        }

    def reply(
        self, path: str, query: Mapping[str, str], at_s: float, faults: Sequence[Fault]
    ) -> Reply:
        """Answer one request; see ``facade.Facade``."""
        if path not in self._endpoints:
            return Reply(404, {"code": -5000, "msg": f"Path {path}, Method GET is invalid"})
        side = "api" if path.startswith("/api") else "fapi"
        meter = self._meters[side]
        verdict = meter.count(weight(path, query), at_s)
        headers = {"X-MBX-USED-WEIGHT-1M": str(verdict.used)}
        if verdict.status != 200:
            said = f"Too many requests; current limit is {meter.limit} request weight per 1 MINUTE."
            if verdict.status == 418:
                said = "Way too much request weight used; IP banned."
            headers["Retry-After"] = str(verdict.wait_s)
            return Reply(verdict.status, {"code": -1003, "msg": said}, headers)
        try:
            return Reply(200, self._endpoints[path](_Asked(query, faults)), headers)
        except RefusedError as error:
            return Reply(400, {"code": error.code, "msg": error.message}, headers)

    def _ping(self, asked: _Asked) -> object:
        only(asked.query)
        return {}

    def _time(self, asked: _Asked, listing: Listing) -> object:
        only(asked.query)
        return {"serverTime": listing.now_ms}

    def _spot_info(self, asked: _Asked) -> object:
        only(asked.query, "symbol")
        chosen = self.spot.instruments
        if "symbol" in asked.query:
            chosen = {asked.query["symbol"]: _listed(asked.query, "symbol", self.spot)}
        return {
            "timezone": "UTC",
            "serverTime": self.spot.now_ms,
            "rateLimits": [_limit_row(self._meters["api"])],
            "exchangeFilters": [],
            "symbols": [_spot_row(each) for each in chosen.values()],
        }

    def _futures_info(self, asked: _Asked) -> object:
        only(asked.query)
        return {
            "timezone": "UTC",
            "serverTime": self.futures.now_ms,
            "futuresType": "U_MARGINED",
            "rateLimits": [_limit_row(self._meters["fapi"])],
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
            "symbols": [_futures_row(each) for each in self.futures.instruments.values()],
        }

    def _klines(self, asked: _Asked, listing: Listing, kind: str) -> object:
        name = "pair" if kind == "index" else "symbol"
        only(asked.query, name, "interval", "startTime", "endTime", "limit", "timeZone")
        symbol = _listed(asked.query, name, listing).symbol
        interval = given(asked.query, "interval")
        if interval not in INTERVALS:
            raise RefusedError(-1120, "Invalid interval.")
        most = 1000 if listing is self.spot else 1500
        within = span(asked.query, 500, most, is_clamped=listing is self.spot)
        rows = listing.select(kind, symbol, interval, within)
        rows = bent(rows, listing.series(kind, symbol, interval), asked.faults)
        return [_kline(row, INTERVALS[interval]) for row in rows]

    def _funding(self, asked: _Asked) -> object:
        only(asked.query, "symbol", "startTime", "endTime", "limit")
        symbol = _listed(asked.query, "symbol", self.futures).symbol
        within = span(asked.query, 100, 1000)
        rows = self.futures.select("funding", symbol, "", within)
        rows = bent(rows, self.futures.series("funding", symbol, ""), asked.faults)
        return [
            {
                "symbol": symbol,
                "fundingTime": int(row[0]),
                "fundingRate": text(row[1]),
                "markPrice": "",
            }
            for row in rows
        ]

    def _funding_info(self, asked: _Asked) -> object:
        only(asked.query)
        return [
            {
                "symbol": each.symbol,
                "adjustedFundingRateCap": "0.02",
                "adjustedFundingRateFloor": "-0.02",
                "fundingIntervalHours": each.funding_hours,
                "disclaimer": False,
            }
            for each in self.futures.instruments.values()
            if each.funding_hours != 8  # Binance tells only what differs
        ]

    def _open_interest(self, asked: _Asked) -> object:
        only(asked.query, "symbol")
        symbol = _listed(asked.query, "symbol", self.futures).symbol
        rows = self.futures.select("open_interest", symbol, "5m", Span(None, None, 1))
        amount = text(rows[-1][1]) if rows else "0"
        return {"symbol": symbol, "openInterest": amount, "time": self.futures.now_ms}

    def _open_interest_history(self, asked: _Asked) -> object:
        only(asked.query, "symbol", "period", "startTime", "endTime", "limit")
        symbol = _listed(asked.query, "symbol", self.futures).symbol
        period = given(asked.query, "period")
        if period not in INTERVALS or period in {"1m", "3m"}:
            raise RefusedError(-1130, "Data sent for parameter 'period' is not valid.")
        within = span(asked.query, 30, 500)
        start_ms = within.start_ms
        if start_ms is not None and start_ms < self.futures.now_ms - _MONTH_MS:
            raise RefusedError(-1130, "parameter 'startTime' is invalid.")
        everything = self.futures.select(
            "open_interest", symbol, period, within._replace(limit=1 << 30)
        )
        rows = everything[-within.limit :]  # of a span that is too long, the newest
        rows = bent(rows, self.futures.series("open_interest", symbol, period), asked.faults)
        return [
            {
                "symbol": symbol,
                "sumOpenInterest": text(row[1]),
                "sumOpenInterestValue": text(row[2]) if len(row) > 2 else "0",
                "timestamp": int(row[0]),
            }
            for row in rows
        ]


def _no_coin_margined(asked: _Asked) -> object:
    """Say that nothing margined in coins is listed: clients ask before they know what they need."""
    only(asked.query)
    return {"timezone": "UTC", "rateLimits": [], "exchangeFilters": [], "symbols": []}


def weight(path: str, query: Mapping[str, str]) -> int:
    """Return what a request costs.

    Examples
    --------
    >>> weight("/api/v3/klines", {}), weight("/fapi/v1/klines", {"limit": "1500"})
    (2, 10)
    """
    if path == "/api/v3/exchangeInfo":
        return 20
    if path == "/api/v3/klines":
        return 2
    if path.endswith("lines"):
        return of_candles(query)
    return 0 if path.startswith("/futures/data") else 1


def _listed(query: Mapping[str, str], name: str, listing: Listing) -> ListedInstrument:
    found = listing.instruments.get(given(query, name))
    if found is None:
        raise RefusedError(-1121, "Invalid symbol.")
    return found


def _kline(row: Row, length_ms: int) -> list[Any]:
    at, prices = int(row[0]), [text(value) for value in row[1:5]]
    volume = text(row[5]) if len(row) > 5 else "0"
    return [at, *prices, volume, at + length_ms - 1, "0", 0, "0", "0", "0"]


def _limit_row(meter: Meter) -> dict[str, Any]:
    return {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": meter.limit,
    }


def _filters(each: ListedInstrument, notional: dict[str, str]) -> list[dict[str, str]]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": each.tick,
            "maxPrice": "1000000",
            "tickSize": each.tick,
        },
        {"filterType": "LOT_SIZE", "minQty": each.lot, "maxQty": "9000", "stepSize": each.lot},
        notional,
    ]


def _spot_row(each: ListedInstrument) -> dict[str, Any]:
    return {
        "symbol": each.symbol,
        "status": each.status,
        "baseAsset": each.base,
        "baseAssetPrecision": 8,
        "quoteAsset": each.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "isSpotTradingAllowed": each.status == "TRADING",
        "isMarginTradingAllowed": False,
        "filters": _filters(each, {"filterType": "NOTIONAL", "minNotional": each.min_notional}),
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def _futures_row(each: ListedInstrument) -> dict[str, Any]:
    is_ending = each.ends_ms < NEVER_MS
    return {
        "symbol": each.symbol,
        "pair": each.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": each.ends_ms if is_ending else NEVER_MS,
        "onboardDate": each.listed_ms,
        "status": each.status,
        "baseAsset": each.base,
        "quoteAsset": each.quote,
        "marginAsset": each.quote,
        "pricePrecision": 8,
        "quantityPrecision": 3,
        "underlyingType": "COIN",
        "filters": _filters(each, {"filterType": "MIN_NOTIONAL", "notional": each.min_notional}),
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }
