"""Every control at its bound and one step beyond, and what nothing can pass around."""

from __future__ import annotations

import ast
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.live.controls.building import NOW_MS, SYMBOL, facts, intent, proposal, sent

import quorate.live
from quorate.live.controls.facts import Action, Control, Parent, Refusal, Rejected
from quorate.live.controls.gate import CHECKS, Passed, judge
from quorate.live.controls.limits import Limits, limits
from quorate.live.controls.standing import Standing, Trading
from quorate.live.orders.book import Book, Order
from quorate.live.orders.states import State
from quorate.venues.base import OrderKind, PositionSide, Side

D = Decimal
KEY = ("binance_usdm", SYMBOL, PositionSide.BOTH)


def resting(name: str, state: State = State.ACKED, **more: Any) -> Order:
    """Return an order of the book."""
    mine = {key: more.pop(key) for key in ("traded", "told", "overfilled_ms") if key in more}
    return Order(intent=intent(name, **more), state=state, since_ms=0, touched_ms=0, **mine)


def book(*orders: Order, held: Decimal | None = None) -> Book:
    """Return a book of orders and perhaps a position."""
    return Book(
        orders={each.intent.intent_id: each for each in orders},
        positions={} if held is None else {KEY: held},
    )


def old(seconds: str) -> int:
    """Return the stamp of something so old."""
    return NOW_MS - int(D(seconds) * 1000)


def many(count: int, age_ms: int, **more: Any) -> dict[str, Any]:
    """Return facts with so many orders of so long ago, each of a parent of its own."""
    return {"sent": tuple(sent(age_ms, str(number), **more) for number in range(count))}


def refused(count: int, symbol: str = SYMBOL) -> dict[str, Any]:
    """Return facts with so many refusals of the venue."""
    return {"rejected": tuple(Rejected(NOW_MS - 1000, symbol) for _ in range(count))}


