"""The charts of a run say what they show, and why they are empty."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.core.types import MONEY_SCALE
from quorate.report import exposures, graphs, reading


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
    deepest = 100 * found.drawdown[-1]
    assert last(graphs.drawdown(run, found), "drawdown") == pytest.approx(deepest, abs=0.005)


def test_the_window_of_the_rolling_ratio_is_said(run):
    assert "83 days before, half of the span" in graphs.sharpe(run, reading.curves(run.equity)).unit


def test_every_chart_over_time_spans_the_whole_run(run):
    found = reading.curves(run.equity)
    for graph in (
        graphs.equity(run, found),
        graphs.drawdown(run, found),
        graphs.sharpe(run, found),
        exposures.exposure(run, found),
        exposures.risk(run, found),
    ):
        times = graph.chart.points["t"]
        assert (times[0], times[-1]) == (found.times[0], found.times[-1]), graph.title


def test_a_few_windows_are_no_line(run):
    """20 days give a window of 10, and 11 of them; 19 days give one of 9, which is too short."""
    found = reading.curves(run.equity)
    assert graphs.sharpe(run, found).chart.points
    short = run.equity.filter(pl.col("ts") <= run.equity["ts"][0] + timedelta(days=20))
    still = short.with_columns(
        pl.when(pl.col("ts") > short["ts"][0] + timedelta(days=8))
        .then(pl.lit(short["equity"][200]))
        .otherwise(pl.col("equity"))
        .alias("equity")
    )
    few = replace(run, equity=still)
    graph = graphs.sharpe(few, reading.curves(still))
    assert graph.chart.points == {}
    assert "windows of 10 days" in graph.chart.svg


def test_the_loss_of_the_account_is_marked_where_it_was(run):
    gone = run.equity.with_columns(
        equity=pl.when(pl.int_range(pl.len()) >= 3_000).then(-1).otherwise(pl.col("equity"))
    )
    lost = replace(run, equity=gone)
    (mark,) = graphs.ruin(lost)
    assert mark.at == pytest.approx(3_000 / 4_000)
    assert graphs.ruin(run) == []
    found = reading.curves(gone)
    for graph in (graphs.equity(lost, found), graphs.drawdown(lost, found)):
        assert "account lost" in graph.chart.svg
        assert "account lost" not in graphs.equity(run, reading.curves(run.equity)).chart.svg


def test_an_empty_chart_says_why(quiet):
    found = reading.curves(quiet.equity)
    for graph, why in (
        (graphs.drawdown(quiet, found), "the account never fell"),
        (graphs.sharpe(quiet, found), "needs 20 days; there are 5"),
    ):
        assert why in graph.chart.svg
        assert graph.chart.points == {}


def test_equity_that_never_moves_has_no_rolling_ratio(run):
    still = run.equity.with_columns(
        pl.lit(run.start).alias("equity"),
        pl.lit(run.start).alias("gross_equity"),
        pl.lit(0, pl.Int64).alias("flow"),
    )
    flat = replace(run, equity=still)
    assert "did not move" in graphs.sharpe(flat, reading.curves(still)).chart.svg


def test_a_handful_of_trades_has_no_rolling_ratio(tmp_path):
    made = reading.read(build(tmp_path, n_trades=29))
    drawn = graphs.sharpe(made, reading.curves(made.equity)).chart
    assert drawn.points == {}
    assert "too few: 29 trades" in drawn.svg
