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

from quorate.core.kernel import kernel
from quorate.core.types import Mat

BUY, SELL, HELD, LOWER, UPPER, WEIGHT = 0, 1, 2, 3, 4, 5
N_ROWS = 6

_ROUNDS = 200
_CLOSE = 2e-15


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
def next_price(
    price: float, low: float, high: float, excess: float, slope: float, n_round: int
) -> float:
    """Return the next price to try: a Newton step if it stays inside the bracket, else its middle.

    Every fourth round takes the middle, which bounds the rounds when Newton creeps.

    Notes
    -----
    Units: percent.  Causal: no time.  Missing: excluded by the caller.
    METHODS 8.3.
    """
    if slope > 0.0 and n_round % 4 != 3:
        newton = price + excess / slope
        if low < newton < high:
            return newton
    return 0.5 * (low + high)


@kernel
def group_price(
    book: Mat, start: int, stop: int, limit: float, t: float, price: float, high: float
) -> tuple[float, float]:
    r"""Return the price (and shift) at which one group alone meets its limit; weights are set.

    Parameters
    ----------
    book, start, stop, t
        As in ``demand``.
    limit : float
        The sum to meet; between the group's lower bounds and its demand at price 0.
    price : float
        Where to start, inside ``[0, high]``.
    high : float
        A price at which every coin of the group is at its lower bound.

    Returns
    -------
    tuple[float, float]
        The price and the shift.

    Notes
    -----
    Units: percent, shares of the budget.  Causal: no time.  Missing: excluded by the caller.
    Spec 7, METHODS 8.3 (the price at which a sector alone exhausts its cap).
    """
    low = 0.0
    shift = 0.0
    for n_round in range(_ROUNDS):
        total, free = demand(book, start, stop, price, 0.0, t)
        excess = total - limit
        if abs(excess) <= _CLOSE:
            return price, shift
        if excess > 0.0:
            low = price
        else:
            high = price
        step = next_price(price, low, high, excess, t * free, n_round)
        if step == price or high - low <= 1e-16 * high:
            break
        price = step
    for _ in range(_ROUNDS):
        total, free = demand(book, start, stop, price, shift, t)
        excess = total - limit
        if abs(excess) <= _CLOSE or free == 0:
            break
        shift += excess / free
    return price, shift
