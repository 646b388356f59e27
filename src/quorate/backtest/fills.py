"""The record of what was traded: one preallocated row a fill, money in integer units.

In: booked fills. Out: arrays that reports, attribution and the cost waterfall read. Each row holds
everything needed to book it again: cash changed by minus ``notional`` and the cost columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.backtest.quotes import Child
from quorate.core.kernel import kernel
from quorate.core.ledger import Costs
from quorate.core.types import ByteVec, IntVec, Vec

ROWS_PER_BAR = 3
"""Rows that one venue and coin can add in one bar: a child that goes through zero is two, and one
close may follow it (stop, liquidation or delisting; each of them ends the parent order)."""


class Fills(NamedTuple):
    """One block of fills, shape (capacity,) each; the first ``n`` rows are filled.

    ``coins`` is signed like ``lots``. ``price`` is what was paid without the fee; ``notional`` the
    signed value of the lots at ``decision_price``. Costs are positive when paid. ``realised`` is
    the episode's net result where ``closed`` is 1. ``n_lost`` counts rows that found no room.
    """

    n: IntVec  # (1,)
    n_lost: IntVec  # (1,)
    k: IntVec
    venue: IntVec
    coin: IntVec
    lots: IntVec
    coins: Vec
    price: Vec
    decision_price: Vec
    side: ByteVec
    notional: IntVec
    delay: IntVec
    spread: IntVec
    impact: IntVec
    latency: IntVec
    fee: IntVec
    haircut: IntVec
    realised: IntVec
    closed: ByteVec
    opened: ByteVec
    reason: np.ndarray[tuple[int], np.dtype[np.int16]]
    style: ByteVec
    is_maker: ByteVec


def rows_needed(n_bars: int, n_venues: int, n_coins: int) -> int:
    """Return the rows that so many bars can never exceed.

    Examples
    --------
    >>> rows_needed(64, 2, 10)
    3840
    """
    return ROWS_PER_BAR * n_bars * n_venues * n_coins


def fills(capacity: int) -> Fills:
    """Allocate room for fills.

    Parameters
    ----------
    capacity : int
        Rows, at least 1; ``rows_needed`` gives the number that cannot overflow.

    Notes
    -----
    Units: money in 1e-8 quote. Missing: rows from ``n`` on are unset.

    Examples
    --------
    >>> fills(8).n.item()
    0
    """
    if capacity < 1:
        raise ValueError(f"fills need room for at least 1 row, got {capacity}")

    def ints() -> IntVec:
        return np.zeros(capacity, np.int64)

    def flags() -> ByteVec:
        return np.zeros(capacity, np.int8)

    return Fills(
        n=np.zeros(1, np.int64),
        n_lost=np.zeros(1, np.int64),
        k=ints(),
        venue=ints(),
        coin=ints(),
        lots=ints(),
        coins=np.zeros(capacity),
        price=np.zeros(capacity),
        decision_price=np.zeros(capacity),
        side=flags(),
        notional=ints(),
        delay=ints(),
        spread=ints(),
        impact=ints(),
        latency=ints(),
        fee=ints(),
        haircut=ints(),
        realised=ints(),
        closed=flags(),
        opened=flags(),
        reason=np.zeros(capacity, np.int16),
        style=flags(),
        is_maker=flags(),
    )


@kernel
def clear(fills: Fills) -> None:
    """Forget all rows; the arrays are used again."""
    fills.n[0] = 0


@kernel
def append(
    fills: Fills,
    k: int,
    v: int,
    c: int,
    lots: int,
    coins: float,
    child: Child,
    notional: int,
    costs: Costs,
    haircut: int,
    realised: int,
    opened: int,
    closed: int,
) -> None:
    """Write one row, or count it in ``n_lost`` where there is no room."""
    i = fills.n[0]
    if i >= fills.k.shape[0]:
        fills.n_lost[0] += 1
        return
    fills.n[0] = i + 1
    fills.k[i] = k
    fills.venue[i] = v
    fills.coin[i] = c
    fills.lots[i] = lots
    fills.coins[i] = coins
    fills.price[i] = child.price
    fills.decision_price[i] = child.decision_price
    fills.side[i] = 1 if lots > 0 else -1
    fills.notional[i] = notional
    fills.delay[i] = costs.delay
    fills.spread[i] = costs.spread
    fills.impact[i] = costs.impact
    fills.latency[i] = costs.latency
    fills.fee[i] = costs.fee
    fills.haircut[i] = haircut
    fills.realised[i] = realised
    fills.closed[i] = closed
    fills.opened[i] = opened
    fills.reason[i] = child.reason
    fills.style[i] = child.style
    fills.is_maker[i] = child.is_maker
