"""Our ratios against empyrical-reloaded on the daily returns of real coins, 365 days a year."""

from __future__ import annotations

import math
import warnings

import numpy as np
import polars as pl
import pytest

from quorate.statistics.bootstrap import intervals
from quorate.statistics.drawdowns import max_drawdown
from quorate.statistics.ratios import (
    annual_volatility,
    cagr,
    calmar,
    sharpe,
    sortino,
    total_return,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical

pytestmark = pytest.mark.realdata

COINS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT")
OURS = {
    "sharpe_ratio": sharpe,
    "sortino_ratio": sortino,
    "calmar_ratio": calmar,
    "cagr": cagr,
    "annual_volatility": annual_volatility,
}


@pytest.fixture(scope="module", params=COINS)
def returns(request, data):
    """Daily UTC returns of a coin held since its first hour, from its hourly closes."""
    path = data / "ohlcv" / "binance_spot" / "1h_long" / f"{request.param}.parquet"
    if not path.is_file():
        pytest.skip(f"no hourly bars of {request.param} on binance_spot in the real data")
    days = (
        pl.read_parquet(path, columns=["ts", "close"])
        .sort("ts")
        .group_by_dynamic("ts", every="1d")
        .agg(pl.col("close").last())
    )
    return days["close"].pct_change().drop_nulls().to_numpy()


@pytest.mark.parametrize("name", OURS)
def test_ratios_are_those_of_empyrical(returns, name):
    theirs = getattr(empyrical, name)(returns, annualization=365)
    assert OURS[name](returns) == pytest.approx(theirs, rel=1e-9)


def test_falls_and_growth_are_those_of_empyrical(returns):
    assert len(returns) > 1_000
    assert max_drawdown(returns) == pytest.approx(empyrical.max_drawdown(returns), rel=1e-9)
    assert total_return(returns) == pytest.approx(empyrical.cum_returns_final(returns), rel=1e-9)


def test_the_interval_of_a_real_ratio_is_about_as_wide_as_theory_says(returns):
    low, high = intervals(returns, seed=1, n_samples=1_000).sharpe
    assert low < sharpe(returns) < high
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(365 / len(returns)), rel=0.35)
    assert np.isfinite([low, high]).all()
