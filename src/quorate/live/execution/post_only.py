r"""Wait in the book, never take: join one's own side of the touch, follow it, know when to stop.

.. math:: P = \begin{cases} \text{bid} & \text{buy} \\ \text{ask} & \text{sell} \end{cases}

A child is taken back when its side of the touch has moved on, or when it has rested its time. One
that would have taken is refused by the venue; after ``n_reprices`` such refusals within the time,
taking is decided by what it costs (``marketable``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.live.orders.states import State
from quorate.venues.base import Side, TimeInForce

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from quorate.live.execution.progress import Child, Market
    from quorate.live.orders.parents import ParentOpened

WOULD_TAKE: Final = frozenset({"-5022", "170218", "51280"})
"""Codes with which venues say that a post-only order would have taken."""


def price(parent: ParentOpened, market: Market) -> Decimal | None:
    """Return where a child waits; None: the touch is beyond the worst price."""
    best = market.bid if parent.side is Side.BUY else market.ask
    return None if parent.side.sign * (best - parent.worst_price) > 0 else best


def has_moved_on(child: Child, side: Side, market: Market) -> bool:
    """Say whether others now stand before a child: its side of the touch is better than it."""
    best = market.bid if side is Side.BUY else market.ask
    return side.sign * (best - child.limit_price) > 0


def was_turned_down(child: Child) -> bool:
    """Say whether the venue would not let a child wait: refused, or ended unasked, untraded."""
    if child.time_in_force is not TimeInForce.POST_ONLY or child.filled:
        return False
    if child.state is State.REJECTED:
        return child.reason in WOULD_TAKE
    return child.state in {State.EXPIRED, State.CANCELED} and not child.is_cancel_wanted


def n_turned_down(children: Iterable[Child], since_ms: int) -> int:
    """Return how many children were turned down since a moment."""
    return sum(was_turned_down(each) for each in children if each.placed_ms >= since_ms)
