"""Ratios of daily returns: golden vector G16 and the traps of METHODS 11."""

import math

import numpy as np
import pytest
from tests.unit.statistics.building import G16

from quorate.statistics.drawdowns import average_drawdown, episodes, max_drawdown
from quorate.statistics.inference import moments, probabilistic_sharpe
from quorate.statistics.ratios import (
    annual_volatility,
    cagr,
    calmar,
    sharpe,
    sharpe_per_day,
    sortino,
    total_return,
)


def test_g16_metrics():
    assert sharpe(G16) == pytest.approx(2.248219030647597, abs=1e-9)
    assert sortino(G16) == pytest.approx(3.520964780064711, abs=1e-9)
    assert max_drawdown(G16) == pytest.approx(-0.03, abs=1e-12)
    assert cagr(G16) == pytest.approx(1.105918094338791, abs=1e-9)
    assert calmar(G16) == pytest.approx(36.86393647795980, abs=1e-8)
    assert probabilistic_sharpe(moments(G16)) == pytest.approx(0.6355618847050144, abs=1e-9)
    assert episodes(G16).depth.tolist() == pytest.approx([-0.02, -0.01495, -0.03], abs=1e-12)
    assert episodes(G16).recovery.tolist()[-1] == -1
    assert average_drawdown(G16) == pytest.approx(-0.06495 / 3, abs=1e-12)


def test_the_wrong_variants_of_sortino_are_not_ours():
    assert sortino(G16) != pytest.approx(2.226853653247661, rel=1e-3)
    assert sortino(G16) != pytest.approx(3.7910867812608617, rel=1e-3)


def test_a_year_has_365_days():
    """The default of 252 of other libraries understates a crypto Sharpe ratio by 17%."""
    assert sharpe(G16) / sharpe_per_day(G16) == pytest.approx(365**0.5)
    assert annual_volatility(G16) == pytest.approx(np.std(G16, ddof=1) * 365**0.5)


def test_large_positive_returns_are_returns_not_prices():
    """A library that guesses reads this series as prices and finds a CAGR of -50%."""
    returns = np.array([1.5, 0.2, 0.1, 0.3])
    assert total_return(returns) == pytest.approx(2.5 * 1.2 * 1.1 * 1.3 - 1)
    assert cagr(returns) > 0


def test_no_drawdown_has_no_calmar():
    assert math.isnan(calmar(np.array([0.01, 0.02])))
    assert max_drawdown(np.array([0.01, 0.02])) == 0.0


def test_a_loss_on_the_first_day_is_a_drawdown_from_the_start():
    assert max_drawdown(np.array([-0.5, 1.0])) == pytest.approx(-0.5)


def test_reverting_returns_are_not_punished():
    """The plain Sharpe ratio does not depend on the order of the days."""
    assert sharpe(np.sort(G16)) == pytest.approx(sharpe(G16))


@pytest.mark.parametrize("function", [sharpe, sortino, annual_volatility, calmar])
@pytest.mark.parametrize("returns", [[], [math.nan, 0.01, -0.01]])
def test_undefined_is_nan(function, returns):
    assert math.isnan(function(np.array(returns, dtype=np.float64)))


@pytest.mark.parametrize("value", [0.0, 0.01, 0.1, -0.003])
def test_days_without_variation_have_no_sharpe(value):
    """The computed deviation of equal numbers is 1e-18, and the ratio would be 1e16."""
    assert math.isnan(sharpe(np.full(100, value)))


def test_one_day_has_no_deviation():
    assert math.isnan(sharpe(np.array([0.01])))
    assert math.isnan(annual_volatility(np.array([0.01])))


def test_ruin():
    assert cagr(np.array([0.1, -1.0, 0.2])) == -1.0
    assert max_drawdown(np.array([0.1, -1.0, 0.2])) == -1.0
    assert math.isnan(cagr(np.array([0.1, -1.5])))


def test_growth_beyond_all_bounds_is_infinite_not_an_error():
    assert cagr(np.array([100.0])) == math.inf
    assert cagr(np.array([3.0])) == pytest.approx(4.0**365 - 1)


def test_the_inputs_are_not_changed():
    given = G16.copy()
    for function in (sharpe, sortino, cagr, calmar, max_drawdown):
        function(given)
    assert given.tobytes() == G16.tobytes()
