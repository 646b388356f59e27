"""One play: a desk that trades by a seed, dies and begins again, until it is quiet."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.errors import QuorateError
from quorate.exchange.matching.flow import noise, uniform
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.harness.check import Violation
from quorate.harness.ground import GROUNDS
from quorate.harness.parents import opened, superseded
from quorate.harness.scene import (
    EQUITY,
    START_MS,
    built,
    happen,
    loop_ms,
    quieten,
    why_not,
)
from quorate.harness.schedule import is_worked
from quorate.harness.wild import Wish, flood, intended
from quorate.harness.worked import Worked
from quorate.live.broker.broker import Broker, Tools
from quorate.live.broker.trail import trailed
from quorate.live.controls.facts import Facts, Proposal, Quote
from quorate.live.controls.limits import limits
from quorate.live.controls.standing import Armed, Standing, Trading, arm
from quorate.live.orders.book import open_orders, unresolved
from quorate.records import stable_id
from quorate.venues.base import Side, Touch

if TYPE_CHECKING:
    from quorate.harness.scene import Scene
    from quorate.harness.schedule import Event, Schedule
    from quorate.venues.account.venue import CcxtVenue

CYCLES_MS: Final = (300_000, 600_000, 1_200_000)
"""How often a desk decides, by its seed. It compares twice as often, and oftener in the end."""
QUIET_MS: Final = 150_000


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
        self._touches: dict[str, Touch] = {}
        self._venues: list[CcxtVenue] = []
        self._broker: Broker | None = None
        self._floods: list[int] = []
        self._worked = Worked(scene, self._touches) if is_worked(scene.schedule.seed) else None
        self._cycle_ms = CYCLES_MS[noise(scene.schedule.seed, 50) % len(CYCLES_MS)]

    async def lives(self) -> Played:
        _scene, schedule = self._scene, self._scene.schedule
        crashes = [each.at_ms for each in schedule.events if each.kind == "crash"]
        others = [each for each in schedule.events if each.kind != "crash"]
        breaking = asyncio.create_task(self._happenings(others))
        try:
            for until_ms in [*crashes, schedule.length_ms]:
                await self._life(START_MS + until_ms)
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
        """Live until a moment, and end there wherever one happens to be."""
        living = asyncio.create_task(self._live())
        done, _ = await asyncio.wait({living}, timeout=max(until_ms - loop_ms(), 0) / 1e3)
        if living in done:
            await living  # it must not end by itself: an error of it is one of ours
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        if self._broker is not None:
            await self._broker.close()

    async def _live(self) -> None:
        venue = self._scene.venue(loop_ms)
        self._venues.append(venue)
        self._broker = None
        while True:
            try:
                await venue.open()
                break
            except QuorateError:
                await asyncio.sleep(10.0)
        tools = Tools(
            loop_ms,
            self._facts,
            limits("balanced"),
            self._scene.kept.append,
            self._scene.pages.append,
        )
        broker = await Broker.begin(
            self._scene.journal, venue, list(self._scene.ground.symbols.values()), tools
        )
        self._broker = broker
        self._n_lives += 1
        if self._worked is not None:
            self._worked.begin(broker)
        while True:
            beat_ms = self._beat_ms()
            await self._operate(broker, beat_ms)
            is_due = loop_ms() % self._cycle_ms < beat_ms
            if is_due:
                await self._cycle(broker, venue, loop_ms() // self._cycle_ms)
            self._scene.checker.step(broker.desk.book)
            if is_due or broker.n_open or not broker.is_clean:
                swept = await broker.compare()
                self._scene.checker.step(broker.desk.book, is_compared=swept.is_whole)
            if self._worked is not None:
                await self._worked.until(broker, loop_ms() + beat_ms - loop_ms() % beat_ms)
            await asyncio.sleep((beat_ms - loop_ms() % beat_ms) / 1e3)

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

    def _facts(self, broker: Broker) -> Facts:
        now_ms = loop_ms()
        quotes = {
            symbol: Quote(
                bid=touch.bid,
                ask=touch.ask,
                mark=touch.mark,
                volume_usd=Decimal(10**7),
                max_market_quantity=Decimal(1000),
                book_at_ms=now_ms,
                mark_at_ms=now_ms,
                bar_at_ms=now_ms,
                funding_at_ms=now_ms,
            )
            for symbol, touch in self._touches.items()
        }
        return Facts(
            now_ms=now_ms,
            venue=broker.venue.name,
            equity=EQUITY,
            day_equity=EQUITY,
            peak_equity=EQUITY,
            quotes=quotes,
            book=broker.desk.book,
            standing=broker.standing,
            balance_at_ms=now_ms,
        )

    async def _cycle(self, broker: Broker, venue: CcxtVenue, number: int) -> None:
        """Decide by the seed: enter, leave, take back, or nothing."""
        seed = self._scene.schedule.seed
        self._touches.clear()
        for symbol in self._scene.ground.symbols.values():
            touch = await venue.touch(symbol)
            if isinstance(touch, Touch):
                self._touches[symbol] = touch
        is_left = self._worked is not None and self._worked.is_quiet
        for order in () if is_left else open_orders(broker.desk.book):
            if uniform(seed, 30, number, int(order.intent.intent_id[:8], 16)) < 0.4:
                await broker.cancel(order.intent.intent_id, "by the seed")
        if self._worked is not None:
            self._worked.decide(broker, number)
        else:
            await broker.submit(self._wanted(broker, number))
        while self._floods and self._touches:
            size = self._floods.pop(0)
            touch = self._touches[sorted(self._touches)[size % len(self._touches)]]
            cycle = f"{number}.{self._n_lives}.{size}"
            flooding = flood(broker, touch, size, cycle, loop_ms())
            await broker.submit([Proposal(intent=each) for each in flooding])

    def _wanted(self, broker: Broker, number: int) -> list[Proposal]:
        seed = self._scene.schedule.seed
        return [
            proposal
            for leg, symbol in enumerate(sorted(self._touches))
            if uniform(seed, 31, number, leg) < 0.7
            for proposal in [self._order(broker, symbol, number, leg)]
            if proposal is not None
        ]

    def _order(self, broker: Broker, symbol: str, number: int, leg: int) -> Proposal | None:
        seed = self._scene.schedule.seed
        touch, grid = self._touches[symbol], broker.venue.grid(symbol)
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
        facts = trailed(self._facts(broker), broker.desk.book)
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
            checker.end(broker.desk.book, scene.journal)
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
