"""What a play's desk has seen of prices, and when it asked: facts of its controls.

In: answers of the venue. Out: touches, and quotes whose stamps say when they were asked for.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from quorate.harness.scene import EQUITY, loop_ms
from quorate.live.controls.facts import Facts, Quote
from quorate.venues.base import Touch

if TYPE_CHECKING:
    from quorate.live.broker.broker import Broker
    from quorate.venues.port import Venue


class Seen:
    """The newest touch of each symbol.

    Notes
    -----
    Units: ms.  Causal: a touch bears the moment before it was asked for.  Missing: a symbol whose
    question nobody answered has no touch, or its last one.
    """

    def __init__(self) -> None:
        self.touches: dict[str, Touch] = {}
        self.asked_ms: dict[str, int] = {}

    def forget(self) -> None:
        """Know no prices any more."""
        self.touches.clear()

    async def ask(self, venue: Venue, symbol: str) -> Touch | None:
        """Ask for the touch of a symbol, and keep it; None where nobody answers."""
        asked_ms = loop_ms()
        found = await venue.touch(symbol)
        if not isinstance(found, Touch):
            return None
        self.touches[symbol] = found
        self.asked_ms[symbol] = asked_ms
        return found

    def facts(self, broker: Broker) -> Facts:
        """Return what the controls read beside the journal."""
        now_ms = loop_ms()
        quotes = {
            symbol: Quote(
                bid=touch.bid,
                ask=touch.ask,
                mark=touch.mark,
                volume_usd=Decimal(10**7),
                max_market_quantity=Decimal(1000),
                book_at_ms=self.asked_ms[symbol],
                mark_at_ms=self.asked_ms[symbol],
                bar_at_ms=now_ms,
                funding_at_ms=now_ms,
            )
            for symbol, touch in self.touches.items()
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
