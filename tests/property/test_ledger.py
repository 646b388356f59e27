"""The identity of the books, on any sequence of fills, marks, funding and flows."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.core import ledger
from quorate.core.types import Line

N_VENUES, N_COINS = 2, 2
LOT = np.array([[0.001, 3.0], [0.7, 1.0]])
PRICE = st.floats(0.01, 1e5)
COST = st.integers(-(10**9), 10**12)
WHERE = st.tuples(st.integers(0, N_VENUES - 1), st.integers(0, N_COINS - 1))
FILL = st.tuples(
    st.just("fill"), WHERE, st.integers(-500, 500), PRICE, PRICE, st.tuples(*[COST] * 5)
)
MARK = st.tuples(st.just("mark"), st.lists(PRICE, min_size=4, max_size=4), st.integers(0, 4))
FUNDING = st.tuples(st.just("funding"), WHERE, st.floats(-0.01, 0.01), PRICE)
HAIRCUT = st.tuples(st.just("haircut"), st.integers(0, N_COINS - 1), COST)
FLOW = st.tuples(st.just("flow"), st.integers(-(10**12), 10**12))
STEPS = st.lists(st.one_of(FILL, FILL, MARK, FUNDING, HAIRCUT, FLOW), max_size=40)


def apply(books: ledger.State, step: tuple) -> int:
    """Apply one step; a fill is cut where it would go through zero. Return what was realised."""
    kind, *rest = step
    if kind == "fill":
        (v, c), lots, price, decided, costs = rest
        held = int(books.lots[v, c])
        if held * lots < 0 and abs(lots) > abs(held):
            lots = -held
        if lots == 0:
            return 0
        made = ledger.Costs(*costs)
        realised: int = ledger.fill(books, v, c, lots, LOT, price, decided, made, 1)
        return realised
    if kind == "mark":
        prices = np.array(rest[0]).reshape(N_VENUES, N_COINS)
        if rest[1] < prices.size:
            prices.flat[rest[1]] = np.nan
        ledger.mark(books, prices, LOT)
    elif kind == "funding":
        (v, c), rate, price = rest
        ledger.funding(books, v, c, LOT[v, c], rate, price)
    elif kind == "haircut":
        ledger.haircut(books, *rest)
    else:
        ledger.deposit(books, rest[0])
    return 0


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_equity_is_explained_to_the_last_unit(steps: list[tuple]) -> None:
    books = ledger.init(N_VENUES, N_COINS, 1e6)
    for step in steps:
        apply(books, step)
        assert ledger.imbalance(books) == 0
        costs = books.lines[Line.DELAY :].sum()
        explained = books.start + books.flows + books.lines[Line.GROSS].sum() - costs
        assert ledger.equity(books) == explained.item()


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_flat_books_hold_no_value_and_sum_their_episodes(steps: list[tuple]) -> None:
    books = ledger.init(N_VENUES, N_COINS, 1e6)
    realised = [0] * N_COINS
    booked = [step for step in steps if step[0] != "haircut"]  # one on a flat coin has no episode
    for step in booked:
        result = apply(books, step)
        if step[0] == "fill":
            realised[step[1][1]] += result
        for c in range(N_COINS):
            if ledger.is_flat(books, c):
                assert books.value[:, c].tolist() == [0, 0]
                assert books.coins[c] == 0.0
                assert ledger.net(books, c) == realised[c]


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_value_is_the_position_at_a_price_rounded_once(steps: list[tuple]) -> None:
    books = ledger.init(N_VENUES, N_COINS, 1e6)
    for step in steps:
        apply(books, step)
    prices = np.array([[123.456, 7.0], [0.03, 99_999.5]])
    ledger.mark(books, prices, LOT)
    for v in range(N_VENUES):
        for c in range(N_COINS):
            lots = int(books.lots[v, c])
            exact = lots * Fraction(LOT[v, c]) * Fraction(prices[v, c]) * 10**8
            assert abs(int(books.value[v, c]) - exact) <= Fraction(1, 2) + abs(exact) / 10**15


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), PRICE), min_size=1, max_size=10))
def test_entry_is_the_average_of_what_was_added(adds: list[tuple[int, float]]) -> None:
    books = ledger.init(1, 1, 1e6)
    lot = np.array([[0.5]])
    for lots, price in adds:
        ledger.fill(books, 0, 0, lots, lot, price, price, ledger.Costs(0, 0, 0, 0, 0), 1)
    average = sum(lots * price for lots, price in adds) / sum(lots for lots, _ in adds)
    assert abs(books.entry_price[0] - average) <= 1e-9 * average
