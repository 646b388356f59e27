"""Bybit's public v5 REST over listings: newest rows first, errors in the envelope, windowed pages.

In: a path and its parameters. Out: the JSON that Bybit sends. It differs from Binance where clients
go wrong: a page begins at ``start`` and spans ``limit`` bars even if none is in it, rows come
backwards, and an error is a ``retCode`` under HTTP 200.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.facade import Reply
from quorate.exchange.listing import INTERVALS, NEVER_MS, ListedInstrument, Span, text
from quorate.exchange.meter import Meter
from quorate.exchange.script import bent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quorate.exchange.listing import Listing, Row
    from quorate.exchange.script import Fault

INTERVALS_MS: Final = {
    **{str(minutes): minutes * 60_000 for minutes in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)},
    "D": INTERVALS["1d"],
    "W": INTERVALS["1w"],
}
"""Lengths of candles by Bybit's words."""

_PERIODS: Final = {"5min": "5m", "15min": "15m", "30min": "30m", "1h": "1h", "4h": "4h", "1d": "1d"}
_NAMES: Final = {length: name for name, length in INTERVALS.items()}
_STATUS: Final = {"TRADING": "Trading"}
_KLINES: Final = {"kline": "ohlcv", "mark-price-kline": "mark", "index-price-kline": "index"}


