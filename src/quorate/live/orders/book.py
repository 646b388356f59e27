"""What is known of an account's orders, trades and positions: the state that the journal folds to.

Two amounts are kept of an order: what its trades add up to, and the most that a status has told.
Positions and fees are sums of trades and of nothing else: a status is a reason to fetch trades,
never a trade. What may still happen is reserved in full: everything that is not certainly over.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from decimal import (
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
    Underflow,
)
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from quorate.live.orders.states import AT_VENUE, IN_DOUBT, NEVER_LIVED, TERMINAL, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.live.orders.events import Intended
    from quorate.live.orders.parents import ParentOrder
    from quorate.venues.base import PositionSide, Side, Trade

    PositionKey: TypeAlias = tuple[str, str, PositionSide]
    TradeKey: TypeAlias = tuple[str, str, str]

ZERO: Final = Decimal(0)

_TRAPS: Final = (Inexact, Rounded, InvalidOperation, Overflow, Underflow, Clamped, DivisionByZero)

EXACT: Final = Context(prec=400, traps=list(_TRAPS))
"""Sums of money: wide enough for any amount the journal takes, and an error before a rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One intent and all that is known of what became of it.

    Parameters
    ----------
    intent : Intended
        What was to be sent.
    state : State
        Where it is.
    traded : Decimal
        Sum of its trades that are booked; above the quantity only if the venue overfilled.
    told : Decimal
        The most that a status told had traded, at most the quantity.
    is_stray : bool
        Something is or may be alive at the venue under its name that should not be: itself, where
        it was taken for never placed, or a second order that the network made of its request.
    overfilled_ms : int or None
        When the last trade was booked that brought it above its quantity.

    Notes
    -----
    Units: coins, ms since 1970.  Causal: as of the last event.  Missing: None before it was sent.
    """

    intent: Intended
    state: State
    venue_order_id: str = ""
    traded: Decimal = ZERO
    told: Decimal = ZERO
    epoch: int | None = None
    sent_at_ms: int | None = None
    window_ms: int | None = None
    since_ms: int
    touched_ms: int
    reason: str = ""
    is_cancel_wanted: bool = False
    is_stray: bool = False
    overfilled_ms: int | None = None

    @property
    def is_over(self) -> bool:
        """Say whether it has ended: nothing of it is left at the venue."""
        return self.state in TERMINAL

    @property
    def is_settled(self) -> bool:
        """Say whether nothing can come of it any more: it is over, booked, and as it was asked."""
        return (
            self.state in TERMINAL
            and not self.is_stray
            and self.told <= self.traded <= self.intent.quantity
        )

    @property
    def filled(self) -> Decimal:
        """Return how much has traded for all that is known; it never falls (I8)."""
        return min(self.intent.quantity, max(self.traded, self.told))

    @property
    def reserved(self) -> Decimal:
        """Return how much of it may still come into the position: all that is not booked.

        Of a second order under its name nothing is known for certain: it counts whole.
        """
        if self.is_stray and self.state not in NEVER_LIVED:
            return self.intent.quantity
        if self.is_over and not self.is_stray:
            return max(ZERO, EXACT.subtract(self.told, self.traded))
        return max(ZERO, EXACT.subtract(self.intent.quantity, self.traded))


@dataclass(frozen=True, slots=True)
class Booked:
    """A trade as it was booked; ``intent_id`` is "" where no order of ours explains it."""

    intent_id: str
    side: Side
    position_side: PositionSide
    price: Decimal
    quantity: Decimal
    traded_at_ms: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What is asked of a book before every order, kept beside its orders so that none is searched.

    Parameters
    ----------
    lively : mapping
        Intent id -> order that is not settled, in the order of their intents.
    reserved : mapping
        (venue, symbol, position side) -> coins that may yet be bought and sold, where there are.
    worst : mapping
        (venue, symbol, position side) -> the largest size that a position can come to, of every
        position that was ever held and of all that is reserved.
    counts : mapping
        Symbol -> how many orders are alive, in doubt, and have traded too much, where there are.

    Notes
    -----
    Units: coins.  Causal: as of the orders and positions.  Missing: none.
    RELIABILITY 4.
    """

    lively: Mapping[str, Order]
    reserved: Mapping[PositionKey, tuple[Decimal, Decimal]]
    worst: Mapping[PositionKey, Decimal]
    counts: Mapping[str, Count]


