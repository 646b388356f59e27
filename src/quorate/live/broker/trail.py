"""What was sent lately, what was refused, and the parents: facts of the controls, from the journal.

In: the book. Out: the facts of a caller with what follows from the book put in, whatever the caller
said of it: nobody can forget it, and a restart changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from quorate.live.controls.facts import Parent, Rejected, Sent
from quorate.live.orders.book import EXACT
from quorate.live.orders.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.live.controls.facts import Facts, Quote
    from quorate.live.orders.book import Book, Order

SENT_MS: Final = 86_400_000
REJECTED_MS: Final = 3_600_000


def trailed(facts: Facts, book: Book) -> Facts:
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
        A day of orders that left or are about to, an hour of refusals, all open parents.

    Notes
    -----
    Units: those of ``Facts``.  Causal: as of the book.  Missing: a market order counts at the mark,
    at 0 where its symbol has no price.
    RELIABILITY 4.

    Examples
    --------
    >>> from quorate.live.controls.standing import Standing
    >>> from quorate.live.controls.facts import Facts
    >>> one = Decimal(1)
    >>> from quorate.live.orders.book import Book
    >>> known = Facts(now_ms=5, venue="v", equity=one, day_equity=one, peak_equity=one, quotes={},
    ...               book=Book(), standing=Standing(), balance_at_ms=5)
    >>> trailed(known, Book()).sent
    ()
    """
    sent, rejected = [], []
    opened = {name: each.opened for name, each in book.parents.items() if each.is_open}
    sums = dict.fromkeys(opened, Decimal(0))
    for order in book.orders.values():
        left_ms = order.intent.at_ms if order.state is State.INTENT else order.sent_at_ms
        if left_ms is not None and left_ms > facts.now_ms - SENT_MS:
            sent.append(_sent(order, left_ms, facts.quotes))
        if order.state is State.REJECTED and order.since_ms > facts.now_ms - REJECTED_MS:
            rejected.append(Rejected(order.since_ms, order.intent.symbol))
        if order.intent.parent_id in sums:
            here = EXACT.add(order.traded, order.reserved)
            sums[order.intent.parent_id] = EXACT.add(sums[order.intent.parent_id], here)
    parents = {
        name: Parent(
            parent_id=name,
            quantity=each.quantity,
            sent=sums[name],
            symbol=each.symbol,
            side=each.side,
        )
        for name, each in opened.items()
    }
    return replace(facts, book=book, sent=tuple(sent), rejected=tuple(rejected), parents=parents)


def _sent(order: Order, at_ms: int, quotes: Mapping[str, Quote]) -> Sent:
    intent = order.intent
    price = intent.limit_price or intent.trigger_price
    if price is None:
        price = quotes[intent.symbol].mark if intent.symbol in quotes else Decimal(0)
    return Sent(
        at_ms,
        intent.symbol,
        intent.side,
        intent.quantity,
        intent.limit_price,
        intent.parent_id,
        EXACT.multiply(intent.quantity, price),
    )
