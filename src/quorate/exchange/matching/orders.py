"""What the engine speaks of: what may be asked, orders and what became of them, refusals.

Prices are whole ticks and quantities whole lots of their instrument, so that matching is exact;
amounts of money are Decimal. A refusal is a value with the engine's own word for its reason; each
dialect turns it into its venue's code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, NamedTuple

BUY: Final = 1
SELL: Final = -1

Kind = Literal["limit", "market", "stop", "stop_limit", "take_profit", "take_profit_limit"]
TimeInForce = Literal["GTC", "IOC", "FOK", "POST_ONLY"]
Status = Literal["NEW", "PARTIAL", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "TRIGGERED"]
PositionSide = Literal["both", "long", "short"]
SelfTrade = Literal["none", "expire_taker", "expire_maker", "expire_both"]
Reason = Literal[
    "unknown_symbol",
    "not_trading",
    "bad_price",
    "bad_quantity",
    "min_notional",
    "percent_price",
    "too_many_orders",
    "too_many_conditional",
    "would_take",
    "would_trigger",
    "reduce_only",
    "margin",
    "balance",
    "duplicate_id",
    "bad_id",
    "no_such_order",
    "cannot_cancel",
    "position_side",
    "no_change",
    "has_position",
    "bad_leverage",
    "no_liquidity",
]

ENDED: Final = frozenset({"FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "TRIGGERED"})
CONDITIONAL: Final = frozenset({"stop", "stop_limit", "take_profit", "take_profit_limit"})


class Refusal(NamedTuple):
    """Why nothing was done; ``detail`` names the value and the bound."""

    reason: Reason
    detail: str = ""


class Asked(NamedTuple):
    """An order as it is asked for.

    Notes
    -----
    Units: ``price`` and ``trigger`` in quote per coin, ``quantity`` in coins, all Decimal.
    ``quote_quantity`` is an amount to spend (spot market orders). Missing: None where a kind of
    order has none; a client id of "" lets the exchange choose one.
    """

    symbol: str
    side: int
    kind: Kind
    quantity: Decimal | None
    price: Decimal | None = None
    trigger: Decimal | None = None
    time_in_force: TimeInForce = "GTC"
    is_reduce_only: bool = False
    position_side: PositionSide = "both"
    client_id: str = ""
    self_trade: SelfTrade = "expire_maker"
    quote_quantity: Decimal | None = None
    is_closing: bool = False


class Seen(NamedTuple):
    """An order at one moment: what a replica that lags still shows."""

    status: Status
    filled: int
    quote: Decimal
    price: int
    quantity: int
    at_ms: int


@dataclass(slots=True)
class Order:
    """An order the exchange has taken.

    Notes
    -----
    Units: ``price`` and ``trigger`` in ticks (0: none), ``quantity`` and ``filled`` in lots,
    ``quote`` in quote.  Causal: ``versions`` has one row a change, so that any past moment can be
    shown.  Missing: none.  ``is_refused``: taken only to be ended, see ``State``.  ``working_ms``:
    when a stop of a pair was triggered, which trades under its own id then; 0 before.
    """

    order_id: int
    account: str
    asked: Asked
    price: int
    trigger: int
    quantity: int
    created_ms: int
    status: Status = "NEW"
    filled: int = 0
    quote: Decimal = Decimal(0)
    updated_ms: int = 0
    triggered_id: int = 0
    is_refused: bool = False
    working_ms: int = 0
    versions: list[Seen] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Lots that have not traded."""
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        """Whether it can still trade or be cancelled."""
        return self.status not in ENDED

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for its trigger, or did until it ended."""
        return self.asked.kind in CONDITIONAL and not self.working_ms

    def keep(self, at_ms: int) -> None:
        """Keep what it is now as a version."""
        self.updated_ms = at_ms
        self.versions.append(
            Seen(self.status, self.filled, self.quote, self.price, self.quantity, at_ms)
        )

    def seen(self, at_ms: int) -> Seen | None:
        """Return what could be seen of it at a moment; None before it was there."""
        for version in reversed(self.versions):
            if version.at_ms <= at_ms:
                return version
        return None


class Execution(NamedTuple):
    """A trade of one order.

    Notes
    -----
    Units: ``price`` in ticks, ``quantity`` in lots, ``fee`` in ``fee_asset``, ``realized`` in
    quote.  Causal: ids of a symbol rise by one a trade.  Missing: none.
    """

    trade_id: int
    order_id: int
    client_id: str
    symbol: str
    side: int
    price: int
    quantity: int
    quote: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    realized: Decimal
    position_side: PositionSide
    at_ms: int


class Push(NamedTuple):
    """Something that happened to an account, in the order it happened.

    ``execution`` is there where the order traded; ``reason`` is why balances or positions changed
    ("" where they did not).
    """

    account: str
    at_ms: int
    order: Order | None
    seen: Seen | None
    execution: Execution | None
    reason: str
    symbol: str
