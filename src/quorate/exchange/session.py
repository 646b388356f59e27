"""What an HTTP client holds for its connection pool, without a socket: requests go to a facade.

In: the calls that a client makes of an aiohttp session. Out: replies after a delay, or what a
network makes of them. The client is the real one; only its session is given to it.
"""

from __future__ import annotations

import asyncio
import json
import socket
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from quorate.exchange.access import Request
from quorate.exchange.network import Delivery, Network

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.exchange.connections import Connection, Speaking
    from quorate.exchange.facade import Reply

_JSON: Final = json.JSONEncoder(separators=(",", ":"))
_REASONS: Final = {200: "OK", 429: "Too Many Requests"}


class Answering(Protocol):
    """A venue that answers a request at a moment of its own clock, and has websockets."""

    @property
    def streams(self) -> Speaking:
        """Its websockets."""
        ...

    def go_on(self, at_ms: int) -> None:
        """Let time go on without a request, and tell who listens."""
        ...

    def answer(self, request: Request, at_ms: int) -> Reply:
        """Answer one request."""
        ...


class Response:
    """What a client reads of a reply."""

    def __init__(self, status: int, body: str, headers: Mapping[str, str]) -> None:
        self.status = status
        self.reason = _REASONS.get(status, "")
        self.headers = dict(headers)
        self.content = object()  # ccxt returns it as it is where a body is no JSON
        self._body = body

    async def text(self, errors: str = "strict") -> str:  # noqa: ARG002 (the client names it)
        """Return the body."""
        return self._body


class _Pending:
    """A request that is sent when its ``async with`` begins."""

    def __init__(self, session: Session, request: Request, timeout_s: float | None) -> None:
        self._session = session
        self._request = request
        self._timeout_s = timeout_s

    async def __aenter__(self) -> Response:
        async with asyncio.timeout(self._timeout_s):
            return await self._session.carry(self._request)

    async def __aexit__(self, *given: object) -> None:
        return None


class Message(NamedTuple):
    """What a websocket received; ``type`` is aiohttp's."""

    type: Any
    data: Any
    extra: str = ""


class Socket:
    """A websocket's part that ccxt uses.

    What the venue has put into the outbox is received in order; ``is_mute`` holds it back though
    pings are answered, ``is_dead`` answers nothing any more and is not closed either.
    """

    def __init__(self, venue: Answering, connection: Connection) -> None:
        self._venue = venue
        self.connection = connection
        self.closed = False
        self.is_mute = False
        self.is_dead = False
        self._conn = None
        self._pongs = 0
        self._woken = asyncio.Event()
        connection.wake = self._woken.set

    async def receive(self) -> Message:
        """Return the next message; wait until there is one."""
        from aiohttp import WSMsgType

        while True:
            self._woken.clear()
            if self.closed:
                return Message(WSMsgType.CLOSED, None)
            if self._pongs and not self.is_dead:
                self._pongs -= 1
                return Message(WSMsgType.PONG, b"")
            if self.connection.outbox and not (self.is_mute or self.is_dead):
                return Message(WSMsgType.TEXT, self.connection.outbox.pop(0))
            if self.connection.is_cut and not self.is_dead:
                self.closed = True
                return Message(WSMsgType.CLOSE, 1001)
            await self._woken.wait()

    async def send_str(self, text: str) -> None:
        """Send a text to the venue."""
        if not self.is_dead:
            self._venue.streams.hear(self.connection, text)

    async def ping(self, data: bytes = b"") -> None:  # noqa: ARG002
        """Send a ping; the answer is received in its turn."""
        self._pongs += 1
        self._woken.set()

    async def pong(self, data: bytes = b"") -> None:
        """Answer a ping."""

    async def close(self, code: int = 1000) -> bool:  # noqa: ARG002
        """Close it."""
        self.closed = True
        self._woken.set()
        self._venue.streams.drop(self.connection)
        return True


class _Dialling:
    """A websocket that is opened when it is entered."""

    def __init__(self, session: Session, url: str) -> None:
        self._session = session
        self._url = url

    async def __aenter__(self) -> Socket:
        await asyncio.sleep(0.002)
        return self._session.dial(self._url)

    async def __aexit__(self, *given: object) -> None:
        return None


