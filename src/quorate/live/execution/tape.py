r"""What the market itself traded at while a parent was worked: the price of an interval by volume.

In: the market's trades. Out: their mean price over a span, weighted by quantity,

.. math:: VWAP = \frac{\sum_j q_j p_j}{\sum_j q_j}

over every trade :math:`j` of the span, ours among them: a tape says of nobody whose trade it was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from quorate.live.orders.book import EXACT, ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal


class _Sums(NamedTuple):
    """Times of trades, and what had traded before each, in coins and in quote."""

    times: list[int]
    coins: list[Decimal]
    quote: list[Decimal]


class Tape:
    """The market's trades over time, by symbol.

    Parameters
    ----------
    rows : iterable of (symbol, at_ms, price, quantity)
        In any order; several of one moment are several trades.

    Notes
    -----
    Units: quote per coin, coins, ms since 1970.  Causal: reads a span that is over.  Missing: None
    where nothing traded.  METHODS 9.5.

    Examples
    --------
    >>> from decimal import Decimal
    >>> one, three = Decimal(1), Decimal(3)
    >>> tape = Tape([("X", 5, Decimal(10), three), ("X", 7, Decimal(14), one)])
    >>> tape.vwap("X", 5, 7), tape.vwap("X", 6, 7), tape.vwap("X", 8, 9)
    (Decimal('11'), Decimal('14'), None)
    """

    def __init__(self, rows: Iterable[tuple[str, int, Decimal, Decimal]]) -> None:
        found: dict[str, list[tuple[int, Decimal, Decimal]]] = {}
        for symbol, at_ms, price, quantity in rows:
            found.setdefault(symbol, []).append((at_ms, price, quantity))
        self._sums = {symbol: _summed(sorted(each)) for symbol, each in found.items()}

    def vwap(self, symbol: str, from_ms: int, to_ms: int) -> Decimal | None:
        """Return the mean price of a span, both of its ends included."""
        sums = self._sums.get(symbol)
        if sums is None:
            return None
        first, last = bisect_left(sums.times, from_ms), bisect_right(sums.times, to_ms)
        if last <= first:
            return None
        coins = EXACT.subtract(sums.coins[last], sums.coins[first])
        return EXACT.subtract(sums.quote[last], sums.quote[first]) / coins


def _summed(rows: list[tuple[int, Decimal, Decimal]]) -> _Sums:
    values = (EXACT.multiply(price, quantity) for _, price, quantity in rows)
    return _Sums(
        [at_ms for at_ms, _, _ in rows],
        list(accumulate((each[2] for each in rows), EXACT.add, initial=ZERO)),
        list(accumulate(values, EXACT.add, initial=ZERO)),
    )
