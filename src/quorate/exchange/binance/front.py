"""What Binance's APIs have in common: who is let in, what a request weighs, how errors look.

In: a request as it came over the wire and the moment. Out: a status, JSON and headers, and the
account that was asked about. The replicas that answer lookups may lag behind what has happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.exchange.access import Lags
from quorate.exchange.binance.asking import RefusedError
from quorate.exchange.binance.calls import Call
from quorate.exchange.binance.signing import allowed, authenticate
from quorate.exchange.facade import Reply
from quorate.exchange.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.exchange.access import Key, Request
    from quorate.exchange.binance.streams import Streams
    from quorate.exchange.matching.exchange import Exchange


class Api(NamedTuple):
    """One of Binance's APIs: where it is, what it has, and what that weighs.

    Parameters
    ----------
    prefix : str
        Of its public endpoints: ``/fapi/v1/``.
    public, signed : mapping
        Endpoints: by what follows the prefix, and by method and path.
    weigh : callable
        (method and path, parameters) -> weight.
    counted : frozenset
        Endpoints that count as an order.
    """

    prefix: str
    public: Mapping[str, Callable[[Mapping[str, str]], object]]
    signed: Mapping[str, Callable[[Call], object]]
    weigh: Callable[[str, Mapping[str, str]], int]
    counted: frozenset[str]


class Front:
    """One of Binance's APIs over an engine.

    Parameters
    ----------
    exchange : Exchange
        The engine behind it.
    keys : mapping
        API keys by their text.
    api : Api
        What is answered.
    streams : Streams
        Its websockets.
    limit : int
        Weight of a minute.
    order_limits : mapping
        Header -> (orders, seconds).

    Notes
    -----
    Units: as Binance.  Causal: as the engine.  ``lags`` may be set at any time.  Missing: an
    unknown path is HTTP 404.
    """

    def __init__(
        self,
        exchange: Exchange,
        keys: Mapping[str, Key],
        api: Api,
        streams: Streams,
        *,
        limit: int,
        order_limits: Mapping[str, tuple[int, float]],
    ) -> None:
        self.exchange = exchange
        self.keys = dict(keys)
        self.lags = Lags()
        self.meter = Meter(limit)
        self.order_meters = {
            name: Meter(most, window_s=seconds) for name, (most, seconds) in order_limits.items()
        }
        self.streams = streams
        self._api = api

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
        public = request.path.removeprefix(self._api.prefix)
        is_public = request.method == "GET" and public in self._api.public
        if not is_public and name not in self._api.signed:
            return Reply(404, {"code": -5000, "msg": f"Path {request.path} is invalid"})
        headers, refused = self._metered(name, request)
        if refused is not None:
            return refused
        try:
            body: Any
            if is_public:
                body = self._api.public[public](request.parameters)
            else:
                body = self._api.signed[name](self._let_in(request))
        except RefusedError as found:
            said = {"code": found.code, "msg": found.message}
            return Reply(found.status, said, headers)
        return Reply(200, body, headers)

    def go_on(self, at_ms: int) -> None:
        """Let time go on without a request, and tell who listens."""
        self.exchange.advance(max(at_ms, self._now_ms))
        self.streams.spread()
        self.streams.tick()

    def _metered(self, name: str, request: Request) -> tuple[dict[str, str], Reply | None]:
        at_s = self._now_ms / 1000.0
        verdict = self.meter.count(self._api.weigh(name, request.parameters), at_s)
        headers = {"X-MBX-USED-WEIGHT-1M": str(verdict.used)}
        if verdict.status == 200 and name in self._api.counted:
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
