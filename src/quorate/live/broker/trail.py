"""What was sent lately, what was refused, and the parents: facts of the controls, from the journal.

In: the book. Out: the facts of a caller with what follows from the book put in, whatever the caller
said of it: nobody can forget it, and a restart changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from itertools import compress
from operator import is_not
from typing import TYPE_CHECKING, Final

from quorate.live.controls.facts import Parent, Rejected, Sent
from quorate.live.orders.book import EXACT, ZERO
from quorate.live.orders.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from quorate.live.controls.facts import Facts, Quote
    from quorate.live.orders.book import Book, Order

SENT_MS: Final = 86_400_000
REJECTED_MS: Final = 3_600_000


class Trail:
    """What follows from a book, brought up to date from one book to the next.

    Notes
    -----
    Orders that are the same object in both books are passed over, so that an order costs what it
    changes and not what the day held; from whichever book to whichever, the facts are those that
    counting the whole book anew gives.
    """

    def __init__(self) -> None:
        self._orders: Mapping[str, Order] = {}
        self._numbers: dict[str, int] = {}
        self._n_seen = 0
        self._left: dict[str, tuple[int, int]] = {}
        self._keys: list[tuple[int, int]] = []
        self._sent: list[Sent] = []  # beside the keys, each at the place of its own
        self._unpriced: set[str] = set()
        self._turned: dict[int, Decimal] = {}
        self._rejected: dict[str, Rejected] = {}
        self._sums: dict[str, Decimal] = {}

    def facts(self, facts: Facts, book: Book) -> Facts:
        """Return facts with the book, and with what was sent, refused and decided by it.

        Parameters
        ----------
        facts : Facts
            As a caller knows them.
        book : Book
            As the journal has it, the intents of the batch that is judged included.

        Returns
        -------
        Facts
            A day of orders that left or are about to, oldest first, an hour of refusals, all open
            parents.

        Notes
        -----
        Units: those of ``Facts``.  Causal: as of the book.  Missing: a market order counts at the
        mark, at 0 where its symbol has no price.  The turnover of an order is what it has traded
        and may still trade: one that is taken back and sent again at another price counts once.
        RELIABILITY 4.
        """
        self._follow(book.orders)
        today = facts.now_ms // SENT_MS
        turned = self._turned.get(today, ZERO)
        for name in self._unpriced:
            key = self._left[name]
            priced = _sent(book.orders[name], facts.quotes)
            self._sent[bisect_left(self._keys, key)] = priced
            if key[0] // SENT_MS == today:
                turned = EXACT.add(turned, priced.notional)
        first = bisect_left(self._keys, (facts.now_ms - SENT_MS + 1, 0))
        since_ms = facts.now_ms - REJECTED_MS
        parents = {
            name: Parent(
                parent_id=name,
                quantity=each.opened.quantity,
                sent=self._sums.get(name, ZERO),
                symbol=each.opened.symbol,
                side=each.opened.side,
            )
            for name, each in book.parents.items()
            if each.is_open
        }
        return replace(
            facts,
            book=book,
            sent=tuple(self._sent[first:]),
            rejected=tuple(each for each in self._rejected.values() if each.at_ms > since_ms),
            parents=parents,
            turned=turned,
        )

    def _follow(self, orders: Mapping[str, Order]) -> None:
        """Take in every order that is another than before, and forget those that are gone."""
        before, now = self._orders, orders.values()
        for order in compress(now, map(is_not, now, map(before.get, orders))):
            self._take(before.get(order.intent.intent_id), order)
        if len(self._numbers) != len(orders):
            for name in self._numbers.keys() - orders.keys():
                self._drop(before[name])
        self._orders = orders

    def _take(self, before: Order | None, order: Order) -> None:
        name = order.intent.intent_id
        if before is None:
            self._numbers[name] = self._n_seen
            self._n_seen += 1
        left_ms = _left_ms(order)
        key = None if left_ms is None else (left_ms, self._numbers[name])
        if key != self._left.get(name):
            self._unsend(name)
            if key is not None:
                self._left[name] = key
                place = bisect_left(self._keys, key)
                made = _sent(order, {})
                self._keys.insert(place, key)
                self._sent.insert(place, made)
                self._turn(key[0] // SENT_MS, made.notional)
                if (order.intent.limit_price or order.intent.trigger_price) is None:
                    self._unpriced.add(name)
        elif key is not None and name not in self._unpriced:
            # what was taken back will not trade: another order may do it instead
            place = bisect_left(self._keys, key)
            made, was = _sent(order, {}), self._sent[place]
            if made.notional != was.notional:
                self._sent[place] = made
                self._turn(key[0] // SENT_MS, EXACT.subtract(made.notional, was.notional))
        if order.state is State.REJECTED:
            self._rejected[name] = Rejected(order.since_ms, order.intent.symbol)
        else:
            self._rejected.pop(name, None)
        self._sum(order, EXACT.subtract(_share(order), ZERO if before is None else _share(before)))

    def _drop(self, order: Order) -> None:
        name = order.intent.intent_id
        self._unsend(name)
        self._rejected.pop(name, None)
        self._sum(order, EXACT.minus(_share(order)))
        del self._numbers[name]

    def _unsend(self, name: str) -> None:
        key = self._left.pop(name, None)
        if key is not None:
            place = bisect_left(self._keys, key)
            del self._keys[place]
            gone = self._sent.pop(place)
            if name in self._unpriced:
                self._unpriced.remove(name)
            else:
                self._turn(key[0] // SENT_MS, EXACT.minus(gone.notional))

    def _turn(self, day: int, delta: Decimal) -> None:
        self._turned[day] = EXACT.add(self._turned.get(day, ZERO), delta)
        if not self._turned[day]:
            del self._turned[day]

    def _sum(self, order: Order, delta: Decimal) -> None:
        if delta:
            name = order.intent.parent_id
            self._sums[name] = EXACT.add(self._sums.get(name, ZERO), delta)
            if not self._sums[name]:
                del self._sums[name]


def trailed(facts: Facts, book: Book) -> Facts:
    """Return facts with what follows from a book, counted anew; see ``Trail.facts``.

    Examples
    --------
    >>> from quorate.live.controls.standing import Standing
    >>> from quorate.live.controls.facts import Facts
    >>> from decimal import Decimal
    >>> one = Decimal(1)
    >>> from quorate.live.orders.book import Book
    >>> known = Facts(now_ms=5, venue="v", equity=one, day_equity=one, peak_equity=one, quotes={},
    ...               book=Book(), standing=Standing(), balance_at_ms=5)
    >>> trailed(known, Book()).sent
    ()
    """
    return Trail().facts(facts, book)


def _left_ms(order: Order) -> int | None:
    """Return when an order left, or is about to."""
    return order.intent.at_ms if order.state is State.INTENT else order.sent_at_ms


def _share(order: Order) -> Decimal:
    """Return what an order has traded and may still trade: what it takes of its parent."""
    return EXACT.add(order.traded, order.reserved)


def _sent(order: Order, quotes: Mapping[str, Quote]) -> Sent:
    intent = order.intent
    price = intent.limit_price or intent.trigger_price
    if price is None:
        price = quotes[intent.symbol].mark if intent.symbol in quotes else ZERO
    return Sent(
        _left_ms(order) or 0,
        intent.symbol,
        intent.side,
        intent.quantity,
        intent.limit_price,
        intent.parent_id,
        EXACT.multiply(_share(order), price),
    )
