"""Facts that say nothing, stamps from the future, orders without a price: refused, never raised."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.live.controls.building import NOW_MS, facts, proposal

from quorate.live.controls.facts import Control, Refusal
from quorate.live.controls.gate import judge
from quorate.live.controls.limits import limits
from quorate.venues.base import OrderKind, Side

D = Decimal
STOP = {"order_kind": OrderKind.STOP, "side": Side.BUY}
CLOSE = {"is_reduce_only": True, "side": Side.SELL}


def judged(known: dict[str, Any] | None = None, **order: Any) -> Control | None:
    """Return the control that refuses an order, None where it passes."""
    found = judge(proposal(**order), facts(**(known or {})), limits("balanced"))
    return found.control if isinstance(found, Refusal) else None


@pytest.mark.parametrize("value", [D("NaN"), D("sNaN"), D("Infinity"), D("-Infinity"), D(0)])
@pytest.mark.parametrize("name", ["equity", "day_equity", "peak_equity"])
def test_without_readable_equity_nothing_enters_and_what_closes_leaves(
    name: str, value: Decimal
) -> None:
    is_ruin = name == "equity" and not value  # a number, and the worst of drawdowns
    assert judged({name: value}) is (Control.DRAWDOWN if is_ruin else Control.UNREADABLE)
    assert judged({name: value}, **CLOSE) is (Control.DRAWDOWN if is_ruin else None)


@pytest.mark.parametrize("value", [D("NaN"), D("sNaN")])
@pytest.mark.parametrize(
    "name",
    [
        "bid",
        "ask",
        "mark",
        "second",
        "volume_usd",
        "max_market_quantity",
        "own_quantity",
        "atr_frac",
        "liquidation_frac",
        "disk_free_gib",
    ],
)
def test_a_fact_that_is_no_number_is_a_refusal_and_no_exception(name: str, value: Decimal) -> None:
    known = {name: value} if name == "disk_free_gib" else {"quote": {name: value}}
    is_price = name in {"bid", "ask", "mark"}
    assert judged(known) is (Control.NO_PRICE if is_price else Control.UNREADABLE)


def test_a_second_source_of_0_is_a_refusal() -> None:
    assert judged({"quote": {"second": D(0)}}) is Control.UNREADABLE


@pytest.mark.parametrize(
    "name", ["book_at_ms", "mark_at_ms", "bar_at_ms", "funding_at_ms", "balance_at_ms"]
)
def test_a_stamp_from_the_future_is_of_an_unknown_age(name: str) -> None:
    def at(ahead_ms: int) -> dict[str, Any]:
        stamp = {name: NOW_MS + ahead_ms}
        return stamp if name == "balance_at_ms" else {"quote": stamp}

    assert judged(at(1_000)) is None
    assert judged(at(1_001)) is Control.STALE
    assert judged(at(3_600_000)) is Control.STALE
    assert judged(at(3_600_000), **CLOSE) is None


def test_an_entry_without_a_price_is_never_sent_whatever_it_waits_for() -> None:
    for trigger, control in (("100.5", Control.TAKER_SLIP), ("500", Control.COLLAR)):
        bare = {**STOP, "limit_price": None, "trigger_price": D(trigger), "quantity": D("0.1")}
        assert judged(**bare) is control
    protective = {**CLOSE, "order_kind": OrderKind.STOP, "limit_price": None}
    assert judged(**protective, trigger_price=D(50)) is None, "a stop closes at any price"


def test_what_an_entry_waits_for_is_near_the_mark() -> None:
    def waiting(trigger: str, price: str = "100.9") -> Control | None:
        return judged(**STOP, limit_price=D(price), trigger_price=D(trigger), quantity=D(1))

    assert waiting("101") is None
    assert waiting("101.01") is Control.COLLAR
    assert waiting("98.99") is Control.COLLAR
    assert waiting("500") is Control.COLLAR
    assert waiting("100.5", "101.01") is Control.COLLAR
