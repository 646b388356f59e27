"""Spec 4 and METHODS 6 as tables; every component stays its own number."""

from math import inf, isnan, nan, sqrt

import pytest

from quorate.core.costs import Impact, Latency, params
from quorate.core.costs import components as cost

SPEC = params()
LEG = (4.0, 0.04, 4.5, 80.0, 0.03, 1.0 / 12.0)


def test_g10_costs_one_way() -> None:
    leg = cost.one_way(*LEG, SPEC)
    assert leg == cost.Cost(half_spread=2.0, impact=1.0, fee=4.5, latency=0.8)
    assert cost.one_way_bps(leg) == pytest.approx(8.3, abs=1e-9)


@pytest.mark.parametrize(("side", "expected"), [(1, 18.1), (-1, 15.1)])
def test_g10_costs_round_trip_with_funding(side: int, expected: float) -> None:
    leg = cost.one_way(*LEG, SPEC)
    both = cost.round_trip(leg, leg, cost.funding_bps(side, 1.0, 12.0, 8.0))
    assert cost.round_trip_bps(both) == pytest.approx(expected, abs=1e-9)
    assert both.funding == side * 1.5
    if side > 0:
        assert 25.0 - cost.round_trip_bps(both) == pytest.approx(6.9, abs=1e-9)


def test_g10_costs_maker_against_taker() -> None:
    taker = cost.Cost(2.0, 0.0, 4.5, 0.0)
    maker = cost.one_way_maker(0.6, 2.0, 1.5, 3.0, taker)
    assert cost.one_way_bps(maker) == pytest.approx(4.7, abs=1e-9)
    assert cost.one_way_bps(taker) == 6.5


def test_a_maker_that_is_never_filled_is_a_taker_that_waited() -> None:
    taker = cost.Cost(2.0, 1.0, 4.5, 0.8)
    waited = cost.one_way_maker(0.0, 2.0, 1.5, 3.0, taker)
    assert waited == cost.Cost(2.0, 1.0 + 3.0, 4.5, 0.8)


def test_legs_are_joined_component_by_component() -> None:
    joined = cost.round_trip(cost.Cost(1.0, 2.0, 3.0, 4.0), cost.Cost(10.0, 20.0, 30.0, 40.0), 5.0)
    assert joined == cost.RoundTrip(11.0, 22.0, 33.0, 44.0, 5.0)


@pytest.mark.parametrize(
    ("order", "volume", "expected"),
    [(2_000.0, 50_000.0, 0.04), (-2_000.0, 50_000.0, 0.04), (0.0, 0.0, 0.0), (1.0, 0.0, inf)],
)
def test_participation(order: float, volume: float, expected: float) -> None:
    assert cost.participation(order, volume) == expected


@pytest.mark.parametrize("share", [0.2, 0.5, inf])
def test_impact_is_clipped_at_the_largest_participation(share: float) -> None:
    assert cost.impact_bps(share, 20.0, SPEC) == 5.0 * sqrt(0.2)


def test_impact_with_volatility_never_falls_below_the_spec() -> None:
    option = params(impact="volatility")
    calm = cost.impact_bps(0.04, 5.0, option)
    storm = cost.impact_bps(0.04, 40.0, option)
    assert calm == cost.impact_bps(0.04, 5.0, SPEC) == 1.0
    assert storm == pytest.approx(0.5 * 40.0 * 0.2)


def test_sigma_of_five_minutes_is_the_one_methods_quotes() -> None:
    assert cost.sigma_window_bps(0.03, 1.0 / 12.0) == pytest.approx(17.7, abs=0.05)


def test_latency_options_cross_at_ten_milliseconds() -> None:
    diffusive = params(latency="diffusive")
    assert cost.latency_bps(100.0, 0.03, SPEC) == 1.0
    assert cost.latency_bps(100.0, 0.03, diffusive) == 1.0
    assert cost.latency_bps(10.3, 0.03, diffusive) > 0.103
    assert cost.latency_bps(10.6, 0.03, diffusive) == pytest.approx(0.106)
    root = 300.0 * sqrt(4.0 / 86.4e6)
    assert cost.latency_bps(4.0, 0.03, diffusive) == pytest.approx(root)


@pytest.mark.parametrize("interval", [1.0, 4.0, 8.0])
def test_funding_uses_the_interval_of_the_venue(interval: float) -> None:
    long = cost.funding_bps(1, 2.0, 12.0, interval)
    assert long == 2.0 * 12.0 / interval
    assert cost.funding_bps(-1, 2.0, 12.0, interval) == -long
    assert cost.funding_bps(1, -2.0, 12.0, interval) == -long


def test_unknown_inputs_stay_unknown() -> None:
    both = params(impact=Impact.VOLATILITY, latency=Latency.DIFFUSIVE)
    leg = cost.one_way(nan, nan, 4.5, 80.0, nan, 1.0, both)
    assert isnan(leg.half_spread)
    assert isnan(leg.impact)
    assert isnan(leg.latency)
    assert leg.fee == 4.5


def test_without_the_options_volatility_does_not_matter() -> None:
    assert cost.one_way(4.0, 0.04, 4.5, 80.0, nan, 1.0, SPEC) == cost.one_way(*LEG, SPEC)


def test_a_crossed_quote_earns_no_spread() -> None:
    assert cost.half_spread_bps(-3.0) == 0.0


def test_a_resting_order_fills_more_often_the_longer_and_nearer_it_rests() -> None:
    near = cost.fill_probability(0.0, 1.0, 2.0, 1.0)
    assert near == pytest.approx(0.8646647167633873)
    assert cost.fill_probability(1.0, 1.0, 2.0, 1.0) < near < cost.fill_probability(0, 2, 2, 1)
