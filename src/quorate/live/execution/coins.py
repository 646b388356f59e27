"""Stops where coins are held: a stop there holds what it may sell, and nobody else can sell it.

In: coins, where their stop belongs, the orders the book has, the touch. Out: place, take back, or
sell by hand, as ``stops``; but what is in the way is taken back first, for there is no room for
two, and a stop covers what no other sale is at work on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.live.execution.stops import (
    ESCALATION,
    PATIENCE_MS,
    STOP,
    Beyond,
    PlaceStop,
    back,
    escalation,
    is_right,
    paced,
    rests,
    still_open,
)
from quorate.live.orders.book import EXACT, ZERO
from quorate.live.orders.states import State
from quorate.venues.base import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from quorate.live.execution.stops import StopEffect
    from quorate.live.orders.book import Order
    from quorate.venues.base import Grid, Touch

N_STOPS: Final = 3
"""So many stops of a pair wait at most; the venue's own bound is five, a person's among them."""


def step(
    state: Beyond,
    held: Decimal,
    trigger: Decimal,
    orders: Iterable[Order],
    touch: Touch | None,
    grid: Grid,
    now_ms: int,
) -> tuple[Beyond, tuple[StopEffect, ...]]:
    """Return what the protection of coins asks for now; see ``stops.step``.

    Parameters
    ----------
    state : Beyond
        From the step before, or ``stops.init``.
    held : Decimal
        Coins, those that orders hold included.
    trigger : Decimal
        Where their stop belongs, on the grid.
    orders : iterable of Order
        Of the pair, of this book.
    touch : Touch or None
        None where the market is not known: stops are placed all the same.
    grid : Grid
        Of the pair.
    now_ms : int
        The clock.

    Returns
    -------
    state, effects : Beyond, tuple
        At most one effect while something is held.

    Notes
    -----
    Units: coins, quote per coin, ms.  Causal: reads nothing but its arguments.  Missing: what is
    below the least that the venue takes an order of has no stop.
    RELIABILITY 2 (row 37), 3 (d).
    """
    sales = [each for each in orders if each.intent.side is Side.SELL]
    stops = [each for each in sales if each.intent.purpose == STOP and not each.is_over]
    resting = [each for each in stops if rests(each)]
    if held <= 0:
        return Beyond(), tuple(back(each, "flat") for each in resting)
    # a venue that refuses is not stormed; what was taken back to make room is no refusal
    mine = [
        each
        for each in sales
        if each.intent.purpose in {STOP, ESCALATION}
        and not (each.is_over and each.is_cancel_wanted)
    ]
    room = grid.quantity(free(held, sales))
    if touch is not None and touch.mark <= trigger:
        since_ms = now_ms if state.since_ms is None else state.since_ms
        found = _sold(room, resting, touch, grid, now_ms - since_ms)
        return Beyond(since_ms), paced(found, mine, ESCALATION, now_ms)
    if any(each.state in {State.INTENT, State.SENDING} for each in stops):
        return Beyond(), ()
    found = _covered(held, room, trigger, resting, grid)
    return Beyond(), paced(found, mine, STOP, now_ms)


def _sold(
    left: Decimal, resting: Sequence[Order], touch: Touch, grid: Grid, waited_ms: int
) -> tuple[StopEffect, ...]:
    """Sell by hand what a price beyond the stop has left, once no stop holds it any more."""
    if resting:
        is_over = waited_ms >= PATIENCE_MS
        return (back(resting[0], "it did not sell, and holds the coins"),) if is_over else ()
    if not is_enough(left, touch.bid, grid):
        return ()
    return (escalation(left, Side.SELL, touch, grid, waited_ms),)


def _covered(
    held: Decimal, room: Decimal, trigger: Decimal, resting: Sequence[Order], grid: Grid
) -> tuple[StopEffect, ...]:
    """Bring the stops that rest to where they belong, and over the coins that nothing holds yet."""
    good = [each for each in resting if is_right(each, Side.SELL, trigger)]
    wrong = [each for each in resting if each not in good]
    if wrong:  # it holds the coins of the one that is to stand in its place
        return (back(wrong[0], "it is to stand elsewhere"),)
    if sum((still_open(each) for each in good), ZERO) > held:
        return (back(min(good, key=still_open), "it is more than there is"),)
    if not is_enough(room, trigger, grid):
        return ()
    if len(good) >= N_STOPS:
        return (back(min(good, key=still_open), "too many small ones"),)
    return (PlaceStop(Side.SELL, room, trigger),)


def free(held: Decimal, sales: Iterable[Order]) -> Decimal:
    """Return the coins that no sale holds or has traded already, never below 0.

    Examples
    --------
    >>> from decimal import Decimal
    >>> free(Decimal("0.5"), ())
    Decimal('0.5')
    """
    taken = sum((each.reserved for each in sales), ZERO)
    return max(ZERO, EXACT.subtract(held, taken))


def in_the_way(quantity: Decimal, held: Decimal, sales: Sequence[Order]) -> Order | None:
    """Return the stop to take back first so that so many coins can be sold, None where none is.

    Parameters
    ----------
    quantity, held : Decimal
        What is to be sold, and what there is.
    sales : sequence of Order
        Of the pair, of this book, on the side that sells.

    Returns
    -------
    Order or None
        The smallest that is enough, else the largest: the rest goes on protecting.
    """
    lack = EXACT.subtract(quantity, free(held, sales))
    resting = [each for each in sales if each.intent.purpose == STOP and rests(each)]
    if lack <= 0 or not resting:
        return None
    enough = [each for each in resting if still_open(each) >= lack]
    return min(enough, key=still_open) if enough else max(resting, key=still_open)


def is_held_fast(quantity: Decimal, held: Decimal, sales: Sequence[Order]) -> bool:
    """Say whether stops of which not all is known hold what is to be sold: then it has to wait."""
    stops = any(each.intent.purpose == STOP and not each.is_over for each in sales)
    return stops and free(held, sales) < quantity


def is_enough(quantity: Decimal, price: Decimal, grid: Grid) -> bool:
    """Say whether a venue takes an order of so much at a price.

    Examples
    --------
    >>> from types import SimpleNamespace as Made
    >>> from decimal import Decimal
    >>> grid = Made(min_quantity=Decimal("0.1"), lot=Decimal("0.1"), min_notional=Decimal(5))
    >>> [is_enough(Decimal(each), Decimal(10), grid) for each in ("0.05", "0.1", "0.5")]
    [False, False, True]
    """
    if quantity < (grid.min_quantity or grid.lot):
        return False
    return grid.min_notional is None or quantity * price >= grid.min_notional
