"""An account's broker: it sends, listens to what the book asks for, and begins every life the same.

In: orders that were meant. Out: a book that is what the venue has. Each life begins with the lease,
the journal folded, the venue asked, everything in doubt resolved, and the state SAFE.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.live.broker import heard
from quorate.live.broker.checks import Checks
from quorate.live.broker.inquire import inquire
from quorate.live.broker.pushed import pushed
from quorate.live.broker.send import Answer, send
from quorate.live.broker.sweep import Swept, brought, sweep
from quorate.live.broker.trail import Trail
from quorate.live.broker.waking import wake
from quorate.live.controls.standing import Standing, Trading, expire, halt, react, to_text
from quorate.live.orders.book import open_orders, unbooked, unresolved
from quorate.live.orders.effects import Alarm, Cancel, FetchTrades, Halt, LookUp, Resolve
from quorate.live.orders.events import CancelIntended, Retired, Stood
from quorate.live.orders.states import IN_DOUBT
from quorate.venues.base import Found, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from quorate.live.broker.waking import Awake
    from quorate.live.controls.facts import Facts, Proposal
    from quorate.live.controls.limits import Limits
    from quorate.live.orders.desk import Desk
    from quorate.live.orders.effects import Effect
    from quorate.live.orders.parents import ParentClosed, ParentOpened
    from quorate.store.journal import Journal
    from quorate.venues.base import OrderView, Trade
    from quorate.venues.port import Venue

SWEEP_S: Final = 15.0
"""How often everything is compared while orders are open."""

RETIRE_MS: Final = 3_600_000
KEPT_MS: Final = 172_800_000
"""How often, and from what age on, orders that are over leave the book; controls ask for a day."""

ALARMS: Final = 1_000
"""How many alarms a life remembers, the last ones; somebody was called at each."""


class Tools(NamedTuple):
    """What a broker needs beside journal and venue.

    Notes
    -----
    ``now_ms`` is the venue's time as this machine knows it; ``facts`` what the controls read beside
    what the journal says of orders sent, refused and decided; ``stood`` hears of a standing once it
    is in the journal, before it is obeyed; ``page`` calls somebody; ``kill`` asks the guard to
    flatten, and is told why: without one somebody is called instead.
    """

    now_ms: Callable[[], int]
    facts: Callable[[Broker], Facts]
    limits: Limits
    stood: Callable[[Standing], None]
    page: Callable[[str], None]
    kill: Callable[[str], None] | None = None


class Broker:
    """The orders of one account, alive.

    Parameters
    ----------
    desk : Desk
        The journal and its book.
    venue : Venue
        An open one.
    symbols : sequence of str
        What may be traded.
    standing : Standing
        As it was kept.
    tools : Tools
        See there.

    Notes
    -----
    Units: ms, coins.  Causal: what is sent is on the disk before.  Missing: none.
    """

    def __init__(
        self, desk: Desk, venue: Venue, symbols: Sequence[str], standing: Standing, tools: Tools
    ) -> None:
        self.desk = desk
        self.venue = venue
        self.symbols = tuple(symbols)
        self.standing = standing
        self.tools = tools
        self.alarms: deque[Alarm] = deque(maxlen=ALARMS)
        self.swept: Swept | None = None
        self.deaf_since_ms: int | None = None  # since when the stream that it has is down
        self._trail = Trail()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_current = False
        self._checks = Checks()
        self._comparing = asyncio.Lock()
        self._retires_ms = tools.now_ms() + RETIRE_MS

    @classmethod
    async def begin(
        cls,
        journal: Journal,
        venue: Venue,
        symbols: Sequence[str],
        tools: Tools,
        killed: str = "",
    ) -> Broker:
        """Begin a life at a venue that is open: ``wake``, then ``meet``."""
        awake = wake(journal, tools.now_ms, tools.stood, killed)
        return await cls.meet(awake, venue, symbols, tools)

    @classmethod
    async def meet(cls, awake: Awake, venue: Venue, symbols: Sequence[str], tools: Tools) -> Broker:
        """Go on from SAFE: the venue's truth, and everything in doubt asked for."""
        made = cls(awake.desk, venue, symbols, awake.standing, tools)
        await made.carry(awake.effects)
        await made.compare()
        return made

    def decide(self, parents: Sequence[ParentOpened | ParentClosed]) -> None:
        """Write parent orders down; only children of these leave, and within their quantities."""
        self.desk.record(parents)

    async def obey(self, standing: Standing) -> None:
        """Take over a standing from outside: kept first, then what it asks for is done."""
        self._stand(standing)
        await self._withdraw()

    async def submit(self, orders: Sequence[Proposal]) -> list[Answer]:
        """Send orders that pass the gate; what a refusal leads to is kept before this returns."""
        self._stand(expire(self.standing, self._now()))
        answers = await send(
            self.desk,
            self.venue,
            orders,
            facts=self._facts,
            limits=self.tools.limits,
            now_ms=self.tools.now_ms,
        )
        for each in answers:
            if each.refusal is not None:
                now_ms = self.tools.now_ms()
                self._stand(react(self.standing, each.refusal, each.intent.symbol, now_ms))
            await self.carry(each.effects)
            if each.key_refusal:
                await self._checks.doubt(self, each.key_refusal)
        await self._withdraw()
        return answers

    async def cancel(self, intent_id: str, reason: str) -> None:
        """Take an order back; what became of it is looked up, never assumed."""
        order = self.desk.book.orders.get(intent_id)
        if order is None or (order.is_over and not order.is_stray):
            return
        intent = order.intent
        now_ms = self.tools.now_ms
        wanted = CancelIntended(at_ms=now_ms(), intent_id=intent_id, reason=reason)
        effects = self.desk.record([wanted])
        outcome = await self.venue.cancel(
            intent.symbol, intent.client_id, is_conditional=intent.trigger_price is not None
        )
        effects += self.desk.record(heard.cancelled(intent_id, outcome, now_ms()))
        await self.carry(effects)

    async def compare(self, why: str = "") -> Swept:
        """Compare everything with the venue, one at a time, and obey what follows."""
        async with self._comparing:
            return await self._compare(why)

    async def _compare(self, why: str) -> Swept:
        self._stand(expire(self.standing, self._now()))
        swept = await sweep(
            self.desk, self.venue, self.symbols, now_ms=self.tools.now_ms, between_s=5.0, why=why
        )
        self._is_current = swept.is_whole
        self.swept = swept
        await self.carry(swept.effects)
        for each in swept.ours:  # our mark, and not in the journal: it was lost, the order is not
            self.tools.page(f"{each.client_id} bears our mark and is not in the journal")
            self._stand(halt(self.standing, "an order of ours is not in the journal", self._now()))
            await self.venue.cancel(each.symbol, each.client_id, is_conditional=each.is_conditional)
        for symbol in {each.symbol for each in swept.foreign}:
            self._block(symbol, "somebody else has orders here")
        for symbol, delta in swept.moved:
            self._block(symbol, f"the venue's position was {delta} away from the book's")
        await self._checks.compared(self, swept)
        await self._withdraw()
        self._retire()
        return swept

    async def examine(self) -> tuple[str, ...]:
        """Ask what the key may do, and return why it must not be used; none: it may.

        Asked before every arming, hourly, and when the key was refused: a desk whose key must not
        be used any more is halted.
        """
        return await self._checks.examine(self)

    @property
    def key_troubles(self) -> tuple[str, ...]:
        """Why the key must not be used, by what the venue said last."""
        return self._checks.troubles

    async def hear(self, views: Sequence[OrderView], trades: Sequence[Trade]) -> bool:
        """Take what was pushed; say whether a comparison has to tell what of it is nobody's."""
        book = self.desk.book
        events, is_open = pushed(book, self.venue.name, views, trades, self._now())
        if events:
            effects = self.desk.record(events)
            late = {each.intent.intent_id for each in unbooked(self.desk.book)}
            await self.carry(
                each
                for each in effects
                if not isinstance(each, FetchTrades) or each.intent_id in late
            )
            was_there = {each.intent.intent_id for each in unresolved(book)}
            if was_there - {each.intent.intent_id for each in unresolved(self.desk.book)}:
                await self._withdraw()  # it was found: as after a question
        return is_open

    async def glance(self) -> bool:
        """Ask how orders stand that are open, and nothing else; say whether that was answered."""
        books = {
            (each.intent.symbol, each.intent.trigger_price is not None)
            for each in open_orders(self.desk.book)
        }
        effects: list[Effect] = []
        found = await brought(self.desk, self.venue, sorted(books), self.tools.now_ms, effects)
        await self.carry(effects)
        return not isinstance(found, Unanswered)

    def deafened(self) -> None:
        """Let nothing enter from now on, since the account's stream is down."""
        self.deaf_since_ms = self._now() if self.deaf_since_ms is None else self.deaf_since_ms
        self._is_current = False

    async def run(self) -> None:
        """Compare again and again until cancelled: often while something is open or in doubt."""
        while True:
            await asyncio.sleep(SWEEP_S)
            await self.compare()

    async def settled(self) -> None:
        """Wait until nothing is in doubt any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def carry(self, effects: Iterable[Effect]) -> None:
        """Carry out what the book asks for, and what that leads to."""
        for effect in effects:
            if isinstance(effect, Alarm):
                self.alarms.append(effect)
                self.tools.page(f"{effect.trouble}: {effect.text}")
            elif isinstance(effect, Halt):
                self._block(effect.symbol, str(effect.trouble))
                await self._checks.booked(self)
            elif isinstance(effect, Resolve):
                self._ask(effect.intent_id)
            elif isinstance(effect, LookUp):
                await self._look_up(effect.intent_id)
            elif isinstance(effect, FetchTrades):
                self._is_current = False  # the next comparison books them
            elif isinstance(effect, Cancel):
                await self.cancel(effect.intent_id, "it should not be alive")

    async def close(self) -> None:
        """End this life: nothing is asked any more, the journal is given back."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.desk.close()

    @property
    def is_clean(self) -> bool:
        """Whether the last comparison was whole, found no difference, and nothing is in doubt."""
        swept = self.swept
        return (
            swept is not None
            and swept.is_whole
            and not swept.n_differences
            and not unresolved(self.desk.book)
        )

    @property
    def n_open(self) -> int:
        """How many orders are or may be open."""
        return len(open_orders(self.desk.book)) + len(unresolved(self.desk.book))

    def _facts(self) -> Facts:
        known = self._checks.facts(self.tools.facts(self))
        facts = self._trail.facts(known, self.desk.book)
        if self.deaf_since_ms is None:
            return facts
        return replace(facts, deaf_since_ms=self.deaf_since_ms)

    def _ask(self, intent_id: str) -> None:
        if intent_id in self._asking:
            return

        async def ask() -> None:
            try:
                effects = await inquire(
                    self.desk,
                    self.venue,
                    intent_id,
                    now_ms=self.tools.now_ms,
                    is_current=lambda: self._is_current,
                    page=self.tools.page,
                )
            finally:
                del self._asking[intent_id]
            await self.carry(effects)
            if effects:  # it was found: an entry that nobody knew of may be there now
                await self._withdraw()

        task = asyncio.create_task(ask(), name=f"inquire {intent_id}")
        self._asking[intent_id] = task
        self._tasks.add(task)  # until its last step, which comes after the answer
        task.add_done_callback(self._tasks.discard)

    async def _withdraw(self) -> None:
        """Take every working entry back while nothing may enter; what closes stays, stops too."""
        if self.standing.trading not in {Trading.HALTED, Trading.REDUCING}:
            return
        entries = [
            order.intent.intent_id
            for order in open_orders(self.desk.book)
            if not order.intent.is_reduce_only and order.state not in IN_DOUBT
        ]
        why = f"the desk is {self.standing.trading}"
        await asyncio.gather(*(self.cancel(each, why) for each in entries))

    def _retire(self) -> None:
        """Forget now and then what ended long ago: a life may be long, and the journal keeps it."""
        now_ms = self._now()
        if now_ms >= self._retires_ms:
            self._retires_ms = now_ms + RETIRE_MS
            self.desk.record([Retired(at_ms=now_ms, before_ms=now_ms - KEPT_MS)])
            self.desk.snapshot()

    async def _look_up(self, intent_id: str) -> None:
        order = self.desk.book.orders.get(intent_id)
        if order is None:
            return
        intent = order.intent
        found = await self.venue.order(
            intent.symbol, intent.client_id, is_conditional=intent.trigger_price is not None
        )
        if isinstance(found, Found):
            seen = heard.seen(intent_id, found.view, self._now())
            await self.carry(e for e in self.desk.record([seen]) if not isinstance(e, LookUp))

    def _block(self, symbol: str, why: str) -> None:
        if symbol not in self.standing.blocked:
            blocked = MappingProxyType({**self.standing.blocked, symbol: why})
            self._stand(replace(self.standing, blocked=blocked))

    def _stand(self, after: Standing) -> None:
        if after != self.standing:
            self.desk.record([Stood(at_ms=self._now(), standing=to_text(after))])
            self.tools.stood(after)
            before, self.standing = self.standing, after
            if after.is_killed and not before.is_killed:
                (self.tools.kill or self.tools.page)(after.why)

    def _now(self) -> int:
        return self.tools.now_ms()
