"""Spec 5 and METHODS 7 as tables."""

from math import nan, sqrt

import pytest

from quorate.core.risk import params
from quorate.core.risk.sizing import (
    base_coins,
    kelly_fraction,
    posterior_payoff,
    posterior_win_rate,
    risk_fraction,
    size,
    volatility_risk,
)
from quorate.core.types import Reason

BALANCED = params().sizing
CAP = params(kelly="cap").sizing
EQUITY, PRICE, VOLATILITY = 100_000.0, 50_000.0, 0.02


def test_g11_sizing_base_and_kelly() -> None:
    assert base_coins(EQUITY, 0.005, PRICE, VOLATILITY) == pytest.approx(0.5, abs=1e-9)
    assert kelly_fraction(0.55, 1.2) == pytest.approx(0.175, abs=1e-9)


def test_g11_sizing_literal_formula() -> None:
    sized = size(EQUITY, VOLATILITY, 0.55, 1.2, 40, BALANCED)
    assert sized.notional_usd == pytest.approx(1_093.75, abs=1e-9)
    assert sized.notional_usd / PRICE == pytest.approx(0.021875, abs=1e-9)
    assert sized.reason == Reason.NONE


def test_g11_sizing_min_rule() -> None:
    sized = size(EQUITY, VOLATILITY, 0.55, 1.2, 40, CAP)
    assert sized.notional_usd == pytest.approx(25_000.0, abs=1e-9)


def test_g11_sizing_posterior() -> None:
    p = posterior_win_rate(24.0, 40.0, 1.2, BALANCED)
    assert kelly_fraction(p, 1.2) == pytest.approx(16.0 / 135.0, abs=1e-12)
    assert kelly_fraction(24.0 / 40.0, 1.2) == pytest.approx(4.0 / 15.0, abs=1e-12)


@pytest.mark.parametrize("b", [0.5, 1.0, 3.0])
def test_an_empty_record_breaks_even(b: float) -> None:
    assert kelly_fraction(posterior_win_rate(0.0, 0.0, b, BALANCED), b) == pytest.approx(0.0)


def test_payoff_is_shrunk_and_needs_both_sides() -> None:
    assert posterior_payoff(0.0, 0.0, 0.0, 0.0, BALANCED) == 1.0
    assert posterior_payoff(9.0, 9.0, 18.0, 0.0, BALANCED) == 1.0
    assert posterior_payoff(0.0, 9.0, 0.0, 9.0, BALANCED) == 1.0
    # 60 wins of 2 and 20 losses of 1: raw payoff 2 over 80 trades, prior 1 over 20
    assert posterior_payoff(60.0, 80.0, 120.0, 20.0, BALANCED) == pytest.approx(1.8)


@pytest.mark.parametrize("n", [0, 29])
def test_a_short_record_is_sized_by_a_sixteenth_whatever_it_says(n: int) -> None:
    assert risk_fraction(0.01, 1.0, n, BALANCED.kelly, BALANCED) == pytest.approx(0.005 / 16.0)
    assert risk_fraction(0.99, 1.0, n, BALANCED.kelly, BALANCED) == pytest.approx(0.005 / 16.0)


def test_the_thirtieth_trade_makes_kelly_count() -> None:
    assert risk_fraction(0.4, 1.0, 30, BALANCED.kelly, BALANCED) == 0.0
    assert risk_fraction(0.6, 1.0, 30, BALANCED.kelly, BALANCED) == pytest.approx(0.005 * 0.2 / 4.0)


@pytest.mark.parametrize("p", [0.5, 0.3, 0.0, nan])
def test_kelly_that_is_not_positive_is_never_inverted(p: float) -> None:
    assert size(EQUITY, VOLATILITY, p, 1.0, 40, BALANCED) == (0.0, 0.0, Reason.KELLY_NOT_POSITIVE)


def test_cap_takes_the_smaller_of_target_and_a_quarter_of_kelly() -> None:
    assert risk_fraction(0.505, 1.0, 40, CAP.kelly, CAP) == pytest.approx(0.0025)
    assert risk_fraction(0.9, 1.0, 40, CAP.kelly, CAP) == 0.005


def test_never_more_than_the_preset() -> None:
    loose = CAP._replace(target_risk_frac=0.02)
    assert risk_fraction(0.9, 1.0, 40, loose.kelly, loose) == loose.max_risk_frac == 0.005


@pytest.mark.parametrize("volatility", [0.0, -0.01, nan])
def test_no_stop_distance_no_trade(volatility: float) -> None:
    assert size(EQUITY, volatility, 0.6, 1.0, 40, BALANCED) == (0.0, 0.0, Reason.NO_DATA)


def test_no_equity_no_trade() -> None:
    assert size(-5.0, VOLATILITY, 0.6, 1.0, 40, BALANCED) == (0.0, 0.0, Reason.CAP_RISK)


def test_volatility_risk_is_two_sigma_of_the_horizon() -> None:
    assert volatility_risk(0.03, BALANCED) == pytest.approx(2.0 * 0.03 * sqrt(4.0 / 24.0))
