"""The charts of a run say what they show, and why they are empty."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.core.types import MONEY_SCALE, Line
from quorate.report import graphs, reading


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return reading.read(build(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    return reading.read(build(tmp_path_factory.mktemp("quiet"), n_trades=0, n_bars=100))


def last(graph, name):
    """Return the last value of a line."""
    lines = graph.chart.points["series"]
    return next(line["values"][-1] for line in lines if line["name"] == name)


def test_lines_end_where_the_run_ends(run):
    found = reading.curves(run.equity)
    equity = run.equity["equity"][-1] / MONEY_SCALE
    assert last(graphs.equity(run, found), "net") == pytest.approx(equity, abs=0.005)
    assert last(graphs.drawdown(found), "drawdown") == pytest.approx(
        100 * found.drawdown[-1], abs=0.005
    )
    share = 100 * run.equity["net_usd"][-1] / equity
    assert last(graphs.exposure(run, found), "net") == pytest.approx(share, abs=0.005)
    share = 100 * run.equity["open_risk_usd"][-1] / equity
    assert last(graphs.risk(run, found), "open risk") == pytest.approx(share, abs=0.005)


def test_the_window_of_the_rolling_ratio_is_said(run):
    assert "83 days before, half of the span" in graphs.sharpe(run).unit


def test_an_empty_chart_says_why(quiet):
    found = reading.curves(quiet.equity)
    for graph, why in (
        (graphs.drawdown(found), "the account never fell"),
        (graphs.exposure(quiet, found), "nothing was held"),
        (graphs.risk(quiet, found), "nothing was held"),
        (graphs.sharpe(quiet), "needs 20 days; there are 5"),
    ):
        assert why in graph.chart.svg
        assert graph.chart.points == {}


def test_equity_that_never_moves_has_no_rolling_ratio(run):
    still = run.equity.with_columns(
        pl.lit(run.start).alias("equity"),
        pl.lit(run.start).alias("gross_equity"),
        pl.lit(0, pl.Int64).alias("flow"),
    )
    assert "did not move" in graphs.sharpe(replace(run, equity=still)).chart.svg


def test_a_share_of_a_lost_account_is_not_drawn(run):
    gone = run.equity.with_columns(equity=-1)
    assert np.isnan(graphs._share(replace(run, equity=gone))).all()


def test_what_the_decisions_expected_to_fit_is_said_beside_the_curve(run, quiet):
    earned = replace(run, lines=dict.fromkeys(run.lines, 0) | {Line.GROSS: 5, Line.FEE: 4})
    assert "2,500,000 USD" in graphs.expected_room(earned)
    earned.lines[Line.FEE] = 5
    assert graphs.expected_room(earned) == ""
    assert graphs.expected_room(quiet) == ""


def test_a_handful_of_trades_has_no_rolling_ratio(tmp_path):
    made = reading.read(build(tmp_path, n_trades=29))
    assert graphs.sharpe(made).chart.points == {}
    assert "too few: 29 trades" in graphs.sharpe(made).chart.svg
