"""Two passes over the coins of a bar without a branch: what happens to an account, if anything.

In: contiguous rows of one bar, and what is held. Out: yes or no, and sums of integers. A comparison
adds 0 or 1, so that the loops run in vectors, as fast as the rows come from memory; what a yes
means is worked out by ``given``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.kernel import inlined
from quorate.core.types import MONEY_SCALE, Bar, ByteVec, IntMat, Mat, Vec

_SCALE = float(MONEY_SCALE)
_CENTS = 100.0


class Open(NamedTuple):
    """What a bar does to what is held and ordered, before anything is done about it."""

    has_hole: bool  # a coin did not trade, or has no mark
    has_event: bool  # a stop is touched, or an order is at work


class Close(NamedTuple):
    """What a bar leaves, where nothing more happens."""

    value: int  # of what is held, integer money
    has_event: bool  # funding is settled, or worst prices come near the maintenance margin


@inlined
def opened(
    low: Vec,
    high: Vec,
    mark: Vec,
    status: ByteVec,
    coins: Vec,
    working: IntMat,
    stop_below: Vec,
    stop_above: Vec,
) -> Open:
    """Say whether the bar is whole for what is held and ordered, and whether it fills anything."""
    n_holes = n_events = 0
    for c in range(coins.shape[0]):
        is_ordered = working[0, c] != 0
        is_missing = (status[c] != Bar.TRADED.value) | (mark[c] != mark[c])
        n_holes += is_missing & ((coins[c] != 0.0) | is_ordered)
        n_events += (low[c] <= stop_below[c]) | (high[c] >= stop_above[c]) | is_ordered
    return Open(n_holes != 0, n_events != 0)


@inlined
def closed(
    low: Vec, high: Vec, mark: Vec, funding: Vec, coins: Vec, maintenance: Mat, cash: int
) -> Close:
    """Value what is held, each coin rounded once, and say whether anything is to be settled.

    That worst prices come near the margin is never missed, and may be exaggerated.
    """
    value = worth = margin = n_due = 0
    for c in range(coins.shape[0]):
        is_held = coins[c] != 0.0
        value += int(np.rint(coins[c] * mark[c] * _SCALE if is_held else 0.0))
        worst = min(coins[c] * low[c], coins[c] * high[c]) * _CENTS if is_held else 0.0
        worth += int(np.rint(worst))
        margin += int(np.rint(abs(worst) * maintenance[0, c]))
        n_due += (funding[c] != 0.0) & is_held
    room = 2 * coins.shape[0] + 2  # half a cent of rounding a coin, and the cash
    is_near = cash // (MONEY_SCALE // 100) + worth - room < margin
    return Close(value, is_near or n_due != 0)


@inlined
def has_changed(weight: Vec, acted: Vec) -> bool:
    """Say whether any weight is another than the one acted on; NaN says nothing."""
    n = 0
    for c in range(weight.shape[0]):
        n += (weight[c] == weight[c]) & (weight[c] != acted[c])
    return n != 0
