"""Events of one order's life, short to write, and a book folded from them."""

from decimal import Decimal

from quorate.live.orders.events import (
    Acknowledged,
    Filled,
    Intended,
    Opened,
    Sending,
    Source,
    StatusSeen,
)
from quorate.live.orders.ids import client_id
from quorate.live.orders.reducer import init, scan
from quorate.venues.base import Liquidity, OrderKind, OrderStatus, PositionSide, Side

VENUE = "binanceusdm"
SYMBOL = "BTCUSDT"
KEY = (VENUE, SYMBOL, PositionSide.BOTH)
ONE = Decimal(1)


def opened(epoch=1, at_ms=1):
    return Opened(at_ms=at_ms, epoch=epoch)


def intended(intent_id="i1", quantity=1, side=Side.BUY, **changes):
    values = {
        "at_ms": 10,
        "intent_id": intent_id,
        "client_id": client_id(intent_id or "none", 1),
        "venue": VENUE,
        "symbol": SYMBOL,
        "side": side,
        "order_kind": OrderKind.LIMIT,
        "quantity": Decimal(quantity),
        "limit_price": Decimal(100),
    }
    return Intended(**values | changes)


def sending(intent_id="i1", **changes):
    values = {"at_ms": 11, "intent_id": intent_id, "epoch": 1, "sent_at_ms": 11, "window_ms": 5000}
    return Sending(**values | changes)


def acknowledged(status=OrderStatus.NEW, filled=0, intent_id="i1", **changes):
    values = {
        "at_ms": 12,
        "intent_id": intent_id,
        "venue_order_id": f"n-{intent_id}",
        "status": status,
        "raw_status": status.value.upper(),
        "filled": Decimal(filled),
        "updated_ms": 12,
    }
    return Acknowledged(**values | changes)


def seen(status=OrderStatus.NEW, filled=0, intent_id="i1", source=Source.STREAM, **changes):
    values = {
        "at_ms": 13,
        "intent_id": intent_id,
        "source": source,
        "venue_order_id": f"n-{intent_id}",
        "status": status,
        "raw_status": status.value.upper(),
        "filled": Decimal(filled),
        "updated_ms": 13,
    }
    return StatusSeen(**values | changes)


def filled(trade_id="t1", quantity=1, intent_id="i1", side=Side.BUY, **changes):
    values = {
        "at_ms": 14,
        "intent_id": intent_id,
        "venue": VENUE,
        "symbol": SYMBOL,
        "trade_id": trade_id,
        "venue_order_id": f"n-{intent_id}",
        "side": side,
        "price": Decimal(100),
        "quantity": Decimal(quantity),
        "fee": Decimal("0.04"),
        "fee_asset": "USDT",
        "liquidity": Liquidity.TAKER,
        "traded_at_ms": 14,
    }
    return Filled(**values | changes)


def sent(intent_id="i1", **changes):
    """Give what comes before any answer."""
    return [opened(), intended(intent_id, **changes), sending(intent_id)]


def fold(*events):
    """Give the book and the effects of the last event."""
    book, _ = scan(init(), events[:-1])
    return scan(book, events[-1:])


def order(book, intent_id="i1"):
    return book.orders[intent_id]
