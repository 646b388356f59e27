"""A trading venue on a socket of this machine: real HTTP and websockets, in real time.

In: a venue. Out: an address that a client can be pointed at. It listens on 127.0.0.1 only.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from quorate.exchange.access import Request
from quorate.exchange.network import Network

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp import web

    from quorate.exchange.connections import Connection
    from quorate.exchange.network import Delivery
    from quorate.exchange.session import Answering

_BEAT_S: Final = 0.25
_USUAL_MS: Final = 2.0
_HANG_S: Final = 30.0


def clock_ms() -> int:
    """Return this machine's time of day."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def listening(
    venue: Answering,
    *,
    port: int = 0,
    now_ms: Callable[[], int] = clock_ms,
    network: Network | None = None,
) -> AsyncIterator[str]:
    """Serve a venue on 127.0.0.1 until the block ends.

    Parameters
    ----------
    venue : Answering
        Who answers.
    port : int
        0 for any that is free.
    now_ms : callable
        The venue's clock.
    network : Network, optional
        Faults on the way; of delays only those of a fault.

    Yields
    ------
    str
        Its address: ``http://127.0.0.1:8765``; websockets are under the same.

    Raises
    ------
    OSError
        If the port is taken.

    Notes
    -----
    Units: milliseconds.  Causal: requests are answered one after another.  Missing: none.
    """
    from aiohttp import web

    way = Network() if network is None else network

    async def take(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await _speak(request, venue)
        asked = Request(
            request.method,
            request.path,
            request.rel_url.raw_query_string,
            (await request.read()).decode(errors="replace"),
            request.headers,
            request.remote or "",
        )
        delivery = way.meet(asked, now_ms())
        await asyncio.sleep(max(delivery.there_ms - _USUAL_MS, 0.0) / 1e3)
        if delivery.is_lost:
            return await _end(request, delivery)
        if delivery.is_turned_away and delivery.instead is not None:
            status, text = delivery.instead
            return web.Response(text=text, status=status, content_type="application/json")
        reply = venue.answer(asked, now_ms() + delivery.skew_ms)
        venue.streams.spread()
        if delivery.is_reply_lost or delivery.is_cut:
            return await _end(request, delivery)
        status, text = reply.status, json.dumps(reply.body, separators=(",", ":"))
        if delivery.instead is not None:
            status, text = delivery.instead
        return web.Response(
            text=text,
            status=status,
            headers=dict(reply.headers),
            content_type="application/json",
        )

    async def beat() -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            venue.go_on(now_ms())

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    beating = asyncio.create_task(beat())
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        _, bound = runner.addresses[0]
        yield f"http://127.0.0.1:{bound}"
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        await runner.cleanup()


async def _end(request: web.Request, delivery: Delivery) -> web.StreamResponse:
    """Let a request hang until its client gives up, or end its connection without a word."""
    from aiohttp import web

    if delivery.is_hanging:
        await asyncio.sleep(_HANG_S)
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _speak(request: web.Request, venue: Answering) -> web.StreamResponse:
    """Hold a websocket until either side ends it."""
    from aiohttp import WSMsgType, web

    connection = venue.streams.connect(request.path, request.rel_url.raw_query_string)
    if connection is None:
        return web.Response(status=401, text="the listen key is not valid")
    socket = web.WebSocketResponse(heartbeat=180.0)
    await socket.prepare(request)
    woken = asyncio.Event()
    connection.wake = woken.set
    telling = asyncio.create_task(_tell(socket, connection, woken))
    try:
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                venue.streams.hear(connection, message.data)
    finally:
        venue.streams.drop(connection)
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    return socket


async def _tell(
    socket: web.WebSocketResponse, connection: Connection, woken: asyncio.Event
) -> None:
    """Send what is in the outbox as it comes, and close where the venue has cut it."""
    while True:
        woken.clear()
        while connection.outbox:
            await socket.send_str(connection.outbox.pop(0))
        if connection.is_cut:
            await socket.close(code=1001)
            return
        await woken.wait()
