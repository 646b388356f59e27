"""The summary: every metric of the table, finite or None with a reason, ready for JSON."""

import json
import math

import numpy as np
import pytest
from tests.unit.statistics.building import G16, UNIT, equity_frame, trades_frame

from quorate.core.types import Line
from quorate.statistics.accounts import Trials
from quorate.statistics.metrics import METRICS, SPREADS, summary
from quorate.statistics.ratios import sharpe
from quorate.statistics.stability import dispersion
from quorate.statistics.trades import TRADES


def books(gross=100, fee=20):
    lines = np.zeros(8, dtype=np.int64)
    lines[Line.GROSS], lines[Line.FEE] = gross * UNIT, fee * UNIT
    return lines


def summarise(returns=G16, pnl=(5.0, -2.0, 3.0, 0.0), lines=None, **more):
    frame = trades_frame(pnl, regimes=("trend", "range")) if len(pnl) else TRADES.to_frame()
    return summary(equity_frame(returns), frame, books() if lines is None else lines, **more)


def leaves(tree, above=""):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def test_every_metric_of_the_table_is_there_and_no_other():
    found = summarise()
    names = {name for part in ("net", "gross", "activity", "costs") for name in found[part]}
    assert names == {metric.name for metric in METRICS}
    assert len(METRICS) == len({metric.name for metric in METRICS})
    assert all(all(metric) for metric in (*METRICS, *SPREADS))


def test_every_key_of_the_summary_has_its_row():
    found = summarise(np.tile(G16, 50))
    assert set(found) == {"net", "gross", "activity", "costs", "stability", "flags"}
    known, parts = ({metric.name for metric in table} for table in (METRICS, SPREADS))
    for tree in found["stability"].values():
        assert set(tree) == {"groups", "dispersion", "n_too_few", "gross"}
        for row in tree["groups"].values():
            assert set(row) <= known
        for account in (tree, tree["gross"]):
            assert set(account["dispersion"]) <= known
            for spread in account["dispersion"].values():
                assert set(spread) == parts


def test_trials_deflate_the_ratio():
    alone, chosen = (summarise(trials=Trials(float(n)))["net"] for n in (1, 50))
    assert (alone["n_trials"], chosen["n_trials"]) == (1, 50)
    alike = summarise(trials=Trials(50.0, None, 4.0))["net"]
    assert (alike["n_trials"], alike["n_effective_trials"]) == (50, 4)
    assert chosen["deflated_sharpe"] < alike["deflated_sharpe"] < alone["deflated_sharpe"]
    assert chosen["min_backtest_days"] > alike["min_backtest_days"] > alone["min_backtest_days"]
    assert alone["deflated_sharpe"] == alone["psr"] > chosen["deflated_sharpe"]
    apart = summarise(trials=Trials(50.0, 1.0))["net"]
    assert apart["deflated_sharpe"] < chosen["deflated_sharpe"]
    unsaid = summarise()
    assert unsaid["net"]["deflated_sharpe"] is None
    assert unsaid["flags"]["net.n_trials"] == "not given"


def test_bounds_are_around_their_numbers():
    net = summarise(np.random.default_rng(3).normal(0.001, 0.02, 400))["net"]
    for name in ("mean_return", "sharpe", "sortino", "max_drawdown"):
        assert net[f"{name}_low"] < net[name] < net[f"{name}_high"]


def test_the_numbers_are_those_of_the_functions():
    found = summarise(capacity_usd=1e6, traded_usd=101_000.0)
    assert found["net"]["sharpe"] == pytest.approx(sharpe(G16), abs=1e-8)
    assert found["net"]["pnl_usd"] == 80.0
    assert found["gross"]["pnl_usd"] == 100.0
    assert found["net"]["hit_rate"] == pytest.approx(2 / 3)
    assert found["gross"]["hit_rate"] == 1.0
    assert found["costs"]["fee_share"] == pytest.approx(0.2)
    assert found["activity"]["trades_per_day"] == pytest.approx(0.4)
    assert found["activity"]["capacity_usd"] == 1e6
    mean_equity = 10_000 * np.mean(np.cumprod(1 + G16))
    assert found["activity"]["turnover_per_day"] == pytest.approx(101_000 / mean_equity / 10)


@pytest.mark.parametrize(
    ("returns", "pnl", "gross"),
    [
        (G16, (5.0, -2.0), 100),
        ([], (), 0),
        ([0.0, 0.0, 0.0], (), 0),
        ([0.01, 0.02], (1.0, 2.0), 5),
        ([0.1, -1.0, 0.3], (-1.0,), -50),
    ],
)
def test_every_number_is_finite_or_null_with_a_reason(returns, pnl, gross):
    found = summarise(returns, pnl, books(gross, 0))
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == found
    for path, value in leaves({name: found[name] for name in found if name != "flags"}):
        if value is None:
            assert found["flags"][path], path
        else:
            assert math.isfinite(value), path
    assert not set(found["flags"]) - {path for path, _ in leaves(found)}


def test_the_flags_say_why():
    flags = summarise([0.01, 0.02], (1.0, 2.0), books(-1))["flags"]
    assert flags["net.calmar"] == "no drawdown"
    assert flags["net.cagr"].startswith("fewer than 365 days")
    assert flags["net.profit_factor"] == "no trade lost"
    assert flags["costs.fee_share"] == "gross alpha is not positive"
    assert flags["activity.capacity_usd"] == "not estimated, or the return never falls to half"
    assert "activity.turnover_per_day" in flags
    assert summarise([0.1, -1.0, 0.3])["flags"]["net.sharpe"].startswith("the equity was not")


def test_a_full_year_needs_no_caution():
    flags = summarise(np.tile([0.01, -0.008, 0.002], 130), traded_usd=1.0)["flags"]
    assert "net.cagr" not in flags
    assert "net.calmar" not in flags
    assert "activity.turnover_per_day" not in flags


def test_stability_by_year_coin_and_regime():
    returns = np.tile([0.01, -0.008, 0.002], 200)
    found = summarise(returns)["stability"]
    assert list(found["year"]["groups"]) == ["2026", "2027"]
    assert found["year"]["groups"]["2026"]["n_days"] == 365
    assert found["coin"]["groups"]["BTC"]["pnl_usd"] == 8.0
    assert found["coin"]["groups"]["ETH"]["pnl_usd"] == -2.0
    assert set(found["regime"]["groups"]) == {"trend", "range"}
    spread = found["coin"]["dispersion"]["pnl_usd"]
    assert (spread["mean"], spread["min"], spread["max"], spread["median"]) == (3.0, -2.0, 8.0, 3.0)
    assert spread["std"] == pytest.approx(math.sqrt(50))


def test_the_same_seed_gives_the_same_bytes():
    assert json.dumps(summarise(seed=3)) == json.dumps(summarise(seed=3))
    assert summarise(seed=3)["net"]["sharpe_low"] != summarise(seed=4)["net"]["sharpe_low"]


def test_dispersion_of_little():
    assert math.isnan(dispersion([])["mean"])
    assert math.isnan(dispersion([1.0])["std"])
    assert dispersion([1.0, 2.0, 6.0])["n"] == 3
