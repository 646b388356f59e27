"""The table of shocks: what each would have taken, and of how much."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
from tests.unit.report.books import BAR, START, UNIT, Books

from quorate.report import breaking
from quorate.report.shocks import SHOCKS


def run_of(made, **changes):
    equity = pl.DataFrame(
        {"ts": [START + BAR * 6 * i for i in range(4)], "equity": [1000 * UNIT] * 4},
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
    assert len(table.rows) == len(SHOCKS) + 1  # and the venue that fails
    first = table.rows[0].cells
    assert first[0].text == SHOCKS[0].name
    assert first[1].text in {"\N{MINUS SIGN}16.4%", "\N{MINUS SIGN}16.3%"}  # 30% x 54.55%
    assert first[1].css == first[2].css == "down"
    assert "163.65" in first[2].text
    assert first[3].text == "2026-01-01 00:30"
    assert [cell.text for cell in first[4:6]] == ["30.0%", "30.0%"]
    assert first[6].text == first[7].text == first[1].text
    assert "2026-01-01 00:30 UTC, 30.0% gross" in first[6].detail


def test_a_rise_is_a_gain_and_stands_below_every_loss():
    rows = breaking.tables(run_of(held()))[0].rows
    signs = [row.cells[1].css for row in rows[:-1]]
    assert signs == sorted(signs)
    assert set(signs) == {"down", "up"}


def test_what_was_flat_at_the_end_has_a_dash_there():
    made = held()
    made.fill(14, "BTCUSDT", -3, 100 * UNIT, "EXIT_TIME")
    (table,) = breaking.tables(run_of(made))
    assert {row.cells[7].text for row in table.rows} == {"–"}


def test_a_unit_stands_once():
    (table,) = breaking.tables(run_of(held()))
    for i, column in enumerate(table.columns):
        assert not (column.unit == "%" and "%" in table.rows[0].cells[i].text)


def test_a_run_that_held_nothing_has_no_table():
    never = run_of(held())
    never.is_traded = False
    assert breaking.tables(never) == []
    older = run_of(held())
    older.positions = None
    assert breaking.tables(older) == []
