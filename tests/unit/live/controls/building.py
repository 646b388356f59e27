"""A desk in good order: an order of 1,000 USD passes, and a test spoils one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from quorate.live.controls.facts import Facts, Proposal, Quote, Sent
from quorate.live.controls.standing import Standing, Trading
from quorate.live.orders.book import Book
from quorate.live.orders.events import Intended
from quorate.venues.base import OrderKind, Side

NOW_MS = 1_700_006_400_000 + 12 * 3_600_000
SYMBOL = "BTC/USDT:USDT"

QUOTE = Quote(
    bid=Decimal("99.99"),
    ask=Decimal("100.01"),
    mark=Decimal(100),
    second=Decimal(100),
    volume_usd=Decimal(1_000_000),
    max_market_quantity=Decimal(120),
    own_quantity=Decimal(10),
    atr_frac=Decimal("0.04"),
    liquidation_frac=Decimal("0.30"),
    book_at_ms=NOW_MS,
    mark_at_ms=NOW_MS,
    bar_at_ms=NOW_MS,
    funding_at_ms=NOW_MS,
)


def facts(quote: dict[str, Any] | None = None, **more: Any) -> Facts:
    """Return what is known on a good day, with changes."""
    usual = Facts(
        now_ms=NOW_MS,
        venue="binance_usdm",
        equity=Decimal(100_000),
        day_equity=Decimal(100_000),
        peak_equity=Decimal(100_000),
        quotes={SYMBOL: replace(QUOTE, **(quote or {}))},
        book=Book(),
        standing=Standing(trading=Trading.ACTIVE, why="armed"),
        balance_at_ms=NOW_MS,
    )
    return replace(usual, **more)


def intent(name: str = "one", **more: Any) -> Intended:
    """Return an intent to buy 10 coins at 100."""
    return Intended(
        **{
            "at_ms": NOW_MS,
            "intent_id": name,
            "client_id": f"q{name}",
            "venue": "binance_usdm",
            "symbol": SYMBOL,
            "side": Side.BUY,
            "order_kind": OrderKind.LIMIT,
            "quantity": Decimal(10),
            "limit_price": Decimal(100),
            "parent_id": name,
            **more,
        }
    )


def proposal(name: str = "one", *, is_emergency: bool = False, **more: Any) -> Proposal:
    """Return that intent as it comes to the gate."""
    return Proposal(intent=intent(name, **more), is_emergency=is_emergency)


def sent(age_ms: int, name: str = "old", **more: Any) -> Sent:
    """Return an order that left so long ago."""
    return Sent(
        **{
            "at_ms": NOW_MS - age_ms,
            "symbol": SYMBOL,
            "side": Side.BUY,
            "quantity": Decimal(1),
            "limit_price": Decimal(99),
            "parent_id": f"parent of {name}",
            "notional": Decimal(99),
            **more,
        }
    )
