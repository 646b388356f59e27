"""A stop at the venue under every position: what is missing is placed before any is taken back.

In: a position, where its stop belongs, the stops the book has, the mark. Out: place, take back, or,
where the price is beyond the stop and the position is still there, close it by hand. Stops only
close, so one too many does no harm and one too few does: a stop in doubt counts as none.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from quorate.live.execution.effects import CancelChild
from quorate.live.execution.marketable import BPS
from quorate.live.orders.book import EXACT, ZERO
from quorate.live.orders.states import IN_DOUBT, State
from quorate.venues.base import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quorate.live.orders.book import Order
    from quorate.venues.base import Grid, Touch

STOP: Final = "stop"
ESCALATION: Final = "stop escalation"
"""What the orders of this module are for, in the journal."""

PATIENCE_MS: Final = 5_000
"""How long a price may be beyond a stop while the position is still there (row 37)."""

AGAIN_MS: Final = 2_000
MOST_MS: Final = 60_000
"""Between two attempts at placing; each refusal in a row doubles it, up to the most, so that a
venue that refuses is not stormed, and one position alone never reaches the bound of C20."""

COLLARS: Final = ((0, Decimal(50)), (10_000, Decimal(100)), (30_000, Decimal(300)))
"""From how many ms after the patience is over a slice may be so many bps from the touch."""


class Beyond(NamedTuple):
    """Since when the mark is beyond the stop, None while it is not; all that is remembered."""

    since_ms: int | None = None


class PlaceStop(NamedTuple):
    """Rest a stop at the venue that closes so much."""

    side: Side
    quantity: Decimal
    trigger_price: Decimal


class Escalate(NamedTuple):
    """Close so much at once, at most at this price: the stop did not."""

    side: Side
    quantity: Decimal
    limit_price: Decimal
    collar_bps: Decimal


StopEffect: TypeAlias = PlaceStop | CancelChild | Escalate


def init() -> Beyond:
    """Return the state before any price was seen.

    Examples
    --------
    >>> init()
    Beyond(since_ms=None)
    """
    return Beyond()


def step(
    state: Beyond,
    held: Decimal,
    trigger: Decimal,
    orders: Iterable[Order],
    touch: Touch | None,
    grid: Grid,
    now_ms: int,
) -> tuple[Beyond, tuple[StopEffect, ...]]:
    """Return what a position's protection asks for now.

    Parameters
    ----------
    state : Beyond
        From the step before, or ``init``.
    held : Decimal
        Position, above 0 long.
    trigger : Decimal
        Where its stop belongs, on the grid.
    orders : iterable of Order
        Of the symbol, of this book.
    touch : Touch or None
        None where the market is not known: stops are placed all the same.
    grid : Grid
        Of the symbol.
    now_ms : int
        The clock.

    Returns
    -------
    state, effects : Beyond, tuple
        At most one effect while something is held.

    Notes
    -----
    Units: coins, quote per coin, ms.  Causal: reads nothing but its arguments.  Missing: a mark
    that is not known is not beyond the stop.  How long a venue that refuses is left alone follows
    from the orders, so that a restart changes nothing of it.  RELIABILITY 2 (row 37), 3 (d).
    """
    mine = [each for each in orders if each.intent.purpose in {STOP, ESCALATION}]
    stops = [each for each in mine if each.intent.purpose == STOP and not each.is_over]
    if not held:
        return Beyond(), tuple(back(each, "flat") for each in stops if rests(each))
    side = Side.SELL if held > 0 else Side.BUY
    beyond = touch is not None and side.sign * (touch.mark - trigger) >= 0
    since_ms = (now_ms if state.since_ms is None else state.since_ms) if beyond else None
    after = Beyond(since_ms)
    if since_ms is not None and touch is not None:
        # a stop placed now would be refused: it would trigger at once
        waited_ms = now_ms - since_ms - (PATIENCE_MS if any(map(rests, stops)) else 0)
        busy = any(e.intent.purpose == ESCALATION and not e.is_over for e in mine)
        if waited_ms < 0 or busy:
            return after, ()
        found = escalation(held, side, touch, grid, waited_ms)
        return after, paced((found,), mine, ESCALATION, now_ms)
    return after, _kept(abs(held), side, trigger, stops, mine, now_ms)


def _kept(
    size: Decimal,
    side: Side,
    trigger: Decimal,
    stops: list[Order],
    mine: list[Order],
    now_ms: int,
) -> tuple[StopEffect, ...]:
    """Bring the stops that rest to the size of the position, by placing first."""
    good = [each for each in stops if rests(each) and is_right(each, side, trigger)]
    covered = sum((still_open(each) for each in good), ZERO)
    if covered >= size:
        wrong = [each for each in stops if rests(each) and each not in good]
        spare = [each for each in good if covered - still_open(each) >= size]
        for each in (*wrong, *spare):
            return (back(each, "another stands in its place"),)
        if covered == size:
            return ()
    if any(each.state in {State.INTENT, State.SENDING} for each in stops):
        return ()
    return paced((PlaceStop(side, size, trigger),), mine, STOP, now_ms)


def escalation(held: Decimal, side: Side, touch: Touch, grid: Grid, waited_ms: int) -> Escalate:
    """Return the slice that closes by hand, further from the touch the longer it was waited."""
    collar = max(bps for from_ms, bps in COLLARS if waited_ms >= from_ms)
    best = touch.bid if side is Side.SELL else touch.ask
    most = abs(held) if grid.max_market_quantity is None else grid.max_market_quantity
    price = grid.price(best * (1 + side.sign * collar / BPS), side)
    return Escalate(side, min(abs(held), most), price, collar)


def refused(orders: Iterable[Order], purpose: str) -> tuple[Order, ...]:
    """Return the orders of a purpose that the venue refused since it last took one, newest first.

    Examples
    --------
    >>> refused((), STOP)
    ()
    """
    mine = [each for each in orders if each.intent.purpose == purpose]
    mine.sort(key=lambda each: each.intent.at_ms, reverse=True)
    return tuple(takewhile(lambda each: each.state is State.REJECTED, mine))


def paced(
    effects: tuple[StopEffect, ...], mine: Sequence[Order], purpose: str, now_ms: int
) -> tuple[StopEffect, ...]:
    """Return what of some effects may be done now, of a position with such orders.

    Nothing at once after the last order; and what would be placed the later the more often the
    venue refused it.  The first attempt to close by hand waits for no stop that was refused.
    """
    if now_ms - max((each.intent.at_ms for each in mine), default=now_ms - AGAIN_MS) < AGAIN_MS:
        return ()
    run = refused(mine, purpose)
    if not run or now_ms - run[0].intent.at_ms >= min(AGAIN_MS << min(len(run), 9) - 1, MOST_MS):
        return effects
    return tuple(each for each in effects if isinstance(each, CancelChild))


def bare(held: Decimal, orders: Iterable[Order]) -> Decimal:
    """Return how much of a position no stop would close that is known to rest, never below 0.

    Parameters
    ----------
    held : Decimal
        Position, above 0 long.
    orders : iterable of Order
        Of the symbol, of this book.

    Examples
    --------
    >>> bare(Decimal("-0.5"), ())
    Decimal('0.5')
    """
    side = Side.SELL if held > 0 else Side.BUY
    closing = (e for e in orders if e.intent.purpose == STOP and e.intent.side is side and rests(e))
    return max(ZERO, EXACT.subtract(abs(held), sum(map(still_open, closing), ZERO)))


def rests(order: Order) -> bool:
    """Say whether a stop is known to wait at the venue; one in doubt protects nothing."""
    return order.state in {State.ACKED, State.PARTIAL} and order.state not in IN_DOUBT


def is_right(order: Order, side: Side, trigger: Decimal) -> bool:
    """Say whether a stop is where it belongs, and is to stay there."""
    intent = order.intent
    return (intent.side, intent.trigger_price) == (side, trigger) and not order.is_cancel_wanted


def still_open(order: Order) -> Decimal:
    """Return how much of a stop has not traded."""
    return EXACT.subtract(order.intent.quantity, order.filled)


def back(order: Order, why: str) -> CancelChild:
    """Return that a stop is to be taken back."""
    return CancelChild(order.intent.intent_id, why)
