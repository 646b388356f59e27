"""A book as one text, and back: what a restart begins with instead of the first event.

Everything a book holds is in it, so that the text folded on is the journal folded from zero; a
test proves it. ``VERSION`` changes whenever the reducer or the book does: an older snapshot is then
passed over, and the journal, which is the truth, folded from the start.
"""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final

from quorate.live.orders.book import Book, Booked, Order
from quorate.live.orders.codec import from_text, to_text
from quorate.live.orders.events import Intended
from quorate.live.orders.parents import ParentOpened, ParentOrder
from quorate.live.orders.states import State
from quorate.records import canonical_json
from quorate.venues.base import PositionSide, Side

VERSION: Final = 4

_PLAIN: Final = tuple(
    item.name for item in fields(Order) if item.name not in ("intent", "state", "traded", "told")
)


def book_text(book: Book) -> str:
    """Return the text of a book.

    Examples
    --------
    >>> book_of(book_text(Book())) == Book()
    True
    """
    return canonical_json(
        {
            "orders": [_order(order) for order in book.orders.values()],
            "by_client": _rows(book.by_client),
            "by_number": _rows(book.by_number),
            "trades": [[*key, *_trade(trade)] for key, trade in book.trades.items()],
            "positions": [
                [venue, symbol, side.value, amount]
                for (venue, symbol, side), amount in book.positions.items()
            ],
            "fees": _rows(book.fees),
            "last_trades": [[*key, *newest] for key, newest in book.last_trades.items()],
            "parents": [
                [to_text(each.opened), each.closed_at_ms, each.reason]
                for each in book.parents.values()
            ],
            "baselines": [[*key, *newest] for key, newest in book.baselines.items()],
            "standing": book.standing,
            "epoch": book.epoch,
            "n_events": book.n_events,
        }
    )


def book_of(text: str) -> Book:
    """Return the book that ``book_text`` wrote; the order of its orders is kept."""
    kept = json.loads(text)
    orders = [_order_of(values) for values in kept["orders"]]
    return Book(
        orders={order.intent.intent_id: order for order in orders},
        by_client={(venue, client): name for venue, client, name in kept["by_client"]},
        by_number={(v, symbol, number): name for v, symbol, number, name in kept["by_number"]},
        trades={(v, symbol, trade): _trade_of(rest) for v, symbol, trade, *rest in kept["trades"]},
        positions={
            (venue, symbol, PositionSide(side)): Decimal(amount)
            for venue, symbol, side, amount in kept["positions"]
        },
        fees={(venue, asset): Decimal(amount) for venue, asset, amount in kept["fees"]},
        last_trades={(v, symbol): (at, trade) for v, symbol, at, trade in kept["last_trades"]},
        parents={parent.opened.parent_id: parent for parent in map(_parent_of, kept["parents"])},
        baselines={(v, symbol): (at, trade) for v, symbol, at, trade in kept["baselines"]},
        standing=kept["standing"],
        epoch=kept["epoch"],
        n_events=kept["n_events"],
    )


def _rows(mapping: Any) -> list[list[object]]:  # noqa: ANN401  (several shapes of keys)
    return [[*key, value] for key, value in mapping.items()]


def _order(order: Order) -> dict[str, object]:
    plain: dict[str, object] = {name: getattr(order, name) for name in _PLAIN}
    amounts = {"traded": order.traded, "told": order.told}
    return plain | amounts | {"intent": to_text(order.intent), "state": order.state.value}


def _order_of(values: dict[str, Any]) -> Order:
    intent = from_text(values.pop("intent"))
    if not isinstance(intent, Intended):
        raise TypeError(f"an order of a snapshot has no intent, but {intent}")
    state, traded, told = (values.pop(name) for name in ("state", "traded", "told"))
    return Order(
        intent=intent, state=State(state), traded=Decimal(traded), told=Decimal(told), **values
    )


def _parent_of(values: list[Any]) -> ParentOrder:
    text, closed_at_ms, reason = values
    opened = from_text(text)
    if not isinstance(opened, ParentOpened):
        raise TypeError(f"a parent of a snapshot is {opened}")
    return ParentOrder(opened, closed_at_ms, reason)


def _trade(trade: Booked) -> list[object]:
    sides = [trade.side.value, trade.position_side.value]
    return [trade.intent_id, *sides, trade.price, trade.quantity, trade.traded_at_ms]


def _trade_of(values: list[Any]) -> Booked:
    name, side, position_side, price, quantity, at_ms = values
    return Booked(
        name, Side(side), PositionSide(position_side), Decimal(price), Decimal(quantity), at_ms
    )
