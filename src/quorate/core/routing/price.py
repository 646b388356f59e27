"""Where a child's limit stands: inside a collar, on the tick grid, never naked.

In: a reference price and a side. Out: a price rounded to the grid towards the safe side.
"""

from __future__ import annotations

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import Placement

_ROUNDING = 1e-9


@kernel
def to_tick(price: float, side: int, tick: float) -> float:
    """Round a price to the grid away from crossing: down for a buy, up for a sell.

    Notes
    -----
    Units: quote currency.  Causal: one price.  Missing: an unknown tick leaves the price as it is.
    METHODS 9.2.

    Examples
    --------
    >>> to_tick(100.07, 1, 0.5), to_tick(100.07, -1, 0.5)
    (100.0, 100.5)
    """
    if not tick > 0.0:
        return price
    steps = price / tick
    # a price already on the grid may be a rounding error away from it
    if side > 0:
        return float(np.floor(steps + _ROUNDING) * tick)
    return float(np.ceil(steps - _ROUNDING) * tick)


@kernel
def collared(price: float, side: int, collar_bps: float, tick: float) -> float:
    r"""Return the worst price a marketable order accepts.

    .. math:: P (1 + \text{side} \cdot \text{collar} / 10^4)

    Parameters
    ----------
    price : float
        Reference: the middle of the market.
    side : int
        +1 buys, -1 sells.
    collar_bps : float
        Distance allowed.
    tick : float
        Price step.

    Returns
    -------
    float
        On the grid, inside the collar.

    Notes
    -----
    Units: quote currency.  Causal: one price.  Missing: a NaN price gives NaN: do not send.
    Spec 8, METHODS 9.2 (no naked market orders).

    Examples
    --------
    >>> collared(1000.0, 1, 50.0, 0.5), collared(1000.0, -1, 50.0, 0.5)
    (1005.0, 995.0)
    """
    return to_tick(price * (1.0 + side * collar_bps * 1e-4), side, tick)


@kernel
def resting(price: float, side: int, spread_bps: float, tick: float) -> float:
    r"""Return the price at which a post-only order joins its own side of the book.

    .. math:: P (1 - \text{side} \cdot \tfrac12 \text{spread} / 10^4)

    Parameters
    ----------
    price : float
        The middle of the market.
    side : int
        +1 buys, -1 sells.
    spread_bps : float
        Quoted or estimated.
    tick : float
        Price step.

    Returns
    -------
    float
        On the grid, at or behind the best price of its side.

    Notes
    -----
    Units: quote currency.  Causal: one price.  Missing: NaN in, NaN out.  Spec 8, METHODS 9.2.

    Examples
    --------
    >>> resting(1000.0, 1, 20.0, 0.5), resting(1000.0, -1, 20.0, 0.5)
    (999.0, 1001.0)
    """
    return to_tick(price * (1.0 - side * 0.5 * spread_bps * 1e-4), side, tick)


@kernel
def placement_at(placement: int, k: int, cross_k: int) -> int:
    """Return where a child rests now: a post-only order that timed out crosses.

    Parameters
    ----------
    placement : int
        ``types.Placement`` of the parent.
    k, cross_k : int
        The bar, and the bar from which it crosses.

    Returns
    -------
    int
        ``types.Placement``.

    Notes
    -----
    Units: none.  Causal: no prices.  Missing: none.  Spec 8, METHODS 9.2.

    Examples
    --------
    >>> placement_at(2, 9, 10), placement_at(2, 10, 10)
    (2, 0)
    """
    if placement != Placement.MARKETABLE and k >= cross_k:
        return Placement.MARKETABLE.value
    return placement
