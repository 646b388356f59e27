"""At the open: price, costs, volume, collar, schedules, and what may only close."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.backtest.scene import scene

from quorate.backtest.exchange import Count
from quorate.core.types import Bar, Placement, Reason, Schedule, Style


def test_a_buy_pays_open_and_every_component() -> None:
    at = scene()
    at.set_bar(0, open=101.0, high=102.0)
    at.order(400, decision_price=100.0, style=Style.LIMIT)
    (row,) = at.bar()
    coins = 40.0
    impact_bps = 5.0 * math.sqrt(coins / 1_000.0)
    price = 101.0 * (1.0 + (2.0 + impact_bps + 0.8) / 1e4)
    assert row["price"] == pytest.approx(price, rel=1e-14)
    assert row["notional"] == 4_000_00000000
    assert row["delay"] == 40_00000000
    assert row["spread"] == round(coins * 101.0 * 2.0 / 1e4 * 1e8)
    assert row["impact"] == pytest.approx(coins * 101.0 * impact_bps / 1e4 * 1e8, abs=1)
    assert row["latency"] == round(coins * 101.0 * 0.8 / 1e4 * 1e8)
    assert row["fee"] == pytest.approx(coins * price * 5.0 / 1e4 * 1e8, abs=1)
    assert (row["lots"], row["coins"], row["side"]) == (400, coins, 1)
    assert (row["reason"], row["style"], row["is_maker"]) == (Reason.ENTRY, Style.LIMIT, 0)
    assert (row["opened"], row["closed"], row["k"]) == (1, 0, 1_000)
    assert at.working() == 0


def test_a_sale_is_its_mirror() -> None:
    at = scene()
    at.set_bar(0, open=99.0, low=98.0)
    at.order(-400)
    (row,) = at.bar()
    assert row["delay"] == 40_00000000
    assert row["price"] < 99.0
    assert row["spread"] > 0
    assert row["impact"] > 0
    assert row["notional"] == -4_000_00000000


def test_nothing_fills_on_the_bar_that_decided() -> None:
    at = scene()
    at.order(10, submit_k=at.k)
    assert at.bar() == []
    assert len(at.bar()) == 1


@pytest.mark.parametrize(
    "change",
    [{"status": Bar.ABSENT}, {"status": Bar.IMPUTED}, {"volume": 0.0}, {"volume": np.nan}],
)
def test_nothing_fills_where_nothing_traded(change: dict) -> None:
    at = scene()
    at.set_bar(0, **change)
    at.order(10)
    assert at.bar() == []
    assert at.working() == 10
    assert len(at.bar()) == 1


def test_volume_cuts_a_child_and_the_rest_waits() -> None:
    at = scene()
    at.order(5_000)
    sizes = [sum(row["lots"] for row in at.bar()) for _ in range(4)]
    assert sizes == [2_000, 2_000, 1_000, 0]
    assert at.count(Count.CLIPPED) == 2


def test_less_than_a_lot_of_room_fills_nothing() -> None:
    at = scene()
    at.set_bar(0, volume=0.4)
    at.order(10)
    assert at.bar() == []
    assert at.working() == 10


def test_a_collar_refuses_the_open() -> None:
    at = scene()
    at.set_bar(0, open=103.0, high=103.5, low=102.5)
    at.set_bar(1, open=99.0)
    at.order(10, limit_price=100.5)
    assert at.bar() == []
    assert at.count(Count.COLLARED) == 1
    (row,) = at.bar()
    assert row["price"] < 100.5


@pytest.mark.parametrize("side", [1, -1])
def test_a_collar_counts_costs_not_only_the_open(side: int) -> None:
    at = scene()
    at.set_bar(0, high=100.0, low=100.0)
    at.order(side * 10, limit_price=100.0 + side * 0.02)
    assert at.bar() == []  # 2 bps of spread alone reach 0.02


def test_a_twap_sums_exactly_and_catches_up() -> None:
    at = scene(n_bars=8)
    at.set_bar(1, status=Bar.ABSENT)
    at.order(101, schedule=Schedule.TWAP, n_bars=4)
    sizes = [sum(row["lots"] for row in at.bar()) for _ in range(6)]
    assert sizes == [25, 0, 51, 25, 0, 0]
    assert sum(sizes) == 101


def test_a_twap_that_volume_held_up_goes_on_after_its_last_bar() -> None:
    at = scene(n_bars=8)
    at.market.volume[:2] = 5.0
    at.order(-100, schedule=Schedule.TWAP, n_bars=2)
    sizes = [sum(row["lots"] for row in at.bar()) for _ in range(4)]
    assert sizes == [-10, -10, -80, 0]


def test_an_iceberg_shows_a_few_tips_a_bar() -> None:
    at = scene()
    at.order(70, display=6)
    assert [row["lots"] for _ in range(3) for row in at.bar()] == [30, 30, 10]


def test_reduce_only_never_flips() -> None:
    at = scene()
    at.order(30)
    at.bar()
    at.order(-50, reduce_only=1)
    (row,) = at.bar()
    assert (row["lots"], row["closed"], at.held()) == (-30, 1, 0)
    at.bar()
    assert at.working() == 0


def test_reduce_only_never_increases() -> None:
    at = scene()
    at.order(30)
    at.bar()
    at.order(50, reduce_only=1)
    assert at.bar() == []
    assert (at.held(), at.working()) == (30, 0)


def test_spot_never_goes_short() -> None:
    at = scene(is_perp=0)
    at.order(-50)
    assert at.bar() == []
    assert at.working() == 0
    at.order(30)
    at.bar()
    at.order(-50)
    (row,) = at.bar()
    assert (row["lots"], at.held()) == (-30, 0)


def test_through_zero_is_two_rows_that_sum() -> None:
    at = scene()
    at.order(30)
    at.bar()
    at.set_bar(1, open=101.0)
    at.order(-80)
    closing, opening = at.bar()
    assert (closing["lots"], opening["lots"], at.held()) == (-30, -50, -50)
    assert (closing["closed"], closing["opened"]) == (1, 0)
    assert (opening["closed"], opening["opened"]) == (0, 1)
    whole = -8.0 * 1.0
    assert closing["delay"] + opening["delay"] == round(whole * 1e8)
    assert closing["delay"] == -3_00000000
    assert closing["price"] == opening["price"]
    assert closing["realised"] != 0
    assert opening["realised"] == 0
    assert at.account.exits.side[0] == -1


@pytest.mark.parametrize("crosses", [True, False])
def test_a_post_only_order_crosses_after_its_time(crosses: bool) -> None:
    at = scene()
    at.market.low[:] = 99.9
    at.order(
        10,
        placement=Placement.POST_ONLY,
        limit_price=99.5,
        cross_k=at.k + 2 if crosses else 0,
    )
    rows = [at.bar() for _ in range(4)]
    filled = [len(row) for row in rows]
    assert filled == ([0, 0, 1, 0] if crosses else [0, 0, 0, 0])
    assert at.count(Count.CROSSED) == int(crosses)
    if crosses:
        assert rows[2][0]["is_maker"] == 0
        assert rows[2][0]["price"] > 100.0


def test_crossing_does_not_chase() -> None:
    at = scene()
    at.set_bar(0, open=101.0, high=101.5, low=100.8)
    at.order(10, placement=Placement.POST_ONLY, limit_price=99.5, cross_k=at.k)
    at.account.orders.submit_k[0, 0] = at.k - 2
    assert at.bar() == []  # the collar is 50 bps from the decision price, 100.5
    assert len(at.bar()) == 1


def test_an_unknown_volatility_still_has_a_price() -> None:
    at = scene()
    at.sigma_daily[:] = np.nan
    at.order(10)
    (row,) = at.bar()
    assert math.isfinite(row["price"])


def test_venues_have_their_own_prices_and_fees() -> None:
    at = scene(n_venues=2, taker_bps=[5.0, 1.0], latency_ms=[0.0, 100.0])
    at.set_bar(0, v=1, open=99.0, low=98.5)
    at.order(10, v=0)
    at.order(10, v=1)
    first, second = at.bar()
    assert (first["venue"], second["venue"]) == (0, 1)
    assert second["price"] < 99.5 < first["price"]
    assert first["latency"] == 0
    assert second["latency"] == round(1.0 * 99.0 * 1.0 / 1e4 * 1e8)
    assert first["fee"] > 4 * second["fee"]
