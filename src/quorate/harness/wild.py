"""A strategy that has gone wrong: what it floods the desk with, which the controls must stop.

Knight's 4 million orders for 212 parents are one of these: children without end. Others are orders
faster than anybody should send them, and orders that the venue refuses again and again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from quorate.harness.parents import opened
from quorate.live.orders.events import Intended
from quorate.live.orders.ids import client_id, intent_id
from quorate.venues.base import OrderKind, Side, TimeInForce

if TYPE_CHECKING:
    from quorate.live.broker.broker import Broker
    from quorate.venues.base import Touch


class Wish(NamedTuple):
    """An order that a strategy wants: which way, how much, at what price, and what it is for."""

    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    takes: bool
    is_exit: bool
    purpose: str
    parent_id: str = ""


def intended(broker: Broker, wish: Wish, cycle: str, leg: int, now_ms: int) -> Intended:
    """Return the intent of a wish, complete; without a parent it is its own."""
    name = intent_id(
        account="desk",
        cycle=cycle,
        strategy="seed",
        symbol=wish.symbol,
        purpose=wish.purpose,
        leg=leg,
    )
    return Intended(
        at_ms=now_ms,
        intent_id=name,
        client_id=client_id(name, broker.desk.epoch),
        venue=broker.venue.name,
        symbol=wish.symbol,
        side=wish.side,
        order_kind=OrderKind.LIMIT,
        quantity=wish.quantity,
        limit_price=wish.price,
        time_in_force=TimeInForce.IOC if wish.takes else TimeInForce.POST_ONLY,
        is_reduce_only=wish.is_exit,
        parent_id=wish.parent_id or name,
        cycle=cycle,
        strategy="seed",
        purpose=wish.purpose,
        leg=leg,
    )


def flood(broker: Broker, touch: Touch, size: int, cycle: str, now_ms: int) -> list[Intended]:
    """Return what a strategy that has gone wrong sends at once.

    Parameters
    ----------
    broker : Broker
        Whose parents are written down here.
    touch : Touch
        Of the symbol it floods.
    size : int
        Chooses how it goes wrong: children beyond their parent, too many orders, refused ones.
    cycle : str
        Of its orders.
    now_ms : int
        The desk's clock.

    Returns
    -------
    list of Intended
        More than any desk should let out.

    Notes
    -----
    Units: coins, ms.  Causal: none.  Missing: none.
    RELIABILITY 4.
    """
    grid, side = broker.venue.grid(touch.symbol), Side.BUY if size & 1 else Side.SELL
    lots, parent, takes = 14, "", True
    away = Decimal(-20) / 10_000  # far enough to trade nothing at once
    if size % 3 == 0:
        parent = f"parent {cycle}"
        quantity = grid.quantity(Decimal(600) / touch.mark)
        broker.decide(
            [
                opened(
                    broker.venue.name,
                    parent,
                    (touch.symbol, side),
                    quantity * 3,
                    touch.mark,
                    now_ms,
                )
            ]
        )
        lots, takes, away = 6, False, Decimal(-30) / 10_000
    elif size % 3 == 1:
        lots, takes, away = 8, False, Decimal(10) / 10_000  # would take, and must not
    wanted = []
    for leg in range(lots):
        best = touch.ask if side is Side.BUY else touch.bid
        price = grid.price(best * (1 + side.sign * away), side)
        amount = Decimal(600 if parent else 200 + leg * 20)
        quantity = grid.quantity(amount / touch.mark)
        wish = Wish(touch.symbol, side, quantity, price, takes, is_exit=False, purpose="wild")
        wish = wish._replace(parent_id=parent)
        wanted.append(intended(broker, wish, cycle, leg, now_ms))
    return wanted
