"""Everything the exchange remembers between two requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from quorate.exchange.matching.book import Book
from quorate.exchange.matching.flow import POINT_MS, Ladder

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.book import Resting
    from quorate.exchange.matching.flow import Path
    from quorate.exchange.matching.instruments import Instrument
    from quorate.exchange.matching.orders import Push

RATE: Final = Decimal("0.0001")
"""The funding rate where none is given."""


@dataclass(slots=True)
class Market:
    """One instrument's book, the path of its price, and how far that has been walked."""

    instrument: Instrument
    path: Path
    ladder: Ladder
    seed: int
    book: Book = field(default_factory=Book)
    point: int = -1
    is_stale: bool = False
    last: int = 0
    n_trades: int = 0
    funding: Callable[[int], Decimal] | None = None

    def rate(self, at_ms: int) -> Decimal:
        """Return the funding rate of a settlement, as a fraction of the notional."""
        return RATE if self.funding is None else self.funding(at_ms)


@dataclass(slots=True)
class State:
    """The exchange between two requests.

    Notes
    -----
    Units: milliseconds.  Causal: ``now_ms`` never goes back.  ``resting`` finds the place of an
    order in its book; ``pushes`` wait for a facade to send them.  Missing: none.
    ``is_refusal_an_order``: a post-only order that would take is not refused when it is asked for,
    it is taken and ended at once, as venues do that answer before they match.
    """

    start_ms: int
    now_ms: int
    markets: dict[str, Market]
    accounts: dict[str, Account] = field(default_factory=dict)
    resting: dict[int, Resting] = field(default_factory=dict)
    pushes: list[Push] = field(default_factory=list)
    n_orders: int = 0
    n_conditional: int = 0
    is_countdown_for_stops: bool = True
    is_refusal_an_order: bool = False

    @property
    def instruments(self) -> dict[str, Instrument]:
        """What is listed, by symbol."""
        return {symbol: market.instrument for symbol, market in self.markets.items()}

    def point_at(self, at_ms: int) -> int:
        """Return the last point of the path's grid at or before a moment."""
        return (at_ms - self.start_ms) // POINT_MS

    def mark(self, symbol: str) -> int:
        """Return the mark price in ticks: the path's own, which nobody's orders move."""
        market = self.markets[symbol]
        return market.path.price(max(market.point, 0))

    def next_order_id(self) -> int:
        """Return the next id of an order."""
        self.n_orders += 1
        return self.n_orders

    def is_live(self, symbol: str) -> bool:
        """Whether an account has orders or a position in a symbol, so that each point counts."""
        return any(account.is_live(symbol) for account in self.accounts.values())
