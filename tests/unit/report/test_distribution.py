"""Tails and streaks on the page are those of the days and trades of the run."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.report import distribution
from quorate.report.reading import read
from quorate.statistics.daily import EQUITY, daily_returns

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read(build(tmp_path_factory.mktemp("run"), n_trades=300))


def texts(run):
    (table,) = distribution.tables(run)
    return {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in table.rows}, table


def test_the_ends_are_days_of_the_run(run):
    daily = daily_returns(run.equity.select(list(EQUITY)))
    i = int(np.argmin(daily.net))
    rows, _ = texts(run)
    assert rows["worst day"] == [
        f"{MINUS}{-100 * daily.net[i]:.2f}%",
        str(np.datetime64(int(daily.day[i]), "D")),
    ]
    assert rows["days above zero"][0] == f"{100 * np.mean(daily.net > 0):.1f}%"


def test_trades_are_counted_in_the_order_they_closed(run):
    first = run.trades["closed_at"].min()
    closed = [first + timedelta(hours=each) for each in (4, 1, 5, 2, 3)]  # +, +, -, -, - by close
    trades = run.trades.head(5).with_columns(
        pl.Series("closed_at", closed, run.trades.schema["closed_at"]),
        pl.Series("net_pnl", [-1, 1, -1, 1, -1]),
    )
    rows, _ = texts(dataclasses.replace(run, trades=trades))
    assert rows["longest winning streak"][0] == "2 trades"
    assert rows["longest losing streak"][0] == "3 trades"


def test_days_that_did_not_move_are_counted_beside_the_bars(run):
    days, trades = distribution.graphs(run)
    net = daily_returns(run.equity.select(list(EQUITY))).net
    assert f"{np.count_nonzero(net)} days that moved" in days.unit
    still = int((net == 0.0).sum())
    assert (f"{still} day" in days.unit) == (still > 0)
    assert trades.chart.points["labels"][0].count("bps") >= 1


def test_results_are_in_bps_of_notional(run):
    row = run.trades.row(0, named=True)
    assert distribution._results(run)[0] == pytest.approx(
        row["net_pnl"] / 1e8 / row["notional_usd"] * 1e4
    )


def test_a_run_that_never_traded_shows_nothing(tmp_path):
    quiet = read(build(tmp_path, n_trades=0, n_bars=900))
    assert (distribution.graphs(quiet), distribution.tables(quiet)) == ([], [])


def test_a_single_day_and_a_lost_account_say_why(tmp_path):
    rows, table = texts(read(build(tmp_path / "day", n_trades=3, n_bars=24)))
    assert rows["skew"] == ["–", ""]
    assert table.note.endswith("A dash: fewer than 20 days, or no variation.")
    lost = build(tmp_path / "lost", n_trades=120, outcome="lost", start_usd=4_000)
    rows, table = texts(read(lost))
    assert rows["value at risk, the worst 5% of days begin here"] == ["–", ""]
    assert table.note.endswith("A dash: the account was lost.")
    assert rows["worst day"][0].startswith(MINUS)
