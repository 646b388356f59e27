"""What an account holds: balances, positions, leverage, its orders, trades and cash flows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from quorate.exchange.matching.orders import Execution, Order, PositionSide

CENT: Decimal = Decimal("1e-8")
"""Amounts of money are kept to eight places."""


@dataclass(slots=True)
class Position:
    """Lots held of a contract on one side and what they cost.

    Notes
    -----
    Units: ``lots`` above 0 for a long, below for a short; ``cost`` in quote, of the sign of
    ``lots``.  Causal: ``versions`` has (ms, lots, cost) after each change.  Missing: none.
    """

    lots: int = 0
    cost: Decimal = Decimal(0)
    updated_ms: int = 0
    versions: list[tuple[int, int, Decimal]] = field(default_factory=list)

    def keep(self, at_ms: int) -> None:
        """Keep what it is now as a version."""
        self.updated_ms = at_ms
        self.versions.append((at_ms, self.lots, self.cost))

    def seen(self, at_ms: int) -> tuple[int, Decimal]:
        """Return lots and cost as they were at a moment."""
        for when, lots, cost in reversed(self.versions):
            if when <= at_ms:
                return lots, cost
        return 0, Decimal(0)


class Income(NamedTuple):
    """A cash flow other than a trade's notional: fee, funding, realised, transfer, liquidation."""

    at_ms: int
    kind: str
    symbol: str
    asset: str
    amount: Decimal
    trade_id: int = 0


@dataclass(slots=True)
class Account:
    """One account of the exchange.

    Notes
    -----
    Units: balances in their asset, ``leverage`` in times.  ``locked`` is what spot orders hold.
    ``by_client`` knows the newest order of a client id and ``conditional`` the stops, which have
    ids of their own, those of pairs excepted: they are among the ``orders`` too, under the one id.
    ``ended`` has (ms, id, whether conditional) of those that ended last.
    Missing: a symbol without an entry has leverage 20 and no position.
    """

    name: str
    wallet: dict[str, Decimal]
    locked: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[tuple[str, PositionSide], Position] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    is_hedged: bool = False
    pays_in_bnb: bool = False
    orders: dict[int, Order] = field(default_factory=dict)
    conditional: dict[int, Order] = field(default_factory=dict)
    ended: deque[tuple[int, int, bool]] = field(default_factory=deque)
    open_ids: dict[int, None] = field(default_factory=dict)
    waiting_ids: dict[int, None] = field(default_factory=dict)
    by_client: dict[str, int] = field(default_factory=dict)
    by_conditional_client: dict[str, int] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    income: list[Income] = field(default_factory=list)
    countdowns: dict[str, int] = field(default_factory=dict)

    def position(self, symbol: str, side: PositionSide) -> Position:
        """Return a position, a flat one where there is none yet."""
        return self.positions.setdefault((symbol, side), Position())

    def add(self, flow: Income) -> None:
        """Book a cash flow to the wallet and to the account's history."""
        self.wallet[flow.asset] = self.wallet.get(flow.asset, Decimal(0)) + flow.amount
        self.income.append(flow)

    def open_orders(self, symbol: str) -> list[Order]:
        """Return the open orders of a symbol, the oldest first."""
        found = (self.orders[each] for each in self.open_ids)
        return [order for order in found if order.asked.symbol == symbol]

    def has_orders(self, symbol: str) -> bool:
        """Say whether an order of a symbol is open, or waits for its price."""
        for order_id in self.open_ids:
            if self.orders[order_id].asked.symbol == symbol:
                return True
        for order_id in self.waiting_ids:
            if self.conditional[order_id].asked.symbol == symbol:
                return True
        return False

    def is_live(self, symbol: str) -> bool:
        """Say whether a symbol has an order, or something is held of it."""
        for (name, _), position in self.positions.items():
            if position.lots and name == symbol:
                return True
        return self.has_orders(symbol)

    def lately_open(self, at_ms: int, *, is_conditional: bool) -> list[Order]:
        """Return the orders that are open, or ended after a moment, the oldest first."""
        ids = set(self.waiting_ids if is_conditional else self.open_ids)
        for ended_ms, order_id, is_stop in reversed(self.ended):
            if ended_ms < at_ms:
                break
            if is_stop == is_conditional:
                ids.add(order_id)
        orders = self.conditional if is_conditional else self.orders
        return [orders[each] for each in sorted(ids)]

    def waiting(self, symbol: str) -> list[Order]:
        """Return the conditional orders of a symbol that have not been triggered."""
        found = (self.conditional[each] for each in self.waiting_ids)
        return [order for order in found if order.asked.symbol == symbol]
