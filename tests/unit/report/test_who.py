"""The tables of who made the money: every column adds up to its total."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from quorate.report import who
from quorate.report.attribution import ATTRIBUTION
from quorate.report.formats import exact

UNIT = 100_000_000


def run_of(rows):
    table = pl.DataFrame(rows, schema=ATTRIBUTION, orient="row")
    trades = pl.DataFrame(
        {
            "symbol": ["BTC", "BTC", "ETH"],
            "regime": ["TREND", "trend", "PANIC"],
            "venue": ["alpha", "alpha", "beta"],
        }
    )
    return SimpleNamespace(scorecard=None, attribution=table, trades=trades)


ROWS = [
    ("ema_cross", "trend", "alpha", "BTC", "GROSS", 70 * UNIT),
    ("ema_cross", "trend", "alpha", "BTC", "FEE", -2 * UNIT),
    ("risk_overlay", "panic", "beta", "ETH", "IMPACT", -3 * UNIT),
    ("risk_overlay", "panic", "beta", "ETH", "FUNDING", 1),
]


def titled(run):
    return {table.title: table for table in who.tables(run)}


def figure(cell) -> int:
    """Read all decimals back from what stands behind a cell."""
    text = cell.detail.removesuffix(" USD").replace(",", "").replace("\N{MINUS SIGN}", "-")
    whole, _, part = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * UNIT + int(part))


def test_the_largest_comes_first_and_owners_have_names():
    by_engine = who.tables(run_of(ROWS))[0]
    assert [row.cells[0].text for row in by_engine.rows] == [
        "ema_cross",
        "the risk overlay (forced)",
        "all",
    ]
    assert by_engine.rows[0].cells[1].detail == f"{exact(68 * UNIT)} USD"


def test_every_column_adds_up_to_its_total():
    for table in who.tables(run_of(ROWS)):
        assert table.columns[1].name in {"net", "all"}  # a phone shows the first two
        *parts, total = table.rows
        assert total.css == "total"
        money = [i for i, column in enumerate(table.columns) if column.unit == "USD"]
        assert len(money) >= 3
        for i in money:
            sums = sum(figure(row.cells[i]) for row in parts)
            assert sums == figure(total.cells[i]), table.title
        assert figure(total.cells[1]) == 65 * UNIT + 1


def test_what_is_beyond_the_longest_list_has_a_row():
    n = who.MAX_ROWS + 10
    rows = [("e", "trend", "v", f"C{i}", "GROSS", (i + 1) * UNIT) for i in range(n)]
    coins = titled(run_of(rows))["By coin"]
    assert len(coins.rows) == who.MAX_ROWS + 2
    rest = coins.rows[-2]
    assert (rest.css, rest.cells[0].text) == ("rest", "10 others")
    assert figure(rest.cells[1]) == sum(range(1, 11)) * UNIT


def test_all_engines_of_a_usual_run_are_listed():
    rows = [(f"e{i}", "trend", "v", "BTC", "GROSS", UNIT) for i in range(40)]
    assert len(titled(run_of(rows))["By engine"].rows) == 41


def test_one_venue_is_said_and_not_tabled():
    rows = [row for row in ROWS if row[2] == "alpha"]
    found = titled(run_of(rows))
    assert "By venue" not in found
    assert "one venue, alpha" in found["By coin"].note
    assert "By venue" in titled(run_of(ROWS))


def test_trades_are_counted_where_a_trade_has_one_owner():
    found = titled(run_of(ROWS))
    for title, counts in (("By regime at entry", ["2", "1", "3"]), ("By coin", ["2", "1", "3"])):
        at = [column.name for column in found[title].columns].index("closed trades")
        assert [row.cells[at].text for row in found[title].rows] == counts
    assert "closed trades" not in {column.name for column in found["By engine"].columns}


def test_shares_are_of_what_was_gained_and_of_what_was_lost():
    rows = [*ROWS, ("rsi", "trend", "alpha", "BTC", "GROSS", 17 * UNIT)]
    found = titled(run_of(rows))["By engine"]
    at = [column.name for column in found.columns].index("share")
    assert [row.cells[at].text for row in found.rows] == ["80.0%", "20.0%", "−100.0%", ""]


def test_the_grid_is_tinted_and_its_zeros_are_dots():
    grid = titled(run_of(ROWS))["Engine by regime, net"]
    assert [column.name for column in grid.columns] == ["engine", "all", "panic", "trend"]
    zero, most = grid.rows[0].cells[2:]
    assert (zero.text, zero.strength) == ("·", 0)
    assert (most.strength, most.css) == (100, "up")


@pytest.mark.parametrize("table", [None, pl.DataFrame(schema=ATTRIBUTION)])
def test_a_run_without_trades_has_no_table(table):
    assert who.tables(SimpleNamespace(scorecard=None, attribution=table)) == []


def test_an_engine_that_voted_without_a_part_stands_with_nothing():
    run = run_of(ROWS)
    run.scorecard = pl.DataFrame({"engine": ["ema_cross", "idle", "mute"], "n_votes": [9, 9, 0]})
    names = [row.cells[0].text for row in who.tables(run)[0].rows]
    assert "idle" in names
    assert "mute" not in names
    idle = next(row for row in who.tables(run)[0].rows if row.cells[0].text == "idle")
    assert figure(idle.cells[1]) == 0
