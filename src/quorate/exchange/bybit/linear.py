"""Bybit's linear perpetuals over the matching engine: who asks, how often, and what is answered.

In: a request as it came over the wire and the moment. Out: a status, JSON and headers. An answer is
HTTP 200 whatever it says; what it says is its ``retCode``. The replicas that answer lookups may lag
behind what has happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.access import Lags
from quorate.exchange.bybit.asking import Call, parameters
from quorate.exchange.bybit.codes import RetCodeError
from quorate.exchange.bybit.holding import Holding
from quorate.exchange.bybit.quotes import Quotes
from quorate.exchange.bybit.signing import allowed, authenticate
from quorate.exchange.bybit.streams import Streams
from quorate.exchange.bybit.trading import Trading
from quorate.exchange.facade import Reply
from quorate.exchange.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.exchange.access import Key, Request
    from quorate.exchange.matching.exchange import Exchange

_MARKET: Final = "/v5/market/"
_LIMITS: Final[Mapping[str, int]] = {
    "/v5/order/create": 10,
    "/v5/order/amend": 10,
    "/v5/order/cancel": 10,
    "/v5/order/cancel-all": 10,
}
_LIMIT: Final = 50


class Linear:
    """Bybit's linear perpetuals.

    Parameters
    ----------
    exchange : Exchange
        The engine behind it.
    keys : mapping
        API keys by their text.

    Notes
    -----
    Units: as Bybit.  Causal: as the engine.  ``lags`` may be set at any time; ``limits`` has the
    requests a second of each endpoint, each counted for itself, and ``meter`` those of an address.
    Missing: an unknown path is HTTP 404.
    """

    def __init__(self, exchange: Exchange, keys: Mapping[str, Key]) -> None:
        exchange.state.is_refusal_an_order = True
        self.exchange = exchange
        self.keys = dict(keys)
        self.lags = Lags()
        self.meter = Meter(600, window_s=5.0, ignored=1 << 30)
        self.limits = dict(_LIMITS)
        self._meters: dict[tuple[str, str], Meter] = {}
        self._quotes = Quotes(exchange)
        self._holding = Holding(exchange)
        self.streams = Streams(exchange, self._quotes, self.keys, self._holding.windows_ms)
        self._signed = Trading(exchange).endpoints | self._holding.endpoints

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
            Of a private endpoint with the requests left in its headers.
        """
        self.exchange.advance(max(at_ms, self._now_ms))
        name = f"{request.method} {request.path}"
        public = request.path.removeprefix(_MARKET)
        is_public = request.method == "GET" and public in self._quotes.endpoints
        if not is_public and name not in self._signed:
            return Reply(404, self._envelope(10017, f"Route not found: {request.path}", {}))
        if self.meter.count(1, self._now_ms / 1000.0).status != 200:
            return Reply(403, self._envelope(10018, "Exceeded the IP Rate Limit.", {}))
        headers: dict[str, str] = {}
        try:
            if is_public:
                result = self._quotes.endpoints[public](parameters(request))
            else:
                result = self._signed[name](self._let_in(request, headers))
        except RetCodeError as found:
            return Reply(200, self._envelope(found.code, found.message, {}), headers)
        return Reply(200, self._envelope(0, "OK", result), headers)

    def go_on(self, at_ms: int) -> None:
        """Let time go on without a request, and tell who listens."""
        self.exchange.advance(max(at_ms, self._now_ms))
        self.streams.spread()
        self.streams.tick()

    def _let_in(self, request: Request, headers: dict[str, str]) -> Call:
        key = allowed(request, self.keys, to_trade=request.method != "GET")
        authenticate(request, key, self._now_ms)
        self._count(request, key, headers)
        account = self.exchange.state.accounts[key.account]
        return Call(account, key, parameters(request), self.lags)

    def _count(self, request: Request, key: Key, headers: dict[str, str]) -> None:
        """Count a request against the limit of its endpoint, and tell what is left of it."""
        limit = self.limits.get(request.path, _LIMIT)
        meter = self._meters.setdefault(
            (key.account, request.path), Meter(limit, window_s=1.0, ignored=1 << 30)
        )
        verdict = meter.count(1, self._now_ms / 1000.0)
        headers |= {
            "X-Bapi-Limit": str(limit),
            "X-Bapi-Limit-Status": str(max(limit - verdict.used, 0)),
            "X-Bapi-Limit-Reset-Timestamp": str(self._now_ms - self._now_ms % 1000 + 1000),
        }
        if verdict.status != 200:
            raise RetCodeError(10006, "Too many visits. Exceeded the API Rate Limit.")

    def _envelope(self, code: int, said: str, result: dict[str, Any]) -> dict[str, Any]:
        return {
            "retCode": code,
            "retMsg": said,
            "result": result,
            "retExtInfo": {},
            "time": self._now_ms,
        }
