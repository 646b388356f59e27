"""POV: its share of the volume, its price, its limit."""

from __future__ import annotations

import pytest
from tests.unit.backtest.scene import scene

from quorate.core.types import Bar, Placement, Reason, Schedule


@pytest.mark.parametrize(("rho", "lots"), [(0.1, 1_111), (0.2, 2_500), (0.6, 2_500)])
def test_the_share_includes_itself_and_has_a_cap(rho: float, lots: int) -> None:
    at = scene()
    at.order(100_000, schedule=Schedule.POV, participation=rho)
    (row,) = at.bar()
    assert row["lots"] == lots
    coins = row["coins"]
    assert coins / (1_000.0 + coins) <= min(rho, 0.2) + 1e-12


def test_it_pays_the_typical_price_and_the_drift_is_delay() -> None:
    at = scene()
    at.set_bar(0, open=100.0, high=106.0, low=100.0, close=106.0)
    at.account.exits.planned_frac[:] = 0.2
    at.order(10, schedule=Schedule.POV, placement=Placement.POST_ONLY)
    (row,) = at.bar()
    assert row["delay"] == 4_00000000
    assert row["price"] > 104.0
    assert row["is_maker"] == 0


def test_what_it_opened_meets_the_stop_of_the_same_bar() -> None:
    at = scene()
    at.set_bar(0, open=100.0, high=106.0, low=100.0, close=106.0)
    at.order(10, schedule=Schedule.POV)  # at 104 and costs, with a stop 3% below
    entry, out = at.bar()
    assert (entry["lots"], out["lots"]) == (10, -10)
    assert out["reason"] == Reason.EXIT_STOP
    assert at.held() == 0


def test_it_goes_on_until_it_is_done() -> None:
    at = scene()
    at.set_bar(1, status=Bar.IMPUTED)
    at.order(-2_000, schedule=Schedule.POV, participation=0.1)
    sizes = [sum(row["lots"] for row in at.bar()) for _ in range(4)]
    assert sizes == [-1_111, 0, -889, 0]


@pytest.mark.parametrize("side", [1, -1])
def test_its_limit_stops_it(side: int) -> None:
    at = scene()
    at.order(side * 10, schedule=Schedule.POV, limit_price=100.0)
    assert at.bar() == []
    assert at.working() == side * 10
    at.order(side * 10, schedule=Schedule.POV, limit_price=100.0 + side)
    assert len(at.bar()) == 1


def test_less_than_a_lot_waits() -> None:
    at = scene()
    at.set_bar(0, volume=0.5)
    at.order(10, schedule=Schedule.POV)
    assert at.bar() == []
