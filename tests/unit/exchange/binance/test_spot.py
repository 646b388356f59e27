"""Binance spot as the real ccxt client meets it: filters, exact balances, its user stream."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.exchange.binance.client import venue
from tests.unit.exchange.binance.pairs import START_MS, spot, watch

from quorate.exchange.access import Request
from quorate.exchange.binance.spot import Spot
from quorate.exchange.matching.orders import BUY, CONDITIONAL, SELL, Asked, Order

if TYPE_CHECKING:
    from quorate.exchange.session import Session

ccxt = pytest.importorskip("ccxt")
BTC = "BTC/USDT"


def test_an_order_waits_locks_what_it_may_spend_and_is_taken_back() -> None:
    made = spot()

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        more = {"clientOrderId": "mine", "postOnly": True}
        sent = await client.create_order(BTC, "limit", "buy", "0.1", "97", more)
        assert (sent["info"]["type"], sent["status"], sent["clientOrderId"]) == (
            "LIMIT_MAKER",
            "open",
            "mine",
        )
        wallet = await client.fetch_balance()
        assert Decimal(wallet["USDT"]["used"]) == Decimal("9.7")
        assert [each["id"] for each in await client.fetch_open_orders()] == [sent["id"]]
        gone = await client.cancel_order(None, BTC, {"clientOrderId": "mine"})
        assert gone["info"]["origClientOrderId"] == "mine"
        assert gone["status"] == "canceled"
        wallet = await client.fetch_balance()
        assert Decimal(wallet["USDT"]["free"]) == 10_000
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_all_orders(BTC)

    watch(play, made)


def test_a_buyer_pays_the_fee_in_coins_and_a_seller_in_dollars() -> None:
    made = spot()

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        await client.create_order(BTC, "market", "buy", "0.1")
        await client.create_order(BTC, "market", "sell", "0.2")
        bought, sold = [], []
        for each in await client.fetch_my_trades(BTC):
            (bought if each["side"] == "buy" else sold).append(each)
        assert {each["fee"]["currency"] for each in bought} == {"BTC"}
        assert {each["fee"]["currency"] for each in sold} == {"USDT"}
        coins = sum(Decimal(each["amount"]) - Decimal(each["fee"]["cost"]) for each in bought)
        wallet = await client.fetch_balance()
        assert Decimal(wallet["BTC"]["total"]) == 2 + coins - Decimal("0.2")

    watch(play, made)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (("limit", "buy", "0.0601", "97"), "LOT_SIZE"),
        (("limit", "buy", "0.04", "97"), "NOTIONAL"),
        (("limit", "buy", "0.1", "1000"), "PERCENT_PRICE_BY_SIDE"),
        (("limit", "buy", "200", "97"), "insufficient balance"),
        (("limit", "sell", "3", "101"), "insufficient balance"),
        (("market", "sell", "3", None), "insufficient balance"),
    ],
)
def test_a_refusal_has_spot_s_own_code(order: tuple[Any, ...], said: str) -> None:
    made = spot()

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        client.markets[BTC]["precision"]["amount"] = "0.0001"
        with pytest.raises(ccxt.ExchangeError, match=said):
            await client.create_order(BTC, *order)

    watch(play, made)
    assert made.exchange.state.accounts["me"].orders == {}


def test_orders_trades_and_balances_are_heard_over_the_websocket_api() -> None:
    made = spot()

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        watching = [
            asyncio.create_task(each)
            for each in (client.watch_orders(BTC), client.watch_my_trades(BTC))
        ]
        await asyncio.sleep(3)
        await client.create_order(BTC, "market", "buy", "0.1", None, {"clientOrderId": "mine"})
        orders, trades = await asyncio.gather(*watching)
        assert orders[-1]["clientOrderId"] == "mine"
        assert trades[-1]["fee"]["currency"] == "BTC"
        await asyncio.sleep(1)
        wallet = await client.fetch_balance()
        heard = client.balance["spot"]["BTC"]["total"]
        assert Decimal(str(heard)) == Decimal(wallet["BTC"]["total"])

    watch(play, made)


def test_a_book_that_is_followed_stays_the_exchange_s_own() -> None:
    made = spot()

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        for turn in range(10):
            book = await client.watch_order_book(BTC)
            side = BUY if turn % 2 else SELL
            made.exchange.place("me", Asked("BTCUSDT", side, "market", Decimal("0.1")))
        await asyncio.sleep(3)
        own = made.exchange.state.markets["BTCUSDT"].book
        for side, rows in ((BUY, book["bids"]), (SELL, book["asks"])):
            shown = [(round(float(p) * 10), round(float(q) * 1000)) for p, q in rows]
            assert shown == own.depth(side, 1000)

    watch(play, made)


def test_who_signs_wrongly_hears_nothing() -> None:
    made = spot()
    connection = made.streams.connect("/ws-api/v3", "")
    assert connection is not None
    parts = {"apiKey": "key", "timestamp": START_MS, "signature": "0"}
    asked = {"id": "1", "method": "userDataStream.subscribe.signature", "params": parts}
    made.streams.hear(connection, json.dumps(asked))
    assert json.loads(connection.outbox.pop())["error"]["code"] == -1022
    made.exchange.place("me", Asked("BTCUSDT", BUY, "market", Decimal("0.1")))
    made.streams.spread()
    assert connection.outbox == []


def test_a_contract_is_no_pair_and_what_only_reduces_is_no_order() -> None:
    with pytest.raises(ValueError, match="BTCUSDT, ETHUSDT are contracts"):
        Spot(venue().exchange, {})
    reply: Any = spot().answer(Request("POST", "/fapi/v1/order"), START_MS)
    assert reply.status == 404


MOVES = st.tuples(
    st.sampled_from((BUY, SELL)),
    st.sampled_from(("limit", "market", "maker", "cancel", "stop", "stop_limit", "take_profit")),
    st.integers(50, 900),
    st.integers(-60, 60),
    st.sampled_from(("me", "you")),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(MOVES, min_size=1, max_size=25), st.booleans())
def test_balances_are_the_sum_of_what_was_traded_to_the_last_digit(
    moves: list[tuple[int, str, int, int, str]],
    in_bnb: bool,
) -> None:
    exchange = spot().exchange
    first = {"USDT": Decimal(10_000), "BTC": Decimal(2), "BNB": Decimal("0.0001")}
    for name in ("me", "you"):
        exchange.open_account(name, first).pays_in_bnb = in_bnb
    for number, (side, what, lots, away, name) in enumerate(moves):
        exchange.advance(START_MS + number * 20_000)
        quantity, mark = Decimal(lots) / 1000, exchange.state.mark("BTCUSDT")
        if what == "cancel":
            exchange.cancel_all(name, "BTCUSDT", is_conditional=bool(lots % 2))
            continue
        kind: Any = "limit" if what in {"limit", "maker"} else what
        price = Decimal(mark + away) / 10
        exchange.place(
            name,
            Asked(
                "BTCUSDT",
                side,
                kind,
                quantity,
                price if kind.endswith("limit") else None,
                price if kind in CONDITIONAL else None,
                time_in_force="POST_ONLY" if what == "maker" else "GTC",
            ),
        )
    for name in ("me", "you"):
        owner = exchange.state.accounts[name]
        # an oracle of its own: from the trades alone
        right = dict(first)
        for each in owner.executions:
            right["BTC"] += each.side * Decimal(each.quantity) / 1000
            right["USDT"] -= each.side * Decimal(each.price) / 10 * Decimal(each.quantity) / 1000
            right[each.fee_asset] -= each.fee
        assert owner.wallet == right
        assert min(owner.wallet.values()) >= 0
        held = {"USDT": Decimal(0), "BTC": Decimal(0)}
        for order in (owner.orders[each] for each in (*owner.open_ids, *owner.waiting_ids)):
            assert isinstance(order, Order)
            left = Decimal(order.left) / 1000
            if order.asked.side == BUY:
                held["USDT"] += left * Decimal(order.price or order.trigger) / 10
            else:
                held["BTC"] += left
        assert {asset: owner.locked.get(asset, Decimal(0)) for asset in held} == held
        assert all(owner.wallet[asset] >= amount for asset, amount in held.items())
