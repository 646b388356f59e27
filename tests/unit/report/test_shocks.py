"""Shocks by hand: which positions they meet, with which moves, and what a venue takes with it."""

import math
from datetime import timedelta

import polars as pl
import pytest
from tests.unit.report.books import BAR, START, UNIT, Books

from quorate.report.shocks import DEFAULT, FINAL, LARGEST, SHOCKS, shock_rows

COVID = SHOCKS[0]


def curve(*levels):
    """Give equity in USD at the closes of bars 0, 5, 10, ..."""
    return pl.DataFrame(
        {
            "ts": [START + BAR * (5 * i) for i in range(len(levels))],
            "equity": [level * UNIT for level in levels],
        },
        schema_overrides={"ts": pl.Datetime("us", "UTC")},
    )


def rows_of(made, equity, **more):
    return {
        (row.shock, row.book, row.venue): row
        for row in shock_rows(made.fills, made.positions, equity, **more)
    }


def long_and_short():
    """Long 3 BTC at 100 USD and short 50 ETH at 2 USD; then half of the BTC is sold."""
    made = Books()
    made.fill(2, "BTCUSDT", 3, 100 * UNIT, "ENTRY")
    made.fill(6, "ETHUSDT", -50, 2 * UNIT, "ENTRY")
    made.fill(11, "BTCUSDT", -2, 110 * UNIT, "REBALANCE")
    made.mark("BTCUSDT", 120 * UNIT)
    made.mark("ETHUSDT", -90 * UNIT)
    return made


def test_the_largest_book_is_met_by_the_moves_of_its_coins():
    row = rows_of(long_and_short(), curve(1_000, 800, 900))[COVID.name, LARGEST, ""]
    assert (row.gross_usd, row.net_usd) == (400.0, 200.0)
    assert row.at == START + BAR * 6
    assert row.loss_usd == pytest.approx(-(300 * COVID.btc_move - 100 * COVID.alt_move))
    assert row.loss_frac == pytest.approx(row.loss_usd / 800)


def test_the_final_book_is_valued_at_its_marks():
    row = rows_of(long_and_short(), curve(1_000, 800, 900))[COVID.name, FINAL, ""]
    assert (row.gross_usd, row.net_usd) == (210.0, 30.0)
    assert row.loss_usd == pytest.approx(-(120 * COVID.btc_move - 90 * COVID.alt_move))
    assert row.loss_frac == pytest.approx(row.loss_usd / 900)


def test_a_short_gains_what_a_long_loses():
    def loss(lots):
        made = Books()
        made.fill(2, "SOLUSDT", lots, UNIT, "ENTRY")
        made.mark("SOLUSDT", lots * UNIT)
        return [row.loss_usd for row in shock_rows(made.fills, made.positions, curve(10))]

    n = len(SHOCKS)
    longs, shorts = loss(4), loss(-4)
    assert longs[:n] == [pytest.approx(-4 * shock.alt_move) for shock in SHOCKS]
    assert shorts[:n] == [-value for value in longs[:n]]


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC", "XBT-USD", "SYN-BTC", "BTCUSDT:USDT"])
def test_bitcoin_is_bitcoin_however_it_is_spelled(symbol):
    made = Books()
    made.fill(2, symbol, 4, UNIT, "ENTRY")
    made.mark(symbol, 4 * UNIT)
    losses = [row.loss_usd for row in shock_rows(made.fills, made.positions, curve(10))]
    assert losses[0] == pytest.approx(-4 * COVID.btc_move)


def test_what_changed_hands_within_a_bar_is_not_counted_twice():
    """One coin bought and another sold in one bar: what was held at its end counts."""
    made = Books()
    made.fill(2, "BTC", 12, UNIT, "ENTRY")
    made.fill(4, "ETH", 10, UNIT, "ENTRY")
    made.fill(4, "BTC", -12, UNIT, "EXIT_TIME")
    row = shock_rows(made.fills, made.positions, curve(100, 100))[0]
    assert (row.gross_usd, row.at) == (12.0, START + BAR * 2)


def test_a_venue_takes_its_share_of_equity_with_it():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    made.fill(3, "ETH", -1, 100 * UNIT, "ENTRY", venue="beta")
    made.mark("BTC", 300 * UNIT)
    made.mark("ETH", -100 * UNIT, venue="beta")
    found = rows_of(made, curve(1_000, 800))
    assert found[DEFAULT, LARGEST, "alpha"].loss_usd == 750.0
    assert found[DEFAULT, LARGEST, "beta"].loss_frac == 0.25
    assert found[DEFAULT, FINAL, "beta"].loss_usd == 200.0
    assert found[DEFAULT, FINAL, "beta"].btc_move is None


def test_an_empty_final_book_has_no_rows():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY", venue="beta")
    made.fill(4, "BTC", -3, 100 * UNIT, "EXIT_TIME", venue="beta")
    found = rows_of(made, curve(1_000, 800), venues=("alpha", "beta"))
    assert {book for _, book, _ in found} == {LARGEST}
    assert found[DEFAULT, LARGEST, "alpha"].loss_frac == 0.0
    assert found[DEFAULT, LARGEST, "beta"].loss_frac == 1.0


def test_the_largest_is_that_over_equity():
    """A smaller position counts for more where the account had shrunk."""
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    made.fill(6, "BTC", -1, 100 * UNIT, "REBALANCE")
    row = rows_of(made, curve(1_000, 500))[COVID.name, LARGEST, ""]
    assert (row.gross_usd, row.at) == (200.0, START + BAR * 6)


def test_the_largest_is_the_one_that_the_bars_tell():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    bars = curve(1_000, 1_000, 1_000).with_columns(pl.Series("gross_usd", [0.0, 300.0, 360.0]))
    row = rows_of(made, bars)[COVID.name, LARGEST, ""]
    assert (row.gross_usd, row.at) == (360.0, START + BAR * 10)
    assert row.loss_usd == pytest.approx(-360.0 * COVID.btc_move)


def test_a_lost_account_has_no_share():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    made.mark("BTC", 300 * UNIT)
    found = rows_of(made, curve(100, -5))
    assert math.isnan(found[COVID.name, FINAL, ""].loss_frac)
    assert found[DEFAULT, FINAL, "alpha"].loss_usd == 0.0


def test_a_run_that_never_traded_has_no_rows():
    assert shock_rows(Books().fills, Books().positions, curve(10)) == []


def test_the_shocks_are_in_order_and_fall():
    assert [shock.start for shock in SHOCKS] == sorted(shock.start for shock in SHOCKS)
    for shock in SHOCKS:
        assert -1.0 < shock.alt_move <= shock.btc_move < 0.0
        assert shock.start < shock.end


def test_every_shock_meets_both_books():
    made = long_and_short()
    found = shock_rows(made.fills, made.positions, curve(1_000, 900, 950), venues=("alpha",))
    names = [*(shock.name for shock in SHOCKS), DEFAULT]
    assert [row.shock for row in found] == names * 2
    assert [row.book for row in found] == [LARGEST] * 5 + [FINAL] * 5
    assert found[-1].at - found[0].at == timedelta(minutes=20)
