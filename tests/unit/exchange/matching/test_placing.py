"""What the exchange takes, refuses, ends and changes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.exchange.matching.building import BTC, SYMBOL, exchange, points, refused, taken

from quorate.exchange.matching.orders import BUY, SELL, Asked, SelfTrade

D = Decimal


def limit(side: int, quantity: str, price: str, **more: object) -> Asked:
    return Asked(SYMBOL, side, "limit", D(quantity), D(price))._replace(**more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (limit(BUY, "0.01", "1000.05"), "bad_price"),
        (limit(BUY, "0.01", "-1"), "bad_price"),
        (limit(BUY, "0.01", "NaN"), "bad_price"),
        (limit(BUY, "0.0105", "1000"), "bad_quantity"),
        (limit(BUY, "2000", "1000"), "bad_quantity"),
        (limit(BUY, "1E+99", "1000"), "bad_quantity"),
        (limit(BUY, "0.001", "1000"), "min_notional"),
        (limit(BUY, "0.01", "1060"), "percent_price"),
        (limit(SELL, "0.01", "940"), "percent_price"),
        (limit(BUY, "0.01", "1000.5", time_in_force="POST_ONLY"), "would_take"),
        (limit(BUY, "0.01", "990", client_id="a b"), "bad_id"),
        (limit(BUY, "0.01", "990", client_id="x" * 37), "bad_id"),
        (limit(BUY, "0.01", "990", position_side="long"), "position_side"),
        (limit(SELL, "0.01", "1010", is_reduce_only=True), "reduce_only"),
        (limit(BUY, "900", "990"), "margin"),
        (Asked("ETHUSDT", BUY, "market", D(1)), "unknown_symbol"),
        (Asked(SYMBOL, BUY, "market", D(130)), "bad_quantity"),
        (Asked(SYMBOL, BUY, "market", None), "bad_quantity"),
        (Asked(SYMBOL, BUY, "stop", D("0.01")), "bad_price"),
        (Asked(SYMBOL, BUY, "stop", D("0.01"), trigger=D(999)), "would_trigger"),
        (Asked(SYMBOL, SELL, "stop", D("0.01"), trigger=D(1000)), "would_trigger"),
        (Asked(SYMBOL, SELL, "take_profit", D("0.01"), trigger=D(999)), "would_trigger"),
    ],
)
def test_what_is_out_of_bounds_is_refused_and_nothing_changes(asked: Asked, reason: str) -> None:
    made = exchange()
    taken(made.place("me", limit(BUY, "0.01", "990", client_id="before")))
    before = made.state.accounts["me"].wallet.copy()
    made.drain()
    assert refused(made.place("me", asked)) == reason
    account = made.state.accounts["me"]
    assert (account.wallet, len(account.orders), made.drain()) == (before, 1, [])


def test_a_contract_that_is_not_trading_takes_nothing() -> None:
    made = exchange(instrument=BTC._replace(is_trading=False))
    assert refused(made.place("me", limit(BUY, "0.01", "990"))) == "not_trading"


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    made = exchange()
    first = taken(made.place("me", limit(BUY, "0.01", "990", client_id="same")))
    assert refused(made.place("me", limit(BUY, "0.01", "991", client_id="same"))) == "duplicate_id"
    made.cancel("me", SYMBOL, client_id="same")
    second = taken(made.place("me", limit(BUY, "0.01", "991", client_id="same")))
    assert (first.status, second.status) == ("CANCELED", "NEW")


def test_only_so_many_orders_are_open() -> None:
    made = exchange(instrument=BTC._replace(max_orders=2, max_conditional=1))
    for _ in range(2):
        taken(made.place("me", limit(BUY, "0.01", "990")))
    assert refused(made.place("me", limit(BUY, "0.01", "990"))) == "too_many_orders"
    made.cancel_all("me", SYMBOL)
    stop = Asked(SYMBOL, SELL, "stop", D("0.01"), trigger=D(900))
    taken(made.place("me", stop))
    assert refused(made.place("me", stop)) == "too_many_conditional"


def test_what_is_left_rests_or_ends_as_its_time_in_force_says() -> None:
    made = exchange()
    have = sum(lots for _, lots in made.state.markets[SYMBOL].book.depth(SELL, 1))
    assert have == 0, "a book is made when it is asked for"
    taken(made.place("you", limit(SELL, "0.01", "1000.2")))
    fok = taken(made.place("me", limit(BUY, "0.02", "1000.2", time_in_force="FOK")))
    assert (fok.status, fok.filled) == ("EXPIRED", 0)
    ioc = taken(made.place("me", limit(BUY, "0.02", "1000.2", time_in_force="IOC")))
    assert (ioc.status, ioc.filled) == ("EXPIRED", 10)
    taken(made.place("you", limit(SELL, "0.01", "1000.2")))
    rest = taken(made.place("me", limit(BUY, "0.02", "1000.2")))
    assert (rest.status, rest.filled, rest.left) == ("PARTIAL", 10, 10)
    assert made.state.markets[SYMBOL].book.best(BUY) == 10_002


@pytest.mark.parametrize(
    ("mode", "maker", "taker", "filled"),
    [
        ("none", "FILLED", "FILLED", 20),
        ("expire_maker", "EXPIRED_IN_MATCH", "PARTIAL", 10),
        ("expire_taker", "NEW", "EXPIRED_IN_MATCH", 0),
        ("expire_both", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", 0),
    ],
)
def test_orders_of_one_account_do_not_meet_unless_allowed(
    mode: SelfTrade, maker: str, taker: str, filled: int
) -> None:
    made = exchange()
    mine = taken(made.place("me", limit(SELL, "0.01", "1000.1")))
    taken(made.place("you", limit(SELL, "0.01", "1000.2")))
    buy = taken(made.place("me", limit(BUY, "0.02", "1000.2", self_trade=mode)))
    assert (mine.status, buy.status, buy.filled) == (maker, taker, filled)


def test_closing_orders_never_sum_above_the_position() -> None:
    made = exchange()
    taken(made.place("me", Asked(SYMBOL, BUY, "market", D("0.03"))))
    close = limit(SELL, "0.02", "1010", is_reduce_only=True)
    first = taken(made.place("me", close))
    assert refused(made.place("me", close)) == "reduce_only"
    taken(made.place("me", close._replace(quantity=D("0.01"))))
    made.cancel("me", SYMBOL, order_id=first.order_id)
    taken(made.place("me", close))


def test_a_hedged_account_holds_both_sides() -> None:
    made = exchange()
    assert made.set_hedged("me", is_hedged=True) is None
    assert refused(made.set_hedged("me", is_hedged=True)) == "no_change"
    taken(made.place("me", Asked(SYMBOL, BUY, "market", D("0.03"), position_side="long")))
    taken(made.place("me", Asked(SYMBOL, SELL, "market", D("0.02"), position_side="short")))
    account = made.state.accounts["me"]
    assert account.position(SYMBOL, "long").lots == 30
    assert account.position(SYMBOL, "short").lots == -20
    assert refused(made.set_hedged("me", is_hedged=False)) == "has_position"
    too_much = Asked(SYMBOL, SELL, "market", D("0.04"), position_side="long")
    assert refused(made.place("me", too_much)) == "reduce_only"


def test_what_ended_cannot_be_cancelled_and_what_never_was_neither() -> None:
    made = exchange()
    order = taken(made.place("me", Asked(SYMBOL, BUY, "market", D("0.01"))))
    assert refused(made.cancel("me", SYMBOL, order_id=order.order_id)) == "cannot_cancel"
    assert refused(made.cancel("me", SYMBOL, client_id="nobody")) == "cannot_cancel"
    assert refused(made.find("me", SYMBOL, client_id="nobody")) == "no_such_order"
    assert refused(made.find("you", SYMBOL, order_id=order.order_id)) == "no_such_order"


def test_an_order_that_is_changed_goes_to_the_end_of_its_queue() -> None:
    made = exchange()
    mine = taken(made.place("me", limit(SELL, "0.01", "1000.1")))
    yours = taken(made.place("you", limit(SELL, "0.01", "1000.1")))
    assert taken(made.amend("me", SYMBOL, mine.order_id, D("1000.1"), D("0.02"))) is mine
    made.open_account("third", {"USDT": D(1000)})
    taken(made.place("third", limit(BUY, "0.02", "1000.1")))
    assert (yours.filled, mine.filled, mine.left) == (10, 10, 10)
    less = made.amend("me", SYMBOL, mine.order_id, D("1000.1"), D("0.01"))
    assert refused(less) == "bad_quantity"
    assert made.state.resting[mine.order_id].left == 10


def test_a_replica_that_lags_shows_what_was() -> None:
    made = exchange()
    points(made)
    order = taken(made.place("me", limit(BUY, "0.01", "990", client_id="mine")))
    placed_ms = made.state.now_ms
    points(made)
    made.cancel("me", SYMBOL, order_id=order.order_id)
    assert (
        refused(made.find("me", SYMBOL, client_id="mine", at_ms=placed_ms - 1)) == "no_such_order"
    )
    stale = made.open_orders("me", SYMBOL, is_conditional=False, at_ms=placed_ms)
    assert [each.seen.status for each in stale] == ["NEW"]
    now = made.state.now_ms
    assert made.open_orders("me", SYMBOL, is_conditional=False, at_ms=now) == []
    assert made.open_orders("me", None, is_conditional=False, at_ms=placed_ms) == stale
