"""Binance USD-M futures over the matching engine: who asks, what it weighs, and what is answered.

In: a request as it came over the wire and the moment. Out: a status, JSON and headers, and the
account that was asked about. The replicas that answer lookups may lag behind what has happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.exchange.access import Lags
from quorate.exchange.binance.asking import RefusedError
from quorate.exchange.binance.calls import Call
from quorate.exchange.binance.holding import Holding
from quorate.exchange.binance.quotes import Quotes
from quorate.exchange.binance.signing import allowed, authenticate
from quorate.exchange.binance.streams import Streams
from quorate.exchange.binance.trading import Trading
from quorate.exchange.facade import Reply
from quorate.exchange.meter import Meter

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


class Futures:
    """Binance USD-M futures.

    Parameters
    ----------
    exchange : Exchange
        The engine behind it.
    keys : mapping
        API keys by their text.

    Notes
    -----
    Units: as Binance.  Causal: as the engine.  ``lags`` may be set at any time.  Missing: an
    unknown path is HTTP 404.
    """

    def __init__(self, exchange: Exchange, keys: Mapping[str, Key]) -> None:
        self.exchange = exchange
        self.keys = dict(keys)
        self.lags = Lags()
        self.meter = Meter(2400)
        self.order_meters = {"10S": Meter(300, window_s=10.0), "1M": Meter(1200)}
        self._quotes = Quotes(exchange)
        self.streams = Streams(exchange, self._quotes)
        self._signed = Trading(exchange).endpoints | Holding(exchange).endpoints

    @property
    def _now_ms(self) -> int:
        return self.exchange.state.now_ms

    def answer(self, request: Request, at_ms: int) -> Reply:
        """Answer a request at a moment: time goes on to it first.

        Parameters
        ----------
        request : Request
            Raw, as it came.
        at_ms : int
            The exchange's own time.

        Returns
        -------
        Reply
            With the weight used in its headers, as Binance sends it.
        """
        self.exchange.advance(max(at_ms, self._now_ms))
        name = f"{request.method} {request.path}"
        public = request.path.removeprefix("/fapi/v1/")
        is_public = request.method == "GET" and public in self._quotes.endpoints
        if request.path == _LISTEN:
            return self._listen(request)
        if not is_public and name not in self._signed:
            return Reply(404, {"code": -5000, "msg": f"Path {request.path} is invalid"})
        headers, refused = self._metered(name, request)
        if refused is not None:
            return refused
        try:
            if is_public:
                body = self._quotes.endpoints[public](request.parameters)
            else:
                body = self._signed[name](self._let_in(request))
        except RefusedError as found:
            said = {"code": found.code, "msg": found.message}
            return Reply(found.status, said, headers)
        return Reply(200, body, headers)

    def go_on(self, at_ms: int) -> None:
        """Let time go on without a request, and tell who listens."""
        self.exchange.advance(max(at_ms, self._now_ms))
        self.streams.spread()
        self.streams.tick()

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

    def _metered(self, name: str, request: Request) -> tuple[dict[str, str], Reply | None]:
        at_s = self._now_ms / 1000.0
        verdict = self.meter.count(weight(name, request.parameters), at_s)
        headers = {"X-MBX-USED-WEIGHT-1M": str(verdict.used)}
        if verdict.status == 200 and name in _COUNTED:
            for window, meter in self.order_meters.items():
                counted = meter.count(1, at_s)
                headers[f"X-MBX-ORDER-COUNT-{window}"] = str(counted.used)
                if counted.status != 200:
                    said = {"code": -1015, "msg": "Too many new orders."}
                    return headers, Reply(429, said, headers)
        if verdict.status == 200:
            return headers, None
        headers["Retry-After"] = str(verdict.wait_s)
        said = {"code": -1003, "msg": "Too many requests."}
        return headers, Reply(verdict.status, said, headers)

    def _let_in(self, request: Request) -> Call:
        to_trade = request.method != "GET"
        key = allowed(request, self.keys, to_trade=to_trade)
        authenticate(request, key, self._now_ms)
        return Call(self.exchange.state.accounts[key.account], key, request.parameters, self.lags)


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