class Bybit:
    """Bybit's market endpoints over two listings.

    Parameters
    ----------
    spot, linear : Listing
        What is listed where.
    meter : Meter, optional
        Requests a window, each of weight 1: 600 in 5 s when left out.

    Notes
    -----
    Units: as Bybit.  Causal: as the listing.  Missing: an unknown symbol is its error 10001.
    """

    def __init__(self, spot: Listing, linear: Listing, *, meter: Meter | None = None) -> None:
        self.sides = {"spot": spot, "linear": linear}
        self._meter = Meter(600, window_s=5.0) if meter is None else meter

    def reply(
        self, path: str, query: Mapping[str, str], at_s: float, faults: Sequence[Fault]
    ) -> Reply:
        """Answer one request; see ``facade.Facade``."""
        verdict = self._meter.count(1, at_s)
        now_ms = self.sides["spot"].now_ms
        if verdict.status != 200:
            return Reply(
                403,
                {
                    "retCode": 10018,
                    "retMsg": "Exceeded the IP Rate Limit.",
                    "result": {},
                    "retExtInfo": {},
                    "time": now_ms,
                },
            )
        code, said, result = self._result(path, query, faults)
        envelope = {"retCode": code, "retMsg": said, "result": result, "retExtInfo": {}}
        return Reply(200, {**envelope, "time": now_ms})

    def _result(
        self, path: str, query: Mapping[str, str], faults: Sequence[Fault]
    ) -> tuple[int, str, dict[str, Any]]:
        endpoint = path.removeprefix("/v5/market/")
        if endpoint == "time":
            now_ms = self.sides["spot"].now_ms
            told = {"timeSecond": str(now_ms // 1000), "timeNano": str(now_ms * 1_000_000)}
            return 0, "OK", told
        category = query.get("category", "linear")
        if category not in {"spot", "linear", "inverse"}:
            return 10001, "params error: Category is invalid", {}
        listing = self.sides.get(category)
        if endpoint == "instruments-info":
            return 0, "success", {**_instruments(category, listing, query), "nextPageCursor": ""}
        symbol = query.get("symbol", "")
        if listing is None or symbol not in listing.instruments:
            return 10001, "params error: Symbol Is Invalid", {}
        rows = self._rows(endpoint, query, listing, symbol, faults)
        if rows is None:
            return 10001, "params error: Invalid period!", {}
        return 0, "OK", {"category": category, "symbol": symbol, "list": rows[::-1]}

    def _rows(
        self,
        endpoint: str,
        query: Mapping[str, str],
        listing: Listing,
        symbol: str,
        faults: Sequence[Fault],
    ) -> list[Any] | None:
        """Return rows in order of time, as Bybit writes each; None for what it does not know."""
        if endpoint in _KLINES:
            length_ms = INTERVALS_MS.get(query.get("interval", ""))
            if length_ms is None:
                return None
            key = (_KLINES[endpoint], symbol, _NAMES[length_ms])
            span = _window(query, length_ms)
            rows = bent(listing.select(*key, span), listing.series(*key), faults)
            return [_kline(row) for row in rows]
        if endpoint == "funding/history":
            key = ("funding", symbol, "")
            found = _newest(listing, key, query, "startTime", "endTime", 200)
            return [
                {
                    "symbol": symbol,
                    "fundingRate": text(row[1]),
                    "fundingRateTimestamp": str(int(row[0])),
                }
                for row in bent(found, listing.series(*key), faults)
            ]
        if endpoint == "open-interest" and query.get("intervalTime") in _PERIODS:
            key = ("open_interest", symbol, _PERIODS[query["intervalTime"]])
            found = _newest(listing, key, query, "startTime", "endTime", 50)
            return [
                {"openInterest": text(row[1]), "timestamp": str(int(row[0]))}
                for row in bent(found, listing.series(*key), faults)
            ]
        return None


def _window(query: Mapping[str, str], length_ms: int) -> Span:
    """Return the span of a page of bars: from its start, as long as its limit and no longer."""
    limit = min(int(query.get("limit", "200")), 1000)
    end = int(query["end"]) if "end" in query else None
    if "start" not in query:
        return Span(None, end, limit)
    start = int(query["start"])
    last = start + (limit - 1) * length_ms
    return Span(start, last if end is None else min(last, end), limit)


def _newest(
    listing: Listing,
    key: tuple[str, str, str],
    query: Mapping[str, str],
    start: str,
    end: str,
    usual: int,
) -> Sequence[Row]:
    """Return the newest rows of a span."""
    since = int(query[start]) if start in query else None
    until = int(query[end]) if end in query else None
    rows = listing.select(*key, Span(since, until, 1 << 30))
    return rows[-min(int(query.get("limit", usual)), 200) :]


def _kline(row: Row) -> list[str]:
    prices = [text(value) for value in row[1:5]]
    volume = [text(row[5]), "0"] if len(row) > 5 else []
    return [str(int(row[0])), *prices, *volume]


def _instruments(
    category: str, listing: Listing | None, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return what is listed; before a launch, and of inverse contracts, that is nothing."""
    is_asked = listing is not None and query.get("status", "Trading") == "Trading"
    rows = listing.instruments.values() if listing is not None and is_asked else ()
    write = _spot_row if category == "spot" else _linear_row
    return {"category": category, "list": [write(each) for each in rows]}


def _spot_row(each: ListedInstrument) -> dict[str, Any]:
    return {
        "symbol": each.symbol,
        "baseCoin": each.base,
        "quoteCoin": each.quote,
        "innovation": "0",
        "status": _STATUS.get(each.status, each.status),
        "marginTrading": "none",
        "lotSizeFilter": {
            "basePrecision": each.lot,
            "quotePrecision": "0.00000001",
            "minOrderQty": each.lot,
            "maxOrderQty": "9000",
            "minOrderAmt": each.min_notional,
            "maxOrderAmt": "2000000",
        },
        "priceFilter": {"tickSize": each.tick},
        "riskParameters": {"limitParameter": "0.05", "marketParameter": "0.05"},
    }


def _linear_row(each: ListedInstrument) -> dict[str, Any]:
    return {
        "symbol": each.symbol,
        "contractType": "LinearPerpetual",
        "status": _STATUS.get(each.status, each.status),
        "baseCoin": each.base,
        "quoteCoin": each.quote,
        "settleCoin": each.quote,
        "launchTime": str(each.listed_ms),
        "deliveryTime": "0" if each.ends_ms == NEVER_MS else str(each.ends_ms),
        "deliveryFeeRate": "",
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": each.tick, "maxPrice": "1999999", "tickSize": each.tick},
        "lotSizeFilter": {
            "maxOrderQty": "1190",
            "minOrderQty": each.lot,
            "qtyStep": each.lot,
            "minNotionalValue": each.min_notional,
        },
        "unifiedMarginTrade": True,
        "fundingInterval": each.funding_hours * 60,
        "copyTrading": "both",
    }
