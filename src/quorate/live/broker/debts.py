"""What a stream owes: whatever was learnt by asking, and was not pushed.

In: books from one to the next, and what was pushed. Out: what is overdue. A stream that stands and
says nothing is told from one that has nothing to say by this alone.
"""

from __future__ import annotations

from itertools import compress
from operator import is_not
from typing import TYPE_CHECKING, NamedTuple

from quorate.live.orders.book import ZERO
from quorate.live.orders.states import END_RANK, NEVER_LIVED, RANK

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from quorate.live.orders.book import Book, Order, TradeKey
    from quorate.venues.base import OrderView, Trade


class _Known(NamedTuple):
    """How far an order is known to have come."""

    is_there: bool = False
    filled: Decimal = ZERO
    is_over: bool = False

    def lacks(self, other: _Known) -> bool:
        """Say whether another has come further."""
        return (
            (other.is_there and not self.is_there)
            or other.filled > self.filled
            or (other.is_over and not self.is_over)
        )

    def with_(self, other: _Known) -> _Known:
        """Return the further of both."""
        return _Known(
            self.is_there or other.is_there,
            max(self.filled, other.filled),
            self.is_over or other.is_over,
        )


class Debts:
    """What the venue did that its stream has not told of.

    Parameters
    ----------
    venue : str
        As the journal calls it.
    book : Book
        When everything was compared last: it owes nothing of what is in it.

    Notes
    -----
    Units: coins, seconds of a clock that only goes on.  Causal: as of each book.  Missing: a stop
    changes its id when it triggers, so that only its trades are owed.
    RELIABILITY 2.9, 2.11.
    """

    def __init__(self, venue: str, book: Book) -> None:
        self._venue = venue
        self._book = book
        self._known = {name: _known(order) for name, order in book.orders.items()}
        self._trades = set(book.trades)
        self._said: dict[tuple[str, str], _Known] = {}
        self._owed: dict[str | TradeKey, tuple[float, str]] = {}

    def heard(self, views: Iterable[OrderView], trades: Iterable[Trade]) -> None:
        """Take what was pushed: it pays what was owed, or what would be."""
        for view in views:
            key = (view.symbol, view.client_id)
            said = _Known(True, view.filled, RANK[view.status] >= END_RANK)  # noqa: FBT003
            self._said[key] = said.with_(self._said.get(key, _Known()))
        for trade in trades:
            number = (self._venue, trade.symbol, trade.trade_id)
            self._trades.add(number)
            self._owed.pop(number, None)

    def overdue(self, book: Book, now_s: float, after_s: float) -> str:
        """Return what has been owed for longer than so long, "" where nothing has.

        Parameters
        ----------
        book : Book
            As it is now.
        now_s, after_s : float
            By a clock that only goes on; how long the stream may take.
        """
        if book is not self._book:
            self._follow(book, now_s)
        for name in [each for each in self._owed if isinstance(each, str)]:
            order = book.orders.get(name)
            if order is None or not self._lacks(order):
                del self._owed[name]
        late = [text for since_s, text in self._owed.values() if now_s - since_s > after_s]
        return late[0] if late else ""

    def _follow(self, book: Book, now_s: float) -> None:
        before, after = self._book.orders, book.orders
        changed = compress(after.values(), map(is_not, after.values(), map(before.get, after)))
        for order in changed:
            name = order.intent.intent_id
            if name not in self._owed and self._lacks(order):
                text = f"the order {order.intent.client_id} of {order.intent.symbol}"
                self._owed[name] = (now_s, text)
        if book.trades is not self._book.trades:
            for key in book.trades.keys() - self._trades:
                self._trades.add(key)
                self._owed[key] = (now_s, f"the trade {key[2]} of {key[1]}")
        self._book = book

    def _lacks(self, order: Order) -> bool:
        intent = order.intent
        if intent.trigger_price is not None or order.state in NEVER_LIVED:
            return False
        told = self._said.get((intent.symbol, intent.client_id), _Known())
        known = self._known.get(intent.intent_id, _Known())
        return told.with_(known).lacks(_known(order))


def _known(order: Order) -> _Known:
    is_over = order.is_over and order.state not in NEVER_LIVED
    return _Known(bool(order.venue_order_id), order.filled, is_over)
