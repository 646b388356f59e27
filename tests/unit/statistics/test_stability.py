"""Years, coins and regimes: what a group made each day, and how sure the mean over groups is."""

import math

import numpy as np
import polars as pl
import pytest
from tests.unit.statistics.building import UNIT, equity_frame, trades_frame

from quorate.statistics.accounts import certainty
from quorate.statistics.bootstrap import mean_interval
from quorate.statistics.daily import daily_returns
from quorate.statistics.stability import METRICS, contributions, dispersion, stability


def days(returns, **more):
    return daily_returns(equity_frame(returns, **more))


def test_what_trades_made_counts_on_the_day_they_close():
    """10,000 at the start, 11,000 after a day: 55 made on day two are half a percent."""
    closed = trades_frame([100.0, 55.0, -11.0], hours=[5.0, 30.0, 48.0], coins=("BTC",))
    found = contributions(days([0.1, 0.0, 0.0]), closed)
    assert found == pytest.approx([0.01, 44 / 11_000, 0.0], abs=1e-12)


def test_a_trade_that_closes_at_midnight_belongs_to_the_day_it_ends():
    found = contributions(days([0.0, 0.0]), trades_frame([10.0], hours=24.0))
    assert found.tolist() == [0.001, 0.0]


def test_trades_outside_the_days_are_left_out():
    closed = trades_frame([10.0, 20.0], hours=[1.0, 400.0])
    assert contributions(days([0.0]), closed).tolist() == [0.001]
    assert contributions(days([]), closed).tolist() == []


def test_deposits_are_equity_of_the_next_day():
    daily = days([0.0, 0.0], flows=[10_000 * UNIT, 0])
    found = contributions(daily, trades_frame([20.0], hours=30.0))
    assert found.tolist() == [0.0, 0.001]


def test_after_ruin_nothing_is_a_share():
    found = contributions(days([0.1, -1.0, 0.5]), trades_frame([11.0], hours=30.0))
    assert found[:2] == pytest.approx([0.0, 0.001])
    assert math.isnan(found[2])


def test_a_ratio_of_a_coin_is_that_of_its_days():
    closed = trades_frame([100.0, 50.0, -30.0, 40.0], hours=[5.0, 30.0, 40.0, 60.0])
    daily = days([0.01, 0.0, 0.02])
    found = stability(daily, closed)
    for coin in ("BTC", "ETH"):
        own = closed.filter(pl.col("symbol") == coin)
        row = found["coin"]["groups"][coin]
        for name, value in certainty(contributions(daily, own)).items():
            assert row[name] == pytest.approx(value, nan_ok=True)
    ratio = found["regime"]["groups"]["trend"]["sharpe"]
    assert ratio == certainty(contributions(daily, closed))["sharpe"]


def test_every_ratio_of_a_group_has_its_certainty_beside_it():
    found = stability(days(np.tile([0.01, -0.008], 300)), trades_frame([1.0, -2.0, 3.0]))
    for tree in found.values():
        for row in tree["groups"].values():
            assert {"sharpe", "psr", "min_track_record_days"} <= set(row)


def test_the_mean_over_groups_has_an_interval():
    values = [*np.random.default_rng(1).normal(1.0, 2.0, 20), math.nan]
    found = dispersion(values, seed=3)
    low, high = mean_interval(np.array(values[:20]), seed=3)
    assert (found["n"], found["mean_low"], found["mean_high"]) == (20, low, high)
    assert low < found["mean"] < high
    assert math.isnan(dispersion([1.0, 2.0])["mean_low"])


def test_groups_with_too_few_trades_are_left_out_of_ratios_alone():
    """BTC closes 30 trades, ETH one: the ratios are those of BTC, the money is that of both."""
    many = trades_frame(
        [5.0, -2.0] * 15, hours=[float(24 * i + 1) for i in range(30)], coins=("BTC",)
    )
    both = pl.concat([many, trades_frame([9.0], coins=("ETH",))])
    found = stability(days([0.0] * 40), both)["coin"]
    assert found["n_too_few"] == 1
    counted = {name: spread["n"] for name, spread in found["dispersion"].items()}
    assert {name: counted[name] for name in ("sharpe", "hit_rate", "profit_factor")} == {
        "sharpe": 1,
        "hit_rate": 1,
        "profit_factor": 1,
    }
    assert (counted["pnl_usd"], counted["turnover_per_day"]) == (2, 2)
    assert list(counted) == list(METRICS)
    assert found["dispersion"]["sharpe"]["mean"] == found["groups"]["BTC"]["sharpe"]
    assert found["groups"]["ETH"]["sharpe"] == pytest.approx(math.sqrt(365 / 40))  # the artefact


def test_the_dispersion_is_told_gross_as_well():
    """Each trade costs 3 USD: 10 and -2 net are 13 and 1 gross."""
    found = stability(days([0.01, 0.0, 0.02]), trades_frame([10.0, -2.0]))
    assert found["coin"]["dispersion"]["pnl_usd"]["mean"] == 4.0
    assert found["coin"]["gross"]["dispersion"]["pnl_usd"]["mean"] == 7.0
    year = found["year"]
    returned = "total_return"
    assert year["gross"]["dispersion"][returned]["mean"] > year["dispersion"][returned]["mean"]


def test_a_trade_belongs_to_the_year_it_closes_in():
    closed = trades_frame([1.0, 1.0, 1.0], hours=[1.0, 365 * 24.0, 365 * 24.0 + 1])
    years = stability(days([0.001] * 400), closed)["year"]["groups"]
    assert [row["n_trades"] for row in years.values()] == [2, 1]


def test_years_do_not_share_days():
    found = stability(days(np.tile([0.01, -0.008, 0.002], 200)), trades_frame([1.0]))
    years = found["year"]["groups"]
    assert [row["n_days"] for row in years.values()] == [365, 235]
    assert years["2026"]["psr"] > 0.5
