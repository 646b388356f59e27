"""What holding would have made, beside the run: a sentence, a chart and a table."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.report import benchmark, render
from quorate.report.reading import read
from quorate.statistics.benchmark import COMPARED

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read(build(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    return read(build(tmp_path_factory.mktemp("quiet"), n_trades=0, n_bars=900))


def texts(table):
    return {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in table.rows}


def test_the_sentence_has_the_figures_of_the_table(run):
    (table,) = benchmark.tables(run)
    said = benchmark.sentence(run)
    own, *held = texts(table)["net return"]
    assert said == (
        f"In the same days holding BTC made {held[0]} and all coins in equal parts made {held[1]};"
        f" the run made {own} net."
    )


def test_every_number_that_is_compared_is_shown(run):
    (table,) = benchmark.tables(run)
    assert len(table.rows) == len(COMPARED)
    assert [column.name for column in table.columns[1:]] == [
        "run, net",
        "BTC held",
        "all coins held",
    ]
    found = run.metrics["benchmark"]["hold_btc"]
    assert texts(table)["beta of the run to it"][1] == f"{found['beta']:.2f}".replace("-", MINUS)


def test_the_chart_ends_where_the_table_says(run):
    (graph,) = benchmark.graphs(run)
    ends = {line["name"]: line["values"][-1] for line in graph.chart.points["series"]}
    net = run.metrics["net"]["total_return"]
    assert ends["run, net"] == pytest.approx(100.0 * net, abs=0.006)
    held = run.metrics["benchmark"]["hold_btc"]["total_return"]
    assert ends["BTC held"] == pytest.approx(100.0 * held, abs=0.006)
    assert {line["values"][0] for line in graph.chart.points["series"]} == {0.0}


def test_a_run_that_never_traded_shows_what_holding_made_and_compares_nothing(quiet):
    (table,) = benchmark.tables(quiet)
    assert list(texts(table)) == [
        "net return",
        "Sharpe ratio, a year",
        "volatility, a year",
        "max drawdown, on daily closes",
    ]
    assert benchmark.sentence(quiet).endswith("; the run never traded.")
    assert "beta" not in table.note.lower()
    assert table.note.endswith("A dash: it never traded.")


def test_a_lost_account_says_so(tmp_path):
    run = read(build(tmp_path, n_trades=120, outcome="lost", start_usd=4_000))
    (table,) = benchmark.tables(run)
    assert texts(table)["beta of the run to it"][1:] == ["–", "–"]
    assert "A dash: the equity was not positive, or not known." in table.note
    assert "the run lost its account" in benchmark.sentence(run)
    own = benchmark.graphs(run)[0].chart.points["series"][-1]
    assert own["values"][-1] is None


def test_without_btc_only_all_coins_are_held(tmp_path):
    run = read(build(tmp_path, n_trades=30, coins=("ETH", "SOL")))
    (table,) = benchmark.tables(run)
    assert [column.name for column in table.columns[1:]] == ["run, net", "all coins held"]
    assert "BTC" not in benchmark.sentence(run)


@pytest.mark.parametrize("gone", ["file", "metrics"])
def test_a_run_of_an_older_version_shows_nothing(tmp_path, gone):
    folder = build(tmp_path, n_trades=10, n_bars=300)
    if gone == "file":
        (folder / "benchmark.parquet").unlink()
    run = read(folder)
    if gone == "metrics":
        del run.metrics["benchmark"]
    assert (benchmark.sentence(run), benchmark.graphs(run), benchmark.tables(run)) == ("", [], [])
    (folder / "metrics.json").write_text(json.dumps(run.metrics))
    assert "In the same days" not in render(folder).read_text(encoding="utf-8")


def test_days_that_the_file_lacks_did_not_move(run):
    thin = run.benchmark.filter(pl.int_range(pl.len()) % 2 == 0)
    found = dict(benchmark._returns(run.__class__(**{**run.__dict__, "benchmark": thin})))
    assert np.count_nonzero(found["hold_all"]) == thin.height
