"""The port between the order core and a venue: what every venue can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.venues.base import (
        BalanceView,
        Done,
        Grid,
        Listed,
        Lookup,
        Mutation,
        OrderView,
        Placement,
        PositionView,
        Rejected,
        Touch,
        Trade,
        Unanswered,
        Uncertain,
    )
    from quorate.venues.rights import Rights


class Venue(Protocol):
    """One account at one venue; an order's address is its symbol, our id, and which book it is in.

    Notes
    -----
    Requests that change something return a ``Mutation`` and raise for nothing that a venue or a
    network can do; a request is sent once.  Questions return what was answered, or
    ``Unanswered``.
    """

    @property
    def name(self) -> str:
        """Return the name the journal knows the venue by."""

    async def place(self, placement: Placement) -> Mutation:
        """Send an order, once."""

    async def cancel(self, symbol: str, client_id: str, *, is_conditional: bool) -> Mutation | Done:
        """Take an order back."""

    async def cancel_all(
        self, symbol: str, *, is_conditional: bool | None
    ) -> Done | Rejected | Uncertain:
        """Take back every order of a symbol in one of its two books, in both with None."""

    async def order(self, symbol: str, client_id: str, *, is_conditional: bool) -> Lookup:
        """Ask for one order by our id."""

    async def numbered(self, symbol: str, venue_order_id: str) -> Lookup:
        """Ask for one order by the venue's id: whose a trade is that no order of ours explains."""

    async def open_orders(
        self, symbol: str | None, *, is_conditional: bool
    ) -> Listed[OrderView] | Unanswered:
        """Ask for the orders that are open, of one symbol or of all."""

    async def trades(self, symbol: str, from_id: str | None) -> Listed[Trade] | Unanswered:
        """Ask for our trades from an id on (included), every page of them."""

    async def newest_trade(self, symbol: str) -> Listed[Trade] | Unanswered:
        """Ask for our newest trade of a symbol: one, or none where there never was one."""

    async def positions(self) -> Listed[PositionView] | Unanswered:
        """Ask for every position that is not flat."""

    async def balances(self) -> Listed[BalanceView] | Unanswered:
        """Ask what the wallet holds."""

    async def touch(self, symbol: str) -> Touch | Unanswered:
        """Ask for the best prices of a symbol and its mark."""

    def grid(self, symbol: str) -> Grid:
        """Return the grid of a symbol as the venue last said."""

    async def clock(self) -> int | Unanswered:
        """Ask what time it is there, in ms since 1970."""

    async def countdown(self, symbol: str, after_ms: int) -> Done | Rejected | Uncertain:
        """Have every order of a symbol cancelled unless asked again in time; 0 ms: never."""

    async def leverage(self, symbol: str) -> Decimal | Unanswered:
        """Ask for the leverage of a symbol."""

    async def set_leverage(self, symbol: str, leverage: Decimal) -> Done | Rejected | Uncertain:
        """Set the leverage of a symbol."""

    async def is_hedged(self) -> bool | Unanswered:
        """Ask whether longs and shorts of a symbol are two positions."""

    async def rights(self) -> Rights | Unanswered:
        """Ask what the key may do."""


class Line(Protocol):
    """What a venue tells an account by itself: heard sooner, and never believed alone.

    Notes
    -----
    Frames get lost on a line that stands, and a line that is silent says nothing of why. Nothing
    raises for what a venue or a network can do.
    """

    @property
    def trouble(self) -> str:
        """Why nothing is told on this line any more, "" while it stands."""

    async def dial(self) -> str:
        """Hang up, dial anew, and wait until it stands; return why that failed, "" where not."""

    async def told(self, within_s: float) -> tuple[OrderView | Trade | Unanswered, ...]:
        """Return what was told since the last time; wait so long for it, less where it ends."""

    async def ping(self) -> bool:
        """Send a ping, and say whether a pong has come since the one before."""

    async def renew(self) -> str:
        """Renew the key of the line where it has one; return why that failed, "" where not."""

    async def hang_up(self, why: str = "") -> None:
        """End the line; nothing of it is left."""
