"""What a broker asks beside orders, and what it makes of the answers: the key, the clock, silence.

In: a venue. Out: why the key must not be used, how far the clocks are certainly apart, and when
somebody is to be called since comparisons fail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from quorate.live.controls.facts import Control
from quorate.live.controls.keys import troubles
from quorate.live.controls.sizes import overfilled
from quorate.live.controls.standing import Trading, halt
from quorate.live.orders.examined import Examined
from quorate.venues.base import Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.broker.broker import Broker
    from quorate.live.broker.sweep import Swept
    from quorate.live.controls.facts import Facts
    from quorate.venues.port import Venue

EXAMINE_MS: Final = 3_600_000
CLOCK_MS: Final = 900_000
AGAIN_MS: Final = 60_000
BELIEVED_MS: Final = 7_200_000
"""How often it is asked what the key may do and what time it is, how soon again where nobody
answered or the clocks differ, and for how long the last answer about the key counts."""

FAILING_MS: Final = 120_000
REPEAT_MS: Final = 600_000
"""After how long without a whole comparison somebody is called, and how often again."""


class KeyCheck:
    """What the venue said last of the key."""

    def __init__(self) -> None:
        self.troubles: tuple[str, ...] = ("nobody has asked yet what the key may do",)
        self.n_refused = 0  # orders and comparisons, since the last one that was not
        self._next_ms = self._believed_ms = 0

    def is_due(self, at_ms: int) -> bool:
        """Say whether it is time to ask."""
        return at_ms >= self._next_ms

    async def ask(self, venue: Venue, now_ms: Callable[[], int]) -> bool:
        """Ask what the key may do, and say whether that is news.

        A venue that does not answer is asked again soon, and what it said last is believed for so
        long. One that refuses the key is asked once more at once: one answer may be garbage.
        """
        rights = await venue.rights()
        if isinstance(rights, Unanswered) and rights.is_by_key:
            rights = await venue.rights()
        at_ms = now_ms()
        is_silent = isinstance(rights, Unanswered)
        self._next_ms = at_ms + (AGAIN_MS if is_silent else EXAMINE_MS)
        if isinstance(rights, Unanswered) and not rights.is_by_key and at_ms < self._believed_ms:
            return False
        if not is_silent:
            self._believed_ms = at_ms + BELIEVED_MS
        before, self.troubles = self.troubles, troubles(rights, at_ms)
        return self.troubles != before


class ClockCheck:
    """How far the venue's clock certainly is from this machine's."""

    def __init__(self) -> None:
        self.offset_ms = 0
        self._next_ms = 0

    def is_due(self, at_ms: int) -> bool:
        """Say whether it is time to ask."""
        return at_ms >= self._next_ms

    async def ask(self, venue: Venue, now_ms: Callable[[], int], most_ms: int) -> None:
        """Ask what time it is there; twice where the clocks differ by more, and believe the less.

        Without an answer what was measured last stays, and it is asked again soon.
        """
        found = await _offset_ms(venue, now_ms)
        if found is not None and abs(found) > most_ms:
            again = await _offset_ms(venue, now_ms)
            found = None if again is None else min(found, again, key=abs)
        self.offset_ms = self.offset_ms if found is None else found
        is_fine = found is not None and abs(found) <= most_ms
        self._next_ms = now_ms() + (CLOCK_MS if is_fine else AGAIN_MS)


async def _offset_ms(venue: Venue, now_ms: Callable[[], int]) -> int | None:
    """Return by how much the venue's clock is ahead at least; 0 where a slow answer explains it."""
    before_ms = now_ms()
    there_ms = await venue.clock()
    if isinstance(there_ms, Unanswered):
        return None
    return max(there_ms - now_ms(), 0) + min(there_ms - before_ms, 0)


