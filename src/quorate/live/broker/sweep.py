"""Compare the book with the venue: orders, trades, positions; the venue is believed, by its rules.

A stream is never the authority: this is. Trades come first, since positions are sums of them; an
order that is not listed is asked for by its id; a trade that nobody explains while an order is in
doubt waits for that order; a position that differs does so in two readings, some seconds apart.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.live.broker import heard
from quorate.live.broker.baseline import begun, since
from quorate.live.broker.pushed import is_news
from quorate.live.orders.book import EXACT, age, intent_of, is_of_before, open_orders
from quorate.live.orders.events import Adjusted, JournalEvent, Reconciled
from quorate.live.orders.ids import PREFIX
from quorate.live.orders.states import MAYBE_THERE
from quorate.records import canonical_json, stable_id
from quorate.venues.base import Found, Listed, PositionSide, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.live.orders.desk import Desk
    from quorate.live.orders.effects import Effect
    from quorate.live.orders.events import Intended
    from quorate.venues.base import Lookup, OrderView, PositionView, Side, Trade
    from quorate.venues.port import Venue

BETWEEN_S: Final = 5.0
"""Between the two readings in which a position must differ the same way."""

_ALL: Final = ((None, False), (None, True))
_PART: Final = "not everything was answered"

_FRESH_MS: Final = 600_000
"""How long a trade that was pushed is looked for among those that are listed."""

GUARD: Final = "k"
"""What the ids of the kill switch's own orders begin with."""


class Swept(NamedTuple):
    """What a comparison came to.

    ``is_whole`` where everything was answered. ``ours`` are orders that bear our mark and are not
    in the journal, ``foreign`` those of somebody else, ``moved`` positions that were corrected.
    ``key_refusal`` is what the venue said where it refused the key, "" where it did not.
    """

    is_whole: bool
    n_trades: int
    ours: tuple[OrderView, ...]
    foreign: tuple[OrderView, ...]
    moved: tuple[tuple[str, Decimal], ...]
    effects: tuple[Effect, ...]
    key_refusal: str = ""

    @property
    def n_differences(self) -> int:
        """How many things stood otherwise at the venue."""
        return len(self.ours) + len(self.foreign) + len(self.moved)


async def sweep(
    desk: Desk,
    venue: Venue,
    symbols: Sequence[str],
    *,
    now_ms: Callable[[], int],
    between_s: float = BETWEEN_S,
    why: str = "",
) -> Swept:
    """Compare everything and write down what was found.

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
    between_s : float
        Between two readings of a position that differs.
    why : str
        What it is made for, where that is to be written down: "" for the usual turn.

    Returns
    -------
    Swept
        What stood otherwise, and what the book asks for now.

    Notes
    -----
    Units: ms, coins.  Causal: none.  Missing: what was not answered is not concluded from.
    RELIABILITY 2, 3.
    """
    effects: list[Effect] = []
    read = await brought(desk, venue, _ALL, now_ms, effects)
    orders = None if isinstance(read, Unanswered) else read
    key_refusal = read.reason if isinstance(read, Unanswered) and read.is_by_key else ""
    known = await begun(desk, venue, symbols, now_ms, effects)
    n_trades, has_trades = await _trades(desk, venue, known, now_ms, effects)
    is_whole = has_trades and orders is not None and len(known) == len(symbols)
    moved: tuple[tuple[str, Decimal], ...] = ()
    if has_trades:
        found = await _positions(desk, venue, known, now_ms, effects, between_s)
        is_whole = is_whole and found is not None
        moved = found or ()
    ours = tuple(each for each in orders or () if each.client_id.startswith(PREFIX))
    foreign = tuple(each for each in orders or () if each not in ours)
    told = [[each.symbol, each.client_id] for each in (*ours, *foreign)]
    told += [[symbol, str(delta)] for symbol, delta in moved]
    effects += desk.record(
        [
            Reconciled(
                at_ms=now_ms(),
                venue=venue.name,
                snapshot_hash=stable_id(canonical_json(told)),
                n_differences=len(told),
                differences=canonical_json(told),
                action="; ".join(each for each in (why, "" if is_whole else _PART) if each),
            )
        ]
    )
    return Swept(is_whole, n_trades, ours, foreign, moved, tuple(effects), key_refusal)


