r"""Take at once, inside a collar: a limit order that ends with what it could not trade.

.. math:: P = \min\bigl(P_{\text{worst}},\; \text{ask}\,(1 + s),\; \text{mid}\,(1 + c)\bigr)

for a buy, mirrored for a sell. Taking costs half the spread and the fee; a parent with a budget
takes only within it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from quorate.venues.base import Side

if TYPE_CHECKING:
    from quorate.live.execution.progress import Market
    from quorate.live.orders.parents import ParentOpened

SLIP_BPS: Final = Decimal(25)
"""Beyond the touch; the control of takers (C04) allows 30."""

COLLAR_BPS: Final = Decimal(49)
"""From the middle; the collar (C03) allows 50."""

BPS: Final = Decimal(10_000)


def price(parent: ParentOpened, market: Market) -> Decimal | None:
    """Return the worst price a child accepts; None: the touch is beyond the collar.

    Notes
    -----
    Units: quote per coin, on the grid, rounded away from crossing further.  Causal: one touch.
    Missing: none.  Spec 8, METHODS 9.2 (no naked market orders).
    """
    side = parent.side
    touch = market.ask if side is Side.BUY else market.bid
    bounds = (
        parent.worst_price,
        touch * (1 + side.sign * SLIP_BPS / BPS),
        market.mid * (1 + side.sign * COLLAR_BPS / BPS),
    )
    worst = min(bounds) if side is Side.BUY else max(bounds)
    found = market.grid.price(worst, side)
    return None if side.sign * (touch - found) > 0 else found


def cost_bps(market: Market) -> Decimal:
    r"""Return what taking costs one way.

    .. math:: \tfrac12 \frac{\text{ask} - \text{bid}}{\text{mid}} 10^4 + f_t

    Notes
    -----
    Units: bps.  Causal: one touch.  Missing: none.  METHODS 6.1.
    """
    return (market.ask - market.bid) / 2 / market.mid * BPS + market.taker_fee_bps


def is_worth_it(parent: ParentOpened, market: Market) -> bool:
    """Say whether taking is within what the parent may pay; without a budget it always is."""
    return parent.budget_bps is None or cost_bps(market) <= parent.budget_bps
