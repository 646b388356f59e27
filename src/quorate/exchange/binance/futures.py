"""Binance USD-M futures over the matching engine: its endpoints, its weights, its listen keys."""

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
from quorate.exchange.facade import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.exchange.access import Key, Request
    from quorate.exchange.matching.exchange import Exchange

_COUNTED: Final = frozenset(
    {"POST /fapi/v1/order", "PUT /fapi/v1/order", "POST /fapi/v1/algoOrder"}
)
_WEIGHTS: Final[Mapping[str, int]] = {
    "POST /fapi/v1/order": 0,
    "POST /fapi/v1/algoOrder": 0,
    "GET /fapi/v1/openOrders": 1,
    "GET /fapi/v1/openAlgoOrders": 1,
    "GET /fapi/v1/allOrders": 5,
    "GET /fapi/v1/userTrades": 5,
    "GET /fapi/v3/account": 5,
    "GET /fapi/v3/balance": 5,
    "GET /fapi/v3/positionRisk": 5,
    "GET /fapi/v1/income": 30,
    "GET /fapi/v1/commissionRate": 20,
    "GET /fapi/v1/positionSide/dual": 30,
    "POST /fapi/v1/batchOrders": 5,
    "POST /fapi/v1/countdownCancelAll": 10,
    "GET /sapi/v1/account/apiRestrictions": 1,
}


_LISTEN: Final = "/fapi/v1/listenKey"
_WITHOUT_SYMBOL: Final = frozenset({"GET /fapi/v1/openOrders", "GET /fapi/v1/openAlgoOrders"})


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
        return self._listen(request)

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


def weight(name: str, query: Mapping[str, str]) -> int:
    """Return what a request weighs.

    Examples
    --------
    >>> weight("GET /fapi/v1/openOrders", {}), weight("GET /fapi/v1/openOrders", {"symbol": "X"})
    (40, 1)
    """
    if name in _WITHOUT_SYMBOL and "symbol" not in query:
        return 40
    return _WEIGHTS.get(name, 1)