class Count(NamedTuple):
    """How many orders of a symbol are alive, in doubt, and have traded more than they asked for."""

    alive: int = 0
    in_doubt: int = 0
    overfilled: int = 0


NONE: Final = Count()


def tallied(orders: Mapping[str, Order], positions: Mapping[PositionKey, Decimal]) -> Tally:
    """Return the tally of orders and positions, counted from nothing.

    Examples
    --------
    >>> tallied({}, {})
    Tally(lively={}, reserved={}, worst={}, counts={})
    """
    reserved: dict[PositionKey, tuple[Decimal, Decimal]] = {}
    counts: dict[str, Count] = {}
    for order in orders.values():
        reserve(reserved, order.intent, order.reserved)
        count(counts, order, 1)
    worst = {key: worst_of(key, positions, reserved) for key in (*positions, *reserved)}
    return Tally(
        {n: each for n, each in orders.items() if not each.is_settled}, reserved, worst, counts
    )


def worst_of(
    key: PositionKey,
    positions: Mapping[PositionKey, Decimal],
    reserved: Mapping[PositionKey, tuple[Decimal, Decimal]],
) -> Decimal:
    """Return the largest size that a position can come to, whichever way; exact."""
    return Exposure(positions.get(key, ZERO), *reserved.get(key, (ZERO, ZERO))).worst


def count(counts: dict[str, Count], order: Order, step: int) -> None:
    """Count an order in, with 1, or out again, with -1."""
    is_doubtful = order.state in IN_DOUBT
    is_too_much = order.traded > order.intent.quantity
    if not (is_doubtful or is_too_much or is_alive(order)):
        return
    symbol = order.intent.symbol
    alive, in_doubt, overfilled = counts.get(symbol, NONE)
    after = Count(
        alive + step * is_alive(order),
        in_doubt + step * is_doubtful,
        overfilled + step * is_too_much,
    )
    if any(after):
        counts[symbol] = after
    else:
        del counts[symbol]


