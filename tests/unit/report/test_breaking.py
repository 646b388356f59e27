"""The table of shocks: what each would have taken, and of how much."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
from tests.unit.report.books import BAR, START, UNIT, Books

from quorate.report import breaking
from quorate.report.shocks import SHOCKS


def run_of(made, **changes):
    equity = pl.DataFrame(
        {"ts": [START + BAR * 5 * i for i in range(4)], "equity": [1000 * UNIT] * 4},
        schema_overrides={"ts": pl.Datetime("us", "UTC")},
    )
    about = {"data": {"venues": ["alpha"]}}
    return SimpleNamespace(
        fills=made.fills,
        positions=made.positions,
        equity=equity,
        about=about,
        is_traded=True,
        **changes,
    )


def held():
    made = Books()
    made.fill(2, "BTCUSDT", 3, 100 * UNIT, "ENTRY")
    made.mark("BTCUSDT", 300 * UNIT)
    return made


def test_a_long_loses_what_the_coin_fell():
    (table,) = breaking.tables(run_of(held()))
    assert len(table.rows) == 2 * (len(SHOCKS) + 1)  # both books, and the venue that fails
    first = table.rows[0].cells
    assert first[0].text == SHOCKS[0].name
    assert first[2].text == "\N{MINUS SIGN}54.5%" or first[2].text == "\N{MINUS SIGN}54.6%"
    assert first[5].css == "down"
    assert "163.65" in first[5].text  # 300 x 54.55%
    assert first[6].text.endswith("16.4%")


def test_a_run_that_held_nothing_has_no_table():
    never = run_of(held())
    never.is_traded = False
    assert breaking.tables(never) == []
    older = run_of(held())
    older.positions = None
    assert breaking.tables(older) == []