async def brought(
    desk: Desk,
    venue: Venue,
    books: Sequence[tuple[str | None, bool]],
    now_ms: Callable[[], int],
    effects: list[Effect],
) -> tuple[OrderView, ...] | Unanswered:
    """Bring orders of some books up to date; return those not in the journal, or why none was read.

    ``books`` are (symbol or None for all, whether conditional); of single symbols only what is news
    is written down.
    """
    both = await asyncio.gather(
        *(venue.open_orders(symbol, is_conditional=each) for symbol, each in books)
    )
    views: list[OrderView] = []
    for answer in both:
        if isinstance(answer, Unanswered):
            return answer
        views += answer.items
    strangers: list[OrderView] = []
    listed: set[str] = set()
    told: list[tuple[str, OrderView]] = []
    for view in views:
        known = intent_of(
            desk.book,
            venue.name,
            view.symbol,
            venue_order_id=view.venue_order_id,
            client_id=view.client_id,
        )
        if known is None:
            strangers.append(view)
        else:
            listed.add(known)
            told.append((known, view))
    missing = [
        each
        for each in open_orders(desk.book)
        if each.intent.intent_id not in listed and _is_in(each.intent, books)
    ]
    answers = await asyncio.gather(
        *(
            venue.order(
                each.intent.symbol,
                each.intent.client_id,
                is_conditional=each.intent.trigger_price is not None,
            )
            for each in missing
        )
    )
    for order, found in zip(missing, answers, strict=True):
        if isinstance(found, Found):
            told.append((order.intent.intent_id, found.view))
    events = [
        heard.seen(name, view, now_ms())
        for name, view in told
        if books == _ALL or is_news(desk.book.orders[name], view)
    ]
    if events:
        effects += desk.record(events)
    return tuple(strangers)


def _is_in(intent: Intended, books: Sequence[tuple[str | None, bool]]) -> bool:
    is_conditional = intent.trigger_price is not None
    return (None, is_conditional) in books or (intent.symbol, is_conditional) in books


async def _trades(
    desk: Desk,
    venue: Venue,
    symbols: Sequence[str],
    now_ms: Callable[[], int],
    effects: list[Effect],
) -> tuple[int, bool]:
    """Book every trade since the last one; say how many, and whether all could be explained."""
    n_trades, is_whole = 0, True
    for symbol in symbols:
        last = desk.book.last_trades.get((venue.name, symbol))
        answer = await venue.trades(symbol, since(desk, venue.name, symbol))
        if isinstance(answer, Unanswered):
            is_whole = False
            continue
        if _is_behind(desk, (venue.name, symbol), last, answer.items, now_ms()):
            is_whole = False  # what it says of positions is as old
        fresh = [
            each
            for each in answer.items
            if (venue.name, symbol, each.trade_id) not in desk.book.trades
            and not is_of_before(desk.book, venue.name, each)
        ]
        if any(_owner(desk, venue.name, trade) is None for trade in fresh):
            await _look_up_doubtful(desk, venue, symbol, now_ms, effects)
        events, are_told = await _booked(desk, venue, fresh, now_ms())
        if events:
            effects += desk.record(events)
            n_trades += len(events)
        if answer.items and are_told:
            newest = max(answer.items, key=lambda each: age((each.at_ms, each.trade_id)))
            desk.listed[venue.name, symbol] = newest.trade_id
        is_whole = is_whole and are_told
    return n_trades, is_whole


async def _booked(
    desk: Desk, venue: Venue, trades: Sequence[Trade], at_ms: int
) -> tuple[list[JournalEvent], bool]:
    """Return trades as events, each by its order; and whether all could be told."""
    events: list[JournalEvent] = []
    answers: dict[tuple[str, str], Lookup] = {}
    are_told = True
    for trade in trades:
        owner, is_strange = _owner(desk, venue.name, trade), False
        if owner is None:
            place = (trade.symbol, trade.venue_order_id)
            if place not in answers:
                answers[place] = await venue.numbered(*place)
            owner = _named(desk, venue.name, answers[place])
            is_strange = isinstance(answers[place], Found)
        if owner is not None:
            events.append(heard.traded(owner, venue.name, trade, at_ms))
        elif not is_strange and _may_be_ours(desk, trade):
            are_told = False  # it waits
        else:
            cause = "kill" if (trade.client_id or "").startswith(GUARD) else "unexplained"
            events.append(heard.external(venue.name, trade, at_ms, cause))
    return events, are_told


def _may_be_ours(desk: Desk, trade: Trade) -> bool:
    """Say whether a trade of nobody may be of an order in doubt, or of a stop that has fired."""
    return _is_in_doubt(desk, trade.symbol, trade.side) or _has_stop(desk, trade)


