"""Market data of the engine as Bybit sends it: instruments, candles, books, tickers, funding."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.bybit.asking import chosen, given, linear, whole
from quorate.exchange.bybit.codes import RetCodeError
from quorate.exchange.bybit.public import INTERVALS_MS
from quorate.exchange.bybit.rows import plain
from quorate.exchange.matching.candles import candle
from quorate.exchange.matching.market import refresh
from quorate.exchange.matching.orders import BUY, SELL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.exchange.matching.exchange import Exchange
    from quorate.exchange.matching.instruments import Instrument
    from quorate.exchange.matching.state import Market

_HOUR_MS: Final = 3_600_000
_MOST_DEPTH: Final = 500


class Quotes:
    """The public endpoints over the engine.

    Parameters
    ----------
    exchange : Exchange
        Whose prices.

    Notes
    -----
    Units: as Bybit.  Causal: no candle that begins after the exchange's time.  Missing: an
    unknown symbol is its error 10001.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.endpoints: dict[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
            "time": self._time,
            "instruments-info": self._instruments,
            "kline": self._klines,
            "mark-price-kline": self._klines,
            "orderbook": self._book,
            "tickers": self._tickers,
            "funding/history": self._funding,
            "risk-limit": self._risk_limits,
        }

    @property
    def _now_ms(self) -> int:
        return self._exchange.state.now_ms

    def market(self, query: Mapping[str, str]) -> Market:
        """Return the market that a request names, at the present point."""
        symbol = given(query, "symbol")
        if symbol not in self._exchange.state.markets:
            raise RetCodeError(10001, "params error: symbol invalid")
        return refresh(self._exchange.state, symbol)

    def sides(self, market: Market, depth: int) -> dict[str, list[list[str]]]:
        """Return both sides of a book as Bybit writes them."""
        instrument = market.instrument
        return {
            word: [
                [plain(instrument.price(price)), plain(instrument.quantity(lots))]
                for price, lots in market.book.depth(side, depth)
            ]
            for word, side in (("b", BUY), ("a", SELL))
        }

    def ticker(self, market: Market) -> dict[str, Any]:
        """Return the touch, the mark and the funding of a market."""
        instrument, state = market.instrument, self._exchange.state
        mark = plain(instrument.price(state.mark(instrument.symbol)))
        every_ms = instrument.funding_hours * _HOUR_MS
        row: dict[str, Any] = {
            "symbol": instrument.symbol,
            "lastPrice": plain(instrument.price(market.last or state.mark(instrument.symbol))),
            "markPrice": mark,
            "indexPrice": mark,
            "fundingRate": plain(market.rate(self._now_ms)),
            "nextFundingTime": str(self._now_ms - self._now_ms % every_ms + every_ms),
            "fundingIntervalHour": str(instrument.funding_hours),
            "volume24h": "0",
            "turnover24h": "0",
            "openInterest": "0",
        }
        for word, side in (("bid", BUY), ("ask", SELL)):
            price, lots = (market.book.depth(side, 1) or [(0, 0)])[0]
            row[f"{word}1Price"] = plain(instrument.price(price)) if price else ""
            row[f"{word}1Size"] = plain(instrument.quantity(lots))
        return row

    def candle(self, market: Market, opened_ms: int, length_ms: int) -> list[str]:
        """Return a candle as far as it has been: its start, four prices, volume, turnover."""
        found = candle(self._exchange.state, market, opened_ms, length_ms)
        instrument = market.instrument
        volume = instrument.quantity(found.lots)
        value = (volume * instrument.price(found.close)).quantize(Decimal("0.00001"))
        prices = [plain(instrument.price(each)) for each in found[1:5]]
        return [str(opened_ms), *prices, plain(volume), plain(value)]

    def _time(self, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        return {
            "timeSecond": str(self._now_ms // 1000),
            "timeNano": str(self._now_ms * 1_000_000),
        }

    def _instruments(self, query: Mapping[str, str]) -> dict[str, Any]:
        category = given(query, "category")
        if category not in {"spot", "linear", "inverse", "option"}:
            raise RetCodeError(10001, "params error: Category is invalid")
        is_here = category == "linear" and query.get("status") in {None, "", "Trading"}
        rows = [
            _instrument_row(each)
            for each in self._exchange.state.instruments.values()
            if is_here and query.get("symbol") in {None, "", each.symbol}
        ]
        return {"category": category, "list": rows, "nextPageCursor": ""}

    def _klines(self, query: Mapping[str, str]) -> dict[str, Any]:
        market = self.market(query)
        length_ms: int = chosen(query, "interval", INTERVALS_MS, "")
        limit = min(whole(query, "limit") or 200, 1000)
        start, end = whole(query, "start"), whole(query, "end")
        last = self._now_ms if end is None else min(end, self._now_ms)
        if start is not None:
            last = min(last, start + (limit - 1) * length_ms)
        else:
            start = last - last % length_ms - (limit - 1) * length_ms
        state = self._exchange.state
        first = max(start + -start % length_ms, state.start_ms - state.start_ms % length_ms)
        opened = range(first, last + 1, length_ms)[-limit:]
        rows = [self.candle(market, each, length_ms) for each in reversed(opened)]
        return {"category": "linear", "symbol": market.instrument.symbol, "list": rows}

    def _book(self, query: Mapping[str, str]) -> dict[str, Any]:
        linear(query)
        market = self.market(query)
        limit = whole(query, "limit") or 25
        if not 1 <= limit <= _MOST_DEPTH:
            raise RetCodeError(10001, "params error: limit invalid")
        return {
            "s": market.instrument.symbol,
            **self.sides(market, limit),
            "ts": self._now_ms,
            "cts": self._now_ms,
            "u": market.book.version,
            "seq": market.book.version,
        }

    def _tickers(self, query: Mapping[str, str]) -> dict[str, Any]:
        linear(query)
        symbols = [query["symbol"]] if query.get("symbol") else list(self._exchange.state.markets)
        rows = [self.ticker(self.market({"symbol": each})) for each in symbols]
        return {"category": "linear", "list": rows}

    def _funding(self, query: Mapping[str, str]) -> dict[str, Any]:
        linear(query)
        market = self.market(query)
        every_ms = market.instrument.funding_hours * _HOUR_MS
        start_ms = self._exchange.state.start_ms
        since = whole(query, "startTime")
        last = min(whole(query, "endTime") or self._now_ms, self._now_ms)
        times = range(start_ms + -start_ms % every_ms, last + 1, every_ms)
        kept = [each for each in times if since is None or each >= since]
        rows = [
            {
                "symbol": market.instrument.symbol,
                "fundingRate": plain(market.rate(at_ms)),
                "fundingRateTimestamp": str(at_ms),
            }
            for at_ms in reversed(kept[-min(whole(query, "limit") or 200, 200) :])
        ]
        return {"category": "linear", "list": rows}

    def _risk_limits(self, query: Mapping[str, str]) -> dict[str, Any]:
        linear(query)
        rows = [
            {
                "id": number,
                "symbol": each.symbol,
                "riskLimitValue": plain(tier.top),
                "maintenanceMargin": plain(tier.rate),
                "initialMargin": plain(Decimal(1) / tier.max_leverage),
                "isLowestRisk": int(number == 1),
                "maxLeverage": str(tier.max_leverage),
                "mmDeduction": plain(tier.deducted),
            }
            for each in self._exchange.state.instruments.values()
            if query.get("symbol") in {None, "", each.symbol}
            for number, tier in enumerate(each.tiers, 1)
        ]
        return {"category": "linear", "list": rows, "nextPageCursor": ""}


def _instrument_row(each: Instrument) -> dict[str, Any]:
    places = max(-int(each.tick.normalize().as_tuple().exponent), 0)
    return {
        "symbol": each.symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading" if each.is_trading else "Closed",
        "baseCoin": each.base,
        "quoteCoin": each.quote,
        "settleCoin": each.quote,
        "launchTime": "0",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(places),
        "leverageFilter": {
            "minLeverage": "1",
            "maxLeverage": str(each.tiers[0].max_leverage),
            "leverageStep": "0.01",
        },
        "priceFilter": {
            "minPrice": plain(each.tick),
            "maxPrice": plain(each.tick * 10**8),
            "tickSize": plain(each.tick),
        },
        "lotSizeFilter": {
            "maxOrderQty": plain(each.max_quantity),
            "maxMktOrderQty": plain(each.max_market_quantity),
            "minOrderQty": plain(each.min_quantity),
            "qtyStep": plain(each.lot),
            "minNotionalValue": plain(each.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": each.funding_hours * 60,
        "copyTrading": "both",
        "riskParameters": {
            "priceLimitRatioX": plain(each.band),
            "priceLimitRatioY": plain(each.band),
        },
    }
