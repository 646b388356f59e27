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
from quorate.live.broker.checks import ClockCheck, KeyCheck, Silence
from quorate.live.broker.inquire import inquire
from quorate.live.broker.send import Answer, send
from quorate.live.broker.sweep import Swept, sweep
from quorate.live.broker.trail import Trail
from quorate.live.broker.waking import wake
from quorate.live.controls.facts import Control
from quorate.live.controls.standing import Standing, Trading, expire, halt, react, to_text
from quorate.live.orders.book import open_orders, unresolved
from quorate.live.orders.effects import Alarm, Cancel, FetchTrades, Halt, LookUp, Resolve
from quorate.live.orders.events import CancelIntended, Retired, Stood
from quorate.live.orders.examined import Examined
from quorate.venues.base import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from quorate.live.broker.waking import Awake
    from quorate.live.controls.facts import Facts, Proposal
    from quorate.live.controls.limits import Limits
    from quorate.live.orders.desk import Desk
    from quorate.live.orders.effects import Effect
    from quorate.live.orders.parents import ParentClosed, ParentOpened
    from quorate.store.journal import Journal
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
        self._trail = Trail()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_current = False
        self._key = KeyCheck()
        self._clock = ClockCheck()
        self._silence = Silence()
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
                await self._doubt_key(each.key_refusal)
        await self._withdraw()
        return answers

    async def cancel(self, intent_id: str, reason: str) -> None:
        """Take an order back; what became of it is looked up, never assumed."""
        order = self.desk.book.orders.get(intent_id)
        if order is None or order.is_over:
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

    async def compare(self) -> Swept:
        """Compare everything with the venue, and obey what follows."""
        self._stand(expire(self.standing, self._now()))
        swept = await sweep(
            self.desk, self.venue, self.symbols, now_ms=self.tools.now_ms, between_s=5.0
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
        if swept.is_whole:
            self._key.n_refused = 0
        elif swept.key_refusal:
            await self._doubt_key(swept.key_refusal)
        await self._withdraw()
        self._retire()
        if self._key.is_due(self._now()):
            await self.examine()
        if self._clock.is_due(self._now()):
            await self._set_clock()
        is_needed = self._may_trade or self.n_open > 0 or any(self.desk.book.positions.values())
        said = self._silence.heard(is_whole=swept.is_whole, is_needed=is_needed, at_ms=self._now())
        if said:
            self.tools.page(said)
        return swept

    async def examine(self) -> tuple[str, ...]:
        """Ask what the key may do, and return why it must not be used; none: it may.

        Asked before every arming, hourly, and when the key was refused: a desk whose key must not
        be used any more is halted.
        """
        is_news = await self._key.ask(self.venue, self.tools.now_ms)
        found, now_ms = self.key_troubles, self._now()
        if is_news:
            said = "; ".join(found)
            self.desk.record([Examined(at_ms=now_ms, venue=self.venue.name, troubles=said)])
            if found:
                self.tools.page(said)
        if found and self._may_trade:
            await self.obey(halt(self.standing, found[0], now_ms))
        return found

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
                self._overfilled()
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
    def key_troubles(self) -> tuple[str, ...]:
        """Why the key must not be used, as far as is known."""
        return self._key.troubles

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

    @property
    def _may_trade(self) -> bool:
        return self.standing.trading in {Trading.ACTIVE, Trading.REDUCING}

    def _facts(self) -> Facts:
        """Return what the controls read: a caller's facts, what was measured, and the journal's."""
        facts, measured = self.tools.facts(self), self._clock.offset_ms
        if abs(measured) > abs(facts.clock_offset_ms):
            facts = replace(facts, clock_offset_ms=measured)
        return self._trail.facts(facts, self.desk.book)

    async def _doubt_key(self, said: str) -> None:
        """Ask what the key may do once it was refused; the second refusal counts by itself."""
        key = self._key
        key.n_refused += 1
        if not self._may_trade and (key.troubles or key.n_refused > 1):
            return  # somebody knows, and the venue is not asked over and over
        if not await self.examine() and key.n_refused > 1:
            await self._stop(f"the venue refused the key twice: {said}")

    async def _set_clock(self) -> None:
        """Measure the venue's clock: a desk that it would not hear any more calls somebody."""
        bounds = self.tools.limits
        await self._clock.ask(self.venue, self.tools.now_ms, bounds.clock_block_ms)
        away = self._clock.offset_ms
        if abs(away) > bounds.clock_halt_ms and self._may_trade:
            await self._stop(f"{Control.CLOCK}: the venue's clock is {away} ms from this machine's")

    async def _stop(self, why: str) -> None:
        """Call somebody and halt."""
        self.tools.page(why)
        await self.obey(halt(self.standing, why, self._now()))

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
            if not order.intent.is_reduce_only and order.intent.intent_id not in self._asking
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

    def _overfilled(self) -> None:
        """Halt and kill where an order traded more than it asked for (C15), before the next one."""
        if any(each.overfilled for each in self.desk.book.tally.counts.values()):
            why = f"{Control.FILLS}: an order traded more than it asked for"
            self._stand(halt(self.standing, why, self._now(), is_killed=True))

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
