"""Dearer costs and missing luck are arithmetic on the integers of the books."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest
from tests.unit.report.building import UNIT, build

from quorate.core.types import Line
from quorate.report import stress
from quorate.report.formats import exact
from quorate.report.reading import read


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read(build(tmp_path_factory.mktemp("run"), n_trades=300))


def found(run):
    (table,) = stress.tables(run)
    return {row.cells[0].text: row.cells for row in table.rows}, table


def with_lines(run, **amounts):
    lines = dict.fromkeys(Line, 0) | {Line[name]: units for name, units in amounts.items()}
    return dataclasses.replace(run, lines=lines)


def net(cells):
    return cells[1].detail


def test_half_as_much_again_and_twice_the_costs(run):
    changed = with_lines(run, GROSS=100 * UNIT, FEE=30 * UNIT, IMPACT=11, SPREAD=10 * UNIT)
    rows, table = found(changed)
    assert net(rows["as it was"]) == f"{exact(60 * UNIT - 11)} USD"
    assert net(rows["all costs paid × 1.5"]) == f"{exact(40 * UNIT - 16)} USD"
    assert net(rows["all costs paid × 2"]) == f"{exact(20 * UNIT - 22)} USD"
    assert "Nothing would be left at costs 2.50 times as high." in table.note


def test_what_was_received_is_not_made_larger(run):
    changed = with_lines(run, GROSS=100 * UNIT, FEE=30 * UNIT, DELAY=-8 * UNIT, FUNDING=-5 * UNIT)
    rows, _ = found(changed)
    assert net(rows["all costs paid × 2"]) == f"{exact((100 - 60 + 13) * UNIT)} USD"
    assert net(rows["without the funding received"]) == f"{exact((100 - 30 + 8) * UNIT)} USD"
    assert "funding paid × 2" not in rows


def test_funding_alone_is_doubled(run):
    rows, _ = found(with_lines(run, GROSS=10 * UNIT, FUNDING=3 * UNIT))
    assert net(rows["funding paid × 2"]) == f"{exact(4 * UNIT)} USD"
    assert rows["funding paid × 2"][2].detail == f"{exact(-3 * UNIT)} USD"


def test_the_five_best_trades_are_left_out(run):
    rows, _ = found(run)
    best = sum(sorted(run.trades["net_pnl"].to_list())[-5:])
    assert net(rows["the 5 best trades left out"]) == f"{exact(run.net - best)} USD"
    one = dataclasses.replace(run, trades=run.trades.filter(pl.col("net_pnl") > 0).head(1))
    assert "the best trade left out" in found(one)[0]


def test_shares_are_of_the_opening_equity(run):
    rows, _ = found(with_lines(run, GROSS=-200 * UNIT))
    assert rows["as it was"][3].text == "\N{MINUS SIGN}2.00%"
    assert next(iter(rows)) == "as it was"
    assert "all costs paid × 2" not in rows


def test_a_loss_has_no_break_even_and_losers_are_not_luck(tmp_path):
    lost = read(build(tmp_path, n_trades=60, outcome="lost"))
    rows, table = found(lost)
    assert not any("left out" in name for name in rows)
    assert "Nothing would be left" not in table.note


def test_a_run_that_never_traded_has_nothing_to_break(tmp_path):
    assert stress.tables(read(build(tmp_path, n_trades=0, n_bars=100))) == []


def test_the_run_decided_anew_has_a_ratio_only_where_its_trades_are_enough():
    found = {"pnl_usd": 12.5, "net_return": 0.01, "sharpe": 1.25, "n_trades": 30}
    _, figure, _, reading = stress.doubt(found)
    assert figure == "still positive"
    assert "12.50 USD, 1.00%, net Sharpe ratio 1.25, 30 closed trades" in reading
    assert "Sharpe" not in stress.doubt(found | {"n_trades": 29})[3]
    assert stress.doubt(found | {"pnl_usd": 0.0})[1] == "not positive"
    assert stress.doubt(None)[1] == "not asked"
    assert stress.sentence(None) == ""
    assert stress.sentence({"pnl_usd": -1.0}).endswith("it is not positive.")
