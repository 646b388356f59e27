"""Market data of the engine as Binance futures sends it: instruments, candles, books, marks."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.binance.asking import RefusedError, given, only, span, whole
from quorate.exchange.binance.rows import plain, symbol_row
from quorate.exchange.listing import INTERVALS
from quorate.exchange.matching.candles import candle
from quorate.exchange.matching.market import refresh
from quorate.exchange.matching.orders import BUY, SELL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.exchange.matching.exchange import Exchange
    from quorate.exchange.matching.state import Market, State

_HOUR_MS: Final = 3_600_000
_DEPTHS: Final = (5, 10, 20, 50, 100, 500, 1000)


class Quotes:
    """The public endpoints over the engine.

    Parameters
    ----------
    exchange : Exchange
        Whose prices.

    Notes
    -----
    Units: as Binance.  Causal: no candle that begins after the exchange's time.  Missing: an
    unknown symbol is its error -1121.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.endpoints = {
            "ping": self._ping,
            "time": self._time,
            "exchangeInfo": self._info,
            "klines": self._klines,
            "depth": self._depth,
            "ticker/bookTicker": self._touch,
            "premiumIndex": self._premium,
            "fundingRate": self._funding,
            "fundingInfo": self._intervals,
        }

    @property
    def _now_ms(self) -> int:
        return self._exchange.state.now_ms

    def market(self, query: Mapping[str, str]) -> Market:
        """Return the market that a request names, at the present point."""
        symbol = given(query, "symbol")
        if symbol not in self._exchange.state.markets:
            raise RefusedError(-1121, "Invalid symbol.")
        return refresh(self._exchange.state, symbol)

    def update_id(self, market: Market) -> int:
        """Return a number that rises with every change of a book."""
        return market.book.version

    def candle(self, market: Market, opened_ms: int, length_ms: int) -> list[Any]:
        """Return a candle as far as it has been."""
        return _kline(self._exchange.state, market, opened_ms, length_ms)

    def _ping(self, query: Mapping[str, str]) -> object:
        only(query)
        return {}

    def _time(self, query: Mapping[str, str]) -> object:
        only(query)
        return {"serverTime": self._now_ms}

    def _info(self, query: Mapping[str, str]) -> object:
        only(query)
        limits = [("REQUEST_WEIGHT", "MINUTE", 1, 2400), ("ORDERS", "MINUTE", 1, 1200)]
        limits.append(("ORDERS", "SECOND", 10, 300))
        return {
            "timezone": "UTC",
            "serverTime": self._now_ms,
            "futuresType": "U_MARGINED",
            "rateLimits": [
                {"rateLimitType": kind, "interval": unit, "intervalNum": count, "limit": limit}
                for kind, unit, count, limit in limits
            ],
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
            "symbols": [symbol_row(each) for each in self._exchange.state.instruments.values()],
        }

    def _klines(self, query: Mapping[str, str]) -> object:
        only(query, "symbol", "interval", "startTime", "endTime", "limit")
        market = self.market(query)
        length_ms = INTERVALS.get(given(query, "interval"))
        if length_ms is None:
            raise RefusedError(-1120, "Invalid interval.")
        within = span(query, 500, 1500)
        start_ms = self._exchange.state.start_ms
        last = min(self._now_ms, self._now_ms if within.end_ms is None else within.end_ms)
        first = within.start_ms
        if first is None:
            first = last - last % length_ms - (within.limit - 1) * length_ms
        first = max(first + -first % length_ms, start_ms - start_ms % length_ms)
        return [
            self.candle(market, opened, length_ms)
            for opened in range(first, last + 1, length_ms)[: within.limit]
        ]

    def _depth(self, query: Mapping[str, str]) -> object:
        only(query, "symbol", "limit")
        limit = whole(query, "limit")
        limit = 500 if limit is None else limit
        if limit not in _DEPTHS:
            raise RefusedError(-4021, f"Invalid depth limit: {limit}")
        market = self.market(query)
        instrument = market.instrument
        sides = {
            name: [
                [plain(instrument.price(price)), plain(instrument.quantity(lots))]
                for price, lots in market.book.depth(side, limit)
            ]
            for name, side in (("bids", BUY), ("asks", SELL))
        }
        return {
            "lastUpdateId": self.update_id(market),
            "E": self._now_ms,
            "T": self._now_ms,
            **sides,
        }

    def _touch(self, query: Mapping[str, str]) -> object:
        only(query, "symbol")
        if "symbol" not in query:
            return [self._touch({"symbol": each}) for each in self._exchange.state.markets]
        market = self.market(query)
        row: dict[str, Any] = {"symbol": market.instrument.symbol, "time": self._now_ms}
        for name, side in (("bid", BUY), ("ask", SELL)):
            price, lots = (market.book.depth(side, 1) or [(0, 0)])[0]
            row[f"{name}Price"] = plain(market.instrument.price(price))
            row[f"{name}Qty"] = plain(market.instrument.quantity(lots))
        return row

    def _premium(self, query: Mapping[str, str]) -> object:
        only(query, "symbol")
        market = self.market(query)
        price = plain(market.instrument.price(self._exchange.state.mark(market.instrument.symbol)))
        every_ms = market.instrument.funding_hours * _HOUR_MS
        return {
            "symbol": market.instrument.symbol,
            "markPrice": price,
            "indexPrice": price,
            "estimatedSettlePrice": price,
            "lastFundingRate": plain(market.rate(self._now_ms)),
            "interestRate": "0.00010000",
            "nextFundingTime": self._now_ms - self._now_ms % every_ms + every_ms,
            "time": self._now_ms,
        }

    def _funding(self, query: Mapping[str, str]) -> object:
        only(query, "symbol", "startTime", "endTime", "limit")
        market = self.market(query)
        within = span(query, 100, 1000)
        every_ms = market.instrument.funding_hours * _HOUR_MS
        last = self._now_ms if within.end_ms is None else min(within.end_ms, self._now_ms)
        start_ms = self._exchange.state.start_ms
        times = range(start_ms + -start_ms % every_ms, last + 1, every_ms)
        chosen = [each for each in times if within.start_ms is None or each >= within.start_ms]
        page = chosen[-within.limit :] if within.start_ms is None else chosen[: within.limit]
        return [
            {
                "symbol": market.instrument.symbol,
                "fundingTime": at_ms,
                "fundingRate": plain(market.rate(at_ms)),
                "markPrice": "",
            }
            for at_ms in page
        ]

    def _intervals(self, query: Mapping[str, str]) -> object:
        only(query)
        return [
            {
                "symbol": each.symbol,
                "adjustedFundingRateCap": "0.02",
                "adjustedFundingRateFloor": "-0.02",
                "fundingIntervalHours": each.funding_hours,
                "disclaimer": False,
            }
            for each in self._exchange.state.instruments.values()
            if each.funding_hours not in {0, 8}
        ]


def _kline(state: State, market: Market, opened: int, length_ms: int) -> list[Any]:
    found = candle(state, market, opened, length_ms)
    instrument = market.instrument
    volume = instrument.quantity(found.lots)
    value = (volume * instrument.price(found.close)).quantize(Decimal("0.00001"))
    return [
        opened,
        *(plain(instrument.price(each)) for each in found[1:5]),
        plain(volume),
        opened + length_ms - 1,
        plain(value),
        found.lots,
        "0",
        "0",
        "0",
    ]
