"""What is known when an order is judged: prices and their age, the account, what was sent."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.live.controls.standing import Standing
    from quorate.live.orders.book import Book
    from quorate.live.orders.events import Intended
    from quorate.venues.base import Side


class Control(StrEnum):
    """The controls, by the id that a reject carries."""

    STATE = "C00_state"
    CHILD_NOTIONAL = "C01_child_notional"
    QUANTITY = "C02_quantity"
    COLLAR = "C03_collar"
    TAKER_SLIP = "C04_taker_slip"
    TWO_SOURCES = "C05_two_sources"
    COIN = "C06_coin"
    GROSS = "C07_gross"
    LEVERAGE = "C08_leverage"
    OPEN_ORDERS = "C09_open_orders"
    RATE = "C10_rate"
    REPEATED = "C11_repeated"
    TURNOVER = "C12_turnover"
    DUPLICATE = "C13_duplicate"
    CHILD_SUM = "C14_child_sum"
    FILLS = "C15_fills"
    DAILY_LOSS = "C16_daily_loss"
    DRAWDOWN = "C17_drawdown"
    STALE = "C18_stale"
    CLOCK = "C19_clock"
    REJECTS = "C20_rejects"
    LIQUIDATION = "C21_liquidation"
    UNKNOWN = "C22_unknown"
    MACHINE = "C23_machine"
    NO_PRICE = "C24_no_price"
    UNREADABLE = "C25_unreadable"


class Action(StrEnum):
    """What a breach does beside refusing the order, the mildest first."""

    REJECT = "reject"
    BLOCK = "block"
    REDUCE = "reduce"
    HALT = "halt"
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order may not leave: the control, the value, the bound, and what else follows."""

    control: Control
    text: str
    value: Decimal
    bound: Decimal
    action: Action = Action.REJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What is known of one symbol.

    Notes
    -----
    Units: quote per coin, ``volume_usd`` the median of a 5-minute bar, coins, ms since 1970.
    Causal: the stamps say how old each is.  Missing: None for a second source that there is none
    of and for distances that nobody measured.
    """

    bid: Decimal
    ask: Decimal
    mark: Decimal
    second: Decimal | None = None
    volume_usd: Decimal
    max_market_quantity: Decimal
    own_quantity: Decimal | None = None
    atr_frac: Decimal | None = None
    liquidation_frac: Decimal | None = None
    book_at_ms: int
    mark_at_ms: int
    bar_at_ms: int
    funding_at_ms: int

    @property
    def mid(self) -> Decimal:
        """The middle of the touch."""
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A parent order: what was decided, and what its children have traded and may still trade.

    ``symbol`` and ``side`` are those that its children must have, "" and None for any.
    """

    parent_id: str
    quantity: Decimal
    sent: Decimal = Decimal(0)
    symbol: str = ""
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """An order that left lately: when, what it was, and what it has traded and may still trade.

    ``notional`` is of the latter, in quote: what was taken back of an order is not in it.
    """

    at_ms: int
    symbol: str
    side: Side
    quantity: Decimal
    limit_price: Decimal | None
    parent_id: str
    notional: Decimal


_AT_MS: Final = attrgetter("at_ms")


def sent_after(sent: tuple[Sent, ...], at_ms: int) -> tuple[Sent, ...]:
    """Return the orders that left after a moment, of some that are sorted by when they left.

    Examples
    --------
    >>> sent_after((), 5)
    ()
    """
    return sent[bisect_right(sent, at_ms, key=_AT_MS) :]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal of the venue."""

    at_ms: int
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the controls read.

    Notes
    -----
    Units: quote, ms since 1970.  ``equity`` counts what is unrealised, fees and funding;
    ``day_equity`` is that of 00:00 UTC, ``peak_equity`` the highest since the last arming.
    ``sent``, oldest first, and ``rejected`` have a day and an hour of history, ``turned`` is the
    sum of what was sent since 00:00 UTC, added up where it is None; they and ``parents`` follow
    from the book: the broker fills them in, whatever a caller says.  ``deaf_since_ms`` is
    since when the account's stream has been down, None where it stands or there is none; that too
    is filled in.  Causal: as of ``now_ms``.
    """

    now_ms: int
    venue: str
    equity: Decimal
    day_equity: Decimal
    peak_equity: Decimal
    quotes: Mapping[str, Quote]
    book: Book
    standing: Standing
    parents: Mapping[str, Parent] = field(default_factory=dict)
    sent: tuple[Sent, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    turned: Decimal | None = None
    balance_at_ms: int
    clock_offset_ms: int = 0
    deaf_since_ms: int | None = None
    loop_lag_ms: int = 0
    disk_free_gib: Decimal = Decimal(1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An order that would be sent now."""

    intent: Intended
    is_emergency: bool = False

    @property
    def price(self) -> Decimal | None:
        """The worst price that it names, None for a market order."""
        return self.intent.limit_price or self.intent.trigger_price

    @property
    def is_entry(self) -> bool:
        """Whether it may increase a position."""
        return not self.intent.is_reduce_only
