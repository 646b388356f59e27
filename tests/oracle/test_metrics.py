"""Our ratios against empyrical-reloaded and statsmodels, on returns of many shapes."""

import warnings

import numpy as np
import pytest

from quorate.statistics.benchmark import (
    alpha_per_day,
    annual,
    beta,
    correlation,
    information_ratio,
)
from quorate.statistics.distribution import expected_shortfall, value_at_risk
from quorate.statistics.drawdowns import max_drawdown
from quorate.statistics.inference import lo_adjusted_sharpe, lo_scale, moments
from quorate.statistics.ratios import (
    annual_volatility,
    cagr,
    calmar,
    sharpe,
    sharpe_per_day,
    sortino,
    total_return,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical
    from statsmodels.api import OLS, add_constant
    from statsmodels.stats import stattools
    from statsmodels.tsa.stattools import acf


def series():
    draw = np.random.default_rng(20260101)
    yield draw.normal(0.001, 0.03, 1_000)
    yield draw.standard_t(3, 730) * 0.02
    yield np.abs(draw.normal(0, 0.01, 400)) - 0.012
    yield draw.normal(0, 0.01, 365).cumsum() / 300
    yield np.array([0.01, -0.02, 0.015, 0, 0.03, -0.01, -0.005, 0.02, -0.03, 0.012])


@pytest.mark.parametrize("returns", list(series()))
def test_ratios_are_those_of_empyrical(returns):
    year = {"annualization": 365}
    assert sharpe(returns) == pytest.approx(empyrical.sharpe_ratio(returns, **year), rel=1e-10)
    assert sortino(returns) == pytest.approx(empyrical.sortino_ratio(returns, **year), rel=1e-10)
    assert calmar(returns) == pytest.approx(empyrical.calmar_ratio(returns, **year), rel=1e-10)
    assert cagr(returns) == pytest.approx(empyrical.cagr(returns, **year), rel=1e-10)
    assert annual_volatility(returns) == pytest.approx(
        empyrical.annual_volatility(returns, **year), rel=1e-10
    )
    assert max_drawdown(returns) == pytest.approx(empyrical.max_drawdown(returns), rel=1e-10)
    assert total_return(returns) == pytest.approx(empyrical.cum_returns_final(returns), rel=1e-10)


@pytest.mark.parametrize("returns", list(series()))
def test_moments_are_those_of_statsmodels(returns):
    _, _, skew, kurtosis = stattools.jarque_bera(returns)
    assert moments(returns).skew == pytest.approx(skew, rel=1e-9)
    assert moments(returns).kurtosis == pytest.approx(kurtosis, rel=1e-9)


@pytest.mark.parametrize("returns", list(series()))
def test_the_serial_correlation_is_that_of_statsmodels(returns):
    first = float(acf(returns, nlags=1, fft=False)[1])
    assert lo_adjusted_sharpe(returns) == pytest.approx(
        sharpe_per_day(returns) * lo_scale(first), rel=1e-9
    )


@pytest.mark.parametrize("returns", list(series()))
def test_beside_holding_a_run_is_what_empyrical_and_statsmodels_say(returns):
    held = np.random.default_rng(7).normal(0.001, 0.02, len(returns)) + 0.4 * returns
    alpha, slope = empyrical.alpha_beta(returns, held, annualization=365)
    fit = OLS(returns, add_constant(held)).fit()
    mean, error = alpha_per_day(returns, held)
    assert beta(returns, held) == pytest.approx(slope, rel=1e-9)
    assert annual(mean) == pytest.approx(alpha, rel=1e-9)
    assert (mean, error) == pytest.approx((fit.params[0], fit.bse[0]), rel=1e-7)
    assert correlation(returns, held) == pytest.approx(np.corrcoef(returns, held)[0, 1], rel=1e-12)
    assert information_ratio(returns, held) == pytest.approx(
        empyrical.excess_sharpe(returns, held) * 365**0.5, rel=1e-9
    )


@pytest.mark.parametrize("returns", list(series())[:4])
def test_tails_are_those_of_empyrical(returns):
    assert value_at_risk(returns) == pytest.approx(empyrical.value_at_risk(returns), rel=1e-10)
    assert expected_shortfall(returns) == pytest.approx(
        empyrical.conditional_value_at_risk(returns), rel=1e-10
    )
