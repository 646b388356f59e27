import math

import pytest

from quorate.core.routing.price import collared, placement_at, resting, to_tick
from quorate.core.types import Placement


@pytest.mark.parametrize(
    ("price", "side", "tick", "expected"),
    [
        (100.07, 1, 0.05, 100.05),
        (100.07, -1, 0.05, 100.10),
        (100.05, 1, 0.05, 100.05),
        (100.05, -1, 0.05, 100.05),
        (0.30000000000000004, 1, 0.1, 0.3),
        (0.30000000000000004, -1, 0.1, 0.3),
        (7.3, 1, 0.0, 7.3),
    ],
)
def test_prices_round_away_from_crossing(price, side, tick, expected):
    assert to_tick(price, side, tick) == pytest.approx(expected, abs=1e-12)


def test_a_marketable_price_stays_inside_its_collar():
    assert collared(100.0, 1, 50.0, 0.3) == pytest.approx(100.5)
    assert collared(100.0, 1, 50.0, 0.4) == pytest.approx(100.4)
    assert collared(100.0, -1, 50.0, 0.4) == pytest.approx(99.6)


def test_a_resting_price_is_behind_its_own_side():
    assert resting(1000.0, 1, 20.0, 0.3) <= 999.0
    assert resting(1000.0, -1, 20.0, 0.3) >= 1001.0


def test_an_unknown_price_gives_no_limit():
    assert math.isnan(collared(math.nan, 1, 50.0, 0.1))


@pytest.mark.parametrize(
    ("placement", "k", "expected"),
    [
        (Placement.POST_ONLY, 9, Placement.POST_ONLY),
        (Placement.POST_ONLY, 10, Placement.MARKETABLE),
        (Placement.LIMIT, 11, Placement.MARKETABLE),
        (Placement.MARKETABLE, 0, Placement.MARKETABLE),
    ],
)
def test_a_resting_child_crosses_after_its_time(placement, k, expected):
    assert placement_at(int(placement), k, 10) == expected
