"""Where and how a change is executed: scores, parts, the three axes and the parent they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from tests.unit.live.execution.building import GRID, SYMBOL, T0, VENUE, D

from quorate.core.routing import Params, params
from quorate.live.execution.choosing import (
    Candidate,
    Unplanned,
    Wanted,
    chosen,
    divide,
    plan,
    scored,
)
from quorate.live.orders.parents import ParentOpened, Placing, Schedule
from quorate.venues.base import PositionSide, Side

if TYPE_CHECKING:
    from decimal import Decimal

RULES = params()


def candidate(name: str = "a", **more: Any) -> Candidate:
    usual = {
        "spread_bps": 2.0,
        "queue_ahead_frac": 0.5,
        "latency_p95_ms": 50.0,
        "reliability": 0.99,
        "depth_ratio": 2.0,
        "fee_bps": 5.0,
        "impact_bps": 1.0,
        "room": D(100),
        "grid": GRID,
        "price": D(100),
    }
    return Candidate(name=name, **{**usual, **more})


def wanted(**more: Any) -> Wanted:
    usual = {
        "account": "main",
        "venue": VENUE,
        "cycle": "2026-01-01T00:05Z",
        "strategy": "core",
        "symbol": SYMBOL,
        "purpose": "entry",
        "side": Side.BUY,
        "position_side": PositionSide.BOTH,
        "quantity": D("1.0004"),
        "is_reduce_only": False,
        "is_urgent": False,
        "decision_price": D("99.9"),
        "bid": D("99.98"),
        "ask": D("100.02"),
        "volume_usd": D(1_000_000),
        "persistence": 0.5,
        "budget_bps": D(12),
        "expected": (D(2), D(1), D(5), D("0.5")),
        "now_ms": T0,
        "bar_ms": 300_000,
    }
    return Wanted(**{**usual, **more})


def test_venues_are_ranked_by_the_score_or_by_what_they_cost():
    near = candidate("near", latency_p95_ms=10.0, fee_bps=9.0)
    far = candidate("far", latency_p95_ms=150.0)
    assert [each.candidate.name for each in scored([far, near], RULES)] == ["near", "far"]
    by_cost = RULES._replace(ranking=1)
    found = scored([near, far], by_cost)
    assert [each.candidate.name for each in found] == ["far", "near"]
    assert found[0].cost_bps == pytest.approx(1 + 5 + 1 + 1.5)
    # 0.3 e^-0.2 + 0.2 * 0.5 + 0.2 e^-0.25 + 0.15 * 0.99 + 0.15
    (one,) = scored([candidate()], RULES)
    assert one.score == pytest.approx(0.79988, abs=1e-5)


def test_a_change_is_divided_over_venues_within_their_room_the_best_first():
    venues = scored(
        [candidate("worse", spread_bps=8.0), candidate("best", room=D("0.7777"))], RULES
    )
    assert divide(D(1), venues) == {"best": D("0.777"), "worse": D("0.223")}
    assert divide(D("0.8"), venues) == {"best": D("0.777")}, "0.023 is below the least"
    assert divide(D(1), ()) == {}


AMOUNTS = st.integers(0, 10_000).map(lambda lots: D(lots) * D("0.0007"))


@given(quantity=AMOUNTS, rooms=st.lists(AMOUNTS, max_size=5))
def test_parts_never_sum_above_the_whole(quantity: Decimal, rooms: list[Decimal]):
    venues = scored([candidate(str(n), room=room) for n, room in enumerate(rooms)], RULES)
    parts = divide(quantity, venues)
    assert sum(parts.values(), D(0)) <= quantity
    for name, part in parts.items():
        assert 0 < part <= rooms[int(name)]
        assert part == GRID.quantity(part)


@pytest.mark.parametrize(
    ("more", "schedule", "placing", "style"),
    [
        ({}, Schedule.IMMEDIATE, Placing.MARKETABLE, "limit"),
        ({"bid": D("99.9"), "ask": D("100.1")}, Schedule.IMMEDIATE, Placing.POST_ONLY, "post_only"),
        ({"persistence": 0.71}, Schedule.TWAP, Placing.MARKETABLE, "twap"),
        ({"quantity": D(501)}, Schedule.IMMEDIATE, Placing.MARKETABLE, "iceberg"),
        ({"volume_usd": D(150)}, Schedule.POV, Placing.MARKETABLE, "pov"),
        ({"is_urgent": True, "volume_usd": D(1)}, Schedule.IMMEDIATE, Placing.MARKETABLE, "market"),
    ],
)
def test_the_style_is_that_of_the_specification(more, schedule, placing, style):
    choice = chosen(wanted(**more), RULES)
    assert (choice.schedule, choice.placing, choice.style) == (schedule, placing, style)
    assert choice.reasons


def test_a_parent_order_is_on_the_grid_inside_the_collar_and_bounded_in_time():
    made = plan(wanted(), GRID, RULES)
    assert isinstance(made, ParentOpened)
    assert made.quantity == D(1)
    assert made.worst_price == D("100.5"), "100 and 50 bps"
    assert made.arrival_mid == D(100)
    assert made.participation_expected == D("0.0001")
    assert (made.deadline_ms - T0, made.rest_ms) == (600_000, 300_000)
    assert (made.display, made.budget_bps) == (D(0), D(12))
    sold = plan(wanted(side=Side.SELL), GRID, RULES)
    assert sold.worst_price == D("99.5")
    slow = plan(wanted(persistence=0.9, quantity=D(600)), GRID, RULES)
    assert (slow.deadline_ms - T0, slow.slice_ms, slow.rest_ms) == (1_800_000, 60_000, 30_000)
    assert slow.display == D(60)
    assert plan(wanted(is_urgent=True), GRID, RULES).budget_bps is None
    again = plan(wanted(now_ms=T0 + 5), GRID, RULES)
    assert again.parent_id == made.parent_id, "the same decision is the same parent"
    assert plan(wanted(venue="other"), GRID, RULES).parent_id != made.parent_id


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"quantity": D("0.0009")}, "below the least"),
        ({"quantity": D("0.04")}, "below the least"),
        ({"bid": D(101)}, "no touch"),
        ({"bid": D(0)}, "no touch"),
    ],
)
def test_what_makes_no_parent_is_told(more, why):
    found = plan(wanted(**more), GRID, Params())
    assert isinstance(found, Unplanned)
    assert why in found.text
    assert found.hint
    closing = plan(wanted(quantity=D("0.04"), is_reduce_only=True), GRID, RULES)
    assert isinstance(closing, ParentOpened), "what closes has no least value"
