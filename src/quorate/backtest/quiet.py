"""One pass over a bar, coin by coin without a branch: whether anything happens to an account.

In: contiguous rows of one bar, and what is held. Out: yes or no, or one integer sum. A comparison
adds 0 or 1, so that the loops run in vectors; what a yes means is worked out by ``given``.
"""

from __future__ import annotations

import numpy as np

from quorate.core.kernel import inlined, kernel
from quorate.core.types import MONEY_SCALE, Bar, ByteVec, IntMat, IntVec, Vec

_SCALE = float(MONEY_SCALE)
_CENTS = 100.0


@kernel
def is_quiet(
    low: Vec,
    high: Vec,
    mark: Vec,
    funding: Vec,
    status: ByteVec,
    coins: Vec,
    stop_below: Vec,
    stop_above: Vec,
) -> bool:
    """Say whether nothing happens to what is held: no stop touched, no funding, no hole."""
    n = 0
    for c in range(coins.shape[0]):
        n += (low[c] <= stop_below[c]) | (high[c] >= stop_above[c])
    for c in range(coins.shape[0]):
        n += (funding[c] != 0.0) & (coins[c] != 0.0)
    for c in range(coins.shape[0]):
        is_missing = (status[c] != Bar.TRADED.value) | (mark[c] != mark[c])
        n += is_missing & (coins[c] != 0.0)
    return n == 0


@inlined
def has_hole(status: ByteVec, mark: Vec, coins: Vec, working: IntMat) -> bool:
    """Say whether something held or ordered did not trade on this bar, or has no mark."""
    n = 0
    for c in range(coins.shape[0]):
        is_missing = (status[c] != Bar.TRADED.value) | (mark[c] != mark[c])
        n += is_missing & ((coins[c] != 0.0) | (working[0, c] != 0))
    return n != 0


@inlined
def is_due(funding: Vec, coins: Vec) -> bool:
    """Say whether something held settles funding on this bar."""
    n = 0
    for c in range(coins.shape[0]):
        n += (funding[c] != 0.0) & (coins[c] != 0.0)
    return n != 0


@kernel
def value(mark: Vec, coins: Vec) -> int:
    """Return what is held at these marks, each coin rounded once, integer money."""
    total = 0
    for c in range(coins.shape[0]):
        worth = coins[c] * mark[c] * _SCALE if coins[c] != 0.0 else 0.0
        total += int(np.rint(worth))
    return total


@kernel
def may_be_insolvent(low: Vec, high: Vec, coins: Vec, maintenance: Vec, cash: int) -> bool:
    """Say whether worst prices come near the maintenance margin; never misses, may exaggerate."""
    worth = 0
    margin = 0
    for c in range(coins.shape[0]):
        is_held = coins[c] != 0.0
        worst = min(coins[c] * low[c], coins[c] * high[c]) * _CENTS if is_held else 0.0
        worth += int(np.rint(worst))
        margin += int(np.rint(abs(worst) * maintenance[c]))
    room = 2 * coins.shape[0] + 2  # half a cent of rounding a coin, and the cash
    return cash // (MONEY_SCALE // 100) + worth - room < margin


@kernel
def has_changed(weight: Vec, acted: Vec) -> bool:
    """Say whether any weight is another than the one acted on; NaN says nothing."""
    n = 0
    for c in range(weight.shape[0]):
        n += (weight[c] == weight[c]) & (weight[c] != acted[c])
    return n != 0


@kernel
def count_waiting(working: IntMat, n_waiting: IntVec) -> None:
    """Count the coins with an order at work."""
    n = 0
    for c in range(working.shape[1]):
        n += working[0, c] != 0
    n_waiting[0] = n