class Silence:
    """For how long no comparison was whole, and whether somebody knows.

    Examples
    --------
    >>> silence = Silence()
    >>> [bool(silence.heard(is_whole=False, is_needed=True, at_ms=s * 1000)) for s in (0, 119, 120)]
    [False, False, True]
    >>> [bool(silence.heard(is_whole=False, is_needed=True, at_ms=s * 1000)) for s in (719, 720)]
    [False, True]
    """

    def __init__(self) -> None:
        self._since_ms: int | None = None
        self._pages_ms = 0

    def heard(self, *, is_whole: bool, is_needed: bool, at_ms: int) -> str:
        """Return what somebody is to be told after a comparison, "" for nothing.

        Parameters
        ----------
        is_whole : bool
            Whether everything was answered.
        is_needed : bool
            Whether the desk trades, or anything is open: else nobody is called.
        at_ms : int
            Now.
        """
        if is_whole:
            self._since_ms = None
            return ""
        if self._since_ms is None:
            self._since_ms, self._pages_ms = at_ms, at_ms + FAILING_MS
        if not is_needed or at_ms < self._pages_ms:
            return ""
        self._pages_ms = at_ms + REPEAT_MS
        minutes = (at_ms - self._since_ms) / 60_000
        return f"for {minutes:.0f} min the venue could not be compared with: look at the account"


class Checks:
    """What a broker does by itself about its key, the clock, silence and overfills."""

    def __init__(self) -> None:
        self._key = KeyCheck()
        self._clock = ClockCheck()
        self._silence = Silence()

    @property
    def troubles(self) -> tuple[str, ...]:
        """Why the key must not be used, by what the venue said last."""
        return self._key.troubles

    def facts(self, facts: Facts) -> Facts:
        """Return a caller's facts with the clocks as far apart as was measured, or as he says."""
        measured = self._clock.offset_ms
        if abs(measured) <= abs(facts.clock_offset_ms):
            return facts
        return replace(facts, clock_offset_ms=measured)

    async def compared(self, broker: Broker, swept: Swept) -> None:
        """Go on from a comparison: ask what is due, and call somebody where it must be."""
        now_ms = broker.tools.now_ms
        if swept.is_whole:
            self._key.n_refused = 0
        elif swept.key_refusal:
            await self.doubt(broker, swept.key_refusal)
        if self._key.is_due(now_ms()):
            await self.examine(broker)
        if self._clock.is_due(now_ms()):
            await self._measure(broker)
        is_needed = _may_trade(broker) or broker.n_open > 0
        is_needed = is_needed or any(broker.desk.book.positions.values())
        said = self._silence.heard(is_whole=swept.is_whole, is_needed=is_needed, at_ms=now_ms())
        if said:
            broker.tools.page(said)

    async def examine(self, broker: Broker) -> tuple[str, ...]:
        """Ask what the key may do, write down what is news, and halt where it must not be used."""
        is_news = await self._key.ask(broker.venue, broker.tools.now_ms)
        found, now_ms = self.troubles, broker.tools.now_ms()
        if is_news:
            said = "; ".join(found)
            broker.desk.record([Examined(at_ms=now_ms, venue=broker.venue.name, troubles=said)])
            if found:
                broker.tools.page(said)
        if found and _may_trade(broker):
            await broker.obey(halt(broker.standing, found[0], now_ms))
        return found

    async def doubt(self, broker: Broker, said: str) -> None:
        """Ask what the key may do once it was refused; the second refusal counts by itself."""
        key = self._key
        key.n_refused += 1
        if not _may_trade(broker) and (key.troubles or key.n_refused > 1):
            return  # somebody knows, and the venue is not asked over and over
        if not await self.examine(broker) and key.n_refused > 1:
            await _stop(broker, f"the venue refused the key twice: {said}")

    async def booked(self, broker: Broker) -> None:
        """Halt and kill where an order traded more than it asked for (C15), before the next one."""
        found = overfilled(broker.desk.book, broker.standing)
        if found is not None and not broker.standing.is_killed:
            why = f"{Control.FILLS}: an order traded more than it asked for"
            now_ms = broker.tools.now_ms()
            await broker.obey(halt(broker.standing, why, now_ms, is_killed=True))

    async def _measure(self, broker: Broker) -> None:
        """Measure the venue's clock: a desk that it would not hear any more calls somebody."""
        tools = broker.tools
        await self._clock.ask(broker.venue, tools.now_ms, tools.limits.clock_block_ms)
        away = self._clock.offset_ms
        if abs(away) > tools.limits.clock_halt_ms and _may_trade(broker):
            why = f"{Control.CLOCK}: the venue's clock is {away} ms from this machine's"
            await _stop(broker, why)


def _may_trade(broker: Broker) -> bool:
    return broker.standing.trading in {Trading.ACTIVE, Trading.REDUCING}


async def _stop(broker: Broker, why: str) -> None:
    """Call somebody and halt."""
    broker.tools.page(why)
    await broker.obey(halt(broker.standing, why, broker.tools.now_ms()))
