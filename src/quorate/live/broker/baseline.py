"""Where an account stands when its journal begins: what was traded before is nobody's business.

An old account has a history, and positions that somebody holds. The journal begins with both as
they are, read so that no trade can have fallen between them; from there on every trade counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.live.orders.book import age
from quorate.live.orders.events import Baseline
from quorate.venues.base import PositionSide, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from quorate.live.orders.book import Book
    from quorate.live.orders.desk import Desk
    from quorate.live.orders.effects import Effect
    from quorate.venues.base import Trade
    from quorate.venues.port import Venue

_TURNS: Final = 3
_DAY_MS: Final = 86_400_000


async def begun(
    desk: Desk,
    venue: Venue,
    symbols: Sequence[str],
    now_ms: Callable[[], int],
    effects: list[Effect],
) -> list[str]:
    """Begin the symbols of which the journal knows nothing yet, and return those that have begun.

    Parameters
    ----------
    desk : Desk
        The journal and its book.
    venue : Venue
        Who is asked.
    symbols : sequence of str
        Where trades may be.
    now_ms : callable
        This machine's clock.
    effects : list of Effect
        What the book asks for is added.

    Returns
    -------
    list of str
        Without those of which the venue did not say how they stand, or not twice the same.

    Notes
    -----
    Units: coins, ms.  Causal: the newest trade is read before and after the positions.  Missing: a
    journal from before there were baselines has begun where it knows an order or a trade.
    RELIABILITY 3.
    """
    known = []
    for symbol in symbols:
        if not _has_begun(desk.book, venue.name, symbol):
            made = await _read(venue, symbol, now_ms)
            if made is None:
                continue
            effects += desk.record([made])
        known.append(symbol)
    return known


def since(desk: Desk, venue: str, symbol: str) -> str | None:
    """Return the trade from which on trades are to be read, None for all.

    Not from the newest: a stream may have told of that and not of one before it. A life goes on
    from what it has read itself, and begins a day before the newest that the lives before it knew.
    """
    book, place = desk.book, (venue, symbol)
    if place in desk.listed:
        return desk.listed[place]
    last = book.last_trades.get(place)
    if last is None:
        return None
    known = [(e.traded_at_ms, k[2]) for k, e in book.trades.items() if k[:2] == place]
    old = [each for each in known if each[0] < last[0] - _DAY_MS]
    if old:
        return max(old, key=age)[1]
    if place in book.baselines:
        return book.baselines[place][1] or None
    return min(known or [last], key=age)[1]


def _has_begun(book: Book, venue: str, symbol: str) -> bool:
    place = (venue, symbol)
    return (
        place in book.baselines
        or place in book.last_trades
        or any((*place, side) in book.positions for side in PositionSide)
        or any((o.intent.venue, o.intent.symbol) == place for o in book.orders.values())
    )


async def _read(venue: Venue, symbol: str, now_ms: Callable[[], int]) -> Baseline | None:
    """Read the newest trade, the positions and the newest trade again, until both are the same."""
    before = await venue.newest_trade(symbol)
    for _ in range(_TURNS):
        positions = await venue.positions()
        after = await venue.newest_trade(symbol)
        if isinstance(before, Unanswered) or isinstance(after, Unanswered):
            return None
        if isinstance(positions, Unanswered):
            return None
        if before.items == after.items:
            held = {e.position_side: e.quantity for e in positions.items if e.symbol == symbol}
            return _baseline(venue.name, symbol, after.items, held, now_ms())
        before = after
    return None


def _baseline(
    venue: str,
    symbol: str,
    newest: Sequence[Trade],
    held: dict[PositionSide, Decimal],
    at_ms: int,
) -> Baseline:
    last = newest[-1] if newest else None
    return Baseline(
        at_ms=at_ms,
        venue=venue,
        symbol=symbol,
        trade_id="" if last is None else last.trade_id,
        traded_at_ms=0 if last is None else last.at_ms,
        **{side.value: quantity for side, quantity in held.items()},
    )