STEPS: list[
    tuple[Control, Action, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]
] = [
    # control, action, order within, facts within, order beyond, facts beyond
    (Control.CHILD_NOTIONAL, Action.REJECT, {"quantity": D(50)}, {}, {"quantity": D("50.001")}, {}),
    (
        Control.CHILD_NOTIONAL,
        Action.REJECT,
        {},
        {"quote": {"volume_usd": D(5000)}},
        {},
        {"quote": {"volume_usd": D(4999)}},
    ),
    (
        Control.QUANTITY,
        Action.REJECT,
        {},
        {"quote": {"own_quantity": D(1)}},
        {},
        {"quote": {"own_quantity": D("0.999")}},
    ),
    (
        Control.QUANTITY,
        Action.REJECT,
        {},
        {"quote": {"max_market_quantity": D(10)}},
        {},
        {"quote": {"max_market_quantity": D("9.999")}},
    ),
    (
        Control.COLLAR,
        Action.REJECT,
        {"limit_price": D("99.50")},
        {},
        {"limit_price": D("99.49")},
        {},
    ),
    (
        Control.COLLAR,
        Action.REJECT,
        {},
        {"quote": {"mark": D("99.0100"), "second": None}},
        {},
        {"quote": {"mark": D("99.0098"), "second": None}},
    ),
    (
        Control.TAKER_SLIP,
        Action.REJECT,
        {"limit_price": D("100.31003")},
        {},
        {"limit_price": D("100.31004")},
        {},
    ),
    (
        Control.TWO_SOURCES,
        Action.BLOCK,
        {},
        {"quote": {"second": D("100.7556")}},
        {},
        {"quote": {"second": D("100.7557")}},
    ),
    (
        Control.COIN,
        Action.REJECT,
        {},
        {"book": book(held=D(240))},
        {},
        {"book": book(held=D("240.001"))},
    ),
    (
        Control.COIN,
        Action.REJECT,
        {},
        {"book": book(resting("a", quantity=D(140)), held=D(100))},
        {},
        {"book": book(resting("a", State.CANCELING, quantity=D(141)), held=D(100))},
    ),
    (
        Control.OPEN_ORDERS,
        Action.REJECT,
        {},
        {"book": book(*(resting(str(n), quantity=D(1)) for n in range(19)))},
        {},
        {"book": book(*(resting(str(n), quantity=D(1)) for n in range(20)))},
    ),
    (Control.RATE, Action.REJECT, {}, many(9, 500), {}, many(10, 500)),
    (
        Control.RATE,
        Action.REJECT,
        {},
        many(10, 1_000, side=Side.SELL),
        {},
        many(60, 59_999, side=Side.SELL),
    ),
    (
        Control.RATE,
        Action.REJECT,
        {},
        many(599, 60_000, side=Side.SELL),
        {},
        many(600, 60_000, side=Side.SELL),
    ),
    (Control.REPEATED, Action.HALT, {}, many(11, 3_599_999), {}, many(12, 3_599_999)),
    (
        Control.TURNOVER,
        Action.HALT,
        {},
        many(1, 7_200_000, notional=D(1_199_000)),
        {},
        many(1, 7_200_000, notional=D("1199000.01")),
    ),
    (
        Control.DUPLICATE,
        Action.REJECT,
        {},
        {"sent": (sent(60_000, quantity=D(10), limit_price=D(100)),)},
        {},
        {"sent": (sent(59_999, quantity=D(10), limit_price=D(100)),)},
    ),
    (Control.DUPLICATE, Action.REJECT, {}, {}, {}, {"book": book(resting("one", State.FILLED))}),
    (
        Control.CHILD_SUM,
        Action.HALT,
        {"parent_id": "p"},
        {"parents": {"p": Parent(parent_id="p", quantity=D(30), sent=D(20))}},
        {"parent_id": "p"},
        {"parents": {"p": Parent(parent_id="p", quantity=D(30), sent=D("20.001"))}},
    ),
    (
        Control.FILLS,
        Action.KILL,
        {},
        {"book": book(resting("a", State.FILLED, traded=D(10)))},
        {},
        {"book": book(resting("a", State.FILLED, traded=D("10.001"), overfilled_ms=1))},
    ),
    (
        Control.DAILY_LOSS,
        Action.REDUCE,
        {},
        {"day_equity": D("102564.10")},
        {},
        {"day_equity": D("102564.11")},
    ),
    (
        Control.DRAWDOWN,
        Action.HALT,
        {},
        {"peak_equity": D("111111.11")},
        {},
        {"peak_equity": D("111111.12")},
    ),
    *(
        (
            Control.STALE,
            Action.REJECT,
            {},
            {"quote": {name: old(bound)}},
            {},
            {"quote": {name: old(bound) - 1}},
        )
        for name, bound in (
            ("book_at_ms", "5"),
            ("mark_at_ms", "10"),
            ("bar_at_ms", "320"),
            ("funding_at_ms", "600"),
        )
    ),
    (
        Control.STALE,
        Action.REJECT,
        {},
        {"balance_at_ms": old("360")},
        {},
        {"balance_at_ms": old("360") - 1},
    ),
    (Control.CLOCK, Action.REJECT, {}, {"clock_offset_ms": 1000}, {}, {"clock_offset_ms": -1001}),
    (Control.CLOCK, Action.HALT, {}, {}, {"is_reduce_only": True}, {"clock_offset_ms": 2501}),
    (
        Control.REJECTS,
        Action.BLOCK,
        {},
        refused(4),
        {},
        refused(5),
    ),
    (Control.REJECTS, Action.HALT, {}, refused(19, "other"), {}, refused(20, "other")),
    (
        Control.LIQUIDATION,
        Action.REDUCE,
        {},
        {"quote": {"liquidation_frac": D("0.15")}},
        {},
        {"quote": {"liquidation_frac": D("0.1499")}},
    ),
    (
        Control.LIQUIDATION,
        Action.REDUCE,
        {},
        {"quote": {"liquidation_frac": D("0.24"), "atr_frac": D("0.08")}},
        {},
        {"quote": {"liquidation_frac": D("0.24"), "atr_frac": D("0.0801")}},
    ),
    (Control.UNKNOWN, Action.REJECT, {}, {}, {}, {"book": book(resting("a", State.UNKNOWN))}),
    (Control.MACHINE, Action.REJECT, {}, {"loop_lag_ms": 1000}, {}, {"loop_lag_ms": 1001}),
    (Control.MACHINE, Action.REDUCE, {}, {"disk_free_gib": D(1)}, {}, {"disk_free_gib": D("0.9")}),
    (Control.NO_PRICE, Action.REJECT, {}, {}, {}, {"quote": {"bid": D(0)}}),
    (Control.NO_PRICE, Action.REJECT, {}, {}, {"symbol": "ETH/USDT:USDT"}, {}),
    (Control.UNREADABLE, Action.REJECT, {}, {}, {}, {"equity": D("NaN")}),
]


@pytest.mark.parametrize(
    ("control", "action", "order", "known", "order_beyond", "known_beyond"),
    STEPS,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(STEPS)],
)
def test_a_control_lets_pass_what_is_within_and_refuses_one_step_beyond(
    control: Control,
    action: Action,
    order: dict[str, Any],
    known: dict[str, Any],
    order_beyond: dict[str, Any],
    known_beyond: dict[str, Any],
) -> None:
    bounds = limits("balanced")
    assert judge(proposal(**order), facts(**known), bounds) == Passed()
    found = judge(proposal(**order_beyond), facts(**known_beyond), bounds)
    assert isinstance(found, Refusal)
    assert (found.control, found.action) == (control, action)
    assert found.text


