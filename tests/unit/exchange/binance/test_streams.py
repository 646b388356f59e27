"""Websockets as the real ccxt client meets them, and the silences it does not notice."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.binance.client import BTC, START_MS, venue, watch

from quorate.exchange.matching.orders import BUY, SELL, Asked

if TYPE_CHECKING:
    from quorate.exchange.session import Session

ccxt = pytest.importorskip("ccxt")


async def follow(client: Any) -> None:
    """Watch a book until that fails."""
    while True:
        await client.watch_order_book(BTC)


def test_a_book_that_is_followed_stays_the_exchange_s_own() -> None:
    made = venue()

    async def play(client: Any, session: Session) -> int:  # noqa: ARG001
        seen = 0
        for turn in range(400):
            book = await client.watch_order_book(BTC)
            seen += 1
            if turn % 7 == 0:
                side = BUY if turn % 2 else SELL
                made.exchange.place("me", Asked("BTCUSDT", side, "market", Decimal("0.3")))
        await asyncio.sleep(3)
        own = made.exchange.state.markets["BTCUSDT"].book
        for side, rows in ((BUY, book["bids"]), (SELL, book["asks"])):
            shown = [(round(price * 10), round(amount * 1000)) for price, amount in rows]
            assert shown == own.depth(side, 1000)
        return seen

    assert watch(play, made) == 400


def test_a_book_with_a_gap_is_thrown_away_and_taken_anew() -> None:
    made = venue()

    async def play(client: Any, session: Session) -> None:
        await client.watch_order_book(BTC)
        (socket,) = session.sockets
        await asyncio.sleep(2)
        socket.is_mute = True
        await asyncio.sleep(3)
        socket.connection.outbox.clear()
        socket.is_mute = False
        with pytest.raises(ccxt.ChecksumError):
            await follow(client)
        assert (await client.watch_order_book(BTC))["bids"]

    watch(play, made)


def test_what_happens_to_an_account_is_told_in_order() -> None:
    made = venue()

    async def play(client: Any, session: Session) -> dict[str, list[Any]]:  # noqa: ARG001
        told: dict[str, list[Any]] = {"orders": [], "trades": [], "positions": []}

        async def listen(name: str, method: Any) -> None:
            while True:
                told[name] += [dict(each) for each in await method()]

        tasks = [
            asyncio.create_task(listen(name, method))
            for name, method in (
                ("orders", client.watch_orders),
                ("trades", client.watch_my_trades),
                ("positions", client.watch_positions),
            )
        ]
        await asyncio.sleep(3)
        await client.create_order(BTC, "market", "buy", "0.1", None, {"clientOrderId": "a"})
        stop = {"stopLossPrice": "95", "clientOrderId": "s"}
        await client.create_order(BTC, "market", "sell", "0.1", None, stop)
        rest = await client.create_order(BTC, "limit", "buy", "0.1", "98", {"clientOrderId": "b"})
        await client.cancel_order(rest["id"], BTC)
        await client.cancel_order(None, BTC, {"clientOrderId": "s", "trigger": True})
        await asyncio.sleep(2)
        for task in tasks:
            task.cancel()
        return told

    told = watch(play, made)
    assert [(each["clientOrderId"], each["status"]) for each in told["orders"]] == [
        ("a", "open"),
        ("a", "closed"),
        ("s", "open"),
        ("b", "open"),
        ("b", "canceled"),
        ("s", "canceled"),
    ]
    (fill,) = made.exchange.state.accounts["me"].executions
    assert [(each["id"], each["amount"]) for each in told["trades"]] == [
        (str(fill.trade_id), "0.100")
    ]
    assert told["positions"][-1]["contracts"] == "0.1"


def test_a_candle_closes_once_and_is_the_one_that_is_asked_for() -> None:
    made = venue()

    async def play(client: Any, session: Session) -> Any:
        await client.watch_ohlcv(BTC, "1m")
        (socket,) = session.sockets
        frames: list[Any] = []
        send = socket.connection.send

        def kept(message: Any) -> None:
            frames.append(message)
            send(message)

        socket.connection.send = kept  # type: ignore[method-assign]
        for _ in range(200):
            await client.watch_ohlcv(BTC, "1m")
        closed = [each["k"] for each in frames if each["k"]["x"]]
        return [[k["t"], *(k[name] for name in "ohlcv")] for k in closed], (
            await client.fetch_ohlcv(BTC, "1m")
        )

    closed, asked = watch(play, made)
    assert len(closed) == 3
    assert closed == asked[:3]


def test_a_listen_key_that_expires_is_silence_to_ccxt() -> None:
    made = venue()

    async def play(client: Any, session: Session) -> bool:
        task = asyncio.create_task(client.watch_orders())
        await asyncio.sleep(3)
        made.streams.expire("me")
        await client.create_order(BTC, "market", "buy", "0.1")
        await asyncio.sleep(600)
        waits = not task.done()
        assert [json.loads(each)["e"] for each in session.sockets[0].connection.outbox] == []
        task.cancel()
        return waits

    assert watch(play, made)


def test_a_listen_key_lives_an_hour_unless_it_is_renewed() -> None:
    made = venue()
    key = made.streams.listen("me")
    assert made.streams.listen("me") == key
    made.go_on(START_MS + 3_000_000)
    assert made.streams.renew("me")
    made.go_on(START_MS + 6_000_000)
    assert made.streams.connect("/private/ws", f"listenKey={key}") is not None
    made.go_on(START_MS + 6_600_001)
    assert made.streams.connect("/private/ws", f"listenKey={key}") is None
    assert not made.streams.renew("me")


def test_a_stream_that_is_mute_or_dead_is_not_noticed_by_itself() -> None:
    made = venue()

    async def play(client: Any, session: Session) -> None:
        await client.watch_order_book(BTC)
        session.sockets[0].is_mute = True
        task = asyncio.create_task(client.watch_order_book(BTC))
        await asyncio.sleep(6 * 3600)
        assert not task.done(), "pongs go on, and ccxt is content"
        session.sockets[0].is_dead = True
        await asyncio.sleep(600)
        assert task.done()
        assert isinstance(task.exception(), ccxt.NetworkError)

    watch(play, made)


def test_a_connection_is_cut_after_a_day() -> None:
    made = venue()

    async def play(client: Any, session: Session) -> str:
        await client.watch_order_book(BTC)
        with pytest.raises(ccxt.NetworkError, match="closed by remote server"):
            await follow(client)
        assert made.exchange.state.now_ms >= START_MS + 86_400_000
        await client.watch_order_book(BTC)
        return str(len(session.sockets))

    assert watch(play, made, every_s=60.0) == "2"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"method":"SUBSCRIBE","params":["a@depth"],"id":1}', {"result": None, "id": 1}),
        ('{"method":"LIST_SUBSCRIPTIONS","id":2}', {"result": [], "id": 2}),
        (
            '{"method":"DANCE","id":3}',
            {"error": {"code": 1, "msg": "Invalid method DANCE"}, "id": 3},
        ),
        ("[]", {"error": {"code": 2, "msg": "Invalid request"}, "id": None}),
        ("{", {"error": {"code": 2, "msg": "Invalid request"}, "id": None}),
    ],
)
def test_what_a_connection_sends_is_answered(text: str, answer: object) -> None:
    made = venue()
    connection = made.streams.connect("/public/ws/1", "")
    assert connection is not None
    made.streams.hear(connection, text)
    assert [json.loads(each) for each in connection.outbox] == [answer]
    made.go_on(START_MS + 1000)
