"""What was pushed, as events of the journal: by the reading of answers, and never believed alone.

In: the book, views. Out: events for orders of ours, and whether anything is left that only a
comparison can tell: orders and trades of nobody, and trades of an order whose number is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.live.broker import heard
from quorate.live.orders.book import intent_of
from quorate.live.orders.events import Source
from quorate.live.orders.states import END_RANK, RANK
from quorate.venues.base import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.live.orders.book import Book, Order
    from quorate.live.orders.events import JournalEvent
    from quorate.venues.base import OrderView, Trade


def pushed(
    book: Book, venue: str, views: Iterable[OrderView], trades: Iterable[Trade], at_ms: int
) -> tuple[list[JournalEvent], bool]:
    """Return what is news of what was pushed, and whether a comparison has to tell the rest.

    Parameters
    ----------
    book : Book
        As it is.
    venue : str
        Who pushed, as the journal calls it.
    views, trades : iterable
        What was pushed since the last time; the order in which it came does not matter.
    at_ms : int
        Now.

    Returns
    -------
    events, is_open : list of JournalEvent, bool
        Orders first: an order may be pushed before the answer that names its number, and its trade
        is known by that number alone.

    Notes
    -----
    Units: ms.  Causal: reads nothing but its arguments.  Missing: what is nobody's is left to the
    comparison, which asks the venue whose it is; an order of somebody that is over is nothing.
    RELIABILITY 2.8, 2.9, 2.35.
    """
    events: list[JournalEvent] = []
    is_open = False
    numbers: dict[tuple[str, str], str] = {}
    for view in views:
        name = intent_of(
            book,
            venue,
            view.symbol,
            venue_order_id=view.venue_order_id,
            client_id=view.client_id,
        )
        if name is None:
            is_open = is_open or RANK[view.status] < END_RANK
            continue
        numbers[view.symbol, view.venue_order_id] = name
        if is_news(book.orders[name], view):
            events.append(heard.seen(name, view, at_ms, Source.STREAM))
    for trade in trades:
        if (venue, trade.symbol, trade.trade_id) in book.trades:
            continue
        owner = numbers.get((trade.symbol, trade.venue_order_id)) or intent_of(
            book, venue, trade.symbol, venue_order_id=trade.venue_order_id, client_id=None
        )
        if owner is None:
            is_open = True
        else:
            events.append(heard.traded(owner, venue, trade, at_ms))
    return events, is_open


def is_news(order: Order, view: OrderView) -> bool:
    """Say whether a view tells of an order what the book does not have.

    Examples
    --------
    >>> from types import SimpleNamespace as Made
    >>> known = Made(venue_order_id="7", filled=1, is_over=False)
    >>> is_news(known, Made(venue_order_id="7", filled=1, status=OrderStatus.PARTIAL))
    False
    >>> is_news(known, Made(venue_order_id="7", filled=1, status=OrderStatus.CANCELED))
    True
    """
    return (
        not order.venue_order_id
        or view.filled > order.filled
        or view.status is OrderStatus.UNREADABLE
        or (RANK[view.status] >= END_RANK and not order.is_over)
        # a stop that triggers goes on under another number
        or view.venue_order_id != order.venue_order_id
    )
