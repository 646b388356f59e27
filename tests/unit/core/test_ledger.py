"""The books: what each flow does to cash, value and lines, and that they always balance."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.core import ledger
from quorate.core.types import N_LINES, Line

LOT = np.array([[0.1, 1.0], [0.1, 1.0]])
NONE = ledger.Costs(0, 0, 0, 0, 0)
UNIT = 100_000_000


def opened(start_usd: float = 1_000.0) -> ledger.State:
    return ledger.init(2, 2, start_usd)


def fill(
    books: ledger.State,
    lots: int,
    price: float,
    *,
    v: int = 0,
    c: int = 0,
    costs: ledger.Costs = NONE,
    decision_price: float | None = None,
    k: int = 7,
) -> int:
    decided = price if decision_price is None else decision_price
    realised: int = ledger.fill(books, v, c, lots, LOT, price, decided, costs, k)
    assert ledger.imbalance(books) == 0
    return realised


def test_an_account_opens_with_cash_alone() -> None:
    books = opened()
    assert ledger.equity(books) == 1_000 * UNIT
    assert ledger.imbalance(books) == 0
    assert ledger.is_flat(books, 0)
    assert books.lines.shape == (N_LINES, 2)


@pytest.mark.parametrize("start_usd", [0.0, -1.0, float("nan")])
def test_opening_cash_is_positive(start_usd: float) -> None:
    with pytest.raises(ValueError, match="opening cash"):
        ledger.init(1, 1, start_usd)


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0)])
def test_axes_are_not_empty(sizes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1 venue"):
        ledger.init(*sizes, 1.0)


@pytest.mark.parametrize(
    ("amount", "units"),
    [
        (0.0, 0),
        (1e-8, 1),
        (2.0**-9, 195_312),  # 195,312.5 units exactly
        (3 * 2.0**-9, 585_938),  # 585,937.5 units exactly
        (-(2.0**-9), -195_312),
        (-3 * 2.0**-9, -585_938),
        (12.5, 1250000000),
    ],
)
def test_money_rounds_once_half_to_even(amount: float, units: int) -> None:
    assert ledger.money(amount) == units


def test_buying_moves_notional_from_cash_to_value() -> None:
    books = opened()
    fill(books, 20, 100.0)
    assert books.cash.item() == 800 * UNIT
    assert books.value[0, 0] == 200 * UNIT
    assert books.coins[0] == 2.0
    assert books.entry_price[0] == 100.0
    assert books.opened_k[0] == 7
    assert books.lines.sum() == 0


def test_costs_are_taken_from_cash_and_booked_apart() -> None:
    books = opened()
    costs = ledger.Costs(delay=5, spread=-4, impact=3, latency=2, fee=1)
    fill(books, 20, 101.0, costs=costs, decision_price=100.0)
    assert books.cash.item() == 800 * UNIT - 7
    assert books.value[0, 0] == 200 * UNIT  # valued at the price that decided until the mark
    assert books.lines[:, 0].tolist() == [0, 5, -4, 3, 2, 1, 0, 0]
    assert books.lines[:, 1].sum() == 0
    assert ledger.net(books, 0) == -7
    assert books.entry_price[0] == 101.0


def test_a_mark_is_a_gross_result() -> None:
    books = opened()
    fill(books, -20, 100.0)
    ledger.mark(books, np.array([[90.0, 1.0], [1.0, 1.0]]), LOT)
    assert books.value[0, 0] == -180 * UNIT
    assert books.lines[Line.GROSS, 0] == 20 * UNIT
    assert ledger.equity(books) == 1_020 * UNIT
    assert ledger.imbalance(books) == 0


def test_an_unknown_mark_keeps_the_last_value() -> None:
    books = opened()
    fill(books, 20, 100.0)
    ledger.mark(books, np.full((2, 2), np.nan), LOT)
    assert books.value[0, 0] == 200 * UNIT


def test_a_trade_ends_flat_on_every_venue() -> None:
    books = opened()
    fill(books, 20, 100.0, v=0)
    fill(books, 10, 106.0, v=1)
    assert books.entry_price[0] == pytest.approx(102.0)
    assert fill(books, -20, 110.0, v=0) == 0
    assert books.n_trades.item() == 0
    assert not ledger.is_flat(books, 0)
    costs = ledger.Costs(0, 0, 0, 0, UNIT)
    assert fill(books, -10, 110.0, v=1, costs=costs) == (20 + 4 - 1) * UNIT
    assert books.n_trades.item() == 1
    assert books.coins[0] == 0.0


def test_each_episode_counts_from_where_it_began() -> None:
    books = opened()
    fill(books, 10, 100.0)
    assert fill(books, -10, 90.0) == -10 * UNIT
    fill(books, -10, 90.0, k=9)
    assert (books.opened_k[0], books.entry_price[0]) == (9, 90.0)
    assert fill(books, 10, 85.0) == 5 * UNIT
    assert ledger.net(books, 0) == -5 * UNIT


def test_a_haircut_and_funding_belong_to_the_episode() -> None:
    books = opened()
    fill(books, 10, 100.0)
    assert ledger.funding(books, 0, 0, 0.1, 0.01, 100.0) == UNIT
    ledger.haircut(books, 0, 3 * UNIT)
    assert ledger.imbalance(books) == 0
    assert fill(books, -10, 100.0) == -4 * UNIT


@pytest.mark.parametrize(("lots", "paid"), [(20, 2), (-20, -2), (0, 0)])
def test_a_long_pays_a_positive_rate(lots: int, paid: int) -> None:
    books = opened()
    if lots:
        fill(books, lots, 100.0)
    assert ledger.funding(books, 0, 0, 0.1, 0.01, 100.0) == paid * UNIT
    assert books.lines[Line.FUNDING, 0] == paid * UNIT
    assert ledger.imbalance(books) == 0


@pytest.mark.parametrize(("rate", "price"), [(np.nan, 100.0), (0.01, np.nan)])
def test_unknown_funding_books_nothing(rate: float, price: float) -> None:
    books = opened()
    fill(books, 20, 100.0)
    assert ledger.funding(books, 0, 0, 0.1, rate, price) == 0
    assert ledger.imbalance(books) == 0


def test_a_flow_is_never_a_profit() -> None:
    books = opened()
    ledger.deposit(books, 50 * UNIT)
    ledger.deposit(books, -20 * UNIT)
    assert ledger.equity(books) == 1_030 * UNIT
    assert books.flows.item() == 30 * UNIT
    assert books.lines.sum() == 0
    assert ledger.imbalance(books) == 0


def test_a_reduction_leaves_the_entry_price() -> None:
    books = opened()
    fill(books, 20, 100.0)
    fill(books, -5, 120.0)
    assert books.entry_price[0] == 100.0
    assert books.coins[0] == 1.5


def test_a_change_of_side_over_venues_is_entered_at_its_price() -> None:
    books = opened()
    fill(books, 10, 100.0, v=0)
    fill(books, -30, 110.0, v=1)
    assert books.coins[0] == -2.0
    assert books.entry_price[0] == 110.0


def test_coins_have_their_own_books() -> None:
    books = opened()
    fill(books, 10, 100.0, c=0)
    fill(books, -1, 50.0, c=1)
    assert fill(books, -10, 101.0, c=0) == UNIT
    assert books.lots[0, 1] == -1
    assert ledger.net(books, 1) == 0


def test_a_broken_book_shows() -> None:
    books = opened()
    books.cash[0] += 1
    assert ledger.imbalance(books) == 1
