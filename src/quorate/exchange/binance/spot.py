"""Binance spot over the matching engine: pairs, balances, and a user stream that signs in.

There is no margin, no position and no order that could only reduce one; what an order may spend is
locked. The user stream is a websocket API that is subscribed with a signature, not a listen key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from quorate.exchange.access import Request
from quorate.exchange.binance.asking import RefusedError, only
from quorate.exchange.binance.front import Api, Front
from quorate.exchange.binance.holding import Holding
from quorate.exchange.binance.quotes import Quotes
from quorate.exchange.binance.signing import allowed, authenticate
from quorate.exchange.binance.spot_rows import pair_row, report_frame, wallet_frame
from quorate.exchange.binance.spot_trading import SpotTrading
from quorate.exchange.binance.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.exchange.access import Key
    from quorate.exchange.connections import Connection
    from quorate.exchange.matching.exchange import Exchange
    from quorate.exchange.matching.orders import Push

_COUNTED: Final = frozenset({"POST /api/v3/order"})
_WEIGHTS: Final[Mapping[str, int]] = {
    "GET /api/v3/exchangeInfo": 20,
    "GET /api/v3/klines": 2,
    "GET /api/v3/ticker/bookTicker": 2,
    "GET /api/v3/order": 4,
    "GET /api/v3/openOrders": 6,
    "GET /api/v3/allOrders": 20,
    "GET /api/v3/myTrades": 20,
    "GET /api/v3/account": 20,
    "GET /api/v3/account/commission": 20,
}
_DEPTHS: Final = ((100, 5), (500, 25), (1000, 50))
_RIGHTS: Final = "GET /sapi/v1/account/apiRestrictions"
_PUBLIC: Final = ("ping", "time", "klines")
_SIGNED_IN: Final = "userDataStream.subscribe.signature"


class Spot(Front):
    """Binance spot; see ``Front``.

    Parameters
    ----------
    exchange : Exchange
        The engine behind it, all of whose instruments are pairs.
    keys : mapping
        API keys by their text.

    Raises
    ------
    ValueError
        If a contract is among the instruments.
    """

    def __init__(self, exchange: Exchange, keys: Mapping[str, Key]) -> None:
        found = [each.symbol for each in exchange.state.instruments.values() if each.kind != "spot"]
        if found:
            raise ValueError(f"{', '.join(found)} are contracts, a spot venue has pairs")
        self._quotes = quotes = Quotes(exchange)
        public: dict[str, Callable[[Mapping[str, str]], object]] = {
            **{name: quotes.endpoints[name] for name in _PUBLIC},
            "exchangeInfo": self._info,
            "depth": self._depth,
            "ticker/bookTicker": self._touch,
        }
        signed = SpotTrading(exchange).endpoints | {_RIGHTS: Holding(exchange).endpoints[_RIGHTS]}
        streams = SpotStreams(exchange, quotes)
        super().__init__(
            exchange,
            keys,
            Api("/api/v3/", public, signed, spot_weight, _COUNTED),
            streams,
            limit=6000,
            order_limits={"10S": (100, 10.0), "1D": (200_000, 86_400.0)},
        )
        streams.keys_of_venue = self.keys

    def _depth(self, query: Mapping[str, str]) -> object:
        """Return a book; spot's has no time, by which clients tell how to join changes to it."""
        book: Any = self._quotes.endpoints["depth"](query)
        return {name: book[name] for name in ("lastUpdateId", "bids", "asks")}

    def _touch(self, query: Mapping[str, str]) -> object:
        """Return the touch of one pair, of a list of pairs in JSON, or of all."""
        only(query, "symbol", "symbols")
        ask = self._quotes.endpoints["ticker/bookTicker"]
        if "symbols" not in query:
            return ask(query)
        try:
            found: Any = json.loads(query["symbols"])
        except ValueError as error:
            raise RefusedError(-1100, "Illegal characters found in 'symbols'.") from error
        if not isinstance(found, list):
            raise RefusedError(-1100, "Illegal characters found in 'symbols'.")
        return [ask({"symbol": str(each)}) for each in found]

    def _info(self, query: Mapping[str, str]) -> object:
        only(query, "symbol", "permissions", "showPermissionSets")
        instruments = self.exchange.state.instruments
        wanted = query.get("symbol")
        if wanted is not None and wanted not in instruments:
            raise RefusedError(-1121, "Invalid symbol.")
        limits = [("REQUEST_WEIGHT", "MINUTE", 1, 6000), ("ORDERS", "SECOND", 10, 100)]
        limits.append(("ORDERS", "DAY", 1, 200_000))
        return {
            "timezone": "UTC",
            "serverTime": self._now_ms,
            "rateLimits": [
                {"rateLimitType": kind, "interval": unit, "intervalNum": count, "limit": limit}
                for kind, unit, count, limit in limits
            ],
            "exchangeFilters": [],
            "symbols": [
                pair_row(each) for each in instruments.values() if wanted in {None, each.symbol}
            ],
        }


