r"""The prices of the limits: for a given concentration price, exact budget and sector prices.

Inside the solver of METHODS 8.3 the concentration has a price :math:`\nu`, here as
:math:`t = 1 / 2\nu`. Each coin then answers the price :math:`\lambda` it sees by

.. math:: w = \mathrm{clip}(\mathrm{clip}(p, (a-\kappa-\lambda) t, (a+\kappa-\lambda) t), l, u)

so every sum of weights falls piecewise linearly in the price, and Newton steps inside a bracket
find the price at which the sum meets its limit. Where prices are as fine as a float can tell
(ties, :math:`\nu \to 0`) the search goes on in weights: the ``shift`` is taken off every free
coin alike, so that ties share equally and a sum is met to the last digit.

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
_SHIFTS = 20
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
def pivot(book: Mat, start: int, stop: int, low: float, high: float, t: float) -> float:
    r"""Return the price inside a bracket to try when Newton cannot tell.

    Of the prices at which a coin is half way between two of its bounds, the one nearest to the
    middle of the bracket: where :math:`t` is large demand is a staircase, and these are its steps.

    Notes
    -----
    Units: percent.  Causal: no time.  Missing: excluded by the caller.
    METHODS 8.3.
    """
    middle = 0.5 * (low + high)
    best = middle
    nearest = math.inf
    half = 0.5 / t
    for c in range(start, stop):
        held = book[HELD, c]
        for side in range(2):
            far = book[LOWER, c] if side else book[UPPER, c]
            gain = book[SELL, c] if side else book[BUY, c]
            price = gain - half * (held + far)
            distance = abs(price - middle)
            if distance < nearest and low < price < high and far != held:
                nearest = distance
                best = price
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
    apart the rest is shifted off the free coins, and if none is free the safe end is taken.

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
        The price; ``floor`` where the limit does not bind there.

    Notes
    -----
    Units: percent, shares of the budget.  Causal: no time.  Missing: excluded by the caller.
    Spec 7, METHODS 8.3.
    """
    first = starts[groups[0]]
    last = starts[groups[1]]
    top = high
    low = floor
    price = floor
    shift = 0.0
    n_shifts = -1
    for n_round in range(_ROUNDS):
        total, free = pooled(book, starts, caps, groups, price, shift, t)
        excess = total - limit
        is_safe = price == high or (n_round == 0 and excess <= 0.0)
        if abs(excess) <= _CLOSE or is_safe:
            break
        if n_round == 0:
            price = guess
            continue
        if n_shifts >= 0:
            if free == 0 or n_shifts == _SHIFTS:
                if excess <= 0.0:
                    break
                price, shift = high, 0.0
            else:
                shift += excess / free
                n_shifts += 1
            continue
        slope = t * free
        if abs(excess) <= _EPSILON * top * slope:
            shift = excess / free
            n_shifts = 1
            continue
        if excess > 0.0:
            low = price
        else:
            high = price
        step = price + excess / slope if slope > 0.0 else math.inf
        if not low < step < high or n_round % 8 == 7:
            step = pivot(book, first, last, low, high, t)
        if low < step < high:
            price = step
        else:
            price = low
            n_shifts = 0
    return price
