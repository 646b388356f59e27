"""What votes came to is told whether the run traded or not, and only where it was kept."""

import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.backtest.scorecard import ALL, SCORECARD
from quorate.report import render, votes
from quorate.report.reading import read

ROWS = [
    ("sure", ALL, 400, 40, 1000, 0.56, 6.0, 2.0, 0.55, 0.04),
    ("sure", "trend", 400, 40, 600, 0.56, 6.0, 4.0, 0.55, 0.04),
    ("wrong", ALL, 90, 10, 1000, 0.4, -9.0, 3.0, 0.51, 0.02),
    ("wrong", "trend", 90, 10, 600, 0.4, -9.0, 3.0, 0.51, 0.02),
    ("mute", ALL, 0, 0, 1000, None, None, None, None, None),
    ("mute", "trend", 0, 0, 600, None, None, None, None, None),
    ("once", ALL, 9, 9, 1000, 1.0, 2.0, 0.1, 0.5, 0.0),
    ("once", "trend", 9, 9, 600, 1.0, 2.0, 0.1, 0.5, 0.0),
]


@pytest.fixture
def run(tmp_path):
    folder = build(tmp_path, n_trades=0, n_bars=50)
    pl.DataFrame(ROWS, SCORECARD, orient="row").write_parquet(folder / "scorecard.parquet")
    costs = pl.DataFrame({"costs_bps": [11.0, 13.0, 40.0, float("nan"), 0.0]})
    costs.write_parquet(folder / "decisions.parquet")
    return read(folder)


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_the_best_comes_first_and_the_silent_last(run):
    engines, _ = votes.tables(run)
    assert texts(engines) == [
        ["sure", "6.0", "2.1", "9.9", "56.0%", "400", "40%", "55.0%", "4.0%"],
        ["once", "2.0", "–", "–", "100.0%", "9", "1%", "50.0%", "0.0%"],
        ["wrong", "−9.0", "−14.9", "−3.1", "40.0%", "90", "9%", "51.0%", "2.0%"],
        ["mute", "–", "–", "–", "–", "0", "0%", "–", "–"],
    ]


def test_luck_and_cost_are_told_beside_them(run):
    run.about["settings"].setdefault("risk", {})["horizon_hours"] = 4.0
    note = votes.tables(run)[0].note
    assert "settled 4 hours later" in note
    assert "2 of 2 lie off zero" in note
    assert "13.0 bps, the median decision" in note


def test_a_regime_is_coloured_only_where_it_is_sure(run):
    _, regimes = votes.tables(run)
    assert [row.cells[1].css for row in regimes.rows] == ["", "", "down", ""]
    assert (
        regimes.rows[0].cells[1].detail
        == "400 votes on 40 days, right 56.0%, standard error 4.0 bps"
    )


def test_a_page_without_a_trade_still_tells_it(run):
    text = render(run.folder).read_text(encoding="utf-8")
    assert "What the votes of each engine came to, traded or not" in text


def test_without_a_scorecard_there_is_no_table(tmp_path):
    assert votes.tables(read(build(tmp_path, n_trades=3))) == []


def test_a_scorecard_of_an_older_version_still_makes_a_page(run):
    old = pl.DataFrame(ROWS, SCORECARD, orient="row").drop("n_days", "prob")
    old.write_parquet(run.folder / "scorecard.parquet")
    engines, _ = votes.tables(read(run.folder))
    assert [row.cells[2].text for row in engines.rows] == ["–"] * 4
    assert "traded or not" in render(run.folder).read_text(encoding="utf-8")
