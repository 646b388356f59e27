"""The controls say what they say when nothing is kept ready for them and every order is read."""

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.oracle import slow_gate
from tests.unit.live.controls.building import NOW_MS, SYMBOL, facts, intent, proposal, sent

from quorate.live.controls import health, pace, sizes
from quorate.live.controls.limits import limits
from quorate.live.orders.book import Book, Order, tallied
from quorate.live.orders.events import Retired
from quorate.live.orders.reducer import step
from quorate.live.orders.states import State
from quorate.venues.base import PositionSide, Side

D = Decimal
SYMBOLS = (SYMBOL, "ETH/USDT:USDT", "SOL/USDT:USDT")
SIDES = (Side.BUY, Side.SELL)
BOUNDS = (
    limits("balanced"),
    replace(
        limits("balanced"),
        n_open=6,
        n_open_symbol=3,
        n_second=2,
        n_minute=4,
        n_hour=7,
        n_parents_hour=2,
        turnover_day=D(3),
        max_gross_frac=D(3),
    ),
)
FAST = {
    each.__name__: each
    for module in (health, pace, sizes)
    for each in vars(module).values()
    if getattr(each, "__module__", "") == module.__name__ and hasattr(each, "__code__")
}


def amount(draw, least, most):
    return D(draw.randint(least * 1000, most * 1000)) / 1000


def book(draw):
    orders = []
    for number in range(draw.choice((0, 3, 12))):
        quantity = amount(draw, 1, 20)
        overfilled = quantity + 1 if draw.random() < 0.04 else D(0)
        orders.append(
            Order(
                intent=intent(
                    f"o{number}",
                    symbol=draw.choice(SYMBOLS),
                    side=draw.choice(SIDES),
                    quantity=quantity,
                    position_side=draw.choice((PositionSide.BOTH, PositionSide.LONG)),
                ),
                state=draw.choice(tuple(State)[1:]),
                traded=(traded := draw.choice((D(0), quantity / 2, quantity, overfilled))),
                overfilled_ms=draw.choice((5, NOW_MS)) if traded > quantity else None,
                told=draw.choice((D(0), quantity / 2)),
                is_stray=draw.random() < 0.05,
                since_ms=0,
                touched_ms=0,
            )
        )
    held = {
        ("binance_usdm", symbol, side): amount(draw, -900, 900)
        for symbol in (*SYMBOLS, "GONE/USDT:USDT")[: 3 + (draw.random() < 0.1)]
        for side in (PositionSide.BOTH, PositionSide.LONG)
        if draw.random() < 0.5
    }
    return Book(orders={each.intent.intent_id: each for each in orders}, positions=held)


def left(draw):
    ages_ms = (999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 40_000_000)
    found = [
        sent(
            draw.choice(ages_ms),
            str(draw.randint(0, 5)),
            symbol=draw.choice(SYMBOLS),
            side=draw.choice(SIDES),
            quantity=draw.choice((D(1), D(10))),
            notional=draw.choice((D(99), D(150_000))),
        )
        for _ in range(draw.choice((0, 2, 9)))
    ]
    return tuple(sorted(found, key=lambda each: each.at_ms))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_ready_says_what_reading_everything_says(seed):
    draw, met = random.Random(seed), Counter()  # noqa: S311
    usual = facts()
    for _ in range(150):
        quotes = {}
        for symbol in SYMBOLS:
            old_ms = draw.choice((0, 0, 5000, 5001, 10_001, 320_001))
            fresh = replace(usual.quotes[SYMBOL], mark=amount(draw, 90, 110))
            quotes[symbol] = replace(
                fresh, **{draw.choice(("book_at_ms", "mark_at_ms", "bar_at_ms")): NOW_MS - old_ms}
            )
        known = replace(usual, quotes=quotes, book=book(draw), sent=left(draw))
        if draw.random() < 0.3:
            known = replace(known, standing=replace(known.standing, looked_ms=5))
        order = proposal(
            draw.choice(("one", "one", "o1")),
            is_emergency=draw.random() < 0.1,
            symbol=draw.choice(SYMBOLS),
            side=draw.choice(SIDES),
            quantity=draw.choice((D(1), D(10))),
            limit_price=draw.choice((D(99), D(100))),
            parent_id=draw.choice(("one", "parent of 3")),
            is_reduce_only=draw.random() < 0.2,
            position_side=draw.choice((PositionSide.BOTH, PositionSide.LONG)),
        )
        bounds = draw.choice(BOUNDS)
        for plain in slow_gate.CHECKS:
            found, told = FAST[plain.__name__](order, known, bounds), plain(order, known, bounds)
            if told is None:
                assert found is None, (plain.__name__, found)
                continue
            control, value = told
            met[control] += 1
            assert found is not None, told
            assert found.control == control
            assert found.value == value if not isinstance(value, str) else value in found.text
    assert len(met) >= 10, met


def test_what_is_forgotten_is_counted_no_more():
    """An order that is over, booked and old leaves the tally, whatever it was counted for."""
    done = Order(
        intent=intent("o1"), state=State.FILLED, traded=D(11), told=D(10), since_ms=0, touched_ms=0
    )
    stray = replace(done, intent=intent("o2"), state=State.NOT_PLACED, is_stray=True)
    before = Book(orders={each.intent.intent_id: each for each in (done, stray)})
    assert before.tally.counts[SYMBOL] == (1, 0, 2)
    after, _ = step(before, Retired(at_ms=NOW_MS, before_ms=NOW_MS))
    assert not after.orders
    assert after.tally == tallied(after.orders, after.positions)
