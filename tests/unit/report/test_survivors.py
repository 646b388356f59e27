"""The line on the page that says by how much today's survivors flatter."""

from __future__ import annotations

import json

import pytest
from tests.unit.lake.builders import bars, store
from tests.unit.report.building import build

import quorate
from quorate.report import render, survivors
from quorate.report.formats import UNKNOWN
from quorate.report.reading import read

N = 4 * 288
FOUND = {
    "everyone_return": -0.543,
    "survivors_return": -0.5,
    "return_difference": 0.043,
    "everyone_sharpe": -0.61,
    "survivors_sharpe": -0.5,
    "sharpe_difference": 0.11,
    "n_coins": 349,
    "n_ended": 31,
    "haircut": 0.05,
}


def told(folder, **figures):
    path = build(folder) / "metrics.json"
    metrics = json.loads(path.read_text())
    path.write_text(json.dumps(metrics | ({"survivors": FOUND | figures} if figures else {})))
    return read(folder)


def test_the_line_has_both_the_difference_and_the_way_it_was_measured(tmp_path):
    run = told(tmp_path, n_coins=349)
    said = survivors.sentence(run).replace("\N{MINUS SIGN}", "-")
    for words in (
        "of the 349 coins that could be traded, 31 ended",
        "made -54.30% at a Sharpe ratio of -0.61",
        "of today's 318 survivors alone, -50.00% at -0.50",
        "adds +4.30 points of return and +0.11 of Sharpe ratio",
        "this is holding, not the strategy",
        "5.0% under its last price",
    ):
        assert words in said
    assert "today&#39;s 318 survivors" in render(tmp_path).read_text()


def test_a_run_without_ended_coins_says_nothing(tmp_path):
    run = told(tmp_path)
    assert survivors.sentence(run) == ""
    assert "Survivorship" not in render(tmp_path).read_text()


def test_a_sharpe_ratio_that_is_not_defined_is_a_dash(tmp_path):
    run = told(tmp_path, everyone_sharpe=None, sharpe_difference=None)
    said = survivors.sentence(run)
    assert f"points of return and {UNKNOWN} of Sharpe ratio" in said


def test_what_survivors_take_off_is_written_as_every_loss_is(tmp_path):
    run = told(tmp_path, return_difference=-0.0619, sharpe_difference=-0.09)
    said = survivors.sentence(run)
    assert "adds \N{MINUS SIGN}6.19 points of return and \N{MINUS SIGN}0.09 of Sharpe" in said


def test_a_real_run_says_it_where_a_coin_ended(tmp_path):
    where = store(tmp_path / "bars", A=bars(N), B=bars(N // 2, price=30.0))
    panel = quorate.load(where, venue="binance_spot", kind="spot")
    result = quorate.run(panel, out=tmp_path / "runs")
    found = result.metrics["survivors"]
    assert (found["n_coins"], found["n_ended"], found["haircut"]) == (2, 1, 0.05)
    close = panel.bars.close[:, 0]
    assert found["survivors_return"] == pytest.approx(close[-1] / close[0] - 1.0)
    assert found["return_difference"] == pytest.approx(
        found["survivors_return"] - found["everyone_return"]
    )
    page = (result.folder / "report.html").read_text()
    assert "Survivorship: of the 2 coins that could be traded, 1 ended." in page
    alone = quorate.run(quorate.load(where, venue="binance_spot", kind="spot", symbols=["A"]))
    assert "survivors" not in alone.metrics
