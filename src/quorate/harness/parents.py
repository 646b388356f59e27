"""Parent orders of a simulated desk: opened at a mark, closed by the next of their kind.

In: what is decided. Out: the events that the journal keeps of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.live.orders.parents import ParentClosed, ParentOpened

if TYPE_CHECKING:
    from decimal import Decimal

    from quorate.live.orders.book import Book
    from quorate.venues.base import Side

STRATEGY: Final = "worked"
"""Whose parents the executor works."""

_SPAN_MS = 300_000


def opened(
    venue: str,
    name: str,
    what: tuple[str, Side],
    quantity: Decimal,
    price: Decimal,
    now_ms: int,
) -> ParentOpened:
    """Return a parent order as a desk writes it down.

    Parameters
    ----------
    venue, name : str
        Where, and its id.
    what : (str, Side)
        Symbol and side.
    quantity : Decimal
        What its children may come to.
    price : Decimal
        Of the moment; the worst one is no bound here, controls are.
    now_ms : int
        The desk's clock.

    Notes
    -----
    Units: coins, quote per coin, ms.  Causal: before any child.  Missing: none.
    RELIABILITY 4.
    """
    return ParentOpened(
        at_ms=now_ms,
        parent_id=name,
        venue=venue,
        symbol=what[0],
        side=what[1],
        quantity=quantity,
        worst_price=price,
        begin_ms=now_ms,
        deadline_ms=now_ms + _SPAN_MS,
        decision_price=price,
        arrival_mid=price,
    )


def superseded(book: Book, what: tuple[str, Side], now_ms: int) -> list[ParentClosed]:
    """Return the ends of the open parents of a symbol and side: the next one takes their place."""
    return [
        ParentClosed(at_ms=now_ms, parent_id=name, reason="superseded")
        for name, each in book.parents.items()
        if each.is_open and (each.opened.symbol, each.opened.side) == what
    ]
