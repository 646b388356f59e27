"""One play: a desk that trades by a seed, dies and begins again, until it is quiet."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.errors import QuorateError
from quorate.exchange.matching.flow import noise, uniform
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.harness.check import Violation
from quorate.harness.ground import GROUNDS
from quorate.harness.line import PACE, Followed
from quorate.harness.parents import opened, superseded
from quorate.harness.scene import (
    START_MS,
    built,
    happen,
    loop_ms,
    quieten,
    why_not,
)
from quorate.harness.schedule import is_heard, is_worked
from quorate.harness.seen import Seen
from quorate.harness.wild import Wish, flood, intended
from quorate.harness.worked import Worked
from quorate.live.broker.broker import Broker, Tools
from quorate.live.broker.stream import Stream
from quorate.live.broker.trail import trailed
from quorate.live.broker.waking import wake
from quorate.live.controls.facts import Proposal
from quorate.live.controls.limits import limits
from quorate.live.controls.standing import Armed, Standing, Trading, arm
from quorate.live.orders.book import open_orders, unresolved
from quorate.records import stable_id
from quorate.venues.base import Side

if TYPE_CHECKING:
    from quorate.harness.scene import Scene
    from quorate.harness.schedule import Event, Schedule
    from quorate.live.broker.waking import Awake
    from quorate.venues.account.venue import CcxtVenue

CYCLES_MS: Final = (300_000, 600_000, 1_200_000)
"""How often a desk decides, by its seed. It compares twice as often, and oftener in the end."""
QUIET_MS: Final = 150_000
WAKING_MS: Final = 40
"""So soon a life may end that has just begun: it has its journal, and knows of no venue yet."""


class Played(NamedTuple):
    """What came of a play.

    ``trace`` is the same for the same schedule in every process; ``met`` counts faults and
    incidents by kind; ``resting`` says why the desk did not trade in the end, "" where it did.
    """

    seed: int
    length_ms: int
    violations: tuple[Violation, ...]
    met: Counter[str]
    n_orders: int
    n_lives: int
    trace: str
    resting: str


def play(schedule: Schedule, venue: str = "binance") -> Played:
    """Play a schedule in virtual time.

    Parameters
    ----------
    schedule : Schedule
        What goes wrong.
    venue : str
        At which exchange: a name of ``GROUNDS``.

    Returns
    -------
    Played
        With every invariant that was broken.

    Notes
    -----
    Units: ms.  Causal: by the schedule alone.  Missing: none.
    RELIABILITY 1, 2.
    """
    with built(schedule, Standing(), GROUNDS[venue]) as scene:
        loop = VirtualLoop(START_MS)
        return run_virtually(_Desk(scene).lives(), loop)


class _Desk:
    """A desk of a play, through all its lives."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._met: Counter[str] = Counter()
        self._n_lives = 0
        self._seen = Seen()
        self._venues: list[CcxtVenue] = []
        self._awake: Awake | None = None
        self._broker: Broker | None = None
        self._floods: list[int] = []
        self._worked = Worked(scene, self._seen) if is_worked(scene.schedule.seed) else None
        self._is_deaf = False  # as it was when the last life ended
        self._ours: frozenset[asyncio.Task[Any]] = frozenset()
        self._cycle_ms = CYCLES_MS[noise(scene.schedule.seed, 50) % len(CYCLES_MS)]

    async def lives(self) -> Played:
        _scene, schedule = self._scene, self._scene.schedule
        crashes = [each for each in schedule.events if each.kind == "crash"]
        others = [each for each in schedule.events if each.kind != "crash"]
        breaking = asyncio.create_task(self._happenings(others))
        self._ours = frozenset(asyncio.all_tasks())
        try:
            for crash in crashes:
                await self._life(START_MS + crash.at_ms)
                if crash.size % 3 == 0:  # and again, before the venue has said what it lists
                    await self._life(loop_ms() + 1 + crash.size % WAKING_MS)
            await self._life(START_MS + schedule.length_ms)
        finally:
            breaking.cancel()
            await asyncio.gather(breaking, return_exceptions=True)
            for each in self._venues:
                await each.close()
        return self._verdict()

    async def _happenings(self, events: list[Event]) -> None:
        """Let incidents happen at their times, and everything end when it is to be quiet."""
        scene = self._scene
        for event in events:
            at_ms = START_MS + event.at_ms
            await asyncio.sleep(max(at_ms - loop_ms(), 0) / 1e3)
            if event.kind == "wild":
                self._floods.append(event.size)
            else:
                happen(scene, event)
            self._met[event.kind] += 1
        await asyncio.sleep(max(START_MS + scene.schedule.quiet_ms - loop_ms(), 0) / 1e3)
        quieten(scene)

    async def _life(self, until_ms: int) -> None:
        """Live until a moment, and end there wherever one is, with all that was begun."""
        living = asyncio.create_task(self._live())
        done, _ = await asyncio.wait({living}, timeout=max(until_ms - loop_ms(), 0) / 1e3)
        if living in done:
            await living  # it must not end by itself: an error of it is one of ours
        await self._end()

    async def _end(self) -> None:
        """End everything that a life began, and give its journal back."""
        self._is_deaf = self._broker is not None and self._broker.deaf_since_ms is not None
        await _end_all(asyncio.all_tasks() - self._ours)
        self._scene.air.ended()
        self._scene.told.ends_ms.append(loop_ms())
        if self._awake is not None:
            self._awake.desk.close()
        self._awake = None

    async def _live(self) -> None:
        scene, self._broker = self._scene, None
        tools = Tools(
            loop_ms, self._seen.facts, limits("balanced"), scene.told.kept.append, self._alarmed
        )
        self._awake = wake(scene.journal, loop_ms, tools.stood)
        venue = scene.venue(loop_ms)
        self._venues.append(venue)
        while True:
            try:
                await venue.open()
                break
            except QuorateError:
                await asyncio.sleep(10.0)
        symbols = list(scene.ground.symbols.values())
        self._broker = broker = await Broker.meet(self._awake, venue, symbols, tools)
        self._n_lives += 1
        if self._worked is not None:
            self._worked.begin(broker)
        hearing = self._listen(broker, venue) if is_heard(scene.schedule.seed) else None
        while True:
            if hearing is not None and hearing.done():
                await hearing  # nor must the stream
            beat_ms = self._beat_ms()
            await self._operate(broker, beat_ms)
            is_due = loop_ms() % self._cycle_ms < beat_ms
            if is_due:
                await self._cycle(broker, venue, loop_ms() // self._cycle_ms)
            scene.checker.step(broker.desk.book)
            if is_due or broker.n_open or not broker.is_clean:
                swept = await broker.compare()
                scene.checker.step(broker.desk.book, is_compared=swept.is_whole)
            if self._worked is not None:
                await self._worked.until(broker, loop_ms() + beat_ms - loop_ms() % beat_ms)
            await asyncio.sleep((beat_ms - loop_ms() % beat_ms) / 1e3)

    def _listen(self, broker: Broker, venue: CcxtVenue) -> asyncio.Task[None]:
        """Listen to the account's stream from now on; whatever it tells is checked too."""
        checked = broker.desk.book

        def look() -> None:
            nonlocal checked
            if broker.desk.book is not checked:
                checked = broker.desk.book
                self._scene.checker.step(checked)

        stream = Stream(broker, Followed(venue.line(), look), PACE)
        return asyncio.create_task(stream.run(), name="stream")

    def _alarmed(self, text: str) -> None:
        self._scene.told.alarms.append((loop_ms(), text))

    def _beat_ms(self) -> int:
        """Return how often the desk looks now: oftener once everything is to find its way back."""
        is_quiet = loop_ms() >= START_MS + self._scene.schedule.quiet_ms
        return min(QUIET_MS, self._cycle_ms // 2) if is_quiet else self._cycle_ms // 2

    async def _operate(self, broker: Broker, beat_ms: int) -> None:
        """Do what an operator does now and then: look, unblock, arm with a reason."""
        if broker.swept is None or not broker.is_clean:
            return
        now_ms = loop_ms()
        standing = broker.standing
        if standing.blocked and now_ms % 900_000 < beat_ms:
            standing = replace(standing, blocked=MappingProxyType({}))
        if standing.trading in {Trading.SAFE, Trading.HALTED}:
            key_troubles = await broker.examine()
            for name in ("ann", "bob"):
                found = arm(
                    standing,
                    operator=name,
                    reason="looked at",
                    n_differences=0,
                    key_troubles=key_troubles,
                    now_ms=now_ms,
                )
                standing = found.standing
                if isinstance(found, Armed):
                    standing = replace(standing, blocked=broker.standing.blocked)
                    break
        await broker.obey(standing)

    async def _cycle(self, broker: Broker, venue: CcxtVenue, number: int) -> None:
        """Decide by the seed: enter, leave, take back, or nothing."""
        seed = self._scene.schedule.seed
        self._seen.forget()
        for symbol in self._scene.ground.symbols.values():
            await self._seen.ask(venue, symbol)
        is_left = self._worked is not None and self._worked.is_quiet
        for order in () if is_left else open_orders(broker.desk.book):
            if uniform(seed, 30, number, int(order.intent.intent_id[:8], 16)) < 0.4:
                await broker.cancel(order.intent.intent_id, "by the seed")
        if self._worked is not None:
            self._worked.decide(broker, number)
        else:
            await broker.submit(self._wanted(broker, number))
        while self._floods and self._seen.touches:
            size = self._floods.pop(0)
            touch = self._seen.touches[sorted(self._seen.touches)[size % len(self._seen.touches)]]
            cycle = f"{number}.{self._n_lives}.{size}"
            flooding = flood(broker, touch, size, cycle, loop_ms())
            await broker.submit([Proposal(intent=each) for each in flooding])

    def _wanted(self, broker: Broker, number: int) -> list[Proposal]:
        seed = self._scene.schedule.seed
        return [
            proposal
            for leg, symbol in enumerate(sorted(self._seen.touches))
            if uniform(seed, 31, number, leg) < 0.7
            for proposal in [self._order(broker, symbol, number, leg)]
            if proposal is not None
        ]

    def _order(self, broker: Broker, symbol: str, number: int, leg: int) -> Proposal | None:
        seed = self._scene.schedule.seed
        touch, grid = self._seen.touches[symbol], broker.venue.grid(symbol)
        held = sum(
            (q for (_, at, _), q in broker.desk.book.positions.items() if at == symbol), Decimal(0)
        )
        side = Side.BUY if noise(seed, 32, number, leg) & 1 else Side.SELL
        is_exit = bool(held) and uniform(seed, 33, number, leg) < 0.4
        if is_exit:
            side = Side.SELL if held > 0 else Side.BUY
        takes = uniform(seed, 34, number, leg) < 0.5
        away = Decimal(15 if takes else -20) / 10_000
        best = touch.ask if side is Side.BUY else touch.bid
        price = grid.price(best * (1 + side.sign * away), side)
        amount = Decimal(500 + noise(seed, 35, number, leg) % 3_000)
        quantity = grid.quantity(abs(held) if is_exit else amount / price)
        if not quantity:
            return None
        parent = self._parent(broker, (symbol, side), quantity, price, number)
        purpose = "exit" if is_exit else "entry"
        wish = Wish(symbol, side, quantity, price, takes, is_exit, purpose, parent)
        cycle = f"{number}.{self._n_lives}"
        return Proposal(intent=intended(broker, wish, cycle, leg, loop_ms()))

    def _parent(
        self, broker: Broker, what: tuple[str, Side], quantity: Decimal, price: Decimal, number: int
    ) -> str:
        """Return the parent of an order: four cycles share one, as long as it has room."""
        name = f"{what[0]} {what[1]} {number // 4}"
        if name not in broker.desk.book.parents:
            now_ms = loop_ms()
            broker.decide(
                [
                    *superseded(broker.desk.book, what, now_ms),
                    opened(broker.venue.name, name, what, quantity * 2, price, now_ms),
                ]
            )
        facts = trailed(self._seen.facts(broker), broker.desk.book)
        parent = facts.parents[name]
        return name if parent.sent + quantity <= parent.quantity else ""

    def _verdict(self) -> Played:
        """Check what must hold in the end, once everything has been quiet for long enough."""
        scene = self._scene
        checker, broker = scene.checker, self._broker
        if broker is None:
            checker.found.append(Violation("LIVE", loop_ms(), "the desk did not begin again"))
            resting = "not begun"
        else:
            checker.end(broker.desk.book, scene.journal, scene.told)
            if self._is_deaf:
                text = "the account's stream is down long after the last fault"
                checker.found.append(Violation("LIVE", loop_ms(), text))
            left = unresolved(broker.desk.book)
            if left:
                text = f"{left[0].intent.client_id} is {left[0].state} long after the last fault"
                checker.found.append(Violation("LIVE", loop_ms(), text))
            elif not broker.is_clean:
                checker.found.append(
                    Violation("LIVE", loop_ms(), f"the last comparison came to {broker.swept}")
                )
            resting = why_not(broker)
        rows = [row.hash for row in scene.journal.rows()]
        truth = [
            (each.order_id, each.status, each.filled, each.updated_ms)
            for each in checker.account.orders.values()
        ]
        return Played(
            scene.schedule.seed,
            scene.schedule.length_ms,
            tuple(checker.found + scene.network.found),
            self._met + scene.network.met,
            len(checker.account.orders),
            self._n_lives,
            stable_id(str(rows[-1:]), str(truth)),
            resting,
        )


async def _end_all(tasks: set[asyncio.Task[Any]]) -> None:
    """End tasks in the order of their names, which is that in which they were begun."""
    for task in sorted(tasks, key=lambda each: (len(each.get_name()), each.get_name())):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
