"""The five deepest falls, with their days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import polars as pl
import pytest
from tests.unit.report.building import build

from quorate.report import falls
from quorate.report.reading import read
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.drawdowns import max_drawdown

MINUS = "\N{MINUS SIGN}"


def run_of(levels):
    """Make a run whose equity is this at every midnight."""
    at = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=i) for i in range(len(levels))]
    columns = {"ts": at, "equity": levels, "gross_equity": levels, "flow": [0] * len(levels)}
    return SimpleNamespace(equity=pl.DataFrame(columns, schema=EQUITY))


def rows(run):
    (table,) = falls.tables(run)
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_days_down_and_days_back_are_counted():
    assert rows(run_of([100, 110, 99, 88, 105, 110, 120])) == [
        ["2026-01-01", f"{MINUS}20.00%", "2026-01-03", "2026-01-05", "2", "2"]
    ]


def test_a_fall_that_has_not_ended_says_so():
    assert rows(run_of([100, 90, 95, 96])) == [
        ["the start", f"{MINUS}10.00%", "2026-01-01", "not yet", "1", "2 so far"]
    ]


def test_the_deepest_come_first_and_five_are_enough():
    levels = [100]
    for depth in (3, 7, 1, 9, 5, 2, 8):
        levels += [levels[-1] * (100 - depth) // 100 * 1, levels[-1] + 100]
    levels = [1_000 * each for each in levels]
    (table,) = falls.tables(run_of(levels))
    depths = [row.cells[1].text for row in table.rows]
    assert len(depths) == falls.N_DEEPEST
    assert depths == sorted(depths, key=lambda text: -float(text[1:-1]))
    assert "2 others were not as deep." in table.note


def test_the_first_row_is_the_max_drawdown(tmp_path):
    run = read(build(tmp_path))
    deepest = max_drawdown(daily_returns(run.equity.select(list(EQUITY))).net)
    assert rows(run)[0][1] == f"{MINUS}{-100 * deepest:.2f}%"


@pytest.mark.parametrize("levels", [[100], [100, 100], [100, 101, 105]])
def test_an_account_that_never_fell_has_no_table(levels):
    assert falls.tables(run_of(levels)) == []


def test_days_stop_where_the_account_was_lost():
    found = rows(run_of([100, 50, -10, 20, 20]))
    assert found[0][3] == "not yet"
    assert found[0][5] == "0 so far"
