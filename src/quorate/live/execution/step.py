"""What a parent order does next: the one function that schedules, placings and displays meet in.

In: the parent, what its children did, the time, the market. Out: send a child, take one back, close
the parent, or nothing. At most one child of a parent is alive at any time, so that what is sent is
always out of what is certainly left: children never sum above their parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.live.execution import iceberg, limit, marketable, post_only, pov, twap
from quorate.live.execution.effects import CancelChild, Close, Effect, PlaceChild
from quorate.live.execution.progress import left
from quorate.live.orders.parents import Placing, Schedule
from quorate.live.orders.states import State
from quorate.venues.base import TimeInForce

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.live.execution.progress import Child, Market, Progress
    from quorate.live.orders.parents import ParentOpened

STALE_MS: Final = 5_000
"""A touch that is older sends nothing (C18)."""

GAP_MS: Final = 2_000
"""Between two children of a parent: 30 a minute, half of what the control of the rate allows."""

N_REFUSED: Final = 2
"""So many refusals in a row, other than of a price that would take, close a parent."""


class _Rest(NamedTuple):
    """The slice a moment is in, and how far its child has rested: once, or again."""

    since_ms: int
    is_first: bool


def step(
    parent: ParentOpened, done: Progress, now_ms: int, market: Market | None
) -> tuple[Effect, ...]:
    """Return what a parent does next.

    Parameters
    ----------
    parent : ParentOpened
        What was decided.
    done : Progress
        What its children did, by the book.
    now_ms : int
        The clock.
    market : Market or None
        None where nothing is known: then children are only taken back when their time is over.

    Returns
    -------
    tuple of Effect
        At most one.

    Notes
    -----
    Units: coins, quote per coin, ms since 1970.  Causal: reads nothing but its arguments, and
    remembers nothing: the same rows after a restart give the same effect.  Missing: see ``market``.
    Spec 8, METHODS 9.2, RELIABILITY 2 (row 18).
    """
    fresh = market if market is not None and now_ms - market.at_ms <= STALE_MS else None
    if done.alive:
        return _tended(parent, done.alive, now_ms, fresh)
    if why := _over(parent, done, now_ms, fresh):
        return (Close(why),)
    if fresh is None or now_ms < parent.begin_ms or _is_too_soon(done, now_ms):
        return ()
    found = _placed(parent, done, now_ms, fresh)
    return () if found is None else (found,)


def _over(parent: ParentOpened, done: Progress, now_ms: int, market: Market | None) -> str:
    """Say why nothing more is sent of a parent, "" where something may be."""
    rest = left(parent, done)
    if rest <= 0:
        return "filled"
    if now_ms >= parent.deadline_ms:
        return f"deadline, {rest} not filled"
    if market is not None and not _is_enough(parent, rest, market):
        return f"{rest} is below the least the venue takes"
    return _refused(done)


def _tended(
    parent: ParentOpened, alive: tuple[Child, ...], now_ms: int, market: Market | None
) -> tuple[Effect, ...]:
    """Take back a child that rests too long or at a price of before; leave doubt to the broker."""
    for child in alive:
        if child.state not in {State.ACKED, State.PARTIAL}:
            continue
        if child.time_in_force is TimeInForce.IOC:
            continue  # it ends by itself
        if now_ms >= parent.deadline_ms:
            return (CancelChild(child.intent_id, "deadline"),)
        then, now = _resting(parent, child.placed_ms), _resting(parent, now_ms)
        if then != now and (
            child.time_in_force is not TimeInForce.POST_ONLY or _takes(parent, market)
        ):
            return (CancelChild(child.intent_id, "it has rested its time"),)
        if market is None or now_ms - child.placed_ms < GAP_MS:
            continue
        if child.time_in_force is TimeInForce.POST_ONLY and post_only.has_moved_on(
            child, parent.side, market
        ):
            return (CancelChild(child.intent_id, "the touch has moved on"),)
    return ()


def _placed(parent: ParentOpened, done: Progress, now_ms: int, market: Market) -> PlaceChild | None:
    """Return the next child, None where nothing is due or the touch is beyond the collar."""
    quantity = _due(parent, done, now_ms, market)
    if not quantity:
        return None
    rest = _resting(parent, now_ms)
    waits = rest.is_first or not _takes(parent, market)
    turned_down = post_only.n_turned_down(done.children, rest.since_ms)
    if parent.placing is Placing.POST_ONLY and waits and turned_down <= parent.n_reprices:
        price, kind, why = post_only.price(parent, market), TimeInForce.POST_ONLY, "waits"
    elif not _takes(parent, market):
        return None
    elif parent.placing is Placing.LIMIT and rest.is_first:
        price, kind, why = limit.price(parent, market), TimeInForce.GTC, "takes the touch and waits"
    else:
        price, kind, why = marketable.price(parent, market), TimeInForce.IOC, "takes"
    if price is None:
        return None
    return PlaceChild(done.next_leg, quantity, price, kind, why)


def _due(parent: ParentOpened, done: Progress, now_ms: int, market: Market) -> Decimal | None:
    """Return how much the next child is for: due, shown, allowed, on the grid, and enough."""
    rest = left(parent, done)
    due = parent.quantity
    if parent.schedule is Schedule.TWAP:
        due = twap.due(parent, now_ms, market.grid.lot)
    elif parent.schedule is Schedule.POV:
        due = pov.due(parent, market.volume, done.filled)
    bounds = [rest, market.most]
    tip = iceberg.tip(parent, done.next_leg)
    if tip is not None:
        bounds.append(tip)
    quantity = market.grid.quantity(min(due - done.committed, *bounds))
    if quantity <= 0 or not _is_enough(parent, quantity, market):
        return None
    # what a child leaves must be enough for another, or it would never be sent
    if _is_enough(parent, rest - quantity, market):
        return quantity
    whole = market.grid.quantity(rest)
    return whole if whole <= market.most else quantity


def _takes(parent: ParentOpened, market: Market | None) -> bool:
    return market is not None and marketable.is_worth_it(parent, market)


def _resting(parent: ParentOpened, now_ms: int) -> _Rest:
    """Return since when a child of this moment rests: the slice's beginning, or one rest later."""
    began_ms = parent.begin_ms
    if parent.schedule is not Schedule.IMMEDIATE:
        began_ms = twap.starts_ms(parent, twap.slice_at(parent, now_ms))
    n = max(now_ms - began_ms, 0) // max(parent.rest_ms, 1)
    return _Rest(began_ms + n * max(parent.rest_ms, 1), n == 0)


def _refused(done: Progress) -> str:
    """Say why a parent is given up: the venue refused its last children, "" where it did not."""
    last = done.children[-N_REFUSED:]
    refused = [
        each
        for each in last
        if each.state is State.REJECTED and not post_only.was_turned_down(each)
    ]
    return f"refused: {refused[-1].reason}" if len(refused) == N_REFUSED else ""


def _is_too_soon(done: Progress, now_ms: int) -> bool:
    return bool(done.children) and now_ms - done.children[-1].placed_ms < GAP_MS


def _is_enough(parent: ParentOpened, quantity: Decimal, market: Market) -> bool:
    """Say whether the venue takes so little; what only closes has no least value."""
    grid = market.grid
    if quantity < (grid.min_quantity or grid.lot):
        return False
    least = grid.min_notional
    return parent.is_reduce_only or least is None or quantity * market.bid >= least
