"""What came of a decision: every fill belongs to one order, every trade to what opened it."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from quorate.api.decided import kept
from quorate.api.outcomes import AT_ONCE, outcome

BAR = timedelta(minutes=5)


@pytest.fixture(scope="module")
def told(traded):
    """Return what came of every decision of the run that sent an order."""
    folder = traded[0].folder
    rows = kept(folder)
    acted = rows.filter(pl.col("action") != "wait")
    return [
        (
            row,
            outcome(
                folder, row["symbol"], row["timestamp"], (row["action"], row["reason"]), BAR, rows
            ),
        )
        for row in acted.iter_rows(named=True)
    ]


def test_every_fill_belongs_to_one_order(traded, told):
    fills = traded[0].fills
    sent = fills.filter(~pl.col("reason").is_in(AT_ONCE))
    assert sum(found.n_fills for _, found in told) == sent.height
    traded_usd = float((sent["coins"].abs() * sent["price"]).sum())
    assert sum(found.filled_usd for _, found in told) == pytest.approx(traded_usd)


def test_an_entry_has_the_result_that_was_recorded_of_it(told):
    entries = [(row, found) for row, found in told if row["reason"] == "ENTRY"]
    known = [(row["realized_pnl"], found) for row, found in entries if row["realized_pnl"]]
    assert len(known) > 3
    for expected, found in known:
        assert found.realized_pnl_usd == pytest.approx(expected)
        assert found.trade.entry_reason == "ENTRY"


def test_an_exit_has_the_trade_that_it_closed(told):
    exits = [(row, found) for row, found in told if row["reason"] == "EXIT_TIME"]
    assert exits
    for row, found in exits:
        assert found.trade.exit_reason in {"EXIT_TIME", *AT_ONCE, "REVERSAL"}
        assert found.trade.opened_at < row["timestamp"] <= found.trade.closed_at


def test_the_average_price_lies_among_the_fills(traded, told):
    fills = traded[0].fills
    for row, found in told:
        own = fills.filter((pl.col("symbol") == row["symbol"]) & (pl.col("ts") > row["timestamp"]))
        if found.n_fills:
            part = own.head(found.n_fills)["price"]
            assert part.min() * 0.999 <= found.average_price <= part.max() * 1.001


def test_a_refusal_has_no_fills(traded):
    folder = traded[0].folder
    rows = kept(folder)
    row = rows.filter(pl.col("action") == "wait").row(0, named=True)
    found = outcome(folder, row["symbol"], row["timestamp"], ("wait", row["reason"]), BAR, rows)
    assert (found.n_fills, found.realized_pnl_usd, found.average_price) == (0, None, None)
    assert found.sentence