def _is_behind(
    desk: Desk,
    place: tuple[str, str],
    last: tuple[int, str] | None,
    listed: Sequence[Trade],
    now_ms: int,
) -> bool:
    """Say whether a venue does not list a trade that is booked: the stream was sooner than it."""
    if last is None or last[1] == desk.listed.get(place) or last[0] < now_ms - _FRESH_MS:
        return False
    if (*place, last[1]) not in desk.book.trades:
        return False
    return last[1] not in {each.trade_id for each in listed}


def _named(desk: Desk, venue: str, answer: Lookup) -> str | None:
    """Return the intent that an order of the venue names: the venue's own word that it is ours.

    Its number is not known where a stop has fired, and where the network delivered a request again.
    """
    if not isinstance(answer, Found):
        return None
    return desk.book.by_client.get((venue, answer.view.client_id))


async def _look_up_doubtful(
    desk: Desk, venue: Venue, symbol: str, now_ms: Callable[[], int], effects: list[Effect]
) -> None:
    """Ask for the orders of a symbol whose number at the venue is not known yet."""
    for order in list(desk.book.orders.values()):
        intent = order.intent
        if intent.symbol != symbol or order.venue_order_id or order.state not in MAYBE_THERE:
            continue
        found = await venue.order(
            symbol, intent.client_id, is_conditional=intent.trigger_price is not None
        )
        if isinstance(found, Found):
            effects += desk.record([heard.seen(intent.intent_id, found.view, now_ms())])


def _owner(desk: Desk, venue: str, trade: Trade) -> str | None:
    return intent_of(
        desk.book,
        venue,
        trade.symbol,
        venue_order_id=trade.venue_order_id,
        client_id=trade.client_id,
    )


def _is_in_doubt(desk: Desk, symbol: str, side: Side | None = None) -> bool:
    """Whether an order of a symbol, or of one side of it, may be there without a number known."""
    return any(
        order.intent.symbol == symbol
        and side in {None, order.intent.side}
        and order.state in MAYBE_THERE
        and not order.venue_order_id
        for order in desk.book.orders.values()
    )


def _has_stop(desk: Desk, trade: Trade) -> bool:
    """Whether a trade may be of a stop: one that has fired is an order under another number."""
    return any(
        (order.intent.symbol, order.intent.side) == (trade.symbol, trade.side)
        and order.intent.trigger_price is not None
        for order in open_orders(desk.book)
    )


async def _positions(
    desk: Desk,
    venue: Venue,
    symbols: Sequence[str],
    now_ms: Callable[[], int],
    effects: list[Effect],
    between_s: float,
) -> tuple[tuple[str, Decimal], ...] | None:
    """Correct positions that differ twice the same way; None where they could not be read."""
    first = await _differences(desk, venue, symbols)
    if not first:
        return None if first is None else ()
    if any(_is_in_doubt(desk, symbol) for symbol, _ in first):
        return None
    await asyncio.sleep(between_s)
    _, has_trades = await _trades(desk, venue, symbols, now_ms, effects)
    second = await _differences(desk, venue, symbols) if has_trades else None
    if second is None:
        return None
    moved = []
    for (symbol, side), delta in second.items():
        if first.get((symbol, side)) == delta:
            moved.append((symbol, delta))
            effects += desk.record(
                [
                    Adjusted(
                        at_ms=now_ms(),
                        venue=venue.name,
                        symbol=symbol,
                        position_side=side,
                        delta=delta,
                        cause="the venue has another position",
                    )
                ]
            )
    return tuple(moved)


async def _differences(
    desk: Desk, venue: Venue, symbols: Sequence[str]
) -> dict[tuple[str, PositionSide], Decimal] | None:
    """Return by how much each position of the venue is above the book's, where it differs.

    None where that was not answered, or where a trade was pushed while it was asked.
    """
    before = desk.book.positions
    answer: Listed[PositionView] | Unanswered = await venue.positions()
    if isinstance(answer, Unanswered) or desk.book.positions != before:
        return None
    there = {(each.symbol, each.position_side): each.quantity for each in answer.items}
    here = {
        (s, side): held for (at, s, side), held in desk.book.positions.items() if at == venue.name
    }
    keys = {key for key in (*there, *here) if key[0] in symbols or key in here}
    zero = Decimal(0)
    found = {key: EXACT.subtract(there.get(key, zero), here.get(key, zero)) for key in sorted(keys)}
    return {key: delta for key, delta in found.items() if delta}
