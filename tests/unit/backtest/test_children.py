"""How much of a parent may be sent."""

from __future__ import annotations

from typing import Any

import pytest

from quorate.backtest.children import wanted, within
from quorate.backtest.rules import params
from quorate.backtest.views import Parent, is_pov, is_void
from quorate.core.types import Placement, Reason, Schedule, Style

RULES = params()


def parent(working: int, **changes: Any) -> Parent:
    fields = {
        "working": working,
        "held": 0,
        "total": working,
        "display": 0,
        "submit_k": 100,
        "n_bars": 4,
        "decision_price": 100.0,
        "limit_price": 0.0,
        "participation": 0.1,
        "urgency": 0.0,
        "schedule": Schedule.IMMEDIATE.value,
        "placement": Placement.MARKETABLE.value,
        "style": Style.MARKET.value,
        "reason": Reason.ENTRY.value,
        "closes_only": False,
        "has_timed_out": False,
    }
    return Parent(**(fields | changes))


def test_nothing_before_the_next_bar() -> None:
    assert wanted(100, parent(10), RULES) == 0
    assert wanted(101, parent(10), RULES) == 10


@pytest.mark.parametrize("side", [1, -1])
def test_a_twap_follows_its_cumulative_target(side: int) -> None:
    twap = parent(side * 10, schedule=Schedule.TWAP.value)
    left, sent = side * 10, []
    for k in range(101, 107):
        lots = wanted(k, twap._replace(working=left), RULES)
        sent.append(lots)
        left -= lots
    assert sent == [side * n for n in (3, 2, 3, 2, 0, 0)]


def test_a_twap_ahead_of_its_target_waits() -> None:
    assert wanted(101, parent(2, total=10, schedule=Schedule.TWAP.value), RULES) == 0


def test_display_and_closing_cut() -> None:
    assert wanted(101, parent(-100, display=3), RULES) == -15
    assert wanted(101, parent(-100, held=40, closes_only=True), RULES) == -40


@pytest.mark.parametrize(
    ("working", "held", "void"), [(10, -5, False), (10, 0, True), (10, 5, True), (-10, 5, False)]
)
def test_void_is_nothing_left_to_close(working: int, held: int, void: bool) -> None:
    assert is_void(parent(working, held=held, closes_only=True)) == void
    assert not is_void(parent(working, held=held))


def test_within_rounds_down_to_lots() -> None:
    assert within(50, 100.0, 3.0, RULES) == 6
    assert within(-50, 100.0, 3.0, RULES) == -6
    assert within(6, 100.0, 3.0, RULES) == 6


def test_pov_is_a_schedule() -> None:
    assert is_pov(parent(1, schedule=Schedule.POV.value))
    assert not is_pov(parent(1, schedule=Schedule.TWAP.value))
