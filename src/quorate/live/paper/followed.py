"""A price as it was heard: what the matching engine walks along instead of a random path.

In: prices and volumes with the moment they were heard. Out: the price at each point of the
engine's grid. What is heard between two points is shown from the next one on, never earlier.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from quorate.exchange.matching.flow import POINT_MS

if TYPE_CHECKING:
    from decimal import Decimal

_KEPT = 40_000  # a week of points; what is older is nobody's price any more


class Followed:
    """The path of one instrument's price.

    Parameters
    ----------
    start_ms : int
        Point 0, the engine's first moment.
    ticks : int
        The price before anything is heard.

    Notes
    -----
    Units: ticks, lots, points of 15 s.  Causal: a point shows what was heard before it.  Missing:
    while nothing is heard the last price stands and nothing trades.

    Examples
    --------
    >>> path = Followed(0, ticks=100)
    >>> path.hear(16_000, ticks=103, lots=7)
    >>> path.price(1), path.price(2), path.volume(2)
    (100, 103, 7)
    """

    def __init__(self, start_ms: int, *, ticks: int) -> None:
        self._start_ms = start_ms
        self._points, self._ticks, self._lots = [0], [ticks], [0]

    def hear(self, at_ms: int, *, ticks: int, lots: int) -> None:
        """Hear a price, and what traded since the one before.

        Raises
        ------
        ValueError
            The price is none, or older than the last.
        """
        point = -(-(at_ms - self._start_ms) // POINT_MS)
        if ticks < 1 or lots < 0 or point < self._points[-1]:
            raise ValueError(
                f"{ticks} ticks and {lots} lots at {at_ms} ms after {self._points[-1]}"
            )
        if point == self._points[-1] and point > 0:
            self._ticks[-1] = ticks
            self._lots[-1] += lots
            return
        self._points.append(point)
        self._ticks.append(ticks)
        self._lots.append(lots)
        if len(self._points) > 2 * _KEPT:
            for each in (self._points, self._ticks, self._lots):
                del each[:_KEPT]

    def price(self, point: int) -> int:
        """Return the price at a point in ticks."""
        return self._ticks[max(bisect_right(self._points, point) - 1, 0)]

    def volume(self, point: int) -> int:
        """Return the lots that traded between the point before and this one."""
        at = bisect_right(self._points, point) - 1
        return self._lots[at] if at >= 0 and self._points[at] == point else 0


def to_ticks(bid: Decimal, ask: Decimal, tick: Decimal) -> tuple[int, int]:
    """Return the middle of a touch in ticks, and the half of its spread, at least one.

    Examples
    --------
    >>> from decimal import Decimal
    >>> to_ticks(Decimal("99.9"), Decimal("100.3"), Decimal("0.1"))
    (1001, 2)
    """
    low, high = int(bid / tick), -int(-ask // tick)
    return (low + high) // 2, max((high - low + 1) // 2, 1)
