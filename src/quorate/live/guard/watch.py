"""The guard: a process of its own that waits to be told to kill, and then does nothing else.

It is told by a file (``KILL`` in its folder, with the level in it), by SIGUSR1, or by an HTTP POST
on 127.0.0.1 that bears the token of its folder, or by a word in the desk's store where it is given
one. Its connection to the venue is open, and tried, before it is needed; it reads no settings, and
it needs neither the store nor anything else of the desk: one that fails is told and tried again.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import ConfigError, VenueUnavailableError
from quorate.live.guard.asked import Asked
from quorate.live.guard.flattening import Tools
from quorate.live.guard.hearing import asks, hearing, heed, look, now_ms, poll
from quorate.live.guard.kill import Done, kill
from quorate.live.guard.lifting import told
from quorate.live.guard.record import Level, Record
from quorate.live.guard.trial import Tried, tried
from quorate.venues.account.dialects import DIALECTS
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quorate.live.guard.hearing import Kills
    from quorate.live.guard.record import Killed
    from quorate.venues.account.connection import Connection

READY: Final = "ready.json"
DONE: Final = "done.json"
_AGAIN_S: Final = 1.0
_TRY_AGAIN_S: Final = 5.0


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
        The guard's own; a kill that is in force there is told of and carried out at once.
    page : callable
        Calls somebody.
    once : bool
        Return once nothing that was asked for is left to do; else go on watching.
    kills : callable, optional
        The words of a store after a row: the kill that is in force by them, and the last row.

    Returns
    -------
    Done or None
        What the last kill came to.

    Raises
    ------
    ConfigError
        If the venue refuses the key, does not list a symbol, or the key may not trade, and no kill
        waits: such a guard would only seem to be one.

    Notes
    -----
    Units: none.  Causal: what is asked for is carried out before this returns, or a higher level
    of it.  Missing: a venue that cannot be reached, or does not answer the trial, is tried again
    until it is; somebody is called at the first failure, and kills are heard meanwhile.
    RELIABILITY 4.
    """
    watching = Watching(opened(connection), connection, folder, page)
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(
            signal.SIGUSR1, lambda: watching.asking(asks(Level.FLATTEN, "signal", "SIGUSR1"))
        )
        watching.begin()
        async with hearing(folder, watching.asking) as port:
            polling = [asyncio.create_task(poll(folder, watching.asking))]
            if kills is not None:
                polling.append(asyncio.create_task(heed(kills, watching.asking, page)))
            try:
                watching.say = partial(watching.ready, port)
                await watching.reach()
                polling += await watching.tried_once()
                while True:
                    await watching.asked.wait()
                    done = await watching.carry_out(None)
                    if once:
                        break
            finally:
                for task in polling:
                    task.cancel()
                await asyncio.gather(*polling, return_exceptions=True)
        return await watching.carry_out(done)  # what was acknowledged while the door closed
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGUSR1)
        await watching.venue.close()


