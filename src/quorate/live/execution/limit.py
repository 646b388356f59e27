"""Take what stands at the touch and wait there with the rest: a limit order at the other's price.

It goes no deeper than the touch, so it pays half the spread and no impact; once it has rested its
time, what is left takes inside the collar (``marketable``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.venues.base import Side

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.live.execution.progress import Market
    from quorate.live.orders.parents import ParentOpened


def price(parent: ParentOpened, market: Market) -> Decimal:
    """Return the other side's touch, or the worst price where that is better.

    Notes
    -----
    Units: quote per coin, on the grid.  Causal: one touch.  Missing: none.  Spec 8.
    """
    if parent.side is Side.BUY:
        return min(market.ask, parent.worst_price)
    return max(market.bid, parent.worst_price)
