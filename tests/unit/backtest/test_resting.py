"""Resting orders: trade-through and not a touch, the maker's side, the price they get."""

from __future__ import annotations

import pytest
from tests.unit.backtest.scene import scene

from quorate.backtest.exchange import Count
from quorate.core.types import Placement, Schedule


@pytest.mark.parametrize(("low", "fills"), [(99.5, 0), (99.495, 0), (99.49, 1), (99.0, 1)])
def test_a_buy_needs_a_whole_tick_below(low: float, fills: int) -> None:
    at = scene()
    at.market.low[:] = low
    at.order(10, placement=Placement.POST_ONLY, limit_price=99.5)
    assert len(at.bar()) == fills


@pytest.mark.parametrize(("high", "fills"), [(100.5, 0), (100.51, 1)])
def test_a_sale_needs_a_whole_tick_above(high: float, fills: int) -> None:
    at = scene()
    at.market.high[:] = high
    at.order(-10, placement=Placement.POST_ONLY, limit_price=100.5)
    assert len(at.bar()) == fills


@pytest.mark.parametrize("side", [1, -1])
def test_a_maker_earns_what_lies_between_limit_and_open(side: int) -> None:
    at = scene(maker_bps=-1.0)
    limit = 100.0 - side * 0.4
    at.order(side * 10, placement=Placement.POST_ONLY, limit_price=limit)
    (row,) = at.bar()
    assert row["price"] == limit
    assert row["is_maker"] == 1
    assert row["spread"] == pytest.approx(-0.4e8, abs=1)
    assert (row["impact"], row["latency"]) == (0, 0)
    assert row["fee"] == -round(limit * 1e-4 * 1e8)


def test_a_post_only_order_that_would_cross_rests_at_the_touch() -> None:
    at = scene()
    at.order(10, placement=Placement.POST_ONLY, limit_price=101.0)
    (row,) = at.bar()
    assert row["price"] == pytest.approx(99.98)
    assert row["is_maker"] == 1
    assert at.count(Count.REPRICED) == 1


def test_a_post_only_order_without_a_price_rests_at_the_touch() -> None:
    at = scene()
    at.order(-10, placement=Placement.POST_ONLY, limit_price=float("nan"))
    (row,) = at.bar()
    assert row["price"] == pytest.approx(100.02)
    assert at.count(Count.REPRICED) == 0


def test_a_limit_order_takes_where_the_open_is_good_enough() -> None:
    at = scene()
    at.order(10, placement=Placement.LIMIT, limit_price=100.4)
    (row,) = at.bar()
    assert row["is_maker"] == 0
    assert 100.0 < row["price"] < 100.4


def test_a_limit_order_rests_where_it_is_not() -> None:
    at = scene()
    at.order(10, placement=Placement.LIMIT, limit_price=99.8)
    (row,) = at.bar()
    assert (row["is_maker"], row["price"]) == (1, 99.8)


@pytest.mark.parametrize(("low", "fills"), [(99.99, 0), (99.0, 1)])
def test_a_collar_met_within_the_bar_pays_as_a_taker(low: float, fills: int) -> None:
    at = scene()
    at.market.low[:] = low
    at.order(10, limit_price=100.01)
    rows = at.bar()
    assert len(rows) == fills
    if fills:
        assert (rows[0]["price"], rows[0]["is_maker"]) == (100.01, 0)
        assert rows[0]["fee"] == round(1.0 * 100.01 * 5.0 / 1e4 * 1e8)


def test_volume_limits_what_rests() -> None:
    at = scene()
    at.order(5_000, placement=Placement.POST_ONLY, limit_price=99.8)
    (row,) = at.bar()
    assert (row["lots"], at.working()) == (2_000, 3_000)


def test_a_resting_twap_shows_what_is_due() -> None:
    at = scene()
    at.order(90, schedule=Schedule.TWAP, n_bars=3, placement=Placement.POST_ONLY, limit_price=99.8)
    assert [row["lots"] for _ in range(4) for row in at.bar()] == [30, 30, 30]


def test_one_child_a_bar() -> None:
    at = scene()
    at.set_bar(0, volume=100.0)
    at.order(5_000, limit_price=101.0)
    assert [row["lots"] for row in at.bar()] == [200]
