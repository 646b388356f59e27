"""Listen to the account's stream, and notice when it says nothing any more.

In: a broker and the line to its venue. Out: what is pushed is in the journal as soon as it is said,
and a stream that is lost, mute, dead or of an expired key is dialled anew and everything compared.
Entries wait meanwhile. The comparison stays the authority: a stream only makes it sooner.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.live.broker.debts import Debts
from quorate.live.orders.book import open_orders, unbooked
from quorate.live.orders.effects import Alarm, Trouble
from quorate.venues.base import OrderView, Trade

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from quorate.live.broker.broker import Broker
    from quorate.venues.port import Line

_PLANNED: Final = "it is old, and would be cut"


class Pace(NamedTuple):
    """How often a stream is looked at, and how long it may be silent.

    Parameters
    ----------
    tick_s : float
        Between two looks where nothing is pushed.
    ping_s, dead_s : float
        Between two pings; how long none may be answered: a connection whose other end is gone.
    owed_s : float
        How long the stream may take to tell what was learnt by asking: then it is mute.
    glance_s : float
        Between two questions how open orders stand: what a mute stream does not tell.
    renew_s : float
        Between two renewals of the key, which lives an hour.
    life_s : float
        How old a connection becomes: a venue cuts it after a day.
    apart_s : float
        Between two comparisons that pushes ask for.
    first_s, longest_s : float
        Of the waits between attempts to dial, each twice the one before, up to half of it more.
    """

    tick_s: float = 1.0
    ping_s: float = 2.0
    dead_s: float = 5.0
    owed_s: float = 3.0
    glance_s: float = 4.0
    renew_s: float = 1_500.0
    life_s: float = 82_800.0
    apart_s: float = 5.0
    first_s: float = 0.5
    longest_s: float = 30.0


class Stream:
    """The ears of a broker.

    Parameters
    ----------
    broker : Broker
        A begun one; it is deaf, and lets nothing enter, from here on until ``run`` has compared.
    line : Line
        To its venue.
    pace : Pace, optional
        See there.

    Notes
    -----
    Units: seconds of a clock that only goes on.  Causal: as the venue tells it.  Missing: what is
    not pushed is found by ``Broker.run``, as without a stream.  ``losses`` says why each connection
    was given up, those that were too old included.
    RELIABILITY 2.8-2.12, 6.
    """

    def __init__(self, broker: Broker, line: Line, pace: Pace | None = None) -> None:
        self._broker = broker
        self._line = line
        self._pace = Pace() if pace is None else pace
        self._debts: Debts | None = None
        self._why = "the stream begins"
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._last_s: dict[str, float] = {}
        self._is_due = False
        self._n_failed = self._n_dials = 0
        self.losses: list[str] = []
        broker.deafened()

    async def run(self) -> None:
        """Dial, listen, notice, dial again: until cancelled; nothing of it is left then.

        Raises
        ------
        StoreError
            What was heard cannot be written: as for everything else that a broker hears.
        """
        try:
            while True:
                failure = await self._line.dial()
                if not failure:
                    failure = await self._listen()
                    self._broker.deafened()
                    await self._end("renew")  # a comparison goes on: it may be taking orders back
                    self.losses.append(failure)
                    if failure != _PLANNED:
                        text = f"{self._broker.venue.name}: {failure}"
                        await self._broker.carry([Alarm(Trouble.STREAM_LOST, "", text)])
                self._why = f"the stream was down: {failure}"
                await self._wait()
        finally:
            self._broker.deafened()
            await self._end(*self._tasks)
            await self._line.hang_up()

    async def _wait(self) -> None:
        """Wait before the next attempt: not at all after a connection that had stood for long."""
        if self._n_failed:
            longest = min(
                self._pace.first_s * 2 ** min(self._n_failed - 1, 16), self._pace.longest_s
            )
            share = (
                zlib.crc32(f"{self._broker.venue.name} {len(self.losses)}".encode()) % 512 / 1024
            )
            await asyncio.sleep(longest * (1.0 + share))
        self._n_failed += 1

    async def _listen(self) -> str:
        """Hear what is pushed until the line is given up; return why."""
        pace = self._pace
        begun_s = pong_s = _now_s()
        self._debts, self._is_due = None, True
        self._n_dials += 1
        self._last_s = dict.fromkeys(("glance", "renew", "late"), begun_s)
        while True:
            self._begin(_now_s())
            await self._hear(await self._line.told(pace.tick_s))
            now_s = _now_s()
            if now_s - begun_s > pace.longest_s:
                self._n_failed = 0
            if self._line.trouble:
                return self._line.trouble
            if now_s - begun_s > pace.life_s:
                return _PLANNED
            if self._is_time("ping", pace.ping_s, now_s) and await self._line.ping():
                pong_s = now_s
            if now_s - pong_s > pace.dead_s:
                return f"no ping was answered for {now_s - pong_s:.1f} s"
            failure = self._reap() or self._overdue(now_s)
            if failure:
                return failure

    async def _hear(self, told: tuple[object, ...]) -> None:
        views = [each for each in told if isinstance(each, OrderView)]
        trades = [each for each in told if isinstance(each, Trade)]
        if self._debts is not None:
            self._debts.heard(views, trades)
        is_open = await self._broker.hear(views, trades)
        # a frame that nobody could read said something too
        self._is_due = self._is_due or is_open or len(views) + len(trades) < len(told)

    def _overdue(self, now_s: float) -> str:
        """Return why the stream is mute, "" where it owes nothing for long."""
        book = self._broker.desk.book
        if not unbooked(book):
            self._last_s["late"] = now_s
        elif now_s - self._last_s["late"] > self._pace.owed_s:
            self._last_s["late"] = now_s
            self._is_due = True  # a status told of trades that nothing has brought
        if self._debts is None:
            return ""
        owed = self._debts.overdue(book, now_s, self._pace.owed_s)
        return f"it did not tell of {owed}" if owed else ""

    def _begin(self, now_s: float) -> None:
        """Begin what is due, each once at a time and beside the listening."""
        is_first = self._debts is None
        if (
            self._is_due
            and "compare" not in self._tasks
            and (is_first or self._is_time("compare", self._pace.apart_s, now_s))
        ):
            self._is_due = False
            self._start("compare", self._compare())
        if self._is_time("glance", self._pace.glance_s, now_s) and open_orders(
            self._broker.desk.book
        ):
            self._start("glance", self._broker.glance())
        if self._is_time("renew", self._pace.renew_s, now_s):
            self._start("renew", self._line.renew())

    async def _compare(self) -> None:
        n_dials = self._n_dials
        swept = await self._broker.compare(self._why)
        if n_dials != self._n_dials:
            self._is_due = True  # it began before the line was dialled
        elif not swept.is_whole:
            await asyncio.sleep(self._pace.ping_s)
            self._is_due = self._is_due or self._debts is None
        elif self._debts is None:
            self._why = ""
            self._debts = Debts(self._broker.venue.name, self._broker.desk.book)
            self._broker.deaf_since_ms = None

    def _reap(self) -> str:
        """Take what has ended, and raise what it raised; return why the key was not renewed."""
        for name in [each for each, task in self._tasks.items() if task.done()]:
            found = self._tasks.pop(name).result()
            if name == "renew" and found:
                return f"its key was not renewed: {found}"
        return ""

    def _start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        if name in self._tasks:
            work.close()
            return
        self._tasks[name] = asyncio.create_task(work, name=f"stream {name}")

    async def _end(self, *names: str) -> None:
        tasks = [self._tasks.pop(each) for each in names if each in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_time(self, name: str, every_s: float, now_s: float) -> bool:
        if now_s - self._last_s.get(name, -every_s) < every_s:
            return False
        self._last_s[name] = now_s
        return True


def _now_s() -> float:
    return asyncio.get_running_loop().time()
