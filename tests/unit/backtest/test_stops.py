"""Stops: touched, gapped, in the bar of the entry, on several venues, late."""

from __future__ import annotations

import pytest
from tests.unit.backtest.scene import Scene, scene

from quorate.backtest.exchange import Count
from quorate.backtest.stops import base_price
from quorate.core.types import Bar, Placement, Reason


def held(side: int, n_venues: int = 1, **changes: float) -> Scene:
    """Hold 100 lots on each venue, opened in bar 0 with a stop 3% away."""
    at = scene(n_venues=n_venues, **changes)
    for v in range(n_venues):
        at.order(side * 100, v=v)
    at.bar()
    return at


@pytest.mark.parametrize("side", [1, -1])
def test_a_touch_sells_everything_at_the_stop(side: int) -> None:
    at = held(side)
    stop = at.account.exits.stop[0]
    assert side * (100.0 - stop) == pytest.approx(3.0, abs=0.05)
    at.set_bar(1, low=96.0, high=104.0)
    at.order(side * 50, limit_price=100.0)
    rows = at.bar()
    closing = rows[-1]
    assert closing["reason"] == Reason.EXIT_STOP
    assert closing["decision_price"] == stop
    assert closing["delay"] == 0
    assert side * (stop - closing["price"]) > 0.0
    assert closing["closed"] == 1
    assert (at.held(), at.working()) == (0, 0)
    assert at.account.exits.cooldown_k[0 if side > 0 else 1, 0] == 1_001 + 12
    assert at.count(Count.STOPS) == 1
    assert at.count(Count.STOP_GAPS) == 0


@pytest.mark.parametrize(("side", "opening"), [(1, 90.0), (-1, 110.0)])
def test_a_gap_pays_the_open(side: int, opening: float) -> None:
    at = held(side)
    stop = at.account.exits.stop[0]
    at.set_bar(1, open=opening, low=min(opening, 95.0), high=max(opening, 105.0))
    (row,) = at.bar()
    assert row["delay"] == pytest.approx(10.0 * abs(stop - opening) * 1e8, abs=1)
    assert side * (opening - row["price"]) > 0.0
    assert at.count(Count.STOP_GAPS) == 1
    assert at.count(Count.EXCEEDANCES) == 1


def test_a_small_gap_is_within_the_allowance() -> None:
    at = held(1)
    at.set_bar(1, open=at.account.exits.stop[0] - 0.5, low=96.0)
    at.bar()
    assert (at.count(Count.STOP_GAPS), at.count(Count.EXCEEDANCES)) == (1, 0)


def test_a_bar_that_stays_above_touches_nothing() -> None:
    at = held(1)
    at.set_bar(1, low=at.account.exits.stop[0] + 0.01)
    assert at.bar() == []
    assert at.held() == 100


def test_what_is_bought_at_the_open_is_exposed() -> None:
    at = scene()
    at.set_bar(0, low=90.0)
    at.order(100)
    entry, stop = at.bar()
    assert (entry["lots"], stop["lots"]) == (100, -100)
    assert stop["reason"] == Reason.EXIT_STOP


def test_what_rested_is_exposed() -> None:
    at = scene()
    at.set_bar(0, low=90.0)
    at.order(100, placement=Placement.POST_ONLY, limit_price=99.0)
    entry, stop = at.bar()
    assert (entry["is_maker"], stop["reason"]) == (1, Reason.EXIT_STOP)


def test_a_stop_comes_before_a_target() -> None:
    at = held(1)
    at.set_bar(1, low=96.0, high=120.0)
    at.order(-100, placement=Placement.POST_ONLY, limit_price=110.0)
    (row,) = at.bar()
    assert row["reason"] == Reason.EXIT_STOP


def test_a_stop_fills_in_full_whatever_the_volume() -> None:
    at = held(1)
    at.set_bar(1, low=96.0, volume=1.0)
    (row,) = at.bar()
    assert row["lots"] == -100
    stop = at.account.ledger.entry_price[0]
    assert row["impact"] < 10.0 * stop * 5.0 / 1e4 * 1e8  # clipped at 20% participation


def test_the_primary_venue_says_whether() -> None:
    at = held(1, n_venues=2)
    at.set_bar(1, v=1, low=80.0)
    assert at.bar() == []
    at.set_bar(2, v=0, low=96.0)
    rows = at.bar()
    assert [row["venue"] for row in rows] == [0, 1]
    assert [row["closed"] for row in rows] == [0, 1]


def test_a_venue_that_did_not_trade_closes_at_its_next_open() -> None:
    at = held(1, n_venues=2)
    stop = at.account.exits.stop[0]
    at.set_bar(1, v=0, low=96.0)
    at.set_bar(1, v=1, status=Bar.ABSENT)
    at.set_bar(2, v=1, open=94.0, low=93.0)
    (row,) = at.bar()
    assert (row["venue"], at.held(1), at.count(Count.STOPS_DELAYED)) == (0, 100, 1)
    at.order(10, v=0)
    (late,) = at.bar()
    assert (late["venue"], late["lots"], late["closed"]) == (1, -100, 1)
    assert late["decision_price"] == stop
    assert late["delay"] == pytest.approx(10.0 * (stop - 94.0) * 1e8, abs=1)
    assert at.working(0) == 0
    at.order(10, v=0)
    assert len(at.bar()) == 1  # trading goes on once it is done


def test_base_price_is_the_worse_of_two() -> None:
    assert base_price(99.0, 97.0, 1) == 97.0
    assert base_price(95.0, 97.0, 1) == 95.0
    assert base_price(95.0, 97.0, -1) == 97.0
    assert base_price(99.0, 97.0, -1) == 99.0
