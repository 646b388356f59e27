"""From a target to parent orders: how much changes, and what is written into ``types.Orders``.

In: targets, positions and what is working. Out: what is still to be ordered, and the entries of
``types.Orders`` with ``ledger.State.working`` beside them. A parent that is already working
counts as done when the change is measured, so nothing is sent twice.
"""

from __future__ import annotations

import math

import numpy as np

from quorate.core.kernel import inlined, kernel
from quorate.core.types import IntMat, Orders, Reason

# of a difference of sums of money as floats: this share of the largest of them is rounding
_ROUNDING = 1e-9


def empty(n_venues: int, n_coins: int) -> Orders:
    """Return orders of which none is in force.

    Parameters
    ----------
    n_venues, n_coins : int
        Sizes of the axes, at least 1.

    Raises
    ------
    ValueError
        If an axis is empty.

    Notes
    -----
    Units: as ``types.Orders``.  Causal: no time.  Missing: NaN prices.  METHODS 0b.10.

    Examples
    --------
    >>> empty(2, 3).total.shape
    (2, 3)
    """
    if n_venues < 1 or n_coins < 1:
        raise ValueError(f"orders need at least 1 venue and 1 coin, got {n_venues}, {n_coins}")
    shape = (n_venues, n_coins)
    return Orders(
        total=np.zeros(shape, np.int64),
        decision_price=np.full(shape, np.nan),
        limit_price=np.full(shape, np.nan),
        participation=np.zeros(shape),
        urgency=np.zeros(shape),
        display=np.zeros(shape, np.int64),
        submit_k=np.zeros(shape, np.int64),
        n_bars=np.zeros(shape, np.int64),
        cross_k=np.zeros(shape, np.int64),
        schedule=np.zeros(shape, np.int8),
        placement=np.zeros(shape, np.int8),
        style=np.zeros(shape, np.int8),
        reduce_only=np.zeros(shape, np.int8),
        reason=np.zeros(shape, np.int16),
    )


@kernel
def parent_change(
    target_usd: float,
    position_usd: float,
    working_usd: float,
    min_notional_usd: float,
    min_change_frac: float,
    is_exit: bool,
) -> tuple[float, int]:
    r"""Return what is still to be ordered, or why nothing is.

    .. math:: \text{target} - \text{position} - \text{working}, \qquad
              |\text{change}| \ge \max(\text{minimum}, 0.1\, |\text{target}|)

    Parameters
    ----------
    target_usd, position_usd, working_usd : float
        Signed notionals wanted, held, and in orders not yet filled.
    min_notional_usd : float
        The least the venue accepts.
    min_change_frac : float
        Changes below this share of the target are not worth an order (0.1).
    is_exit : bool
        Exits and cuts of a breached cap are ordered whatever their size.

    Returns
    -------
    tuple[float, int]
        Signed change and ``Reason.NONE``; or 0 and ``BELOW_MINIMUM`` where a whole position is
        too small for the venue, ``BELOW_CHANGE`` where what is held or working is as good as
        wanted, or ``NO_DATA``.

    Notes
    -----
    Units: USD.  Causal: one bar.  Missing: a NaN amount orders nothing (NO_DATA).
    What rounding leaves of three sums (1e-9 of the largest) is no change.  METHODS 0b.10.

    Examples
    --------
    >>> parent_change(1000.0, 600.0, 300.0, 5.0, 0.1, False)
    (100.0, 0)
    >>> parent_change(1000.0, 950.0, 0.0, 5.0, 0.1, False)
    (0.0, 63)
    """
    change = target_usd - position_usd - working_usd
    if not math.isfinite(change):
        return 0.0, Reason.NO_DATA.value
    if change == 0.0 or is_exit:
        return change, Reason.NONE.value
    if abs(change) <= _ROUNDING * max(abs(target_usd), abs(position_usd), abs(working_usd)):
        return 0.0, Reason.NONE.value
    if position_usd == 0.0 and working_usd == 0.0:
        return (
            (change, Reason.NONE.value)
            if abs(change) >= min_notional_usd
            else (0.0, Reason.BELOW_MINIMUM.value)
        )
    if abs(change) < max(min_notional_usd, min_change_frac * abs(target_usd)):
        return 0.0, Reason.BELOW_CHANGE.value
    return change, Reason.NONE.value


@inlined
def place(
    v: int,
    c: int,
    lots: int,
    decision_price: float,
    limit_price: float,
    k: int,
    n_bars: int,
    cross_k: int,
    schedule: int,
    placement: int,
    style: int,
    display: int,
    participation: float,
    urgency: float,
    reduce_only: bool,
    reason: int,
    orders: Orders,
    working: IntMat,
) -> bool:
    """Put a parent order in force, in place of any that is there; refuse a naked one.

    Parameters
    ----------
    v, c : int
        Venue and coin.
    lots : int
        Signed size; 0 places nothing.
    decision_price, limit_price : float
        The close that decided it; the worst price its children accept.
    k : int
        The bar whose close decided it.
    n_bars, cross_k : int
        How long it lasts; the bar from which a resting child crosses.
    schedule, placement, style, display, participation, urgency
        From ``style`` and ``schedule``; ``display`` in lots, 0 shows all.
    reduce_only : bool
        Never let it open a position.
    reason : int
        ``types.Reason`` of the decision.
    orders : Orders
        Written at (v, c).
    working : IntMat
        Set to ``lots`` at (v, c), shape (venue, coin).

    Returns
    -------
    bool
        Whether it is in force; False, and nothing is written, without a size or a limit price.

    Notes
    -----
    Units: lots, quote currency.  Causal: bar k.  Missing: a NaN or zero limit is refused.
    Spec 8, METHODS 9.2 (no naked market orders).
    """
    if lots == 0 or not (0.0 < limit_price < math.inf):
        return False
    orders.total[v, c] = lots
    orders.decision_price[v, c] = decision_price
    orders.limit_price[v, c] = limit_price
    orders.participation[v, c] = participation
    orders.urgency[v, c] = urgency
    orders.display[v, c] = display
    orders.submit_k[v, c] = k
    orders.n_bars[v, c] = n_bars
    orders.cross_k[v, c] = cross_k
    orders.schedule[v, c] = schedule
    orders.placement[v, c] = placement
    orders.style[v, c] = style
    orders.reduce_only[v, c] = 1 if reduce_only else 0
    orders.reason[v, c] = reason
    working[v, c] = lots
    return True


@inlined
def cancel(v: int, c: int, orders: Orders, working: IntMat) -> int:
    """Take a parent order out of force; return what was left of it.

    Notes
    -----
    Units: signed lots.  Causal: no prices.  Missing: 0 where none was in force.  METHODS 0b.10.

    Examples
    --------
    >>> orders, working = empty(1, 1), np.array([[5]])
    >>> cancel(0, 0, orders, working), working.item()
    (5, 0)
    """
    left = working[v, c]
    working[v, c] = 0
    orders.total[v, c] = 0
    orders.decision_price[v, c] = math.nan
    orders.limit_price[v, c] = math.nan
    orders.participation[v, c] = 0.0
    orders.display[v, c] = 0
    orders.submit_k[v, c] = 0
    orders.n_bars[v, c] = 0
    orders.cross_k[v, c] = 0
    orders.schedule[v, c] = 0
    orders.placement[v, c] = 0
    orders.style[v, c] = 0
    orders.reduce_only[v, c] = 0
    orders.reason[v, c] = 0
    return left
