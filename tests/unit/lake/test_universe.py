"""Who may be traded on a day, by the days before it alone."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from quorate.errors import DataError, SchemaError
from quorate.lake.universe import BOUNDS, Rules, Verdict, judged, rules

START = date(2023, 1, 1)
GIVEN = Rules(min_age_days=10, turnover_days=5, min_turnover=100.0, max_spread_bps=20.0)


def coin(symbol, turnover, first=0, spread=None):
    """Return a coin's days; None is a day without bars."""
    rows = [
        {"symbol": symbol, "day": START + timedelta(first + i), "turnover": float(value)}
        for i, value in enumerate(turnover)
        if value is not None
    ]
    frame = pl.DataFrame(rows)
    return frame if spread is None else frame.with_columns(spread_bps=pl.Series(spread))


def verdicts(days, first, last=None, given=GIVEN):
    last = first if last is None else last
    said = judged(days, given, START + timedelta(first), START + timedelta(last))
    return [Verdict(each) for each in said["verdict"]]


def test_a_coin_is_not_listed_on_its_first_day_and_young_until_its_age():
    assert verdicts(coin("A", [500] * 15), 0, 11) == [
        Verdict.NOT_LISTED,
        *[Verdict.TOO_YOUNG] * 9,
        Verdict.IN,
        Verdict.IN,
    ]


def test_turnover_is_the_median_of_the_days_before():
    days = coin("A", [500] * 12 + [50] * 6)
    assert verdicts(days, 12, 18) == [Verdict.IN] * 3 + [Verdict.TOO_THIN] * 4
    said = judged(days, GIVEN, START + timedelta(14), START + timedelta(15))
    assert said["turnover"].to_list() == [500.0, 50.0]  # of days 9 to 13, then 10 to 14


def test_a_day_without_bars_turned_nothing_over_and_the_next_one_is_out():
    days = coin("A", [500] * 12 + [None, 500])
    assert verdicts(days, 12, 14) == [Verdict.IN, Verdict.NOT_TRADING, Verdict.IN]
    said = judged(
        days, GIVEN._replace(turnover_days=1), START + timedelta(13), START + timedelta(13)
    )
    assert said["turnover"].to_list() == [0.0]


def test_a_spread_that_is_known_counts():
    """The median of the days before, as of turnover: one wide day puts nobody out."""
    days = coin("A", [500] * 15, spread=[10.0] * 10 + [40.0, None, 40.0, 40.0, 10.0])
    assert verdicts(days, 11, 15) == [*[Verdict.IN] * 2, *[Verdict.TOO_WIDE] * 3]
    said = judged(days, GIVEN, START + timedelta(12), START + timedelta(13))
    assert said["spread_bps"].to_list() == [10.0, 25.0]  # of days 7 to 11, then 8 to 12


def test_a_coin_that_ended_was_in_until_then():
    days = pl.concat([coin("DEAD", [500] * 15), coin("LIVES", [500] * 20)])
    said = judged(days, GIVEN, START + timedelta(15), START + timedelta(16))
    assert said.select("day", "symbol", "verdict").rows() == [
        (START + timedelta(15), "DEAD", "IN"),
        (START + timedelta(15), "LIVES", "IN"),
        (START + timedelta(16), "DEAD", "NOT_TRADING"),
        (START + timedelta(16), "LIVES", "IN"),
    ]


@pytest.mark.parametrize("end", [3, 12, 14, 20, 29])
def test_what_is_said_of_a_day_never_reads_that_day_or_a_later_one(end):
    days = pl.concat(
        [
            coin("A", [500] * 14 + [None, 20, 20, 20] + [500] * 12),
            coin("B", [90, 110] * 11, first=4),
            coin("C", [700] * 10, first=21),
        ]
    )
    on = START + timedelta(end)
    whole = judged(days, GIVEN, on, on).filter(pl.col("verdict") != "NOT_LISTED")
    known = judged(days.filter(pl.col("day") < on), GIVEN, on, on)
    assert whole.equals(known.filter(pl.col("verdict") != "NOT_LISTED"))


def test_a_day_beyond_the_data_by_more_than_one_knows_that_nothing_trades():
    assert verdicts(coin("A", [500] * 15), 15, 16) == [Verdict.IN, Verdict.NOT_TRADING]


def test_wrong_rows_are_named():
    with pytest.raises(SchemaError, match="no column turnover"):
        judged(coin("A", [1]).drop("turnover"), GIVEN, START, START)
    with pytest.raises(DataError, match="A has 2 rows that share a day"):
        judged(pl.concat([coin("A", [1]), coin("A", [2])]), GIVEN, START, START)
    with pytest.raises(DataError, match="no daily bar"):
        judged(coin("A", [1]).clear(), GIVEN, START, START)


def test_rules_are_bounded():
    assert rules() == Rules()
    assert set(BOUNDS) == set(Rules._fields)
    for name, (low, high) in BOUNDS.items():
        for wrong in (low - 1, high + 1, float("nan")):
            with pytest.raises(ValueError, match=name):
                rules(**{name: wrong})


def test_no_coins_place_depends_on_another_or_on_what_it_is_worth():
    """Nothing is ranked: a market cap, of that day or of a later one, is not even read."""
    days = [coin("A", [500] * 20), coin("B", [110, 90] * 10), coin("C", [9_000] * 14, first=3)]
    span = START + timedelta(9), START + timedelta(20)
    together = judged(pl.concat(days), GIVEN, *span)
    for each in days:
        alone = judged(each, GIVEN, *span)
        assert together.filter(pl.col("symbol") == each["symbol"][0]).equals(alone)
    caps = pl.concat(days).with_columns(market_cap=pl.int_range(pl.len()) * 1e9)
    assert judged(caps, GIVEN, *span).equals(together)
