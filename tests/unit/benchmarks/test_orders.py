"""The day of orders that the gate is measured with, and what is kept up to date along it."""

import pytest

pytest.importorskip("ccxt")

from benchmarks.orders import NOON_MS, D, day, known, quote, resting, wide

from quorate.live.broker.trail import Trail
from quorate.live.controls.facts import Proposal
from quorate.live.controls.gate import Passed, judge
from quorate.live.orders.book import is_alive, tallied
from quorate.live.orders.events import Retired
from quorate.live.orders.reducer import init, step

SYMBOLS = [f"C{number}/USDT:USDT" for number in range(3)]
QUOTES = {each: quote(D(100), D(100), D(100), NOON_MS) for each in SYMBOLS}


def test_tally_and_trail_are_those_of_every_book_of_a_day():
    facts, trail, book = known({}, NOON_MS), Trail(), init()
    for event in [*day(12, 3, SYMBOLS), Retired(at_ms=NOON_MS, before_ms=NOON_MS)]:
        book, _ = step(book, event)
        assert book.tally == tallied(book.orders, book.positions)
        found = trail.facts(facts, book)
        assert found == Trail().facts(facts, book)
        assert len(found.sent) == len(book.orders)
        assert found.turned == sum(
            e.notional for e in found.sent if e.at_ms // 86_400_000 == NOON_MS // 86_400_000
        )
    assert len(book.orders) == 3, "those that are open are kept"
    assert all(is_alive(each) for each in book.tally.lively.values())


def test_what_is_measured_passes_every_control():
    book = init()
    for event in day(12, 3, SYMBOLS):
        book, _ = step(book, event)
    facts = Trail().facts(known(QUOTES, NOON_MS), book)
    order = Proposal(intent=resting(99, SYMBOLS, NOON_MS))
    assert isinstance(judge(order, facts, wide()), Passed)
