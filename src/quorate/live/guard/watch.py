"""The guard: a process of its own that waits to be told to kill, and then does nothing else.

It is told by a file (``KILL`` in its folder, with the level in it), by SIGUSR1, or by an HTTP POST
on 127.0.0.1 that bears the token of its folder, or by a word in the desk's store where it is given
one. Its connection to the venue is open before it is needed; it reads no settings, and it needs
neither the store nor anything else of the desk: one that fails is told and tried again.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
import signal
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import QuorateError, StoreError, VenueUnavailableError
from quorate.live.guard.flattening import Tools
from quorate.live.guard.kill import Done, kill
from quorate.live.guard.record import Killed, Level, Record
from quorate.venues.account.dialects import DIALECTS
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from quorate.hands import Word
    from quorate.venues.account.connection import Connection

    Kills = tuple[Word | None, int]

SENTINEL: Final = "KILL"
TOKEN: Final = "token"  # noqa: S105  (the name of a file)
READY: Final = "ready.json"
DONE: Final = "done.json"
POLL_S: Final = 0.05
STORE_POLL_S: Final = 0.2
_AGAIN_S: Final = 1.0


def now_ms() -> int:
    """Return this machine's time of day."""
    return time.time_ns() // 1_000_000


def opened(connection: Connection) -> CcxtVenue:
    """Return a venue of a connection, with instances of its own, not yet open."""
    dialect = DIALECTS[connection.venue]
    credentials = {"apiKey": connection.api_key, "secret": connection.secret}
    made = instances(dialect, credentials, url=connection.url)
    return CcxtVenue(connection.venue, dialect, made, now_ms, pairs=connection.symbols)


async def watch(
    connection: Connection,
    folder: Path,
    *,
    page: Callable[[str], None],
    once: bool = True,
    kills: Callable[[int], Kills] | None = None,
) -> Done | None:
    """Wait for a kill and carry it out.

    Parameters
    ----------
    connection : Connection
        Of the account.
    folder : path
        The guard's own; a kill that is in force there is carried out at once.
    page : callable
        Calls somebody.
    once : bool
        Return after a kill; else go on watching.
    kills : callable, optional
        The words of a store after a row: the kill that is in force by them, and the last row.

    Returns
    -------
    Done or None
        What the kill came to.

    Notes
    -----
    Units: none.  Causal: none.  Missing: a venue that cannot be reached at the start is tried again
    until it is; somebody is called at the first failure.
    RELIABILITY 4.
    """
    record = Record(folder)
    asked: asyncio.Queue[Killed] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    tools = Tools(time.monotonic, now_ms, record, page)

    def asking(killed: Killed) -> None:
        # it is in force from here on, whatever becomes of this process
        asked.put_nowait(tools.mark(killed))

    venue = opened(connection)
    try:
        await _reached(venue, page)
        loop.add_signal_handler(
            signal.SIGUSR1, lambda: asking(_killed(Level.FLATTEN, "signal", "SIGUSR1"))
        )
        in_force = _in_force(record)
        if in_force is not None:
            asked.put_nowait(in_force)
        async with _hearing(folder, asking) as port:
            _write(folder / READY, {"pid": os.getpid(), "port": port})
            polling = [asyncio.create_task(_poll(folder, asking))]
            if kills is not None:
                polling.append(asyncio.create_task(_heed(kills, asking, page)))
            try:
                while True:
                    killed = await asked.get()
                    done = await kill(venue, killed, connection.symbols, tools)
                    _write(folder / DONE, _told(done))
                    if once:
                        return done
            finally:
                for task in polling:
                    task.cancel()
                await asyncio.gather(*polling, return_exceptions=True)
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGUSR1)
        await venue.close()


async def _poll(folder: Path, asking: Callable[[Killed], None]) -> None:
    """Look for the sentinel file; take it away once it has been read."""
    path = folder / SENTINEL
    while True:
        if path.exists():
            try:
                text = path.read_text(encoding="utf-8", errors="replace").strip()
            except OSError as error:
                text = f"{SENTINEL} cannot be read: {error.strerror}"
            level, _, why = text.partition(" ")
            # a file that says nothing readable asks for everything
            wanted = Level[level.upper()] if level.upper() in Level.__members__ else Level.FLATTEN
            asking(_killed(wanted, "file", why or text or "no reason given"))
            try:
                path.unlink(missing_ok=True)
            except OSError:  # it was heard, and would be heard again and again
                return
        await asyncio.sleep(POLL_S)


async def _heed(
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
                asking(_killed(Level.FLATTEN, f"store: {said.by}", said.why))
        await asyncio.sleep(STORE_POLL_S)


async def _reached(venue: CcxtVenue, page: Callable[[str], None]) -> None:
    """Open a venue, however long it does not answer."""
    is_told = False
    while True:
        try:
            await venue.open()
        except VenueUnavailableError as error:
            if not is_told:
                page(f"the guard waits for its venue: {error}")
            is_told = True
            await asyncio.sleep(_AGAIN_S)
        else:
            return


def _in_force(record: Record) -> Killed | None:
    """Return the kill that is in force; a mark that cannot be read is one, of the highest level."""
    try:
        return record.killed()
    except StoreError as error:
        return _killed(Level.FLATTEN, "mark", str(error))


@asynccontextmanager
async def _hearing(folder: Path, asking: Callable[[Killed], None]) -> AsyncIterator[int]:
    """Listen on 127.0.0.1 for POST /kill with the token of the folder."""
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
            killed = _killed(Level[row["level"].upper()], "http", str(row["why"]))
        except (ValueError, TypeError, KeyError, AttributeError):
            levels = ", ".join(each.name.lower() for each in Level)
            said = f"send level, one of {levels}, and why"
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


def _killed(level: Level, by: str, why: str) -> Killed:
    return Killed(level=level, by=by, why=why[:500], at_ms=now_ms())


def _told(done: Done) -> dict[str, Any]:
    return {
        "is_safe": done.is_safe,
        "level": done.killed.level.name.lower(),
        "why": done.killed.why,
        "at_ms": done.killed.at_ms,
        "done_ms": now_ms(),
        "orders": None if done.emptied is None else done.emptied._asdict(),
        "positions": None
        if done.flattened is None
        else {name: str(value) for name, value in done.flattened._asdict().items()},
    }


def _write(path: Path, row: dict[str, Any]) -> None:
    """Write a small file whole."""
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(row), encoding="utf-8")
    beside.replace(path)
