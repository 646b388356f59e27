"""What the order core and a venue say to each other: records with exact money.

In: what is to be placed, cancelled or asked. Out: what the venue said, or that it said nothing.
An outcome is a value, never an exception: whoever sends an order must tell "certainly not
executed" from "nobody knows", and no answer from an answer that there is no such order. The
names of a venue's own API end here, and so do its floats.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """Return 1 for a buy and -1 for a sell."""
        return 1 if self == "buy" else -1  # to look the member up would take ten times as long


class OrderKind(StrEnum):
    """What makes an order trade: its price, nothing, or a trigger."""

    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"


class TimeInForce(StrEnum):
    """How long an order waits; ``POST_ONLY`` waits and never takes."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class PositionSide(StrEnum):
    """Which position an order belongs to: the only one, or one of two in hedge mode."""

    BOTH = "both"
    LONG = "long"
    SHORT = "short"


class OrderStatus(StrEnum):
    """What a venue says of an order; a word that is not known is ``UNREADABLE``, never guessed."""

    NEW = "new"
    PARTIAL = "partial"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"


class Liquidity(StrEnum):
    """Whether a trade waited in the book or took from it."""

    MAKER = "maker"
    TAKER = "taker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """An order as it is to be sent: quantised, complete, with an id of ours.

    Parameters
    ----------
    client_id : str
        Ours, see ``live.orders.ids``; the only name by which an order without answer is found.
    quantity : Decimal
        In coins, above 0.
    limit_price, trigger_price : Decimal or None
        In quote per coin; a limit order has the first, a stop the second (and may have both).
    sent_at_ms, window_ms : int
        The stamp that is signed, and how long after it the venue may still take the order.

    Raises
    ------
    ValueError
        A price is missing or too many, or an amount is no finite Decimal above 0.

    Notes
    -----
    Units: coins, quote per coin, ms since 1970 (the venue's clock).  Causal: made before the
    order is sent.  Missing: None only where the kind has no such price.

    Examples
    --------
    >>> order = Placement(client_id="qaaa", symbol="BTCUSDT", side=Side.BUY, kind=OrderKind.LIMIT,
    ...     quantity=Decimal("0.1"), limit_price=Decimal(50000), sent_at_ms=0, window_ms=5000)
    >>> order.is_conditional, order.position_side.value
    (False, 'both')
    """

    client_id: str
    symbol: str
    side: Side
    kind: OrderKind
    quantity: Decimal
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    is_reduce_only: bool = False
    position_side: PositionSide = PositionSide.BOTH
    sent_at_ms: int
    window_ms: int

    def __post_init__(self) -> None:
        require_amount("Placement.quantity", self.quantity)
        prices = (self.limit_price, self.trigger_price)
        for name, price in zip(("limit_price", "trigger_price"), prices, strict=True):
            if price is not None:
                require_amount(f"Placement.{name}", price)
        is_limit, is_stop = self.kind is OrderKind.LIMIT, self.kind is OrderKind.STOP
        if (is_limit and self.limit_price is None) or (
            self.kind is OrderKind.MARKET and self.limit_price is not None
        ):
            raise ValueError(f"a {self.kind} order with the limit price {self.limit_price}")
        if is_stop is (self.trigger_price is None):
            raise ValueError(f"a {self.kind} order with the trigger price {self.trigger_price}")

    @property
    def is_conditional(self) -> bool:
        """Say whether it waits for a trigger: venues keep such orders in a book of their own."""
        return self.kind is OrderKind.STOP


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order as a venue tells of it, at one moment, through one of its doors.

    Parameters
    ----------
    client_id : str
        "" where the venue names none.
    status, raw_status : OrderStatus, str
        What the word means, and the word; ``UNREADABLE`` where it is not known.
    filled : Decimal
        What has traded of it so far, in coins.
    average_price : Decimal or None
        Of what has traded.

    Notes
    -----
    Units: coins, quote per coin, ms since 1970.  Causal: a view may be old; whoever merges views
    keeps the largest ``filled`` and the highest rank.  Missing: None where nothing has traded.
    """

    venue_order_id: str
    client_id: str
    symbol: str
    side: Side
    kind: OrderKind
    status: OrderStatus
    raw_status: str
    quantity: Decimal
    filled: Decimal
    average_price: Decimal | None = None
    is_conditional: bool = False
    updated_ms: int

    def __post_init__(self) -> None:
        require_amount("OrderView.quantity", self.quantity)
        require_amount("OrderView.filled", self.filled, is_zero_allowed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A trade of ours as the venue booked it; its id is unique for the symbol.

    Notes
    -----
    Units: coins, quote per coin, ``fee`` in ``fee_asset`` (negative: a rebate).  Causal:
    ``at_ms`` is the venue's stamp.  Missing: None where the venue does not say.
    """

    trade_id: str
    venue_order_id: str
    client_id: str | None = None
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    at_ms: int
    realized_pnl: Decimal | None = None
    position_side: PositionSide = PositionSide.BOTH

    def __post_init__(self) -> None:
        require_amount("Trade.quantity", self.quantity)
        require_amount("Trade.price", self.price)
        require_decimal("Trade.fee", self.fee)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    """A position as the venue has it: coins, above 0 long and below 0 short."""

    symbol: str
    position_side: PositionSide
    quantity: Decimal
    entry_price: Decimal | None
    leverage: Decimal | None
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceView:
    """What a wallet holds of one asset, and how much of it is free."""

    asset: str
    total: Decimal
    free: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """The best prices of a symbol, and the mark, at one moment.

    Notes
    -----
    Units: quote per coin, ms since 1970.  Causal: as of ``at_ms``.  Missing: none; a side that is
    empty is no touch.
    """

    symbol: str
    bid: Decimal
    ask: Decimal
    mark: Decimal
    at_ms: int

    def __post_init__(self) -> None:
        for name in ("bid", "ask", "mark"):
            require_amount(f"Touch.{name}", getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What the numbers of an order must be multiples of, and their bounds.

    Notes
    -----
    Units: ``tick`` in quote per coin, ``lot`` and quantities in coins, ``min_notional`` in quote.
    ``listed`` is what the venue calls the symbol: its id, its coin and the size of a contract.
    Causal: as the venue said last.  Missing: None where it names no bound.
    """

    tick: Decimal
    lot: Decimal
    min_quantity: Decimal | None
    max_market_quantity: Decimal | None
    min_notional: Decimal | None
    listed: str = field(default="", compare=False)

    def price(self, value: Decimal, side: Side) -> Decimal:
        """Return the price on the grid that crosses no further than asked: down for a buy.

        Examples
        --------
        >>> grid = Grid(tick=Decimal("0.1"), lot=Decimal("0.001"), min_quantity=None,
        ...     max_market_quantity=None, min_notional=None)
        >>> grid.price(Decimal("100.06"), Side.BUY), grid.price(Decimal("100.06"), Side.SELL)
        (Decimal('100.0'), Decimal('100.1'))
        """
        rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
        return (value / self.tick).to_integral_value(rounding) * self.tick

    def quantity(self, value: Decimal) -> Decimal:
        """Return the quantity on the grid that is not larger."""
        return (value / self.lot).to_integral_value(ROUND_FLOOR) * self.lot


@dataclass(frozen=True, slots=True)
class Accepted:
    """The venue has the order, or did what was asked of it, and says how the order stands.

    Only an answer that bears the id, the symbol and the client id of the order is one: an empty
    body with a good status is ``Uncertain``.
    """

    view: OrderView


@dataclass(frozen=True, slots=True)
class Done:
    """The venue did what was asked, and says no more: how orders stand is to be looked up."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The venue refused, certainly executed nothing; ``is_by_key``: it takes the key no more."""

    code: str
    text: str
    is_by_key: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Nobody knows whether it was executed: it is to be looked up, never to be sent again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """The venue knows the order."""

    view: OrderView


@dataclass(frozen=True, slots=True)
class Absent:
    """The venue itself answered, at its time, that it has no such order."""

    code: str
    venue_time_ms: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer came, or none that can be read: it says nothing about the order.

    ``is_by_key`` where the venue said that it takes the key no more.
    """

    reason: str
    is_by_key: bool = False


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A list that the venue gave, whole, at its time."""

    items: tuple[T, ...]
    venue_time_ms: int


Mutation: TypeAlias = Accepted | Rejected | Uncertain
"""What came of a request that changes something."""

Lookup: TypeAlias = Found | Absent | Unanswered
"""What came of asking for one order."""


def is_pair(symbol: str) -> bool:
    """Say whether coins themselves are held by this symbol, as ccxt spells them; else a contract.

    Examples
    --------
    >>> is_pair("BTC/USDT"), is_pair("BTC/USDT:USDT")
    (True, False)
    """
    return "/" in symbol and ":" not in symbol


def require_decimal(name: str, value: Decimal) -> None:
    """Refuse an amount that is no finite Decimal.

    Examples
    --------
    >>> require_decimal("fee", 0.5)
    Traceback (most recent call last):
    ValueError: fee is a float, money is a Decimal
    """
    if type(value) is not Decimal:
        raise ValueError(f"{name} is a {type(value).__name__}, money is a Decimal")
    if not value.is_finite():
        raise ValueError(f"{name} is {value}, must be finite")


def require_amount(name: str, value: Decimal, *, is_zero_allowed: bool = False) -> None:
    """Refuse an amount that is no finite Decimal above 0, or not below it.

    Examples
    --------
    >>> require_amount("quantity", Decimal(0))
    Traceback (most recent call last):
    ValueError: quantity is 0, must be above 0
    """
    require_decimal(name, value)
    if value < 0 or (value == 0 and not is_zero_allowed):
        bound = "0 or above" if is_zero_allowed else "above 0"
        raise ValueError(f"{name} is {value}, must be {bound}")
