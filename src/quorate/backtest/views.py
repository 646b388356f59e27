"""One venue and coin of one bar as plain numbers: what the events of the exchange decide from.

In: the arrays of market, venues and orders. Out: three small tuples of scalars. The events are
pure functions of them, so each can be read, tested and compiled alone.
"""

from __future__ import annotations

from typing import NamedTuple

from quorate.core import ledger
from quorate.core.kernel import inlined, kernel
from quorate.core.types import Bar, IntMat, Market, Orders, Placement, Schedule, Vec, Venues


class Tape(NamedTuple):
    """A bar of one venue and coin; ``trades`` is False where nothing can be filled."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    spread_bps: float
    trades: bool


class Terms(NamedTuple):
    """What a venue asks of a coin, and the coin's daily volatility."""

    lot: float
    tick: float
    maker_bps: float
    taker_bps: float
    latency_ms: float
    sigma_daily: float
    is_perp: bool


class Parent(NamedTuple):
    """A parent order in force (``types.Orders``), what is left of it, and what is held."""

    working: int
    held: int
    total: int
    display: int
    submit_k: int
    n_bars: int
    decision_price: float
    limit_price: float
    participation: float
    urgency: float
    schedule: int
    placement: int
    style: int
    reason: int
    closes_only: bool
    has_timed_out: bool


@kernel
def tape(market: Market, t: int, v: int, c: int) -> Tape:
    """Read a bar; it trades if its status is TRADED and it has volume."""
    volume = market.volume[t, v, c]
    return Tape(
        open=market.open[t, v, c],
        high=market.high[t, v, c],
        low=market.low[t, v, c],
        close=market.close[t, v, c],
        volume=volume,
        spread_bps=market.spread_bps[t, v, c],
        trades=market.status[t, v, c] == Bar.TRADED and volume > 0.0,
    )


@inlined
def terms(venues: Venues, sigma_daily: Vec, v: int, c: int) -> Terms:
    """Read the terms of a venue for a coin."""
    return Terms(
        lot=venues.lot[v, c],
        tick=venues.tick[v, c],
        maker_bps=venues.maker_bps[v],
        taker_bps=venues.taker_bps[v],
        latency_ms=venues.latency_ms[v],
        sigma_daily=sigma_daily[c],
        is_perp=venues.is_perp[v, c] != 0,
    )


@inlined
def parent(orders: Orders, books: ledger.State, k: int, v: int, c: int, is_perp: bool) -> Parent:
    """Read a parent order as it stands in bar ``k``.

    Spot never goes short, so a sale of it only closes. ``cross_k <= submit_k`` means that a
    resting order never crosses.
    """
    working = books.working[v, c]
    placement = orders.placement[v, c]
    cross_k = orders.cross_k[v, c]
    submit_k = orders.submit_k[v, c]
    # named here, not in the call: so many keywords with a choice among them do not compile
    closes_only = orders.reduce_only[v, c] != 0 or (not is_perp and working < 0)
    may_cross = placement != Placement.MARKETABLE and submit_k < cross_k
    has_timed_out = may_cross and k >= cross_k
    return Parent(
        working=working,
        held=books.lots[v, c],
        total=orders.total[v, c],
        display=orders.display[v, c],
        submit_k=submit_k,
        n_bars=orders.n_bars[v, c],
        decision_price=orders.decision_price[v, c],
        limit_price=orders.limit_price[v, c],
        participation=orders.participation[v, c],
        urgency=orders.urgency[v, c],
        schedule=wide(orders.schedule[v, c]),
        placement=wide(placement),
        style=wide(orders.style[v, c]),
        reason=wide(orders.reason[v, c]),
        closes_only=closes_only,
        has_timed_out=has_timed_out,
    )


@kernel
def wide(code: int) -> int:
    """Widen a code stored in 8 or 16 bits, so that the tuples have one type."""
    return code + 0


@kernel
def has_parent(working: IntMat, c: int) -> bool:
    """Say whether a coin has a parent order on any venue."""
    for v in range(working.shape[0]):
        if working[v, c] != 0:
            return True
    return False


@kernel
def is_void(parent: Parent) -> bool:
    """Say whether an order that may only close has nothing left to close."""
    same_side = (parent.held > 0) == (parent.working > 0)
    return parent.closes_only and (parent.held == 0 or same_side)


@kernel
def is_pov(parent: Parent) -> bool:
    """Say whether the parent follows the volume."""
    return parent.schedule == Schedule.POV
