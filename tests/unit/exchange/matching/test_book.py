"""The book matches by price, then by time: against a list that is sorted anew for each taker."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.exchange.matching.book import Book, Resting
from quorate.exchange.matching.orders import BUY, SELL

rests = st.lists(st.tuples(st.integers(90, 110), st.integers(1, 9)), max_size=30)


@settings(deadline=None)  # another process may hold the machine
@given(rests, st.integers(1, 120), st.sampled_from([0, 95, 100, 105]), st.sampled_from([BUY, SELL]))
def test_a_taker_meets_the_best_price_first_and_the_first_comer_of_a_price(
    placed: list[tuple[int, int]], wanted: int, limit: int, side: int
) -> None:
    book = Book()
    entries = [(price, number, Resting(None, lots)) for number, (price, lots) in enumerate(placed)]
    for price, _, resting in entries:
        book.rest(-side, price, resting)
    expected = []
    left = wanted
    for price, number, resting in sorted(entries, key=lambda row: (row[0] * side, row[1])):
        beyond = limit and (limit - price) * side < 0
        if left and not beyond:
            expected.append((number, price, min(left, resting.left)))
            left -= min(left, resting.left)
    numbers = {id(resting): number for _, number, resting in entries}
    met = list(book.meets(side, limit, wanted))
    assert [(numbers[id(m.resting)], m.price, m.quantity) for m in met] == expected

    before = sum(lots for _, lots in placed)
    for each in met:
        book.take(side, each)
    assert sum(lots for _, lots in book.depth(-side, 99)) == before - wanted + left
    best = min((p * side for p, _, r in entries if r.left), default=0)
    assert book.best(-side) == best * side


@settings(deadline=None)
@given(rests, st.integers(0, 120), st.sampled_from([0, 95, 100, 105]), st.sampled_from([BUY, SELL]))
def test_a_sweep_is_a_take_of_each_that_it_meets(
    placed: list[tuple[int, int]], wanted: int, limit: int, side: int
) -> None:
    one, other = Book(), Book()
    for price, lots in placed:
        for each in (one, other):
            each.rest(-side, price, Resting(None, lots))
    met = list(one.meets(side, limit, wanted))
    for found in met:
        one.take(side, found)
    assert other.sweep(side, limit, wanted) == [(None, m.price, m.quantity) for m in met]
    assert (other.depth(-side, 99), other.version) == (one.depth(-side, 99), one.version)
    assert other.best(-side) == one.best(-side)


def test_the_market_keeps_an_order_its_place_when_its_lots_change() -> None:
    book = Book()
    mine = Resting(None, 3)
    mine.order = object()  # type: ignore[assignment]
    book.rest(BUY, 100, Resting(None, 10))
    book.rest(BUY, 100, mine)
    book.clear_market(BUY, {100: 25, 99: 7})
    assert book.ahead(BUY, 100, mine) == 10
    assert book.depth(BUY, 9) == [(100, 28), (99, 7)]
    book.clear_market(BUY, {100: 4})
    assert book.ahead(BUY, 100, mine) == 4
    assert book.depth(BUY, 9) == [(100, 7)]
    book.clear_market(BUY, {})
    assert book.depth(BUY, 9) == [(100, 3)]


def test_an_empty_side_crosses_nothing() -> None:
    book = Book()
    assert not book.crosses(BUY, 10**9)
    assert book.best(SELL) == 0
    book.rest(SELL, 101, Resting(None, 1))
    assert book.crosses(BUY, 101)
    assert not book.crosses(BUY, 100)
