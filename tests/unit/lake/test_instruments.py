"""Fees are the venues' own; ticks and lots come from the prices."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.lake import instruments

FEES = {
    "binance_spot": (10.0, 10.0),
    "binance_usdm": (2.0, 5.0),
    "bybit_linear": (2.0, 5.5),
    "okx_swap": (2.0, 5.0),
    "hyperliquid_perp": (1.5, 4.5),
    "kraken_spot": (25.0, 40.0),
}


@pytest.mark.parametrize(("venue", "fees"), FEES.items())
def test_fees_are_the_public_ones(venue, fees):
    numbers = instruments.venue_defaults(venue, "perp")
    assert (numbers.maker_bps, numbers.taker_bps) == fees
    assert venue in instruments.known_venues()


def test_every_number_is_within_bounds():
    for venue in instruments.known_venues():
        numbers = instruments.venue_defaults(venue, "spot")
        assert 0.0 <= numbers.maker_bps <= numbers.taker_bps
        assert 0.9 < numbers.reliability <= 1.0
        assert numbers.latency_ms > 0.0
        assert (numbers.maintenance == 0.0) == venue.endswith("spot")


def test_an_unknown_venue_gets_the_numbers_of_its_kind():
    assert instruments.venue_defaults("elsewhere", "perp").maintenance > 0.0
    assert instruments.venue_defaults("elsewhere", "spot").maintenance == 0.0


@pytest.mark.parametrize("power", range(-8, 3))
def test_the_tick_is_the_largest_power_of_ten_that_fits(power):
    steps = np.array([1_001, 2_317, 98_765, 4_000])
    prices = steps / 10.0**-power if power < 0 else steps * 10.0**power
    assert instruments.infer_tick(prices) == pytest.approx(10.0**power, rel=1e-12)


def test_only_a_coins_first_prices_count():
    """What is traded after the first 100 closes cannot change how the fills before it round."""
    coarse, finer = np.full(100, 1.5), np.full(10, 1.2345)
    assert instruments.infer_tick(np.concatenate((coarse, finer))) == 0.1
    assert instruments.infer_tick(np.concatenate((coarse[1:], finer))) == 1e-4


def test_a_venue_without_numbers_of_its_own_is_told_apart():
    assert all(instruments.is_known(name) for name in FEES)
    assert not instruments.is_known("elsewhere")
    said = instruments.unknown_note("elsewhere", "perp")
    assert "2 bps maker and 5 bps taker" in said
    assert all(name in said for name in FEES)


def test_prices_on_no_grid_get_a_fine_tick():
    assert instruments.infer_tick(np.array([np.pi, np.e, 2.0**0.5])) == 1e-8
    assert instruments.infer_tick(np.full(3, np.nan)) == 1e-8


@pytest.mark.parametrize("price", [1e-6, 0.07, 0.99, 1.0, 1.01, 20.0, 23_296.36])
def test_a_lot_is_worth_at_most_one_and_more_than_a_tenth(price):
    worth = instruments.infer_lot(price) * price
    assert 0.1 < worth <= 1.0 + 1e-12


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_lot_without_a_price_is_one(price):
    assert instruments.infer_lot(price) == 1.0
