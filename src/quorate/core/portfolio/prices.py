r"""The prices of the limits: for a given concentration price, exact budget and sector prices.

Inside the solver of METHODS 8.3 the concentration has a price :math:`\nu`, here as
:math:`t = 1 / 2\nu`. Each coin then answers the price :math:`\lambda` it sees by

.. math:: w = \mathrm{clip}(\mathrm{clip}(p, (a-\kappa-\lambda) t, (a+\kappa-\lambda) t), l, u)

so every sum of weights falls piecewise linearly in the price, and Newton steps inside a bracket
find the price at which the sum meets its limit. Where prices are as fine as a float can tell
(ties, :math:`\nu \to 0`) the search goes on in weights, in a bracket of its own: a ``shift`` is
taken off every free coin alike, so that ties share equally and a sum is met to the last digit.

The rows of a ``book`` are the coins that may move, grouped by sector: what each gains when bought
(``a - kappa``), when sold (``a + kappa``), where it is held, lower and upper bound, its weight.
"""

from __future__ import annotations

import math

from quorate.core.kernel import kernel
from quorate.core.types import IntVec, Mat, Vec

BUY, SELL, HELD, LOWER, UPPER, WEIGHT = 0, 1, 2, 3, 4, 5
N_ROWS = 6

_ROUNDS = 200
# from this round on brackets are halved: 100 halvings close the widest
_PIVOTS = 100
_CLOSE = 2e-15
_EPSILON = 4e-16


@kernel
def demand(
    book: Mat, start: int, stop: int, price: float, shift: float, t: float
) -> tuple[float, int]:
    r"""Set what one group of coins wants at a price; return its sum and how many are free.

    Parameters
    ----------
    book : Mat
        The coins that may move, shape (row, coin); its ``WEIGHT`` row is written.
    start, stop : int
        The coins of the group.
    price : float
        Percent per unit of weight, on top of turnover.
    shift : float
        Weight taken off each free coin.
    t : float
        :math:`1 / 2\nu`.

    Returns
    -------
    tuple[float, int]
        Sum of the weights, and the number of coins at neither a bound nor their held weight.

    Notes
    -----
    Units: shares of the budget.  Causal: no time.  Missing: excluded by the caller.
    Spec 7, METHODS 8.3.
    """
    total = 0.0
    free = 0
    for c in range(start, stop):
        held = book[HELD, c]
        lower = book[LOWER, c]
        upper = book[UPPER, c]
        bought = (book[BUY, c] - price) * t - shift
        sold = (book[SELL, c] - price) * t - shift
        x = sold if sold < held else held
        x = bought if bought > x else x
        is_free = (x != held) & (x > lower) & (x < upper)
        x = upper if x > upper else x
        x = lower if x < lower else x
        book[WEIGHT, c] = x
        total += x
        free += is_free
    return total, free


@kernel
def pivot(
    book: Mat,
    start: int,
    stop: int,
    base: float,
    scale: float,
    low: float,
    high: float,
    half: float,
) -> float:
    r"""Return the price or the shift inside a bracket to try when Newton cannot tell.

    Of the prices at which a coin is half way between two of its bounds, the one nearest to the
    middle of the bracket: where :math:`t` is large demand is a staircase, and these are its steps.
    Prices are told from 0 at scale 1, shifts from the ``base`` at scale ``t``; ``half`` is what
    half a unit of weight is there.

    Notes
    -----
    Units: percent for prices, shares of the budget for shifts.  Causal: no time.
    Missing: excluded by the caller.
    METHODS 8.3.
    """
    middle = 0.5 * (low + high)
    best = middle
    nearest = math.inf
    for c in range(start, stop):
        held = book[HELD, c]
        for side in range(2):
            far = book[LOWER, c] if side else book[UPPER, c]
            gain = book[SELL, c] if side else book[BUY, c]
            step = (gain - base) * scale - half * (held + far)
            distance = abs(step - middle)
            if distance < nearest and low < step < high and far != held:
                nearest = distance
                best = step
    return best


@kernel
def pooled(
    book: Mat,
    starts: IntVec,
    caps: Vec,
    groups: tuple[int, int],
    price: float,
    shift: float,
    t: float,
) -> tuple[float, int]:
    r"""Set what several groups want at one price; a group over its cap counts as its cap.

    That is the key of METHODS 8.3: a sector at its cap sees a higher price of its own, which it
    meets later, and to the budget it is a constant.

    Parameters
    ----------
    book, price, shift, t
        As in ``demand``.
    starts : IntVec
        First coin of each group and the end, shape (group + 1,).
    caps : Vec
        What each group may hold, shape (group,); inf for none.
    groups : tuple[int, int]
        First group and the one after the last.

    Returns
    -------
    tuple[float, int]
        As ``demand``, over all groups.

    Notes
    -----
    Units: shares of the budget.  Causal: no time.  Missing: excluded by the caller.
    Spec 7, METHODS 8.3.
    """
    total = 0.0
    free = 0
    for g in range(groups[0], groups[1]):
        part, n_free = demand(book, starts[g], starts[g + 1], price, shift, t)
        if part > caps[g]:
            total += caps[g]
        else:
            total += part
            free += n_free
    return total, free


