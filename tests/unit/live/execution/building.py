"""A parent order, a market and children, short to write."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from quorate.live.execution.progress import Child, Market, Progress
from quorate.live.orders.parents import ParentOpened
from quorate.live.orders.states import State
from quorate.venues.base import Grid, Side, TimeInForce

D = Decimal
T0 = 1_700_006_400_000
SYMBOL = "BTC/USDT:USDT"
VENUE = "binance_usdm"
GRID = Grid(
    tick=D("0.1"),
    lot=D("0.001"),
    min_quantity=D("0.001"),
    max_market_quantity=D(120),
    min_notional=D(5),
)


def parent(**more: Any) -> ParentOpened:
    """Return a parent that buys 1 coin at about 100 within ten minutes."""
    return ParentOpened(
        **{
            "at_ms": T0,
            "parent_id": "p1",
            "venue": VENUE,
            "symbol": SYMBOL,
            "side": Side.BUY,
            "quantity": D(1),
            "worst_price": D("100.5"),
            "begin_ms": T0,
            "deadline_ms": T0 + 600_000,
            "decision_price": D("99.9"),
            "arrival_mid": D(100),
            **more,
        }
    )


def market(now_ms: int = T0, bid: str = "99.9", ask: str = "100.1", **more: Any) -> Market:
    """Return a market of now around 100."""
    return Market(
        **{
            "bid": D(bid),
            "ask": D(ask),
            "at_ms": now_ms,
            "grid": GRID,
            "most": D(1000),
            "taker_fee_bps": D(5),
            **more,
        }
    )


def child(leg: int = 0, **more: Any) -> Child:
    """Return a child for 1 that rests at 99.9 since the beginning."""
    return Child(
        **{
            "intent_id": f"i{leg}",
            "leg": leg,
            "state": State.ACKED,
            "quantity": D(1),
            "limit_price": D("99.9"),
            "time_in_force": TimeInForce.POST_ONLY,
            "placed_ms": T0,
            "committed": D(1),
            "filled": D(0),
            "is_over": False,
            "is_cancel_wanted": False,
            "reason": "",
            **more,
        }
    )


def over(leg: int, filled: str, **more: Any) -> Child:
    """Return a child that took so much and ended."""
    amounts = {"committed": D(filled), "filled": D(filled)}
    kind = {"time_in_force": TimeInForce.IOC, "state": State.EXPIRED, "is_over": True}
    return child(leg, **{**amounts, **kind, **more})


def done(*children: Child) -> Progress:
    """Return the sums of children."""
    return Progress(
        children,
        sum((each.committed for each in children), D(0)),
        sum((each.filled for each in children), D(0)),
    )
