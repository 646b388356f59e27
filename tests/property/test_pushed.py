"""What is pushed, answered and compared, in every interleaving: the same book in the end."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import given, settings

from quorate.live.broker import heard
from quorate.live.broker.pushed import pushed
from quorate.live.orders.book import Book
from quorate.live.orders.events import Acknowledged, Filled, InDoubt, Intended, Sending
from quorate.live.orders.reducer import init, scan
from quorate.live.orders.states import State
from quorate.venues.base import (
    Accepted,
    Liquidity,
    OrderKind,
    OrderStatus,
    OrderView,
    Side,
    Trade,
    Uncertain,
)

D = Decimal
PARTS = (D(1), D(2), D(3))
MEANT = Intended(
    at_ms=1,
    intent_id="one",
    client_id="qone",
    venue="v",
    symbol="BTC",
    side=Side.BUY,
    order_kind=OrderKind.LIMIT,
    quantity=sum(PARTS, D(0)),
    limit_price=D(100),
)


def view(filled: Decimal) -> OrderView:
    """Return how the order stands at the venue with so much traded."""
    status = {D(0): OrderStatus.NEW, MEANT.quantity: OrderStatus.FILLED}
    return OrderView(
        client_id="qone",
        venue_order_id="7",
        symbol="BTC",
        side=Side.BUY,
        kind=OrderKind.LIMIT,
        status=status.get(filled, OrderStatus.PARTIAL),
        raw_status="",
        quantity=MEANT.quantity,
        filled=filled,
        average_price=D(100),
        updated_ms=5,
    )


def trade(number: int) -> Trade:
    """Return the trade of a part."""
    return Trade(
        trade_id=str(number),
        venue_order_id="7",
        symbol="BTC",
        side=Side.BUY,
        price=D(100),
        quantity=PARTS[number],
        fee=D(0),
        fee_asset="USDT",
        liquidity=Liquidity.MAKER,
        at_ms=10 + number,
    )


STEPS = [D(0), *(sum(PARTS[: k + 1], D(0)) for k in range(len(PARTS)))]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("frame"), st.integers(0, 3)),
            st.tuples(st.just("order"), st.integers(0, 3)),
            st.tuples(st.just("trade"), st.integers(0, 2)),
            st.tuples(st.just("answer"), st.integers(0, 3)),
            st.tuples(st.just("doubt"), st.just(0)),
            st.tuples(st.just("sweep"), st.integers(0, 3)),
        ),
        max_size=12,
    ),
)
@settings(max_examples=60, deadline=None)
def test_a_book_is_right_in_every_interleaving(happenings: list[tuple[str, int]]) -> None:
    sent = Sending(at_ms=2, intent_id="one", epoch=1, sent_at_ms=2, window_ms=5)
    book, _ = scan(init(), [MEANT, sent])
    books = [book]
    for kind, k in [*happenings, ("sweep", 3)]:
        book = happened(book, kind, k)
        books.append(book)
    for before, after in pairwise(books):
        assert after.orders["one"].filled >= before.orders["one"].filled
    order = book.orders["one"]
    assert (order.state, order.traded, order.reserved) == (State.FILLED, MEANT.quantity, D(0))
    assert {key[2] for key in book.trades} == {"0", "1", "2"}
    assert sum(book.positions.values()) == MEANT.quantity


def happened(book: Book, kind: str, k: int) -> Book:
    """Let something be heard; nothing of it may alarm, since all of it is so."""
    if kind in {"frame", "order", "trade"}:
        views = [] if kind == "trade" else [view(STEPS[k])]
        trades = [trade(k)] if kind == "trade" else [trade(k - 1)] if kind == "frame" and k else []
        events, is_open = pushed(book, "v", views, trades, 9)
        assert is_open == (kind == "trade" and not book.orders["one"].venue_order_id)
    elif kind == "answer":
        events = [heard.placed("one", Accepted(view(STEPS[k])), 9)]
        assert isinstance(events[0], Acknowledged)
    elif kind == "doubt":
        events = [heard.placed("one", Uncertain("no answer"), 9)]
        assert isinstance(events[0], InDoubt)
    else:
        events = [heard.seen("one", view(STEPS[k]), 9)]
        events += [heard.traded("one", "v", trade(number), 9) for number in range(k)]
    fresh = [
        e for e in events if not (isinstance(e, Filled) and ("v", "BTC", e.trade_id) in book.trades)
    ]
    after, effects = scan(book, fresh)
    assert not [each for each in effects if type(each).__name__ in {"Alarm", "Halt", "Cancel"}]
    return after


def test_what_is_of_nobody_is_left_to_the_comparison() -> None:
    book, _ = scan(init(), [MEANT])
    strange = replace(view(D(0)), client_id="web", venue_order_id="8")
    assert pushed(book, "v", [strange], [], 9) == ([], True)
    over = replace(strange, status=OrderStatus.CANCELED)
    assert pushed(book, "v", [over], [], 9) == ([], False)
    assert pushed(book, "v", [], [trade(0)], 9) == ([], True)
