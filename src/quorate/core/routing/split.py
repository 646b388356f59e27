"""On which venues a change is ordered: reductions where it is held, new positions where best.

In: a signed change of one coin, positions, scores and room of the venues. Out: signed lots per
venue, rounded down, so that never more is ordered than was decided.
"""

from __future__ import annotations

import math

import numpy as np

from quorate.core.kernel import inlined, kernel
from quorate.core.types import IntMat, IntVec, Mat, Vec, Venues

# a size this close below a whole lot is that lot: the rest is rounding
_ROUNDING = 1e-9


@kernel
def whole_lots(coins: float, lot: float) -> int:
    r"""Round coins down to lots, towards zero.

    .. math:: \operatorname{sign}(q) \lfloor |q| / \text{lot} \rfloor

    Parameters
    ----------
    coins : float
        Signed quantity.
    lot : float
        Coins per lot.

    Returns
    -------
    int
        Signed lots; a quantity within 1e-9 below a whole lot is that lot.

    Notes
    -----
    Units: coins to lots.  Causal: no time.  Missing: 0 for NaN or for a lot that is not positive.
    METHODS 7.4.

    Examples
    --------
    >>> whole_lots(0.3, 0.1), whole_lots(-0.39, 0.1)
    (3, -3)
    """
    if not lot > 0.0:
        return 0
    n = abs(coins) / lot
    if not n < 9e15:
        return 0
    whole = math.floor(n + _ROUNDING)
    return whole if coins > 0.0 else -whole


@kernel
def close_positions(coins: float, c: int, lots: IntMat, lot: Mat, out: IntVec) -> float:
    """Split a change over the venues that hold the opposite side, the largest holder first.

    Parameters
    ----------
    coins : float
        Signed change wanted.
    c : int
        The coin.
    lots : IntMat
        Positions, shape (venue, coin).
    lot : Mat
        Coins per lot, shape (venue, coin).
    out : IntVec
        Signed lots to order, shape (venue,); added to.

    Returns
    -------
    float
        What is left of the change, coins: no less than one lot only if nothing more is held.

    Notes
    -----
    Units: coins, lots.  Causal: one bar.  Missing: a NaN change orders nothing.
    Never more than is held; the part below a lot stays.  Spec 8, METHODS 0b.10.
    """
    left = coins
    side = 1 if coins > 0.0 else -1
    tried = np.zeros(out.size, dtype=np.int8)
    for _ in range(out.size):
        best = -1
        largest = 0.0
        for v in range(out.size):
            held = -side * lots[v, c] * lot[v, c]
            if tried[v] == 0 and held > largest:
                largest = held
                best = v
        if best < 0:
            break
        tried[best] = 1
        n = min(whole_lots(abs(left), lot[best, c]), abs(lots[best, c]))
        out[best] += side * n
        left -= side * n * lot[best, c]
    # the rounding of the subtraction is not a quantity
    return left if abs(left) > _ROUNDING * abs(coins) else 0.0


@inlined
def open_positions(
    coins: float, c: int, price: float, score: Vec, room_usd: Vec, venues: Venues, out: IntVec
) -> float:
    """Split a change over the venues that list the coin, the best score first, within their room.

    Parameters
    ----------
    coins : float
        Signed change wanted.
    c : int
        The coin.
    price : float
        Decision price.
    score : Vec
        From ``rank.score``, shape (venue,); a NaN score is never chosen, ties go to the first.
    room_usd : Vec
        What each venue may still take, shape (venue,).
    venues : Venues
        Lots, minima, listings; only perpetuals are sold short.
    out : IntVec
        Signed lots to order, shape (venue,); added to.

    Returns
    -------
    float
        What is left of the change, coins; parts below a lot or a minimum are not ordered.

    Notes
    -----
    Units: coins, lots, USD.  Causal: one bar.  Missing: a NaN change or price orders nothing.
    Spec 8, METHODS 9.1.
    """
    left = coins
    if not (price > 0.0 and math.isfinite(coins)) or coins == 0.0:
        return left
    side = 1 if coins > 0.0 else -1
    tried = np.zeros(out.size, dtype=np.int8)
    for _ in range(out.size):
        best = -1
        for v in range(out.size):
            may = venues.listed[v, c] == 1 and (side > 0 or venues.is_perp[v, c] == 1)
            if may and tried[v] == 0 and room_usd[v] > 0.0 and not math.isnan(score[v]):
                if best < 0 or score[v] > score[best]:
                    best = v
        if best < 0:
            break
        tried[best] = 1
        lot = venues.lot[best, c]
        n = whole_lots(min(abs(left), room_usd[best] / price), lot)
        # rounding up to the lot must not leave the room
        if n * lot * price > room_usd[best]:
            n -= 1
        if n < 1 or n * lot * price < venues.min_notional[best, c]:
            continue
        out[best] += side * n
        left -= side * n * lot
    return left if abs(left) > _ROUNDING * abs(coins) else 0.0


@inlined
def split(
    coins: float,
    c: int,
    price: float,
    lots: IntMat,
    score: Vec,
    room_usd: Vec,
    venues: Venues,
    out: IntVec,
) -> float:
    """Split a change over venues: first what reduces positions, then what opens new ones.

    Parameters
    ----------
    coins, c, price, score, room_usd, venues
        As in ``open_positions``.
    lots : IntMat
        Positions, shape (venue, coin).
    out : IntVec
        Signed lots to order, shape (venue,); overwritten.

    Returns
    -------
    float
        What is left of the change, coins.

    Notes
    -----
    Units: coins, lots, USD.  Causal: one bar.  Missing: a NaN change orders nothing.
    A coin of which a venue holds the opposite side is closed there before any is opened.
    Spec 8, METHODS 0b.10 and 9.1.
    """
    for v in range(out.size):
        out[v] = 0
    if not math.isfinite(coins) or coins == 0.0:
        return coins
    left = close_positions(coins, c, lots, venues.lot, out)
    for v in range(out.size):
        opposite = lots[v, c] + out[v]
        if opposite != 0 and (opposite > 0) != (coins > 0.0):
            return left
    return open_positions(left, c, price, score, room_usd, venues, out)
