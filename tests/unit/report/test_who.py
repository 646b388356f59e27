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
    return SimpleNamespace(attribution=table)


ROWS = [
    ("ema_cross", "trend", "alpha", "BTC", "GROSS", 70 * UNIT),
    ("ema_cross", "trend", "alpha", "BTC", "FEE", -2 * UNIT),
    ("risk_overlay", "panic", "beta", "ETH", "IMPACT", -3 * UNIT),
    ("risk_overlay", "panic", "beta", "ETH", "FUNDING", 1),
]


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
        for i in range(1, len(table.columns)):
            sums = sum(figure(row.cells[i]) for row in parts)
            assert sums == figure(total.cells[i]), table.title
        assert figure(total.cells[1]) == 65 * UNIT + 1


def test_what_is_beyond_the_longest_list_has_a_row():
    rows = [("e", "trend", "v", f"C{i}", "GROSS", (i + 1) * UNIT) for i in range(30)]
    coins = who.tables(run_of(rows))[3]
    assert len(coins.rows) == who.MAX_ROWS + 2
    rest = coins.rows[-2]
    assert (rest.css, rest.cells[0].text) == ("rest", "10 others")
    assert figure(rest.cells[1]) == sum(range(1, 11)) * UNIT


@pytest.mark.parametrize("table", [None, pl.DataFrame(schema=ATTRIBUTION)])
def test_a_run_without_trades_has_no_table(table):
    assert who.tables(SimpleNamespace(attribution=table)) == []
