"""How much of a parent order may be sent in a bar.

In: the parent and the bar's volume. Out: signed lots. A child never exceeds what its schedule has
due, what an iceberg shows, what a closing order may close, or the participation limit.
"""

from __future__ import annotations

from math import floor

from quorate.backtest.rules import Params
from quorate.backtest.views import Parent
from quorate.core.kernel import kernel
from quorate.core.routing.schedule import cumulative
from quorate.core.types import Schedule


@kernel
def _due(k: int, parent: Parent) -> int:
    """Return the lots, unsigned, due by this bar; a TWAP behind its target catches up."""
    size = abs(parent.working)
    elapsed = k - parent.submit_k
    if parent.schedule != Schedule.TWAP or elapsed >= parent.n_bars:
        return size
    target = cumulative(parent.total, elapsed, parent.n_bars, parent.urgency)
    due = target - (parent.total - parent.working)
    if parent.working < 0:
        due = -due
    return min(size, max(due, 0))


@kernel
def wanted(k: int, parent: Parent, params: Params) -> int:
    """Return the signed lots a parent wants to trade in bar ``k``, before volume.

    Notes
    -----
    Units: lots. Causal: an order decided at the close of bar k is first sent in bar k + 1.
    Missing: none. METHODS 0b.1, 9.3.
    """
    if k <= parent.submit_k:
        return 0
    size = _due(k, parent)
    if parent.display > 0:
        size = min(size, params.tips_per_bar * parent.display)
    if parent.closes_only:
        size = min(size, abs(parent.held))
    return size if parent.working > 0 else -size


@kernel
def within(lots: int, volume: float, coins_per_lot: float, params: Params) -> int:
    """Cut lots to the share of the bar's volume that one order may be; the rest stays working.

    Examples
    --------
    >>> from quorate.backtest.rules import params
    >>> within(-50, 100.0, 1.0, params())
    -20
    """
    room = floor(params.costs.max_participation * volume / coins_per_lot)
    if abs(lots) <= room:
        return lots
    return room if lots > 0 else -room