def reserve(
    reserved: dict[PositionKey, tuple[Decimal, Decimal]], intent: Intended, delta: Decimal
) -> None:
    """Change what is reserved for an intent; exact, so that no order of changes matters."""
    if not delta:
        return
    key = (intent.venue, intent.symbol, intent.position_side)
    buying, selling = reserved.get(key, (ZERO, ZERO))
    if intent.side.sign > 0:
        buying = EXACT.add(buying, delta)
    else:
        selling = EXACT.add(selling, delta)
    if buying or selling:
        reserved[key] = (buying, selling)
    else:
        del reserved[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """An account as the journal has it; made by ``reducer`` only, and never changed.

    Parameters
    ----------
    orders : mapping
        Intent id -> order, in the order of their intents.
    by_client, by_number : mapping
        (venue, client id) and (venue, symbol, the venue's order id) -> intent id.
    trades : mapping
        (venue, symbol, trade id) -> what was booked.
    positions : mapping
        (venue, symbol, position side) -> coins, above 0 long.
    fees : mapping
        (venue, asset) -> paid so far, below 0 where rebates were more.
    last_trades : mapping
        (venue, symbol) -> stamp and id of the newest trade: from where a sweep asks on.
    parents : mapping
        Parent id -> parent order, in the order in which they were opened.
    baselines : mapping
        (venue, symbol) -> stamp and id of the newest trade from before the journal began.
    standing : str
        How the desk stands, "" where nothing was written of it.
    epoch, n_events : int
        Which life of the desk wrote last, and how many events were folded.
    counted : Tally, optional
        That of the orders, where it is known; it is counted otherwise.
    """

    orders: Mapping[str, Order] = field(default_factory=dict)
    by_client: Mapping[tuple[str, str], str] = field(default_factory=dict)
    by_number: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    trades: Mapping[TradeKey, Booked] = field(default_factory=dict)
    positions: Mapping[PositionKey, Decimal] = field(default_factory=dict)
    fees: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    last_trades: Mapping[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    parents: Mapping[str, ParentOrder] = field(default_factory=dict)
    baselines: Mapping[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    standing: str = ""
    epoch: int = 0
    n_events: int = 0
    tally: Tally = field(init=False, compare=False, repr=False)
    counted: InitVar[Tally | None] = None

    def __post_init__(self, counted: Tally | None) -> None:
        """Count the orders, unless whoever made the book has."""
        found = tallied(self.orders, self.positions) if counted is None else counted
        object.__setattr__(self, "tally", found)


@dataclass(frozen=True, slots=True)
class Exposure:
    """A position, and where it ends if everything that may trade does.

    Notes
    -----
    Units: coins, above 0 long.  Causal: as of the book.  Missing: none.

    Examples
    --------
    >>> held = Exposure(Decimal(1), buying=Decimal(2), selling=Decimal(4))
    >>> held.highest, held.lowest, held.worst
    (Decimal('3'), Decimal('-3'), Decimal('3'))
    """

    position: Decimal
    buying: Decimal
    selling: Decimal

    @property
    def highest(self) -> Decimal:
        """Return the position if every buy fills and no sell does."""
        return EXACT.add(self.position, self.buying)

    @property
    def lowest(self) -> Decimal:
        """Return the position if every sell fills and no buy does."""
        return EXACT.subtract(self.position, self.selling)

    @property
    def worst(self) -> Decimal:
        """Return the largest size the position can come to, whichever way."""
        return max(abs(self.highest), abs(self.lowest))


def exposure(book: Book, key: PositionKey) -> Exposure:
    """Return a position with all that is open, unknown or told but not booked, at full size (I4).

    Examples
    --------
    >>> from quorate.venues.base import PositionSide
    >>> exposure(Book(), ("binance", "BTCUSDT", PositionSide.BOTH)).worst
    Decimal('0')
    """
    buying, selling = book.tally.reserved.get(key, (ZERO, ZERO))
    return Exposure(book.positions.get(key, ZERO), buying, selling)


def unresolved(book: Book) -> tuple[Order, ...]:
    """Return the orders of which nobody knows whether they are at the venue."""
    return tuple(order for order in book.tally.lively.values() if order.state in IN_DOUBT)


def open_orders(book: Book) -> tuple[Order, ...]:
    """Return the orders that the venue has, or has had, and that are not known to be over."""
    return tuple(
        item for item in book.tally.lively.values() if item.state in AT_VENUE or item.is_stray
    )


def is_alive(order: Order) -> bool:
    """Say whether an order is or may be open at the venue: open, in doubt, or both."""
    return order.state in AT_VENUE or order.state in IN_DOUBT or order.is_stray


def blocked(book: Book) -> frozenset[tuple[str, str]]:
    """Return the (venue, symbol) of orders in doubt, and strays: they take no new entries."""
    return frozenset(
        (order.intent.venue, order.intent.symbol)
        for order in book.tally.lively.values()
        if order.state in IN_DOUBT or order.is_stray
    )


def unbooked(book: Book) -> tuple[Order, ...]:
    """Return the orders of which a status told more than was booked: their trades are missing."""
    return tuple(order for order in book.tally.lively.values() if order.told > order.traded)


def is_of_before(book: Book, venue: str, trade: Trade) -> bool:
    """Say whether a trade was made before the journal began: it is in the baseline.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> book = Book(baselines={("v", "BTC"): (5, "9")})
    >>> [is_of_before(book, "v", SimpleNamespace(symbol="BTC", at_ms=5, trade_id=name))
    ...  for name in ("8", "9", "10")]
    [True, True, False]
    """
    last = book.baselines.get((venue, trade.symbol))
    return last is not None and age((trade.at_ms, trade.trade_id)) <= age(last)


def age(stamped: tuple[int, str]) -> tuple[int, int, str]:
    """Order trades of one millisecond by their ids, which are numbers at most venues.

    Examples
    --------
    >>> age((5, "9")) < age((5, "10")) < age((6, "1"))
    True
    """
    return (stamped[0], len(stamped[1]), stamped[1])


def intent_of(
    book: Book, venue: str, symbol: str, *, venue_order_id: str, client_id: str | None
) -> str | None:
    """Return the intent that a trade or an order of the venue belongs to; None: not of this book.

    Examples
    --------
    >>> intent_of(Book(), "binance", "BTCUSDT", venue_order_id="7", client_id=None) is None
    True
    """
    if client_id and (found := book.by_client.get((venue, client_id))):
        return found
    return book.by_number.get((venue, symbol, venue_order_id))