def test_all_that_could_trade_counts_towards_gross_and_leverage() -> None:
    bounds = replace(limits("balanced"), max_coin_frac=D(10))
    held = facts(book=book(resting("a", State.ACKED, quantity=D(400)), held=D(1590)))
    assert judge(proposal(), held, bounds) == Passed()
    more = facts(book=book(resting("a", State.ACKED, quantity=D(401)), held=D(1590)))
    found = judge(proposal(), more, bounds)
    assert isinstance(found, Refusal)
    assert found.control is Control.GROSS
    tight = replace(bounds, max_leverage=D("1.9"))
    found = judge(proposal(), held, tight)
    assert isinstance(found, Refusal)
    assert found.control is Control.LEVERAGE


def test_every_control_has_its_step() -> None:
    tried = {row[0] for row in STEPS} | {Control.STATE, Control.GROSS, Control.LEVERAGE}
    assert tried == set(Control)
    assert len(set(CHECKS)) == len(CHECKS) == 20


def test_the_third_breach_of_the_rate_in_ten_minutes_halts() -> None:
    bounds = limits("balanced")
    for breaches, action in (
        ((), Action.REJECT),
        ((NOW_MS - 1,), Action.REJECT),
        ((NOW_MS - 2, NOW_MS - 1), Action.HALT),
        ((NOW_MS - 600_000, NOW_MS - 1), Action.REJECT),
    ):
        standing = Standing(trading=Trading.ACTIVE, breaches=breaches)
        found = judge(proposal(), facts(standing=standing, **many(10, 500)), bounds)
        assert isinstance(found, Refusal)
        assert found.action is action


@pytest.mark.parametrize(
    ("trading", "entry", "close", "emergency"),
    [
        (Trading.SAFE, False, False, True),
        (Trading.ACTIVE, True, True, True),
        (Trading.REDUCING, False, True, True),
        (Trading.HALTED, False, False, True),
    ],
)
def test_the_state_of_the_desk_says_what_may_leave(
    trading: Trading, entry: bool, close: bool, emergency: bool
) -> None:
    known = facts(standing=Standing(trading=trading, why="tried"))
    orders = (
        proposal(),
        proposal(is_reduce_only=True),
        proposal(is_reduce_only=True, is_emergency=True),
    )
    found = [judge(each, known, limits("balanced")) for each in orders]
    assert [each == Passed() for each in found] == [entry, close, emergency]
    assert (
        isinstance(judge(proposal(is_emergency=True), known, limits("balanced")), Refusal) != entry
    )


def test_a_blocked_symbol_can_be_left_and_not_entered() -> None:
    standing = Standing(trading=Trading.ACTIVE, blocked={SYMBOL: "by hand"})
    found = judge(proposal(), facts(standing=standing), limits("balanced"))
    assert isinstance(found, Refusal)
    assert "by hand" in found.text
    close = proposal(is_reduce_only=True)
    assert judge(close, facts(standing=standing), limits("balanced")) == Passed()


def test_a_market_order_is_never_sent_by_the_desk_itself() -> None:
    bare = proposal(order_kind=OrderKind.MARKET, limit_price=None)
    found = judge(bare, facts(), limits("balanced"))
    assert isinstance(found, Refusal)
    assert found.control is Control.TAKER_SLIP


def test_what_closes_is_not_held_back_by_old_data_or_full_limits() -> None:
    known = facts(
        {"book_at_ms": 0, "mark_at_ms": 0, "liquidation_frac": D("0.01"), "second": D(120)},
        book=book(held=D(900)),
        day_equity=D(200_000),
        peak_equity=D(100_000),
        balance_at_ms=0,
        disk_free_gib=D("0.1"),
    )
    close = proposal(side=Side.SELL, is_reduce_only=True, quantity=D(100))
    assert judge(close, known, limits("balanced")) == Passed()


@pytest.mark.parametrize("field", fields(Limits), ids=lambda field: field.name)
def test_a_limit_that_is_none_is_refused(field: Any) -> None:
    with pytest.raises(ValueError, match=f"{field.name} is 0, must be above 0"):
        Limits(**{field.name: 0})


def test_orders_are_sent_from_one_place_only() -> None:
    root = Path(quorate.live.__file__).parent
    senders = []
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and node.func.attr in {"place", "create_order", "create_orders"}:  # type: ignore[attr-defined]
                senders.append(str(path.relative_to(root)))
    # the kill switch closes positions by itself: it must not need anything of the desk
    assert sorted(senders) == ["broker/send.py", "guard/flattening.py"]
