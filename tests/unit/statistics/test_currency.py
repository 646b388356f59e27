"""From the quote currency of the books to USD."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from quorate.statistics import currency

NAN = float("nan")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1.0, 0.9, 1.1], [1.0, 0.9, 1.1]),
        ([NAN, 0.9, NAN, NAN, 1.1, NAN], [0.9, 0.9, 0.9, 0.9, 1.1, 1.1]),
        ([NAN, NAN], [1.0, 1.0]),
    ],
)
def test_the_last_known_price_stands(given, expected):
    assert currency.known(np.array(given)).tolist() == expected


def frame() -> pl.DataFrame:
    return pl.DataFrame(
        {"equity": [1000, 1000, 1100], "gross_equity": [1000, 1010, 1120], "flow": [0, 0, 50]}
    )


def test_each_bar_is_told_by_its_own_price():
    told = currency.convert(frame(), np.array([0.98, 1.02]))
    assert told["equity_usd"].to_list() == [980, 980, 1122]
    assert told["gross_equity_usd"].to_list() == [980, 990, 1142]
    plain = currency.in_usd(told)
    assert plain["equity"].to_list() == [980, 980, 1122]
    assert plain["flow"].to_list() == [0, 0, 51]


def test_the_currency_is_what_the_books_do_not_explain():
    told = currency.convert(frame(), np.array([0.98, 1.02]))
    assert currency.effect(told) == (1122 - 980) - 100


def test_without_a_price_nothing_changes():
    assert currency.in_usd(frame()).equals(frame())
    assert currency.effect(frame()) == 0
    assert currency.effect(currency.convert(frame(), np.ones(2))) == 0


@pytest.mark.parametrize("rates", [[0.98, 1.02], [np.nan, 0.99, 1.01], [np.nan], [np.nan, np.nan]])
def test_the_first_price_is_that_of_the_first_bar(rates):
    assert currency.first(np.array(rates)) == currency.known(np.array(rates))[0]
