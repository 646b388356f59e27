"""How far a parent order has come: what its children say, and nothing that is kept beside them.

A schedule has no memory of its own. Its place is the time and the rows of its children, so that a
restart, which folds the same rows, stands where it stood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.live.orders.book import EXACT, ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from quorate.live.orders.book import Order
    from quorate.live.orders.parents import ParentOpened
    from quorate.live.orders.states import State
    from quorate.venues.base import Grid, TimeInForce


class Child(NamedTuple):
    """A child order as the book has it.

    Notes
    -----
    Units: coins, quote per coin, ms since 1970.  ``committed`` is what it has traded and what it
    may still trade.  Causal: as of the book.  Missing: none.
    """

    intent_id: str
    leg: int
    state: State
    quantity: Decimal
    limit_price: Decimal
    time_in_force: TimeInForce
    placed_ms: int
    committed: Decimal
    filled: Decimal
    is_over: bool
    is_cancel_wanted: bool
    reason: str


class Progress(NamedTuple):
    """A parent's children in the order in which they were sent, and their sums.

    Notes
    -----
    Units: coins.  ``committed`` counts a child at its full size until it is certainly over, so
    that what is ``left`` of a parent can be sent whatever becomes of the others.
    """

    children: tuple[Child, ...]
    committed: Decimal
    filled: Decimal

    @property
    def alive(self) -> tuple[Child, ...]:
        """Return the children that are not certainly over."""
        return tuple(each for each in self.children if not each.is_over)

    @property
    def next_leg(self) -> int:
        """Return the number that the next child bears; none is used twice."""
        return max((each.leg for each in self.children), default=-1) + 1


class Market(NamedTuple):
    """What is known of a market when a parent is looked at.

    Notes
    -----
    Units: quote per coin, coins, bps, ms since 1970.  ``volume`` is all that traded since the
    parent began, ours included; ``most`` the largest child that may be sent.  Causal: as of
    ``at_ms``.  Missing: a market that is not known is no ``Market``.
    """

    bid: Decimal
    ask: Decimal
    at_ms: int
    grid: Grid
    most: Decimal
    volume: Decimal = ZERO
    taker_fee_bps: Decimal = ZERO

    @property
    def mid(self) -> Decimal:
        """Return the middle of the touch."""
        return (self.bid + self.ask) / 2


def progress(orders: Iterable[Order], parent_id: str) -> Progress:
    """Return how far a parent has come.

    Parameters
    ----------
    orders : iterable of Order
        Of a book.
    parent_id : str
        Whose children.

    Returns
    -------
    Progress
        Traded, or told and not yet booked, or still able to trade: each coin counted once.

    Notes
    -----
    Units: coins.  Causal: as of the book.  Missing: none.  RELIABILITY 2 (I4).

    Examples
    --------
    >>> progress((), "p")
    Progress(children=(), committed=Decimal('0'), filled=Decimal('0'))
    """
    children = sorted(
        (_child(order) for order in orders if order.intent.parent_id == parent_id),
        key=lambda child: child.leg,
    )
    committed = filled = ZERO
    for each in children:
        committed = EXACT.add(committed, each.committed)
        filled = EXACT.add(filled, each.filled)
    return Progress(tuple(children), committed, filled)


def left(parent: ParentOpened, done: Progress) -> Decimal:
    """Return what may still be sent of a parent, never below 0."""
    return max(ZERO, EXACT.subtract(parent.quantity, done.committed))


def _child(order: Order) -> Child:
    intent = order.intent
    return Child(
        intent_id=intent.intent_id,
        leg=intent.leg,
        state=order.state,
        quantity=intent.quantity,
        limit_price=intent.limit_price or ZERO,
        time_in_force=intent.time_in_force,
        placed_ms=intent.at_ms,
        committed=EXACT.add(order.traded, order.reserved),
        filled=max(order.traded, order.filled),
        is_over=order.is_over and not order.is_stray,
        is_cancel_wanted=order.is_cancel_wanted,
        reason=order.reason,
    )
