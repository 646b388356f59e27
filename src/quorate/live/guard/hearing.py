"""How a guard is told: a file in its folder, an HTTP request with the folder's token, the store.

Whatever is heard is handed on at once; nothing here waits for a venue.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from quorate.errors import QuorateError
from quorate.live.guard.record import SENTINEL, Killed, Level, asked_by_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from quorate.hands import Word

    Kills = tuple[Word | None, int]

TOKEN: Final = "token"  # noqa: S105  (the name of a file)
POLL_S: Final = 0.05
STORE_POLL_S: Final = 0.2


def now_ms() -> int:
    """Return this machine's time of day."""
    return time.time_ns() // 1_000_000


def asks(level: Level, by: str, why: str) -> Killed:
    """Return a kill that is asked for now."""
    return Killed(level=level, by=by[:500], why=why[:500], at_ms=now_ms())


def look(folder: Path, asking: Callable[[Killed], None]) -> bool:
    """Look for the sentinel file, take it away once it was read; False where it stays for ever."""
    killed = asked_by_file(folder, now_ms())
    if killed is not None:
        asking(killed)
        try:
            (folder / SENTINEL).unlink(missing_ok=True)
        except OSError:  # it was heard, and would be heard again and again
            return False
    return True


async def poll(folder: Path, asking: Callable[[Killed], None]) -> None:
    """Look for the sentinel file on and on."""
    while True:
        if not look(folder, asking):
            return
        await asyncio.sleep(POLL_S)


async def heed(
    kills: Callable[[int], Kills], asking: Callable[[Killed], None], page: Callable[[str], None]
) -> None:
    """Read the words of a store on and on; one that cannot be read is told, and tried again."""
    last, is_told = 0, False
    while True:
        try:
            said, last = await asyncio.to_thread(kills, last)
        except QuorateError as error:
            if not is_told:
                page(f"the guard cannot read the store: {error}")
            is_told = True
        else:
            is_told = False
            if said is not None:
                asking(asks(Level.FLATTEN, f"store: {said.by}", said.why))
        await asyncio.sleep(STORE_POLL_S)


@asynccontextmanager
async def hearing(folder: Path, asking: Callable[[Killed], None]) -> AsyncIterator[int]:
    """Listen on 127.0.0.1 for POST /kill with the token of the folder; gives the port."""
    from aiohttp import web

    token = secrets.token_urlsafe(32)
    path = folder / TOKEN
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(handle, token.encode())
    os.close(handle)

    async def take(request: web.Request) -> web.Response:
        said = request.headers.get("Authorization", "")
        if not hmac.compare_digest(said.encode(), f"Bearer {token}".encode()):
            return web.json_response({"error": "the token is wrong"}, status=401)
        try:
            row = await request.json()
            by = f"http: {row['by']}" if row.get("by") else "http"
            killed = asks(Level[row["level"].upper()], by, str(row["why"]))
        except (ValueError, TypeError, KeyError, AttributeError):
            levels = ", ".join(each.name.lower() for each in Level)
            said = f"send level, one of {levels}, why, and perhaps by"
            return web.json_response({"error": said}, status=400)
        asking(killed)
        return web.json_response({"asked": killed.level.name.lower()}, status=202)

    app = web.Application(client_max_size=4096)
    app.router.add_post("/kill", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
