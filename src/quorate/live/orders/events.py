"""What the journal knows of orders: one record an event, each with one canonical text.

In: what the desk is about to do, and what a venue said. Out: frozen records that the reducer folds
and ``store.journal`` chains. An event says what was observed, not what follows from it. ``at_ms``
is when it was written, by the desk's clock; money is Decimal; absent is None, never 0.
"""

# no postponed annotations: the codec reads the types of the fields

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

from quorate.live.orders.examined import Examined
from quorate.live.orders.parents import ParentClosed, ParentOpened
from quorate.venues.base import (
    Liquidity,
    OrderKind,
    OrderStatus,
    Placement,
    PositionSide,
    Side,
    TimeInForce,
    require_amount,
    require_decimal,
)


class Source(StrEnum):
    """By which road a report came: asked for by us, or pushed by the venue."""

    LOOKUP = "lookup"
    STREAM = "stream"


class Cancelling(StrEnum):
    """What came of asking for a cancellation."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A desk took the lease: what an earlier one left half done is in doubt from here on."""

    at_ms: int
    epoch: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """J6: how the account stood in a symbol when the journal began: what was before is not ours.

    The newest trade of before, "" and 0 where there was none, and the position by its side, signed.
    """

    at_ms: int
    venue: str
    symbol: str
    trade_id: str = ""
    traded_at_ms: int = 0
    both: Decimal = Decimal(0)
    long: Decimal = Decimal(0)
    short: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        for name in ("both", "long", "short"):
            require_decimal(f"Baseline.{name}", getattr(self, name))
        if not (self.venue and self.symbol):
            raise ValueError("a baseline needs its venue and its symbol")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """J1: an order that will be sent, complete and quantised; durable before a byte leaves.

    Parameters
    ----------
    intent_id, client_id : str
        See ``ids``; each is unique for good.
    cycle, strategy, purpose, leg, parent_id : str and int
        What the order is for.
    limits : str
        The limits in force and what they were checked against, as JSON.

    Notes
    -----
    Units: coins, quote per coin, ms since 1970.  Causal: written before the order is sent.
    Missing: None where the kind of order has no such price.
    """

    at_ms: int
    intent_id: str
    client_id: str
    venue: str
    symbol: str
    side: Side
    order_kind: OrderKind
    quantity: Decimal
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    is_reduce_only: bool = False
    position_side: PositionSide = PositionSide.BOTH
    cycle: str = ""
    strategy: str = ""
    purpose: str = ""
    leg: int = 0
    parent_id: str = ""
    limits: str = ""

    def __post_init__(self) -> None:
        require_amount("Intended.quantity", self.quantity)
        if not (self.intent_id and self.client_id and self.venue and self.symbol):
            raise ValueError("an intent needs its id, a client id, a venue and a symbol")

    def placement(self, *, sent_at_ms: int, window_ms: int) -> Placement:
        """Return what is sent: this intent to the last digit, stamped (I12)."""
        return Placement(
            client_id=self.client_id,
            symbol=self.symbol,
            side=self.side,
            kind=self.order_kind,
            quantity=self.quantity,
            limit_price=self.limit_price,
            trigger_price=self.trigger_price,
            time_in_force=self.time_in_force,
            is_reduce_only=self.is_reduce_only,
            position_side=self.position_side,
            sent_at_ms=sent_at_ms,
            window_ms=window_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """J2: the one attempt at sending; from here on the order may be at the venue."""

    at_ms: int
    intent_id: str
    epoch: int
    sent_at_ms: int
    window_ms: int
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """J3: the venue has the order and says how it stands."""

    at_ms: int
    intent_id: str
    venue_order_id: str
    status: OrderStatus
    raw_status: str
    filled: Decimal
    average_price: Decimal | None = None
    updated_ms: int
    body_hash: str = ""

    def __post_init__(self) -> None:
        require_amount("Acknowledged.filled", self.filled, is_zero_allowed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """J3: the venue refused, and certainly executed nothing."""

    at_ms: int
    intent_id: str
    code: str
    text: str = ""
    body_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """J3: no answer, or none that can be read."""

    at_ms: int
    intent_id: str
    reason: str
    body_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSeen:
    """J4: how an order stands, asked for or pushed; it may be old news."""

    at_ms: int
    intent_id: str
    source: Source
    venue_order_id: str
    status: OrderStatus
    raw_status: str
    filled: Decimal
    average_price: Decimal | None = None
    updated_ms: int

    def __post_init__(self) -> None:
        require_amount("StatusSeen.filled", self.filled, is_zero_allowed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """J4: a trade of an order of ours, by the venue's own id of it."""

    at_ms: int
    intent_id: str
    venue: str
    symbol: str
    trade_id: str
    venue_order_id: str
    side: Side
    position_side: PositionSide = PositionSide.BOTH
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    traded_at_ms: int
    realized_pnl: Decimal | None = None

    def __post_init__(self) -> None:
        _require_trade(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalFill:
    """J6: a trade on the account that no intent of ours explains: a liquidation, a hand."""

    at_ms: int
    venue: str
    symbol: str
    trade_id: str
    venue_order_id: str
    client_id: str = ""
    side: Side
    position_side: PositionSide = PositionSide.BOTH
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    traded_at_ms: int
    cause: str

    def __post_init__(self) -> None:
        _require_trade(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributed:
    """J6: a trade that was booked as nobody's is one of an order of ours after all."""

    at_ms: int
    intent_id: str
    venue: str
    symbol: str
    trade_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelIntended:
    """J5: an order will be taken back."""

    at_ms: int
    intent_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOutcome:
    """J5: what came of it; how the order ended is what a status says, not this."""

    at_ms: int
    intent_id: str
    outcome: Cancelling
    code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """The resolver's verdict: the order never came to be, with its evidence as JSON."""

    at_ms: int
    intent_id: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """J6: the position is another than the trades say; the venue is believed.

    ``delta`` is signed coins and is added to the position; ``cause`` says why.
    """

    at_ms: int
    venue: str
    symbol: str
    position_side: PositionSide = PositionSide.BOTH
    delta: Decimal
    cause: str

    def __post_init__(self) -> None:
        require_decimal("Adjusted.delta", self.delta)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """J6: the venue's truth was compared with the book: hash of it, differences, what was done."""

    at_ms: int
    venue: str
    snapshot_hash: str
    n_differences: int
    differences: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """Orders that ended at or before a moment leave the book; the journal keeps them."""

    at_ms: int
    before_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """How the desk stands from here on, as ``controls.standing.to_text`` writes it.

    The breakers live in the same rows as the orders that they stop: a restart finds both.
    """

    at_ms: int
    standing: str


JournalEvent: TypeAlias = (
    Opened
    | Intended
    | Sending
    | Acknowledged
    | Refused
    | InDoubt
    | StatusSeen
    | Filled
    | ExternalFill
    | Attributed
    | CancelIntended
    | CancelOutcome
    | Absence
    | Adjusted
    | Reconciled
    | Examined
    | Retired
    | ParentOpened
    | ParentClosed
    | Baseline
    | Stood
)

KINDS: Final[dict[str, type[JournalEvent]]] = {
    "opened": Opened,
    "intended": Intended,
    "sending": Sending,
    "acknowledged": Acknowledged,
    "refused": Refused,
    "in_doubt": InDoubt,
    "status_seen": StatusSeen,
    "filled": Filled,
    "external_fill": ExternalFill,
    "attributed": Attributed,
    "cancel_intended": CancelIntended,
    "cancel_outcome": CancelOutcome,
    "absence": Absence,
    "adjusted": Adjusted,
    "reconciled": Reconciled,
    "examined": Examined,
    "retired": Retired,
    "parent_opened": ParentOpened,
    "parent_closed": ParentClosed,
    "baseline": Baseline,
    "stood": Stood,
}
"""The name of every kind of event in the journal; a name is never given to another kind."""


def _require_trade(item: Filled | ExternalFill) -> None:
    require_amount("the quantity of a trade", item.quantity)
    require_amount("the price of a trade", item.price)
    require_decimal("the fee of a trade", item.fee)
    if not (item.venue and item.symbol and item.trade_id):
        raise ValueError("a trade needs its venue, its symbol and its id")
