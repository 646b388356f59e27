"""An order book that matches by price and then by time, in whole ticks and lots.

In: resting orders, of accounts and of the rest of the market, and one that takes. Out: what it met,
in order. The rest of the market rests as entries without an order.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from quorate.exchange.matching.orders import BUY, SELL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quorate.exchange.matching.orders import Order


class Resting:
    """Lots at a price, first come first served; ``order`` is None for the rest of the market."""

    __slots__ = ("left", "order")

    def __init__(self, order: Order | None, left: int) -> None:
        self.order = order
        self.left = left


class Match(NamedTuple):
    """What a taker met: whom, at which price in ticks, how many lots."""

    resting: Resting
    price: int
    quantity: int


class Book:
    """Both sides of one instrument.

    Notes
    -----
    Units: ticks and lots.  Causal: entries of one price trade in the order they came.
    Missing: an empty side has no best price (0).  ``version`` rises with every change.

    Examples
    --------
    >>> book = Book()
    >>> first, second = Resting(None, 5), Resting(None, 5)
    >>> book.rest(SELL, 101, first); book.rest(SELL, 101, second)
    >>> [(m.price, m.quantity, m.resting is first) for m in book.meets(BUY, 101, 7)]
    [(101, 5, True), (101, 2, False)]
    """

    def __init__(self) -> None:
        self.version = 1
        self._levels: dict[int, dict[int, deque[Resting]]] = {BUY: {}, SELL: {}}
        # keys ascend and the best is last: of bids the price, of asks the price below zero
        self._keys: dict[int, list[int]] = {BUY: [], SELL: []}

    def best(self, side: int) -> int:
        """Return the best price of a side in ticks, 0 where it is empty."""
        keys = self._keys[side]
        return keys[-1] * side if keys else 0

    def crosses(self, side: int, price: int) -> bool:
        """Whether an order of a side at a price would trade at once."""
        best = self.best(-side)
        return best != 0 and (price - best) * side >= 0

    def rest(self, side: int, price: int, resting: Resting) -> None:
        """Put an entry at the end of its price's queue."""
        self.version += 1
        levels = self._levels[side]
        if price not in levels:
            levels[price] = deque()
            insort(self._keys[side], price * side)
        levels[price].append(resting)

    def remove(self, side: int, price: int, resting: Resting) -> None:
        """Take an entry out; it must be there."""
        self.version += 1
        self._levels[side][price].remove(resting)
        self._tidy(side, price)

    def meets(self, side: int, limit: int, quantity: int) -> Iterator[Match]:
        """Give what a taker would meet, best first, without changing anything.

        Parameters
        ----------
        side : int
            Of the taker.
        limit : int
            Its worst price; 0 for any.
        quantity : int
            How many lots it wants.
        """
        other = -side
        for key in reversed(self._keys[other]):
            price = key * other
            if limit and (limit - price) * side < 0:
                return
            for resting in self._levels[other][price]:
                taken = min(resting.left, quantity)
                if taken:
                    yield Match(resting, price, taken)
                quantity -= taken
                if quantity == 0:
                    return

    def take(self, side: int, match: Match) -> None:
        """Take the lots of a match out of the book; the entry must be first of the other side."""
        self.version += 1
        queue = self._levels[-side][match.price]
        match.resting.left -= match.quantity
        if match.resting.left == 0:
            queue.remove(match.resting)
            self._tidy(-side, match.price)

    def sweep(self, side: int, limit: int, quantity: int) -> list[tuple[Order | None, int, int]]:
        """Take what a taker meets out of the book; return (whose, price, lots), best first.

        The same as ``take`` of each that it ``meets``, in one pass.

        Examples
        --------
        >>> book = Book()
        >>> book.rest(SELL, 101, Resting(None, 5)); book.rest(SELL, 102, Resting(None, 5))
        >>> book.sweep(BUY, 102, 7), book.best(SELL)
        ([(None, 101, 5), (None, 102, 2)], 102)
        """
        other = -side
        keys, levels = self._keys[other], self._levels[other]
        taken: list[tuple[Order | None, int, int]] = []
        while keys and quantity > 0:
            price = keys[-1] * other
            if limit and (limit - price) * side < 0:
                break
            queue = levels[price]
            while queue and quantity > 0:
                resting = queue[0]
                lots = min(resting.left, quantity)
                taken.append((resting.order, price, lots))
                quantity -= lots
                resting.left -= lots
                if resting.left == 0:
                    queue.popleft()
            if not queue:
                del levels[price]
                keys.pop()
        self.version += len(taken)
        return taken

    def depth(self, side: int, most: int) -> list[tuple[int, int]]:
        """Return the best prices of a side with their lots."""
        rows = []
        for key in reversed(self._keys[side][-most:] if most else []):
            price = key * side
            rows.append((price, sum(each.left for each in self._levels[side][price])))
        return rows

    def ahead(self, side: int, price: int, resting: Resting) -> int:
        """Return how many lots of its price stand before an entry."""
        lots = 0
        for each in self._levels[side][price]:
            if each is resting:
                return lots
            lots += each.left
        raise KeyError((side, price))

    def clear_market(self, side: int, keep: dict[int, int]) -> None:
        """Bring the rest of the market to so many lots at each price, orders left where they stand.

        Lots are taken from the end of the queue and added at its end: who waits keeps the place.
        """
        self.version += 1
        levels = self._levels[side]
        for price in [each for each in levels if each not in keep]:
            queue = deque(each for each in levels[price] if each.order is not None)
            if queue:
                levels[price] = queue
            else:
                self._drop(side, price)
        for price, lots in keep.items():
            self._fit(side, price, lots)

    def _fit(self, side: int, price: int, lots: int) -> None:
        queue = self._levels[side].get(price)
        if queue is None:
            self.rest(side, price, Resting(None, lots))
            return
        if len(queue) == 1 and queue[0].order is None:  # nobody waits here
            queue[0].left = lots
            return
        have = sum(each.left for each in queue if each.order is None)
        if have < lots:
            last = queue[-1]
            if last.order is None:
                last.left += lots - have
            else:
                self.rest(side, price, Resting(None, lots - have))
            return
        for each in reversed(list(queue)):
            if have == lots:
                break
            if each.order is None:
                cut = min(each.left, have - lots)
                each.left -= cut
                have -= cut
                if each.left == 0:
                    self.remove(side, price, each)

    def _tidy(self, side: int, price: int) -> None:
        if not self._levels[side][price]:
            self._drop(side, price)

    def _drop(self, side: int, price: int) -> None:
        del self._levels[side][price]
        keys = self._keys[side]
        del keys[bisect_left(keys, price * side)]