class Session:
    """An aiohttp session's part that ccxt uses, over facades by host.

    Parameters
    ----------
    hosts : mapping
        Who answers for a host name: ``{"fapi.binance.com": Futures(...)}``.
    network : Network, optional
        Delays and faults on the way; 1 ms and none when left out.
    now_ms : callable, optional
        The time of day; the virtual loop's when left out.

    Notes
    -----
    Units: milliseconds.  Causal: a request reaches the venue at its arrival, not when it is sent.
    ``sockets`` has every websocket ever opened, so that a test can mute or kill it.
    Missing: a host that nobody answers for cannot be resolved.
    """

    def __init__(
        self,
        hosts: Mapping[str, Answering],
        network: Network | None = None,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self._hosts = hosts
        self._clock = now_ms
        self._network = Network() if network is None else network
        self.closed = False
        self.sockets: list[Socket] = []
        self.headers: dict[str, str] = {}

    def get(self, url: object, **given: Any) -> _Pending:  # noqa: ANN401
        """Begin a GET."""
        return self._begin("GET", url, **given)

    def post(self, url: object, **given: Any) -> _Pending:  # noqa: ANN401
        """Begin a POST."""
        return self._begin("POST", url, **given)

    def put(self, url: object, **given: Any) -> _Pending:  # noqa: ANN401
        """Begin a PUT."""
        return self._begin("PUT", url, **given)

    def delete(self, url: object, **given: Any) -> _Pending:  # noqa: ANN401
        """Begin a DELETE."""
        return self._begin("DELETE", url, **given)

    def ws_connect(self, url: object, **given: Any) -> _Dialling:  # noqa: ANN401, ARG002
        """Begin a websocket."""
        return _Dialling(self, str(url))

    async def close(self) -> None:
        """Close it; nothing can be sent after."""
        self.closed = True

    def dial(self, url: str) -> Socket:
        """Open a websocket at the venue of a host, which may refuse it."""
        import aiohttp

        parts = urlsplit(url)
        venue = self._hosts.get(parts.netloc)
        connection = None if venue is None else venue.streams.connect(parts.path, parts.query)
        if venue is None or connection is None:
            raise aiohttp.ClientConnectionError(f"{parts.netloc} refuses {parts.path}")
        self.sockets.append(Socket(venue, connection))
        return self.sockets[-1]

    def _begin(
        self,
        method: str,
        url: object,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: Any = None,  # noqa: ANN401 (the client names it)
        proxy: object = None,  # noqa: ARG002
    ) -> _Pending:
        host, path, query = _parts(url)
        request = Request(method, path, query, (data or b"").decode(), headers or {}, host=host)
        return _Pending(self, request, None if timeout is None else timeout.total)

    async def carry(self, request: Request) -> Response:
        """Carry a request to its venue and the reply back, as the network lets it."""
        loop = asyncio.get_running_loop()
        delivery = self._network.meet(request, self._now_ms(loop))
        venue = self._hosts.get(request.host)
        if venue is None or delivery.is_unresolved:
            raise socket.gaierror(-3, f"temporary failure in name resolution: {request.host}")
        await _lapse(delivery.there_ms)
        for late_ms in delivery.copies_ms:
            loop.call_later(late_ms / 1e3, self._apply, venue, request, delivery)
        if delivery.is_lost:
            _reset_or_hang(delivery)
            await asyncio.Event().wait()
        if delivery.is_turned_away and delivery.instead is not None:
            await _lapse(delivery.back_ms)
            return Response(*delivery.instead, {})
        reply = self._apply(venue, request, delivery)
        if delivery.is_reply_lost:
            _reset_or_hang(delivery)
            await asyncio.Event().wait()
        await _lapse(delivery.back_ms)
        if delivery.is_cut:
            import aiohttp

            raise aiohttp.ClientPayloadError("the body ended before its length")
        if delivery.instead is not None:
            status, body = delivery.instead
            return Response(status, body, reply.headers)
        return Response(reply.status, _JSON.encode(reply.body), reply.headers)

    def _now_ms(self, loop: asyncio.AbstractEventLoop) -> int:
        return _now_ms(loop) if self._clock is None else self._clock()

    def _apply(self, venue: Answering, request: Request, delivery: Delivery) -> Reply:
        at_ms = self._now_ms(asyncio.get_running_loop()) + delivery.skew_ms
        reply = venue.answer(request, at_ms)
        venue.streams.spread()
        dated = {"Date": _date(at_ms // 1000)}
        return reply._replace(headers=dated | dict(reply.headers))


def _parts(url: Any) -> tuple[str, str, str]:  # noqa: ANN401 (text, or what the client made of it)
    """Return host, path and query of an address as they were written.

    Examples
    --------
    >>> _parts("https://fapi.binance.com/fapi/v1/order?symbol=BTC%20")
    ('fapi.binance.com', '/fapi/v1/order', 'symbol=BTC%20')
    """
    if isinstance(url, str):
        split = urlsplit(url)
        return split.netloc, split.path, split.query
    return url.raw_authority, url.raw_path, url.raw_query_string


@lru_cache(maxsize=16)
def _date(at_s: int) -> str:
    return formatdate(at_s, usegmt=True)


async def beat(venue: Answering, every_s: float, *, skew_ms: int = 0) -> None:
    """Let a venue's time go on by itself, and its streams with it, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(every_s)
        venue.go_on(_now_ms(loop) + skew_ms)


async def _lapse(ms: float) -> None:
    if ms:
        await asyncio.sleep(ms / 1e3)


def _now_ms(loop: asyncio.AbstractEventLoop) -> int:
    found: int = getattr(loop, "now_ms", 0)
    return found


def _reset_or_hang(delivery: Delivery) -> None:
    """End the connection; a request that hangs is left to the client's own timeout."""
    if not delivery.is_hanging:
        import aiohttp

        raise aiohttp.ServerDisconnectedError
