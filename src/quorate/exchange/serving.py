"""A facade on a socket of this machine: a real server, so that a client is tried over real HTTP.

In: a facade and a script of faults. Out: an address, and a log of what was asked. The server lives
in a thread of its own, so that a client in this thread, or in another process, can be killed or
stalled without it.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.exchange.script import Script

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aiohttp import web

    from quorate.exchange.facade import Facade, Reply
    from quorate.exchange.script import Fault

_PATIENCE_S: Final = 10.0


class Asked(NamedTuple):
    """A request that came in: its path, its parameters, the status it got (0: no reply)."""

    path: str
    query: dict[str, str]
    status: int


class Server(NamedTuple):
    """Where it listens, what was asked, and which faults are still to come."""

    url: str
    log: list[Asked]
    script: Script

    def n_asked(self, endpoint: str) -> int:
        """Return how many requests an endpoint has had."""
        return sum(asked.path.endswith(f"/{endpoint}") for asked in self.log)


@contextmanager
def served(facade: Facade, script: Script | None = None, port: int = 0) -> Iterator[Server]:
    """Serve a facade on 127.0.0.1 until the block ends.

    Parameters
    ----------
    facade : Facade
        Who answers.
    script : Script, optional
        Which requests meet faults.
    port : int
        0 for any that is free.

    Yields
    ------
    Server
        Ready for requests.

    Raises
    ------
    OSError
        If the port is taken.

    Notes
    -----
    Units: none.  Causal: none.  Missing: none.
    """
    loop = asyncio.new_event_loop()
    faults = Script() if script is None else script
    log: list[Asked] = []
    thread = threading.Thread(target=loop.run_forever, name="exchange", daemon=True)
    thread.start()
    try:
        runner = asyncio.run_coroutine_threadsafe(_started(facade, faults, log, port), loop).result(
            _PATIENCE_S
        )
        try:
            _, bound = runner.addresses[0]
            yield Server(f"http://127.0.0.1:{bound}", log, faults)
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(_PATIENCE_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE_S)
        loop.close()


async def _started(facade: Facade, script: Script, log: list[Asked], port: int) -> web.AppRunner:
    from aiohttp import web

    async def answer(request: web.Request) -> web.StreamResponse:
        met = script.met(request.path.rsplit("/", 1)[-1])
        reply = facade.reply(request.path, dict(request.query), time.monotonic(), met)
        silent = {fault.trouble for fault in met} & {"stall", "cut", "refuse"}
        forced = [fault for fault in met if fault.trouble == "status"]
        status = int(forced[0].size) if forced else reply.status
        log.append(Asked(request.path, dict(request.query), 0 if silent else status))
        return await _sent(request, reply, met)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


async def _sent(request: web.Request, reply: Reply, faults: Sequence[Fault]) -> web.StreamResponse:
    """Send a reply, or what the faults on the wire make of it."""
    from aiohttp import web

    body = json.dumps(reply.body, separators=(",", ":")).encode()
    status, headers = reply.status, dict(reply.headers)
    for fault in faults:
        if fault.trouble == "stall":
            await asyncio.sleep(fault.size)
        elif fault.trouble == "refuse":
            _cut(request)
        elif fault.trouble == "cut":
            return await _half(request, body)
        elif fault.trouble == "garble":
            body = body[: len(body) // 2]
        elif fault.trouble == "status":
            status, body = int(fault.size), b"<html>the server has a problem</html>"
            if fault.wait_s is not None:
                headers |= _retry_after(fault.wait_s, is_date=fault.is_date)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def _retry_after(wait_s: float, *, is_date: bool) -> dict[str, str]:
    """Return what asks a client to wait: seconds, or a date beside that of the reply."""
    if not is_date:
        return {"Retry-After": f"{wait_s:g}"}
    now = int(time.time())
    dates = formatdate(now, usegmt=True), formatdate(now + wait_s, usegmt=True)
    return dict(zip(("Date", "Retry-After"), dates, strict=True))


async def _half(request: web.Request, body: bytes) -> web.StreamResponse:
    """Promise a body, send half of it, and cut the connection."""
    from aiohttp import web

    response = web.StreamResponse(headers={"Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    _cut(request)
    return response


def _cut(request: web.Request) -> None:
    """End the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
