"""Which trades two runs share: coin and side, opened within a bar, each used once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from quorate.report.matching import SHOWN, match

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
UNIT = 100_000_000


def trades(*rows):
    """Return trades from (coin, side, minutes after noon, net USD)."""
    return pl.DataFrame(
        {
            "symbol": [row[0] for row in rows],
            "side": [row[1] for row in rows],
            "opened_at": [NOON + timedelta(minutes=row[2]) for row in rows],
            "closed_at": [NOON + timedelta(hours=4)] * len(rows),
            "net_pnl": [row[3] * UNIT for row in rows],
            "exit_reason": ["EXIT_TIME"] * len(rows),
        },
        schema={
            "symbol": pl.String,
            "side": pl.Int8,
            "opened_at": pl.Datetime("us", "UTC"),
            "closed_at": pl.Datetime("us", "UTC"),
            "net_pnl": pl.Int64,
            "exit_reason": pl.String,
        },
    )


def counts(found):
    return found.n_same, found.n_changed, found.n_first_only, found.n_second_only


def test_the_same_trades_differ_in_nothing():
    one = trades(("BTC", 1, 0, 5), ("ETH", -1, 10, -3))
    found = match(one, one, 5)
    assert counts(found) == (2, 0, 0, 0)
    assert found.rows == ()


def test_within_a_bar_is_the_same_trade_and_beyond_it_is_not():
    one = trades(("BTC", 1, 0, 5))
    assert counts(match(one, trades(("BTC", 1, 5, 5)), 5)) == (1, 0, 0, 0)
    assert counts(match(one, trades(("BTC", 1, 6, 5)), 5)) == (0, 0, 1, 1)


def test_side_and_coin_must_be_the_same():
    one = trades(("BTC", 1, 0, 5))
    assert counts(match(one, trades(("BTC", -1, 0, 5), ("ETH", 1, 0, 5)), 5)) == (0, 0, 1, 2)


def test_a_changed_result_shows_both():
    (row,) = match(trades(("BTC", 1, 0, 5)), trades(("BTC", 1, 0, -2)), 5).rows
    assert (row.first_usd, row.second_usd, row.difference_usd) == (5.0, -2.0, -7.0)


def test_a_trade_is_paired_once_with_the_nearest():
    one = trades(("BTC", 1, 0, 5))
    found = match(one, trades(("BTC", 1, -4, 1), ("BTC", 1, 1, 5)), 5)
    assert counts(found) == (1, 0, 0, 1)
    assert found.rows[0].second_usd == 1.0


def test_the_largest_come_first_and_not_too_many():
    many = trades(*(("BTC", 1, 60 * i, i) for i in range(2 * SHOWN)))
    rows = match(trades(), many, 5).rows
    assert len(rows) == SHOWN
    assert [row.difference_usd for row in rows] == sorted(
        (float(i) for i in range(SHOWN, 2 * SHOWN)), reverse=True
    )
    assert rows[0].first_usd is None


def test_without_trades_there_is_nothing_to_say():
    assert counts(match(trades(), trades(), 5)) == (0, 0, 0, 0)
