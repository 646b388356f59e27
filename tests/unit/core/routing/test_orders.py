import math

import numpy as np
import pytest

from quorate.core.routing.orders import cancel, empty, parent_change, place
from quorate.core.types import Placement, Reason, Schedule, Style


def put(orders, working, *, v=0, c=0, lots=5, limit_price=101.0, k=7):
    return place(
        v, c, lots, 100.0, limit_price, k, 6, k + 1, int(Schedule.TWAP), int(Placement.POST_ONLY),
        int(Style.TWAP), 2, 0.1, 0.0, False, int(Reason.ENTRY), orders, working,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("target", "position", "working", "is_exit", "expected"),
    [
        (1000.0, 0.0, 0.0, False, (1000.0, Reason.NONE)),
        (1000.0, 600.0, 300.0, False, (100.0, Reason.NONE)),
        (1000.0, 950.0, 0.0, False, (0.0, Reason.BELOW_CHANGE)),
        (-1000.0, -600.0, -400.0, False, (0.0, Reason.NONE)),
        (8.0, 0.0, 0.0, False, (0.0, Reason.BELOW_MINIMUM)),
        (10.0, 0.0, 0.0, False, (10.0, Reason.NONE)),
        # what is held or working already is no position lost to the venue's minimum
        (58.0, 50.0, 0.0, False, (0.0, Reason.BELOW_CHANGE)),
        (58.0, 0.0, 50.0, False, (0.0, Reason.BELOW_CHANGE)),
        (0.1 + 0.2, 0.1, 0.2, False, (0.0, Reason.NONE)),
        (1234.1, 1000.1, 234.0 - 3e-13, False, (0.0, Reason.NONE)),
        (0.0, 8.0, 0.0, True, (-8.0, Reason.NONE)),
        (0.0, 8.0, -8.0, True, (0.0, Reason.NONE)),
        (1000.0, 950.0, 0.0, True, (50.0, Reason.NONE)),
        (-500.0, 500.0, 0.0, False, (-1000.0, Reason.NONE)),
        (math.nan, 0.0, 0.0, True, (0.0, Reason.NO_DATA)),
    ],
)
def test_a_change_counts_what_is_held_and_what_is_working(
    target, position, working, is_exit, expected
):
    assert parent_change(target, position, working, 10.0, 0.1, is_exit) == expected


def test_the_change_of_exactly_a_tenth_is_ordered():
    assert parent_change(1000.0, 900.0, 0.0, 10.0, 0.1, False) == (100.0, Reason.NONE)


def test_place_writes_the_parent_and_what_is_working():
    orders, working = empty(2, 3), np.zeros((2, 3), np.int64)
    assert put(orders, working, v=1, c=2, lots=-5)
    assert working.tolist() == [[0, 0, 0], [0, 0, -5]]
    assert orders.total[1, 2] == -5
    assert orders.decision_price[1, 2] == 100.0
    assert orders.limit_price[1, 2] == 101.0
    assert orders.submit_k[1, 2] == 7
    assert orders.n_bars[1, 2] == 6
    assert orders.cross_k[1, 2] == 8
    assert orders.display[1, 2] == 2
    assert orders.participation[1, 2] == 0.1
    assert orders.schedule[1, 2] == Schedule.TWAP
    assert orders.placement[1, 2] == Placement.POST_ONLY
    assert orders.style[1, 2] == Style.TWAP
    assert orders.reduce_only[1, 2] == 0
    assert orders.reason[1, 2] == Reason.ENTRY
    assert orders.total[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("limit_price", [math.nan, math.inf, 0.0, -1.0])
def test_no_naked_market_order(limit_price):
    orders, working = empty(1, 1), np.zeros((1, 1), np.int64)
    assert not put(orders, working, limit_price=limit_price)
    assert working.item() == 0
    assert orders.total.item() == 0


def test_no_lots_are_no_order():
    orders, working = empty(1, 1), np.zeros((1, 1), np.int64)
    assert not put(orders, working, lots=0)
    assert math.isnan(orders.limit_price.item())


def test_cancel_returns_what_was_left_and_leaves_nothing():
    orders, working = empty(1, 2), np.zeros((1, 2), np.int64)
    put(orders, working, c=1)
    working[0, 1] = 3
    assert cancel(0, 1, orders, working) == 3
    assert working.tolist() == [[0, 0]]
    for field, fresh in zip(orders, empty(1, 2), strict=True):
        np.testing.assert_array_equal(field, fresh)


def test_empty_wants_both_axes():
    with pytest.raises(ValueError, match="at least 1 venue"):
        empty(0, 3)
