"""Binance USD-M futures over the matching engine: its endpoints, its limits, its listen keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from quorate.exchange.binance.asking import RefusedError
from quorate.exchange.binance.front import Api, Front
from quorate.exchange.binance.holding import Holding
from quorate.exchange.binance.quotes import Quotes
from quorate.exchange.binance.signing import allowed
from quorate.exchange.binance.streams import Streams
from quorate.exchange.binance.trading import Trading
from quorate.exchange.binance.weights import weight
from quorate.exchange.facade import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.exchange.access import Key, Request
    from quorate.exchange.matching.exchange import Exchange

_COUNTED: Final = frozenset(
    {"POST /fapi/v1/order", "PUT /fapi/v1/order", "POST /fapi/v1/algoOrder"}
)
_LISTEN: Final = "/fapi/v1/listenKey"


class Futures(Front):
    """Binance USD-M futures; see ``Front``.

    Parameters
    ----------
    exchange : Exchange
        The engine behind it.
    keys : mapping
        API keys by their text.
    """

    def __init__(self, exchange: Exchange, keys: Mapping[str, Key]) -> None:
        quotes = Quotes(exchange)
        signed = Trading(exchange).endpoints | Holding(exchange).endpoints
        super().__init__(
            exchange,
            keys,
            Api("/fapi/v1/", quotes.endpoints, signed, weight, _COUNTED),
            Streams(exchange, quotes),
            limit=2400,
            order_limits={"10S": (300, 10.0), "1M": (1200, 60.0)},
        )

    @override
    def answer(self, request: Request, at_ms: int) -> Reply:
        """Answer a request at a moment; listen keys need a key and no signature."""
        if request.path != _LISTEN:
            return super().answer(request, at_ms)
        self.exchange.advance(max(at_ms, self._now_ms))
        headers, refused = self._metered(f"{request.method} {request.path}", request)
        return self._listen(request)._replace(headers=headers) if refused is None else refused

    def _listen(self, request: Request) -> Reply:
        """Answer for listen keys, which need a key and no signature."""
        try:
            account = allowed(request, self.keys, to_trade=False).account
        except RefusedError as found:
            return Reply(found.status, {"code": found.code, "msg": found.message})
        if request.method == "POST":
            return Reply(200, {"listenKey": self.streams.listen(account)})
        if request.method == "PUT" and not self.streams.renew(account):
            return Reply(400, {"code": -1125, "msg": "This listenKey does not exist."})
        if request.method == "DELETE":
            self.streams.expire(account, is_told=False)
        return Reply(200, {})
