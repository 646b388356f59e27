"""Bybit's contracts as the real ccxt client meets them: ids alone, one book, pages, websockets."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.bybit.client import START_MS, linear, trade, watch

from quorate.exchange.access import Request
from quorate.exchange.bybit.rows import name, number
from quorate.exchange.matching import margin
from quorate.exchange.matching.orders import BUY, SELL, Asked, Order

if TYPE_CHECKING:
    from quorate.exchange.session import Session

ccxt = pytest.importorskip("ccxt")
BTC = "BTC/USDT:USDT"
SEEN = {"acknowledged": True}


def test_an_order_is_answered_with_ids_and_looked_up_in_full() -> None:
    async def play(client: Any) -> None:
        made = await client.create_order(BTC, "limit", "buy", "0.1", "97", {"clientOrderId": "a"})
        assert (made["clientOrderId"], made["status"], made["amount"]) == ("a", None, None)
        row = await client.fetch_order(made["id"], BTC, SEEN)
        assert (row["amount"], row["price"], row["status"]) == ("0.100", "97.00", "open")
        changed = await client.edit_order(made["id"], BTC, "limit", "buy", "0.2", "96")
        assert changed["id"] == made["id"]
        row = await client.fetch_order(made["id"], BTC, SEEN)
        assert (row["amount"], row["price"]) == ("0.200", "96.00")
        await client.cancel_order(made["id"], BTC)
        assert (await client.fetch_order(made["id"], BTC, SEEN))["status"] == "canceled"
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_order(made["id"], BTC)

    trade(play)


def test_a_stop_keeps_its_id_when_it_is_triggered() -> None:
    made = linear()

    async def play(client: Any) -> None:
        await client.create_order(BTC, "market", "buy", "0.1")
        mark = made.exchange.state.mark("BTCUSDT")
        trigger = str(Decimal(mark + 3) / 10)
        more = {"triggerPrice": trigger, "triggerDirection": "ascending", "clientOrderId": "up"}
        sent = await client.create_order(BTC, "market", "buy", "0.1", None, more)
        row = await client.fetch_order(sent["id"], BTC, SEEN)
        assert (row["info"]["orderStatus"], row["info"]["stopOrderType"]) == ("Untriggered", "Stop")
        for _ in range(400):
            await asyncio.sleep(60)
            row = await client.fetch_order(sent["id"], BTC, SEEN)
            if row["info"]["orderStatus"] != "Untriggered":
                break
        assert (row["info"]["orderStatus"], row["id"]) == ("Filled", sent["id"])
        trades = [each for each in await client.fetch_my_trades(BTC) if each["order"] == row["id"]]
        assert sum(Decimal(each["amount"]) for each in trades) == Decimal("0.1")

    trade(play, made)


def test_open_orders_come_in_pages_of_fifty_the_newest_first() -> None:
    made = linear()
    for place in range(120):
        asked = Asked("BTCUSDT", BUY, "limit", Decimal("0.1"), Decimal(97), client_id=f"o{place}")
        assert isinstance(made.exchange.place("me", asked), Order)

    async def play(client: Any) -> list[str]:
        found: list[str] = []
        cursor = ""
        while True:
            more = {"cursor": cursor} if cursor else {}
            query = {"category": "linear", "symbol": "BTCUSDT", "limit": 50, **more}
            result = (await client.privateGetV5OrderRealtime(query))["result"]
            found += [each["orderLinkId"] for each in result["list"]]
            cursor = result["nextPageCursor"]
            if not cursor:
                return found

    assert trade(play, made) == [f"o{place}" for place in reversed(range(120))]


def test_what_is_held_and_owned_is_told_to_the_last_digit() -> None:
    made = linear()

    async def play(client: Any) -> None:
        await client.set_leverage(5, BTC)
        await client.create_order(BTC, "market", "sell", "0.3")
        own = made.exchange.state.accounts["me"]
        (held,) = await client.fetch_positions()
        assert (held["side"], held["contracts"], held["leverage"]) == ("short", "0.3", "5")
        wallet = await client.fetch_balance()
        assert Decimal(wallet["USDT"]["total"]) == own.wallet["USDT"]
        with pytest.raises(ccxt.BadRequest, match="110043"):
            await client.set_leverage(5, BTC)
        await client.set_margin_mode("cross")
        with pytest.raises(ccxt.BadRequest, match="110024"):
            await client.set_position_mode(True, BTC)

    trade(play, made)


def test_too_many_orders_a_second_are_refused_and_the_rest_is_told() -> None:
    made = linear()

    async def play(client: Any) -> None:
        for count in range(10):
            await client.create_order(BTC, "limit", "buy", "0.1", "97")
            left = client.last_response_headers["X-Bapi-Limit-Status"]
            assert left == str(9 - count)
        with pytest.raises(ccxt.RateLimitExceeded):
            await client.create_order(BTC, "limit", "buy", "0.1", "97")
        await asyncio.sleep(1)
        await client.create_order(BTC, "limit", "buy", "0.1", "97")

    trade(play, made)
    assert len(made.exchange.state.accounts["me"].orders) == 11


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 10003),
        ({"X-BAPI-API-KEY": "key"}, 10001),
        ({"X-BAPI-API-KEY": "key", "X-BAPI-TIMESTAMP": "soon"}, 10001),
        ({"X-BAPI-API-KEY": "key", "X-BAPI-TIMESTAMP": str(START_MS), "X-BAPI-SIGN": "0"}, 10004),
    ],
)
def test_who_does_not_sign_is_not_let_in(headers: dict[str, str], code: int) -> None:
    made = linear()
    asked = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market"}
    body = json.dumps({**asked, "qty": "0.1"})
    reply: Any = made.answer(
        Request("POST", "/v5/order/create", "", body, headers=headers), START_MS
    )
    assert (reply.status, reply.body["retCode"]) == (200, code)
    assert made.exchange.state.accounts["me"].orders == {}


def test_ids_lead_back_to_their_numbers() -> None:
    assert [number(name(each)) for each in range(5000)] == list(range(5000))
    assert len({name(each) for each in range(5000)}) == 5000
    assert number("no id") == 0


def test_a_book_that_is_followed_stays_the_exchange_s_own() -> None:
    made = linear()

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        book: Any = None
        for turn in range(10):
            book = await client.watch_order_book(BTC)
            side = BUY if turn % 2 else SELL
            made.exchange.place("me", Asked("BTCUSDT", side, "market", Decimal("0.3")))
        made.go_on(made.exchange.state.now_ms)
        await asyncio.sleep(0.5)
        own = made.exchange.state.markets["BTCUSDT"].book
        for side, rows in ((BUY, book["bids"]), (SELL, book["asks"])):
            shown = [(round(float(p) * 10), round(float(q) * 1000)) for p, q in rows if float(q)]
            assert shown == own.depth(side, 50)

    watch(play, made)


def test_orders_trades_positions_and_balances_are_heard() -> None:
    made = linear()

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        client.options["watchPositions"] = {"fetchPositionsSnapshot": False}
        watching = [
            asyncio.create_task(each)
            for each in (
                client.watch_orders(BTC),
                client.watch_my_trades(BTC),
                client.watch_positions(),
                client.watch_balance(),
            )
        ]
        await asyncio.sleep(3)
        await client.create_order(BTC, "market", "buy", "0.1", None, {"clientOrderId": "mine"})
        orders, trades, positions, balances = await asyncio.gather(*watching)
        assert orders[-1]["clientOrderId"] == "mine"
        assert trades[-1]["takerOrMaker"] == "taker"
        assert positions[-1]["side"] == "long"
        own, state = made.exchange.state.accounts["me"], made.exchange.state
        gain = margin.unrealised(own, state.instruments, state.mark)
        assert Decimal(str(balances["USDT"]["total"])) == own.wallet["USDT"] + gain

    watch(play, made)


def test_orders_are_taken_back_where_the_last_private_websocket_has_been_gone_too_long() -> None:
    made = linear()

    async def play(client: Any, session: Session) -> None:
        watching = asyncio.create_task(client.watch_orders(BTC))
        await asyncio.sleep(2)
        await client.cancel_all_orders_after(10_000)
        await client.create_order(BTC, "limit", "buy", "0.1", "97", {"clientOrderId": "mine"})
        await watching
        await asyncio.sleep(20)
        (order,) = made.exchange.state.accounts["me"].orders.values()
        assert order.is_open
        for socket in session.sockets:
            await socket.close()
        await asyncio.sleep(12)
        assert order.status == "CANCELED"

    watch(play, made)