@kernel
def settle(
    book: Mat,
    starts: IntVec,
    caps: Vec,
    groups: tuple[int, int],
    limit: float,
    t: float,
    price: float,
    low: float,
    high: float,
    excess: float,
    free: int,
) -> float:
    r"""Meet a limit by a shift of weight at a price; return the shift, and set the weights.

    Between two prices that a float cannot tell apart demand may fall by whole positions, and
    coins stop at kinks (bounds, held weights) on the way. In the shift the sum is continuous and
    falls by at most 1 a coin, so a bracket that has closed has met the limit to rounding.

    Parameters
    ----------
    book, starts, caps, groups, limit, t
        As in ``clear``.
    price : float
        Where the shift is counted from.
    low, high : float
        Prices around the one sought: the sum is over the limit at ``low``, not at ``high``.
    excess, free
        What the sum is over the limit by at ``price``, and how many coins are free there.

    Notes
    -----
    Units: shares of the budget.  Causal: no time.  Missing: excluded by the caller.
    METHODS 8.3.
    """
    first = starts[groups[0]]
    last = starts[groups[1]]
    over = (low - price) * t
    under = (high - price) * t
    shift = 0.0
    for n_round in range(1, _ROUNDS):
        if excess > 0.0:
            over = shift
        else:
            under = shift
        step = shift + excess / free if free > 0 else math.inf
        if not over < step < under or n_round % 8 == 7:
            step = pivot(book, first, last, price, t, over, under, 0.5)
            step = step if n_round < _PIVOTS else 0.5 * (over + under)
        if not over < step < under:
            break
        shift = step
        total, free = pooled(book, starts, caps, groups, price, shift, t)
        excess = total - limit
        if abs(excess) <= _CLOSE:
            return shift
    # the bracket has closed: its end inside the limit
    pooled(book, starts, caps, groups, price, under, t)
    return under


@kernel
def clear(
    book: Mat,
    starts: IntVec,
    caps: Vec,
    groups: tuple[int, int],
    limit: float,
    t: float,
    floor: float,
    high: float,
    guess: float,
) -> float:
    r"""Return the price at which the groups together hold no more than a limit; weights are set.

    Newton steps inside a bracket; where they leave it, ``pivot``. Once prices cannot be told
    apart, ``settle`` goes on in weights.

    Parameters
    ----------
    book, starts, caps, groups, t
        As in ``pooled``.
    limit : float
        The sum to meet, at least the sum of the lower bounds.
    floor, high : float
        The least price, and one at which every coin is at its lower bound.
    guess : float
        Where to start, inside ``(floor, high)``.

    Returns
    -------
    float
        The price, or the one just below it that a float can tell; ``floor`` where the limit
        does not bind there.

    Notes
    -----
    Units: percent, shares of the budget.  Causal: no time.  Missing: excluded by the caller.
    Spec 7, METHODS 8.3.
    """
    first = starts[groups[0]]
    last = starts[groups[1]]
    fine = _EPSILON * high
    low = floor
    price = floor
    total, free = pooled(book, starts, caps, groups, price, 0.0, t)
    excess = total - limit
    if excess <= _CLOSE:
        return price
    step = guess
    shift = 0.0
    is_met = False
    for n_round in range(1, _ROUNDS):
        price = step
        total, free = pooled(book, starts, caps, groups, price, 0.0, t)
        excess = total - limit
        if abs(excess) <= _CLOSE:
            return price
        slope = t * free
        if excess > 0.0:
            low = price
        else:
            high = price
        if high - low <= 2.0 * fine:
            break
        if abs(excess) <= fine * slope:
            shift = excess / free
            total, _ = pooled(book, starts, caps, groups, price, shift, t)
            is_met = abs(total - limit) <= _CLOSE
            if is_met:
                break
            # a coin stopped at a kink on the way: the price may still be far from here
            step = price + math.copysign(fine, excess)
        else:
            step = price + excess / slope if slope > 0.0 else math.inf
        if not low < step < high or n_round % 8 == 7:
            step = pivot(book, first, last, 0.0, 1.0, low, high, 0.5 / t)
            step = step if n_round < _PIVOTS else 0.5 * (low + high)
        if not low < step < high:
            break
    if not is_met:
        shift = settle(book, starts, caps, groups, limit, t, price, low, high, excess, free)
    # never above the price that was meant: sectors start their search from it
    return price if shift >= 0.0 else max(low, price + shift / t - fine)
