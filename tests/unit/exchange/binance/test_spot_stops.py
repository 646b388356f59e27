"""Stops at Binance spot as the real ccxt client meets them: one order, its trigger or no."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.binance.pairs import START_MS, spot, watch

from quorate.exchange.access import Lags, Request
from quorate.exchange.binance.asking import RefusedError
from quorate.exchange.binance.spot_trading import read_spot_order
from quorate.exchange.matching.flow import Bar, Bars
from quorate.exchange.matching.orders import BUY, SELL, Asked, Order, Refusal

if TYPE_CHECKING:
    from quorate.exchange.binance.spot import Spot
    from quorate.exchange.matching.orders import Kind
    from quorate.exchange.session import Session

ccxt = pytest.importorskip("ccxt")
BTC = "BTC/USDT"
D = Decimal


def moving(*ticks: int) -> Spot:
    """Build a venue whose price stands at one tick after the other, a minute each."""
    made = spot()
    made.exchange.state.markets["BTCUSDT"].path = Bars(
        [Bar(each, each, each, each, 0) for each in ticks], seed=1
    )
    return made


def test_a_stop_locks_waits_and_sells_as_the_order_it_is() -> None:
    made = moving(1_000, *[940] * 20)

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        heard: list[Any] = []

        async def listen() -> None:
            while True:
                heard.extend([dict(each) for each in await client.watch_orders(BTC)])

        listening = asyncio.create_task(listen())
        await asyncio.sleep(3)
        more = {"clientOrderId": "guard", "triggerPrice": "95"}
        sent = await client.create_order(BTC, "market", "sell", "1.2", None, more)
        assert (sent["info"]["type"], sent["info"]["stopPrice"]) == ("STOP_LOSS", "95.00")
        assert (sent["status"], sent["type"], sent["triggerPrice"]) == ("open", "market", "95.00")
        wallet = await client.fetch_balance()
        assert (wallet["BTC"]["used"], wallet["BTC"]["free"]) == ("1.200", "0.800")
        with pytest.raises(ccxt.InsufficientFunds):
            await client.create_order(BTC, "market", "sell", "0.9")
        (listed,) = await client.fetch_open_orders(BTC)
        assert listed["id"] == sent["id"]
        assert (listed["info"]["isWorking"], listed["info"]["workingTime"]) == (False, -1)
        await asyncio.sleep(600)
        ended = await client.fetch_order(None, BTC, {"clientOrderId": "guard"})
        assert (ended["id"], ended["status"], ended["filled"]) == (sent["id"], "closed", "1.200")
        assert ended["info"]["type"] == "STOP_LOSS"
        assert ended["info"]["workingTime"] > START_MS
        trades = await client.fetch_my_trades(BTC)
        assert {each["order"] for each in trades} == {sent["id"]}
        assert D((await client.fetch_balance())["BTC"]["total"]) == D("0.8")
        listening.cancel()
        assert {(each["id"], each["clientOrderId"]) for each in heard} == {(sent["id"], "guard")}
        assert {each["triggerPrice"] for each in heard} == {"95.00"}
        assert [heard[0]["status"], heard[-1]["status"]] == ["open", "closed"]

    watch(play, made)


def test_a_stop_is_told_of_when_it_is_placed_triggered_and_traded() -> None:
    made = moving(1_000, *[940] * 20)
    made.exchange.place("me", Asked("BTCUSDT", SELL, "stop", D("1.2"), trigger=D(95)))
    frames: list[Any] = [made.streams.frames(each)[0] for each in made.exchange.drain()]
    made.exchange.advance(START_MS + 600_000)
    frames += [made.streams.frames(each)[0] for each in made.exchange.drain()]
    told = [each["event"] for each in frames]
    life = [(each["x"], each["X"], each["w"]) for each in told]
    assert life[:2] == [("NEW", "NEW", False), ("NEW", "NEW", True)]
    assert {each[0] for each in life[2:]} == {"TRADE"}
    assert life[-1] == ("TRADE", "FILLED", False)
    assert {(each["o"], each["P"], each["i"]) for each in told} == {("STOP_LOSS", "95.00", 1)}


def test_a_stop_limit_rests_after_its_trigger_and_is_taken_back() -> None:
    made = moving(1_000, *[940] * 20)

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        more = {"triggerPrice": "95"}
        sent = await client.create_order(BTC, "limit", "sell", "1", "96", more)
        assert (sent["info"]["type"], sent["timeInForce"]) == ("STOP_LOSS_LIMIT", "GTC")
        await asyncio.sleep(300)
        (listed,) = await client.fetch_open_orders(BTC)
        assert (listed["id"], listed["info"]["isWorking"]) == (sent["id"], True)
        gone = await client.cancel_order(sent["id"], BTC)
        assert (gone["status"], gone["filled"]) == ("canceled", "0.000")
        assert D((await client.fetch_balance())["BTC"]["free"]) == 2

    watch(play, made)


def test_all_orders_of_a_pair_are_taken_back_at_once_stops_too() -> None:
    made = spot()

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        await client.create_order(BTC, "limit", "buy", "0.1", "97")
        await client.create_order(BTC, "market", "sell", "1", None, {"stopLossPrice": "95"})
        await client.create_order(BTC, "market", "sell", "1", None, {"takeProfitPrice": "105"})
        types = [each["info"]["type"] for each in await client.fetch_open_orders()]
        assert types == ["LIMIT", "STOP_LOSS", "TAKE_PROFIT"]
        assert len(await client.cancel_all_orders(BTC)) == 3
        assert await client.fetch_open_orders() == []
        wallet = await client.fetch_balance()
        assert [D(wallet[each]["used"]) for each in ("BTC", "USDT")] == [0, 0]

    watch(play, made)


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "price", "said"),
    [
        ("market", "sell", "100.5", None, "Stop price would trigger immediately"),
        ("market", "buy", "99", None, "Stop price would trigger immediately"),
        ("limit", "sell", "95", "40", "PERCENT_PRICE_BY_SIDE"),
        ("market", "sell", "95", None, "insufficient balance"),
        ("market", "buy", "200", None, "insufficient balance"),
        ("limit", "buy", "104", "104.5", "insufficient balance"),
    ],
)
def test_a_stop_that_cannot_stand_is_refused(
    kind: str, side: str, trigger: str, price: str | None, said: str
) -> None:
    made = spot()

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        quantity = "100" if said.startswith("insufficient") else "1"
        more = {"triggerPrice": trigger}
        with pytest.raises(ccxt.ExchangeError, match=said):
            await client.create_order(BTC, kind, side, quantity, price, more)

    watch(play, made)
    assert made.exchange.state.accounts["me"].orders == {}


def test_only_five_stops_of_a_pair_wait() -> None:
    made = spot()

    async def play(client: Any, session: Session) -> None:  # noqa: ARG001
        for _ in range(5):
            await client.create_order(BTC, "market", "sell", "0.1", None, {"triggerPrice": "95"})
        with pytest.raises(ccxt.ExchangeError, match="MAX_NUM_ALGO_ORDERS"):
            await client.create_order(BTC, "market", "sell", "0.1", None, {"triggerPrice": "95"})
        rows = client.markets[BTC]["info"]["filters"]
        (most,) = [each for each in rows if each["filterType"] == "MAX_NUM_ALGO_ORDERS"]
        assert most["maxNumAlgoOrders"] == 5

    watch(play, made)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"type": "STOP_LOSS"}, -1102),
        ({"type": "STOP_LOSS", "stopPrice": "95", "price": "94"}, -1106),
        ({"type": "TAKE_PROFIT", "stopPrice": "95", "timeInForce": "GTC"}, -1106),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "95", "price": "94"}, -1102),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "95", "timeInForce": "GTC"}, -1102),
        ({"type": "MARKET", "stopPrice": "95"}, -1106),
    ],
)
def test_a_stop_has_what_its_type_needs_and_nothing_else(more: dict[str, str], code: int) -> None:
    asked = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1"}
    with pytest.raises(RefusedError) as found:
        read_spot_order(asked | more)
    assert found.value.code == code


@pytest.mark.parametrize(("side", "kind"), [(BUY, "stop"), (SELL, "take_profit")])
def test_a_trigger_above_the_price_waits_for_a_price_that_rises(side: int, kind: Kind) -> None:
    exchange = moving(1_000, *[1_060] * 20).exchange
    order = exchange.place("me", Asked("BTCUSDT", side, kind, D(1), trigger=D(105)))
    assert isinstance(order, Order)
    exchange.advance(START_MS + 300_000)
    assert (order.status, order.filled) == ("FILLED", 1_000)
    assert not any(exchange.state.accounts["me"].locked.values())


def test_a_stop_that_buys_what_cannot_be_paid_any_more_ends() -> None:
    exchange = moving(1_000, *[1_490] * 20).exchange
    order = exchange.place("me", Asked("BTCUSDT", BUY, "stop", D(95), trigger=D(105)))
    assert isinstance(order, Order)
    assert exchange.state.accounts["me"].locked["USDT"] == D(9_975)
    exchange.advance(START_MS + 300_000)
    assert (order.status, order.filled) == ("EXPIRED", 0)
    assert exchange.state.accounts["me"].locked["USDT"] == 0


def test_a_stop_that_was_taken_back_is_never_triggered() -> None:
    exchange = moving(1_000, *[940] * 20).exchange
    sent = exchange.place("me", Asked("BTCUSDT", SELL, "stop", D(1), trigger=D(95)))
    assert isinstance(sent, Order)
    exchange.cancel("me", "BTCUSDT", order_id=sent.order_id)
    exchange.advance(START_MS + 300_000)
    assert (sent.status, sent.filled, sent.working_ms) == ("CANCELED", 0, 0)


def test_a_replica_that_lags_shows_a_stop_as_it_was() -> None:
    made = moving(1_000, *[940] * 20)
    made.lags = Lags(order=10**6, open_orders=10**6)
    exchange = made.exchange
    sent = exchange.place("me", Asked("BTCUSDT", SELL, "stop", D(1), trigger=D(95)))
    assert isinstance(sent, Order)
    exchange.advance(START_MS + 300_000)
    assert sent.status == "FILLED"
    for is_conditional in (False, True):
        at_ms = sent.created_ms
        seen = exchange.open_orders("me", None, is_conditional=is_conditional, at_ms=at_ms)
        assert [each.seen.status for each in seen] == (["NEW"] if is_conditional else [])


def test_an_id_is_one_among_plain_orders_and_stops() -> None:
    exchange = spot().exchange
    stop = Asked("BTCUSDT", SELL, "stop", D(1), trigger=D(95), client_id="one")
    assert isinstance(exchange.place("me", stop), Order)
    twice = exchange.place("me", stop._replace(kind="limit", price=D(104), trigger=None))
    assert isinstance(twice, Refusal)
    assert twice.reason == "duplicate_id"


def test_a_stop_is_placed_by_the_words_of_the_wire() -> None:
    reply: Any = spot().answer(Request("GET", "/api/v3/exchangeInfo"), START_MS)
    assert reply.body["symbols"][0]["orderTypes"][3:] == [
        "STOP_LOSS",
        "STOP_LOSS_LIMIT",
        "TAKE_PROFIT",
        "TAKE_PROFIT_LIMIT",
    ]