@dataclass(slots=True)
class Watching:
    """A guard at work: its venue, its folder, what waits to be done, and whom it calls.

    Notes
    -----
    Units: none.  Causal: a kill is on the disk before anybody is answered.  Missing: none.
    RELIABILITY 4.
    """

    venue: CcxtVenue
    connection: Connection
    folder: Path
    page: Callable[[str], None]
    asked: Asked = field(default_factory=Asked)
    say: Callable[[bool], None] = field(default=lambda _: None)
    tools: Tools = field(init=False)
    is_told: set[str] = field(default_factory=set)
    is_stuck: bool = False

    def __post_init__(self) -> None:
        """Open the record."""
        self.tools = Tools(time.monotonic, now_ms, Record(self.folder), self.page)

    def asking(self, killed: Killed) -> None:
        """Hear a kill: it is in force from here on, whatever becomes of this process."""
        self.asked.put(self.tools.mark(killed))

    def begin(self) -> None:
        """Say which kill is in force already, if one is, and let it wait."""
        in_force = self.tools.record.in_force(now_ms())
        if in_force is not None:
            self.page(told(in_force, self.folder))
            self.asked.put(in_force)

    def ready(self, port: int, is_tried: bool) -> None:  # noqa: FBT001  (called as ``say``)
        """Say on the disk that this guard hears, and whether its venue has answered it."""
        self.put(READY, {"pid": os.getpid(), "port": port, "is_tried": is_tried})

    async def reach(self) -> None:
        """Open the venue, however long it does not answer."""
        while True:
            try:
                await self.venue.open()
            except VenueUnavailableError as error:
                self._page_once("reach", f"the guard waits for its venue: {error}")
                self.say(False)  # noqa: FBT003
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    async def tried_once(self) -> list[asyncio.Task[None]]:
        """Try whether a kill could be carried out; return what goes on trying, if anything does.

        A kill that waits is not kept waiting, and is carried out as far as it goes.
        """
        trial = asyncio.create_task(self._trial())
        come = asyncio.create_task(self.asked.wait())
        await asyncio.wait({trial, come}, return_when=asyncio.FIRST_COMPLETED)
        found = trial.result() if trial.done() else None
        for task in (trial, come):
            task.cancel()
        await asyncio.gather(trial, come, return_exceptions=True)
        if found is not None and found.refused and not self.asked.level:
            raise ConfigError(
                f"this guard could kill nothing: {'; '.join(found.refused)}",
                hint="put it right in the connection or at the venue, then start the guard again",
            )
        self._tell(found)
        if found is not None and found.is_tried:
            return []
        return [asyncio.create_task(self._try_on())]

    async def carry_out(self, done: Done | None) -> Done | None:
        """Carry out what waits until nothing does, and write down what the last kill came to.

        Parameters
        ----------
        done : Done, optional
            What was carried out before.

        Returns
        -------
        Done or None
            The last, ``done`` where nothing waited.
        """
        before = done
        while (killed := await self._next(done)) is not None:
            done = await kill(
                self.venue, killed, self.connection.symbols, self.tools, asked=self.asked
            )
        if done is not None and done is not before:
            self.put(DONE, _told(done))
        return done

    async def _next(self, done: Done | None) -> Killed | None:
        """Return what waits: asked for, in the file, or in force beyond what was done."""
        if not self.is_stuck:
            self.is_stuck = not look(self.folder, self.asking)
        await asyncio.sleep(0)  # a signal or a request that is there is heard now
        killed = self.asked.take()
        if killed is None and done is not None:
            mark = self.tools.record.in_force(now_ms())
            killed = mark if mark is not None and mark.level > done.killed.level else None
        return killed

    def put(self, name: str, row: dict[str, Any]) -> None:
        """Write a small file whole; what a disk does not take is said to whoever is called."""
        path = self.folder / name
        beside = path.with_suffix(".tmp")
        text = json.dumps(row)
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
        except OSError as error:
            self.page(f"{path} cannot be written ({error.strerror}), it would say: {text}")

    async def _trial(self) -> Tried:
        return await tried(self.venue, self.connection.symbols, now_ms())

    async def _try_on(self) -> None:
        while True:
            await asyncio.sleep(_TRY_AGAIN_S)
            found = await self._trial()
            self._tell(found)
            if found.is_tried:
                return

    def _tell(self, found: Tried | None) -> None:
        """Say what a trial came to; the same trouble once."""
        self.say(found is not None and found.is_tried)
        if found is None:
            return
        if found.refused:
            self._page_once("refused", f"this guard can kill nothing: {'; '.join(found.refused)}")
        if found.silent:
            self._page_once(
                "silent", f"the guard stays and tries its venue again: {'; '.join(found.silent)}"
            )
        if found.beside:
            self._page_once("beside", f"the guard works, and its key: {'; '.join(found.beside)}")

    def _page_once(self, what: str, text: str) -> None:
        if what not in self.is_told:
            self.is_told.add(what)
            self.page(text)


def _told(done: Done) -> dict[str, Any]:
    return {
        "is_safe": done.is_safe,
        "level": done.killed.level.name.lower(),
        "by": done.killed.by,
        "why": done.killed.why,
        "at_ms": done.killed.at_ms,
        "done_ms": now_ms(),
        "orders": None if done.emptied is None else done.emptied._asdict(),
        "positions": None
        if done.flattened is None
        else {name: str(value) for name, value in done.flattened._asdict().items()},
    }
