"""What happens by itself as time goes on."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.exchange.matching.building import BTC, SYMBOL, exchange, points, taken

from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.flow import POINT_MS
from quorate.exchange.matching.market import close
from quorate.exchange.matching.orders import BUY, SELL, Asked

D = Decimal
HOUR_MS = 3_600_000


def limit(side: int, quantity: str, price: str) -> Asked:
    return Asked(SYMBOL, side, "limit", D(quantity), D(price))


def test_an_order_trades_at_its_own_price_when_the_market_comes_to_it() -> None:
    made = exchange(10_000, 9_990, 9_900)
    order = taken(made.place("me", limit(BUY, "0.05", "995")))
    points(made)
    assert order.status == "NEW", "the touch is at 998.5"
    points(made)
    assert (order.status, order.quote) == ("FILLED", D("0.05") * 995)
    assert made.state.accounts["me"].executions[0].is_maker


def test_who_waits_at_the_touch_trades_after_those_who_came_before() -> None:
    made = exchange(10_000, volume=60)
    made.open_account("idle", {"USDT": D(100)})
    taken(made.place("you", limit(BUY, "0.001", "950")._replace(quantity=D("0.01"))))
    order = taken(made.place("me", limit(BUY, "0.02", "999.5")))
    book = made.state.markets[SYMBOL].book
    before = book.ahead(BUY, 9_995, made.state.resting[order.order_id])
    assert before > 0
    filled, ahead = [], [before]
    while order.is_open and len(filled) < 50:
        points(made)
        filled.append(order.filled)
        if order.is_open:
            ahead.append(book.ahead(BUY, 9_995, made.state.resting[order.order_id]))
    assert order.status == "FILLED"
    assert ahead == sorted(ahead, reverse=True)
    assert all(not done for done, queue in zip(filled, ahead[1:], strict=False) if queue > 0)


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "prices"),
    [
        (SELL, "stop", "990", (10_000, 9_901, 9_900)),
        (BUY, "stop", "1010", (10_000, 10_099, 10_100)),
        (SELL, "take_profit", "1010", (10_000, 10_099, 10_100)),
        (BUY, "take_profit", "990", (10_000, 9_901, 9_900)),
    ],
)
def test_a_conditional_order_waits_for_its_trigger(
    side: int, kind: str, trigger: str, prices: tuple[int, ...]
) -> None:
    made = exchange(*prices)
    asked = Asked(SYMBOL, side, kind, D("0.01"), trigger=D(trigger), client_id="stop")  # type: ignore[arg-type]
    stop = taken(made.place("me", asked))
    points(made)
    assert stop.status == "NEW"
    points(made)
    assert stop.status == "TRIGGERED"
    child = made.state.accounts["me"].orders[stop.triggered_id]
    assert (child.status, child.asked.kind, child.asked.client_id) == ("FILLED", "market", "stop")
    assert made.state.accounts["me"].position(SYMBOL, "both").lots == 10 * side


def test_a_stop_that_closes_takes_the_whole_position_and_no_more() -> None:
    made = exchange(10_000, 9_900)
    taken(made.place("me", Asked(SYMBOL, BUY, "market", D("0.03"))))
    asked = Asked(SYMBOL, SELL, "stop", None, trigger=D(990), is_closing=True)
    stop = taken(made.place("me", asked))
    taken(made.place("me", Asked(SYMBOL, SELL, "market", D("0.01"))))
    points(made)
    assert stop.status == "TRIGGERED"
    assert made.state.accounts["me"].position(SYMBOL, "both").lots == 0


def test_funding_is_paid_by_longs_and_received_by_shorts_at_its_hour_only() -> None:
    made = exchange()
    taken(made.place("me", Asked(SYMBOL, BUY, "market", D("0.1"))))
    taken(made.place("you", Asked(SYMBOL, SELL, "market", D("0.1"))))
    made.advance(8 * HOUR_MS - 1)
    funding = [
        [each.amount for each in made.state.accounts[name].income if each.kind == "FUNDING_FEE"]
        for name in ("me", "you")
    ]
    assert funding == [[], []]
    made.advance(16 * HOUR_MS)
    for name, sign in (("me", -1), ("you", 1)):
        flows = [e for e in made.state.accounts[name].income if e.kind == "FUNDING_FEE"]
        assert [each.at_ms for each in flows] == [8 * HOUR_MS, 16 * HOUR_MS]
        assert [each.amount for each in flows] == [sign * D("0.01")] * 2


def test_a_countdown_that_is_not_renewed_cancels_entries() -> None:
    made = exchange()
    order = taken(made.place("me", limit(BUY, "0.01", "990")))
    made.count_down("me", SYMBOL, 120_000)
    made.advance(100_000)
    made.count_down("me", SYMBOL, 120_000)
    made.advance(219_999)
    assert order.status == "NEW"
    made.advance(220_000)
    assert (order.status, order.updated_ms) == ("CANCELED", 220_000)
    again = taken(made.place("me", limit(BUY, "0.01", "990")))
    made.count_down("me", SYMBOL, 1_000)
    made.count_down("me", SYMBOL, 0)
    made.advance(10**7)
    assert again.status == "NEW"


def test_an_account_below_its_maintenance_margin_is_closed_from_outside() -> None:
    made = exchange(10_000, 9_100)
    made.set_leverage("me", SYMBOL, 100)
    account = made.state.accounts["me"]
    account.wallet["USDT"] = D(5)
    taken(made.place("me", Asked(SYMBOL, BUY, "market", D("0.1"))))
    points(made)
    assert account.position(SYMBOL, "both").lots == 0
    last = account.orders[max(account.orders)]
    assert last.asked.client_id == f"autoclose-{POINT_MS}"
    assert last.asked.is_reduce_only


def test_a_position_can_be_taken_away() -> None:
    made = exchange()
    taken(made.place("me", Asked(SYMBOL, SELL, "market", D("0.02"))))
    account = made.state.accounts["me"]
    order = close(made.state, account, SYMBOL, "both", "adl_autoclose-")
    assert order is not None
    assert order.status == "FILLED"
    assert account.position(SYMBOL, "both").lots == 0
    assert close(made.state, account, SYMBOL, "both", "adl_autoclose-") is None


def test_time_does_not_go_back_and_begins_on_the_grid() -> None:
    made = exchange()
    made.advance(10)
    with pytest.raises(ValueError, match="would go back from 10 to 9"):
        made.advance(9)
    with pytest.raises(ValueError, match="must be a multiple of 15000"):
        Exchange([BTC], seed=1, start_ms=1)


def test_walking_point_by_point_or_jumping_shows_the_same_market() -> None:
    walked = Exchange([BTC], seed=3, start_ms=0)
    jumped = Exchange([BTC], seed=3, start_ms=0)
    for made in (walked, jumped):
        made.open_account("me", {"USDT": D(10**6)})
    for _ in range(300):
        points(walked)
        walked.place("me", Asked("ETHUSDT", BUY, "market", D(1)))  # refused: it only looks
    jumped.advance(300 * POINT_MS)
    answers = [
        taken(made.place("me", Asked(SYMBOL, BUY, "market", D("0.1")))) for made in (walked, jumped)
    ]
    assert answers[0].quote == answers[1].quote > 0
    assert answers[0].versions == answers[1].versions
