"""What a parent order asks for: values, carried out elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.venues.base import TimeInForce


class PlaceChild(NamedTuple):
    """Send a child: which one of its parent, how much, at which worst price, and why so."""

    leg: int
    quantity: Decimal
    limit_price: Decimal
    time_in_force: TimeInForce
    why: str


class CancelChild(NamedTuple):
    """Take a child back."""

    intent_id: str
    why: str


class Close(NamedTuple):
    """Send no child of the parent any more."""

    why: str


Effect: TypeAlias = PlaceChild | CancelChild | Close