class SpotStreams(Streams):
    """Spot's websockets: market streams, and the websocket API that tells an account its own.

    ``keys_of_venue`` are those that may sign in.
    """

    has_previous = False

    def __init__(self, exchange: Exchange, quotes: Quotes) -> None:
        super().__init__(exchange, quotes)
        self.keys_of_venue: dict[str, Key] = {}

    @override
    def hear(self, connection: Connection, text: str) -> None:
        """Take what a connection sends; one that signs in hears of its account from then on."""
        try:
            asked: Any = json.loads(text)
            method, number = asked["method"], asked.get("id")
        except (ValueError, TypeError, KeyError):
            super().hear(connection, text)
            return
        if method != _SIGNED_IN:
            super().hear(connection, text)
            return
        try:
            connection.account = self._signed(asked.get("params"))
        except RefusedError as found:
            said = {"code": found.code, "msg": found.message}
            connection.send({"id": number, "status": found.status, "error": said})
            return
        connection.send({"id": number, "status": 200, "result": {"subscriptionId": 0}})

    def _signed(self, given: object) -> str:
        """Return the account whose key has signed: all parameters but one, in order of their names.

        Raises
        ------
        RefusedError
            As for a signed request over HTTP.
        """
        if not isinstance(given, dict):
            raise RefusedError(-1102, "Mandatory parameter 'apiKey' was not sent.")
        parts = {str(name): str(value) for name, value in given.items()}
        signature = parts.pop("signature", "")
        text = "&".join(f"{name}={parts[name]}" for name in sorted(parts))
        request = Request(
            "GET",
            "/ws-api/v3",
            f"{text}&signature={signature}",
            headers={"X-MBX-APIKEY": parts.get("apiKey", "")},
        )
        key = allowed(request, self.keys_of_venue, to_trade=False)
        authenticate(request, key, self._now_ms)
        return key.account

    @override
    def frames(self, push: Push) -> list[object]:
        """Return what an account is told of something that happened to it."""
        account = self._exchange.state.accounts[push.account]
        instrument = self._exchange.state.markets[push.symbol].instrument
        told = [] if push.order is None else [report_frame(push, instrument)]
        # what an order locks is another balance too
        told.append(wallet_frame(push, account))
        return [{"subscriptionId": 0, "event": each} for each in told]


def spot_weight(name: str, query: Mapping[str, str]) -> int:
    """Return what a request weighs.

    Examples
    --------
    >>> spot_weight("GET /api/v3/openOrders", {}), spot_weight("POST /api/v3/order", {})
    (80, 1)
    """
    if name == "GET /api/v3/openOrders" and "symbol" not in query:
        return 80
    if name == "GET /api/v3/depth":
        limit = int(query["limit"]) if query.get("limit", "").isdigit() else 100
        return next((cost for most, cost in _DEPTHS if limit <= most), 250)
    return _WEIGHTS.get(name, 1)
