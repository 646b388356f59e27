"""The account statement: what each coin on each venue did to equity."""

import polars as pl
import pytest
from tests.unit.report.books import Books

from quorate.errors import DataError, SchemaError
from quorate.report.cashflows import FILLS, FUNDING, POSITIONS, cash_flows


def books():
    made = Books()
    made.fill(2, "BTC", 5, 1_000, "ENTRY", fee=7, impact=3)
    made.fill(3, "BTC", -2, 1_100, "REBALANCE", venue="beta", fee=1)
    made.settle(4, "BTC", 11)
    made.fill(5, "ETH", -4, 300, "ENTRY", delay=-2, haircut=9)
    made.mark("BTC", 5_500)
    made.mark("BTC", -2_150, venue="beta")
    made.mark("ETH", -1_300)
    return made


def test_what_each_place_did():
    made = books()
    flows = cash_flows(made.fills, made.funding, made.positions)
    assert flows.rows() == [
        ("alpha", "BTC", 5_500 - 5_000 - 10 - 11),
        ("alpha", "ETH", 1_200 - 1_300 - 7),
        ("beta", "BTC", 2_200 - 2_150 - 1),
    ]


def test_all_of_it_is_the_change_in_equity():
    made = books()
    moved = made.equity["equity"][-1] - made.equity["equity"][0]
    assert cash_flows(made.fills, made.funding, made.positions)["amount"].sum() == moved


def test_positions_that_the_fills_do_not_lead_to_are_refused():
    made = books()
    with pytest.raises(DataError, match="ETH on alpha lead to -4 lots more"):
        cash_flows(made.fills, made.funding, made.positions.filter(pl.col("symbol") == "BTC"))
    with pytest.raises(DataError, match="BTC on alpha lead to -5 lots more"):
        cash_flows(FILLS.to_frame(), FUNDING.to_frame(), made.positions.head(1))


def test_a_table_without_a_column_is_refused():
    made = books()
    with pytest.raises(SchemaError, match="funding has no column 'amount'"):
        cash_flows(made.fills, made.funding.drop("amount"), made.positions)


def test_a_run_without_a_fill_has_no_flows():
    nothing = pl.DataFrame(schema={"k": pl.Int64, "venue": pl.Int64})
    assert cash_flows(nothing, pl.DataFrame(), POSITIONS.to_frame()).height == 0
