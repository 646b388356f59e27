"""Shocks by hand: which positions they meet, with which moves, and what a venue takes with it."""

import math
from time import perf_counter

import polars as pl
import pytest
from tests.unit.report.books import BAR, START, UNIT, Books

from quorate.report.shocks import DEFAULT, FINAL, LARGEST, SHOCKS, WORST, shock_rows

COVID = SHOCKS[0]


def curve(*levels):
    """Give equity in USD at the closes of bars 0, 6, 12, ..."""
    return pl.DataFrame(
        {
            "ts": [START + BAR * (6 * i) for i in range(len(levels))],
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
    made.fill(12, "BTCUSDT", -2, 110 * UNIT, "REBALANCE")
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


def losses(symbol, lots):
    """Give what each shock takes of one position at its worst, by name."""
    made = Books()
    made.fill(2, symbol, lots, UNIT, "ENTRY")
    made.mark(symbol, lots * UNIT)
    found = shock_rows(made.fills, made.positions, curve(10, 10))
    return {row.shock: row.loss_usd for row in found if row.book == WORST and not row.venue}


def test_a_short_gains_what_a_long_loses():
    longs, shorts = losses("SOLUSDT", 4), losses("SOLUSDT", -4)
    assert longs == {shock.name: pytest.approx(-4 * shock.alt_move) for shock in SHOCKS}
    assert shorts == {name: -value for name, value in longs.items()}
    assert max(longs.values()) > 0.0 < max(shorts.values())


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC", "XBT-USD", "SYN-BTC", "BTCUSDT:USDT"])
def test_bitcoin_is_bitcoin_however_it_is_spelled(symbol):
    assert losses(symbol, 4)[COVID.name] == pytest.approx(-4 * COVID.btc_move)


def test_a_book_that_is_short_at_its_peak_shows_the_long_it_once_held():
    """The largest position gains in a fall; a smaller one held before would have lost."""
    made = Books()
    made.fill(1, "SOLUSDT", 40, 10 * UNIT, "ENTRY")
    made.fill(7, "SOLUSDT", -90, 10 * UNIT, "REVERSAL")
    made.fill(13, "SOLUSDT", 50, 10 * UNIT, "EXIT_TIME")
    found = rows_of(made, curve(1_000, 1_000, 1_000, 1_000))
    largest, worst = (found[COVID.name, book, ""] for book in (LARGEST, WORST))
    assert (largest.net_usd, largest.at) == (-500.0, START + BAR * 12)
    assert largest.loss_frac < 0.0
    assert (worst.net_usd, worst.at) == (400.0, START + BAR * 6)
    assert worst.loss_frac == pytest.approx(-0.4 * COVID.alt_move)
    squeeze = next(shock for shock in SHOCKS if shock.alt_move > 0.0)
    assert found[squeeze.name, WORST, ""].loss_frac == pytest.approx(0.5 * squeeze.alt_move)


def test_the_worst_is_measured_by_the_equity_of_its_own_bar():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    made.fill(8, "BTC", -1, 100 * UNIT, "REBALANCE")
    worst = rows_of(made, curve(1_000, 1_000, 250))[COVID.name, WORST, ""]
    assert (worst.gross_usd, worst.equity_usd, worst.at) == (200.0, 250.0, START + BAR * 12)
    assert worst.loss_frac == pytest.approx(-200.0 * COVID.btc_move / 250.0)


def test_between_fills_longs_and_shorts_are_worth_what_the_bars_say():
    """Longs rose from 300 to 450 and shorts from 100 to 50 without a fill of their own."""
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    made.fill(2, "ETH", -50, 2 * UNIT, "ENTRY")
    bars = curve(1_000, 1_000, 1_000).with_columns(
        pl.Series("gross_usd", [0.0, 400.0, 500.0]), pl.Series("net_usd", [0.0, 200.0, 400.0])
    )
    worst = rows_of(made, bars)[COVID.name, WORST, ""]
    assert (worst.gross_usd, worst.net_usd, worst.at) == (500.0, 400.0, START + BAR * 12)
    assert worst.loss_usd == pytest.approx(-(450 * COVID.btc_move - 50 * COVID.alt_move))


def test_a_bar_without_a_position_is_nobodys_worst():
    """A book that was only ever short gains in a fall: its smallest gain is shown, not a zero."""
    made = Books()
    made.fill(2, "ETH", -10, UNIT, "ENTRY")
    made.fill(8, "ETH", 10, UNIT, "EXIT_TIME")
    worst = rows_of(made, curve(100, 100, 100, 100))[COVID.name, WORST, ""]
    assert worst.loss_usd == pytest.approx(10.0 * COVID.alt_move)


def test_what_changed_hands_within_a_bar_is_not_counted_twice():
    """One coin bought and another sold in one bar: what was held at its end counts."""
    made = Books()
    made.fill(2, "BTC", 12, UNIT, "ENTRY")
    made.fill(8, "ETH", 10, UNIT, "ENTRY")
    made.fill(8, "BTC", -12, UNIT, "EXIT_TIME")
    row = rows_of(made, curve(100, 100, 100))[COVID.name, LARGEST, ""]
    assert (row.gross_usd, row.at) == (12.0, START + BAR * 6)


def test_a_venue_takes_its_share_of_equity_with_it():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    made.fill(3, "ETH", -1, 100 * UNIT, "ENTRY", venue="beta")
    made.mark("BTC", 300 * UNIT)
    made.mark("ETH", -100 * UNIT, venue="beta")
    found = rows_of(made, curve(1_000, 800))
    assert found[DEFAULT, LARGEST, "alpha"].loss_usd == 600.0
    assert found[DEFAULT, LARGEST, "beta"].loss_frac == 0.25
    assert found[DEFAULT, FINAL, "beta"].loss_usd == 200.0
    assert found[DEFAULT, FINAL, "beta"].btc_move is None


def test_a_venue_fails_where_most_of_the_account_lies_on_it():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    made.fill(8, "ETH", -1, 100 * UNIT, "ENTRY", venue="beta")
    made.fill(14, "BTC", -3, 100 * UNIT, "EXIT_TIME")
    found = rows_of(made, curve(1_000, 1_000, 800, 900))
    assert found[DEFAULT, WORST, "alpha"].loss_frac == 1.0
    assert found[DEFAULT, WORST, "alpha"].at == START + BAR * 6  # and not when it was flat
    assert found[DEFAULT, WORST, "beta"].loss_usd == 900.0
    assert found[DEFAULT, LARGEST, "beta"].loss_usd == 200.0


def test_an_empty_final_book_has_no_rows():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY", venue="beta")
    made.fill(8, "BTC", -3, 100 * UNIT, "EXIT_TIME", venue="beta")
    found = rows_of(made, curve(1_000, 800, 800), venues=("alpha", "beta"))
    assert {book for _, book, _ in found} == {WORST, LARGEST}
    assert found[DEFAULT, LARGEST, "alpha"].loss_frac == 0.0
    assert found[DEFAULT, LARGEST, "beta"].loss_frac == 1.0


def test_the_largest_is_that_over_equity():
    """A smaller position counts for more where the account had shrunk."""
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    made.fill(8, "BTC", -1, 100 * UNIT, "REBALANCE")
    row = rows_of(made, curve(1_000, 1_000, 500))[COVID.name, LARGEST, ""]
    assert (row.gross_usd, row.at) == (200.0, START + BAR * 12)


def test_the_largest_is_the_one_that_the_bars_tell():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    worth = pl.Series([0.0, 300.0, 360.0])
    bars = curve(1_000, 1_000, 1_000).with_columns(
        gross_usd=pl.Series(worth), net_usd=pl.Series(worth)
    )
    row = rows_of(made, bars)[COVID.name, LARGEST, ""]
    assert (row.gross_usd, row.at) == (360.0, START + BAR * 12)
    assert row.loss_usd == pytest.approx(-360.0 * COVID.btc_move)


def test_a_lost_account_has_no_share():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    made.mark("BTC", 300 * UNIT)
    found = rows_of(made, curve(100, -5))
    assert math.isnan(found[COVID.name, FINAL, ""].loss_frac)
    assert math.isnan(found[COVID.name, WORST, ""].loss_frac)
    assert found[DEFAULT, FINAL, "alpha"].loss_usd == 0.0


def test_a_run_that_never_traded_has_no_rows():
    assert shock_rows(Books().fills, Books().positions, curve(10)) == []


def test_a_run_that_held_nothing_over_a_close_has_no_rows():
    made = Books()
    made.fill(2, "BTC", 3, 100 * UNIT, "ENTRY")
    made.fill(3, "BTC", -3, 100 * UNIT, "EXIT_STOP")
    assert shock_rows(made.fills, made.positions, curve(1_000, 1_000)) == []


def test_the_shocks_are_in_order_and_go_both_ways():
    assert [shock.start for shock in SHOCKS] == sorted(shock.start for shock in SHOCKS)
    for shock in SHOCKS:
        assert -1.0 < shock.alt_move < 1.0
        assert (shock.btc_move > 0.0) == (shock.alt_move > 0.0)
        assert shock.start < shock.end
    assert {shock.alt_move > 0.0 for shock in SHOCKS} == {True, False}


def test_every_shock_meets_every_book_and_the_worst_comes_first():
    made = long_and_short()
    found = shock_rows(made.fills, made.positions, curve(1_000, 900, 950), venues=("alpha",))
    n = len(SHOCKS)
    assert [row.book for row in found] == [WORST, LARGEST, FINAL] * (n + 1)
    assert {row.shock for row in found[: 3 * n]} == {shock.name for shock in SHOCKS}
    assert found[-1].shock == DEFAULT
    taken = [row.loss_frac for row in found[: 3 * n : 3]]
    assert taken == sorted(taken, reverse=True)
    assert found[-1].at == START + BAR * 12


def test_a_long_run_of_many_coins_is_quick():
    """Only fills are walked; 300,000 bars cost a pass over a few columns."""
    made = long_and_short()
    times = pl.datetime_range(START, START + BAR * 300_000, BAR, eager=True)
    bars = pl.DataFrame({"ts": times}).with_columns(equity=pl.lit(1_000 * UNIT))
    begun = perf_counter()
    assert shock_rows(made.fills, made.positions, bars)
    assert perf_counter() - begun < 5.0
