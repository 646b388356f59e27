"""Binance futures as the real ccxt client meets them: its calls, its errors, its limits."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.binance.client import BTC, ETH, START_MS, trade, venue

from quorate.exchange.binance.calls import Lags
from quorate.exchange.binance.signing import Key
from quorate.exchange.network import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.exchange.binance.futures import Futures

ccxt = pytest.importorskip("ccxt")


def test_orders_are_placed_seen_changed_and_taken_back() -> None:
    async def play(client: Any) -> None:
        bought = await client.create_order(
            BTC, "market", "buy", "0.1", None, {"clientOrderId": "a"}
        )
        assert (bought["status"], bought["clientOrderId"], bought["filled"]) == (
            "closed",
            "a",
            "0.100",
        )
        rest = await client.create_order(BTC, "limit", "buy", "0.1", "99", {"postOnly": True})
        assert (rest["status"], rest["timeInForce"], rest["postOnly"]) == ("open", "PO", True)
        assert [each["id"] for each in await client.fetch_open_orders(BTC)] == [rest["id"]]
        assert [each["id"] for each in await client.fetch_open_orders()] == [rest["id"]]
        moved = await client.edit_order(rest["id"], BTC, "limit", "buy", "0.2", "98")
        assert (moved["id"], moved["price"], moved["amount"]) == (rest["id"], "98.00", "0.200")
        gone = await client.cancel_order(rest["id"], BTC)
        assert gone["status"] == "canceled"
        seen = await client.fetch_order(None, BTC, {"clientOrderId": "a"})
        assert seen["id"] == bought["id"]
        assert len(await client.fetch_orders(BTC)) == 2

    trade(play)


def test_stops_live_under_ids_and_lists_of_their_own() -> None:
    made = venue()

    async def play(client: Any) -> None:
        await client.create_order(BTC, "market", "buy", "0.1")
        stop = await client.create_order(
            BTC, "market", "sell", "0.1", None, {"stopLossPrice": "95", "clientOrderId": "s"}
        )
        assert (stop["status"], stop["clientOrderId"]) == ("open", "s")
        assert await client.fetch_open_orders(BTC) == []
        waiting = await client.fetch_open_orders(BTC, params={"trigger": True})
        assert [each["clientOrderId"] for each in waiting] == ["s"]
        with pytest.raises(ccxt.OrderNotFound):
            await client.fetch_order(None, BTC, {"clientOrderId": "s"})
        seen = await client.fetch_order(None, BTC, {"clientOrderId": "s", "trigger": True})
        assert seen["id"] == stop["id"]
        await client.cancel_all_orders(BTC)
        assert len(made.exchange.state.accounts["me"].waiting("BTCUSDT")) == 1
        await client.cancel_all_orders(BTC, {"trigger": True})
        assert made.exchange.state.accounts["me"].waiting("BTCUSDT") == []

    trade(play, made)


def test_what_is_held_is_told_exactly() -> None:
    async def play(client: Any) -> None:
        await client.set_leverage(10, BTC)
        await client.create_order(BTC, "market", "buy", "0.1")
        await client.create_order(ETH, "limit", "sell", "0.5", "10.1")
        (position,) = await client.fetch_positions([BTC])
        (fill,) = await client.fetch_my_trades(BTC)
        assert (position["side"], position["contracts"]) == ("long", "0.1")
        assert Decimal(position["entryPrice"]) == Decimal(fill["price"])
        balance = await client.fetch_balance()
        assert Decimal(balance["USDT"]["total"]) == (10_000 - Decimal(fill["fee"]["cost"]))
        fee = await client.fetch_trading_fee(BTC)
        assert (fee["maker"], fee["taker"]) == ("0.0002", "0.0005")
        (bracket, *_) = await client.fetch_market_leverage_tiers(BTC)
        assert (bracket["maxLeverage"], bracket["maintenanceMarginRate"]) == ("125", "0.004")
        assert (await client.fetch_position_mode(BTC))["hedged"] is False

    trade(play)


def test_funding_comes_at_each_contract_s_own_hours() -> None:
    async def play(client: Any) -> dict[str, Any]:
        await client.create_order(BTC, "market", "buy", "0.1")
        await client.create_order(ETH, "market", "sell", "1")
        await asyncio.sleep(16 * 3600)
        intervals = await client.fetch_funding_intervals()
        assert intervals[ETH]["interval"] == "4h"
        return {each: await client.fetch_funding_history(each) for each in (BTC, ETH)}

    paid = trade(play)
    hours = {name: [row["timestamp"] / 3.6e6 % 24 for row in rows] for name, rows in paid.items()}
    assert hours == {BTC: [8.0, 16.0], ETH: [4.0, 8.0, 12.0, 16.0]}
    assert all(Decimal(row["amount"]) < 0 for row in paid[BTC])
    assert all(Decimal(row["amount"]) > 0 for row in paid[ETH])


def test_candles_are_those_of_the_path_and_the_last_one_is_forming() -> None:
    made = venue()

    async def play(client: Any) -> list[list[Any]]:
        await asyncio.sleep(3 * 300 + 20)
        rows: list[list[Any]] = await client.fetch_ohlcv(BTC, "5m")
        return rows

    rows = trade(play, made)
    path = made.exchange.state.markets["BTCUSDT"].path
    assert [row[0] for row in rows] == [START_MS + 300_000 * n for n in range(4)]
    points = [path.price(point) for point in range(20)]
    shown = [float(row) for row in rows[0][1:5]]
    assert shown == pytest.approx(
        [points[0] / 10, max(points) / 10, min(points) / 10, points[-1] / 10]
    )
    assert float(rows[3][4]) == path.price(61) / 10


@pytest.mark.parametrize(
    ("arguments", "named", "code"),
    [
        (("limit", "buy", "0.1", "2000"), ccxt.OperationRejected, "-4131"),
        (("limit", "buy", "0.01", "100"), ccxt.InvalidOrder, "-4164"),
        (("limit", "buy", "0.1", "101", {"postOnly": True}), ccxt.OrderNotFillable, "-5022"),
        (("market", "buy", "0.1", None, {"reduceOnly": True}), ccxt.InvalidOrder, "-2022"),
        (("limit", "buy", "900", "99"), ccxt.InsufficientFunds, "-2019"),
        (("market", "buy", "0.1", None, {"stopLossPrice": "90"}), ccxt.InvalidOrder, "-2021"),
        (("market", "buy", "0.1", None, {"positionSide": "LONG"}), ccxt.ExchangeError, "-4061"),
    ],
)
def test_a_refusal_has_the_class_and_the_code_that_the_real_address_gives(
    arguments: tuple[Any, ...], named: type[Exception], code: str
) -> None:
    async def play(client: Any) -> str:
        await client.set_leverage(2, BTC)
        with pytest.raises(named) as found:
            await client.create_order(BTC, *arguments)
        return str(found.value)

    assert code in trade(play)


def test_batches_fail_one_by_one() -> None:
    async def play(client: Any) -> list[Any]:
        orders = [
            {"symbol": BTC, "type": "limit", "side": "buy", "amount": "0.1", "price": price}
            for price in ("99", "2000", "98")
        ]
        made = await client.create_orders(orders)
        ids = [each["id"] for each in made if each["id"]]
        gone = await client.cancel_orders([ids[0], "777", ids[1]], BTC)
        return [sorted(each["status"] for each in rows) for rows in (made, gone)]

    assert trade(play) == [["open", "open", "rejected"], ["canceled", "canceled"]]


def test_an_order_s_countdown_is_kept_by_the_exchange() -> None:
    made = venue()

    async def play(client: Any) -> str:
        order = await client.create_order(BTC, "limit", "buy", "0.1", "97")
        await client.fapiPrivatePostCountdownCancelAll(
            {"symbol": "BTCUSDT", "countdownTime": 120_000}
        )
        await asyncio.sleep(121)
        return str((await client.fetch_order(order["id"], BTC))["status"])

    assert trade(play, made) == "canceled"


def test_replicas_that_lag_show_an_order_late() -> None:
    made = venue()
    made.lags = Lags(order=2_000, open_orders=3_000, trades=1_000, positions=4_000)

    async def play(client: Any) -> list[bool]:
        order = await client.create_order(BTC, "limit", "buy", "0.1", "97")
        await client.create_order(BTC, "market", "buy", "0.1")
        shown = []
        for _ in range(6):
            try:
                await client.fetch_order(order["id"], BTC)
                shown.append(True)
            except ccxt.OrderNotFound:
                shown.append(False)
            rest = (
                await client.fetch_open_orders(BTC),
                await client.fetch_my_trades(BTC),
                await client.fetch_positions([BTC]),
            )
            shown += [bool(each) for each in rest]
            await asyncio.sleep(0.985)
        return shown

    rows = trade(play, made)
    assert rows[:4] == [False] * 4
    assert rows[-4:] == [True] * 4
    assert [sum(rows[column::4]) for column in range(4)] == [3, 2, 4, 1]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"is_revoked": True}, "-2015"),
        ({"addresses": ("10.0.0.1",)}, "-2015"),
        ({"may_trade": False}, "-2015"),
        ({"secret": "other"}, "-1022"),
    ],
)
def test_a_key_without_the_right_is_refused(change: dict[str, Any], code: str) -> None:
    made = venue()
    made.keys["key"] = Key("key", "me", "secret")._replace(**change)

    async def play(client: Any) -> str:
        with pytest.raises(ccxt.AuthenticationError) as found:
            await client.create_order(BTC, "market", "buy", "0.1")
        return str(found.value)

    assert code in trade(play, made)
    assert made.exchange.state.accounts["me"].orders == {}


def test_a_request_signed_with_ed25519_is_let_in() -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    text = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            private.public_key().verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    made = venue(verify=verify)

    async def play(client: Any) -> str:
        return str((await client.create_order(BTC, "market", "buy", "0.1"))["status"])

    assert trade(play, made, secret=text) == "closed"


@pytest.mark.parametrize(("skew_ms", "accepted"), [(-1_001, False), (-900, True), (4_900, True)])
def test_a_request_of_another_time_is_refused(skew_ms: int, accepted: bool) -> None:
    made = venue()

    async def play(client: Any) -> None:
        await asyncio.sleep(60)
        if accepted:
            await client.create_order(BTC, "market", "buy", "0.1")
        else:
            with pytest.raises(ccxt.InvalidNonce, match="-1021"):
                await client.create_order(BTC, "market", "buy", "0.1")

    trade(play, made, [Fault("skew", "POST", size=skew_ms)])
    assert len(made.exchange.state.accounts["me"].orders) == accepted


def test_a_request_that_arrives_after_its_window_is_never_executed() -> None:
    made = venue()

    async def play(client: Any) -> None:
        with pytest.raises(ccxt.RequestTimeout):
            await client.create_order(BTC, "market", "buy", "0.1")
        await asyncio.sleep(60)

    trade(play, made, [Fault("lose_request", "POST"), Fault("copy", "POST", size=5_200)])
    assert made.exchange.state.accounts["me"].orders == {}


def test_a_reply_that_is_lost_leaves_its_order_at_the_exchange() -> None:
    made = venue()

    async def play(client: Any) -> str:
        params = {"clientOrderId": "mine"}
        with pytest.raises(ccxt.RequestTimeout):
            await client.create_order(BTC, "limit", "buy", "0.1", "97", params)
        return str((await client.fetch_order(None, BTC, params))["status"])

    assert trade(play, made, [Fault("lose_reply", "POST /fapi/v1/order")]) == "open"


def test_a_bare_reply_of_200_looks_to_ccxt_like_an_order() -> None:
    async def play(client: Any) -> Any:
        return (await client.create_order(BTC, "limit", "buy", "0.1", "97"))["id"]

    assert trade(play, faults=[Fault("garbage", "POST", size=0)]) is None


def test_weight_is_counted_and_who_goes_on_is_banned() -> None:
    made = venue()
    made.meter.limit = 100

    async def play(client: Any) -> list[str]:
        said = []
        for _ in range(40):
            try:
                await client.fetch_positions([BTC])
            except ccxt.DDoSProtection as error:
                said.append(str(error)[12:15])
        await asyncio.sleep(600)
        await client.fetch_positions([BTC])
        return said

    said = trade(play, made)
    assert said[:5] == ["429"] * 5
    assert set(said[5:]) == {"418"}


def _run(made: Futures) -> str:
    async def play(client: Any) -> str:
        trace = []
        for turn in range(30):
            side = "buy" if turn % 3 else "sell"
            try:
                order = await client.create_order(BTC, "market", side, "0.1")
                trace.append((order["id"], order["average"]))
            except ccxt.BaseError as error:
                trace.append((type(error).__name__, ""))
            await asyncio.sleep(137)
        trace.append(str(await client.fetch_balance()))
        return str(trace)

    return trade(play, made, [Fault("lose_reply", "POST", chance=0.2), Fault("delay", size=900)])


def test_the_same_seed_gives_the_same_trace_in_another_process_with_other_hashes() -> None:
    here = _run(venue())
    program = "from tests.unit.exchange.binance import test_futures as t; print(t._run(t.venue()))"
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"PYTHONHASHSEED": "77", "PATH": "", "PYTHONPATH": ":".join(sys.path)},
    )
    assert found.stdout.strip() == here
    assert "RequestTimeout" in here


@pytest.mark.parametrize(
    ("method", "path", "parameters", "code"),
    [
        ("GET", "/fapi/v1/klines", "symbol=BTCUSDT", -1102),
        ("GET", "/fapi/v1/klines", "symbol=BTCUSDT&interval=7m", -1120),
        ("GET", "/fapi/v1/depth", "symbol=BTCUSDT&limit=7", -4021),
        ("GET", "/fapi/v1/depth", "symbol=NOUSDT", -1121),
        ("GET", "/fapi/v1/time", "a=1", -1104),
        ("GET", "/fapi/v1/order", "symbol=BTCUSDT", -2014),
        ("GET", "/fapi/v1/nothing", "", -5000),
    ],
)
def test_what_is_asked_wrongly_is_answered_with_binance_s_code(
    method: str, path: str, parameters: str, code: int
) -> None:
    from quorate.exchange.binance.signing import Request

    body: Any = venue().answer(Request(method, path, parameters), START_MS).body
    assert body["code"] == code


def make_signed(path: str, method: str = "POST") -> Callable[[str], Any]:
    """Return what sends raw parameters, signed as they stand."""
    import hashlib
    import hmac

    from quorate.exchange.binance.signing import Request

    made = venue()

    def send(text: str) -> Any:
        full = f"{text}&timestamp={START_MS}"
        signature = hmac.new(b"secret", full.encode(), hashlib.sha256).hexdigest()
        request = Request(
            method, path, body=f"{full}&signature={signature}", headers={"X-MBX-APIKEY": "key"}
        )
        return made.answer(request, START_MS).body

    return send


@pytest.mark.parametrize(
    "text",
    [
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1e5&price=100&timeInForce=GTC",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=-1&price=100&timeInForce=GTC",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=%D9%A1&price=100&timeInForce=GTC",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=NaN&timeInForce=GTC",
        "symbol=BTCUSDT&side=HOLD&type=MARKET&quantity=1",
        "symbol=BTCUSDT&side=BUY&type=STOP_MARKET&quantity=1&stopPrice=90",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=100",
        "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&reduceOnly=maybe",
        "symbol=BTCUSDT&side=BUY&type=MARKET",
        "side=BUY&type=MARKET&quantity=1",
        "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=" + "9" * 400,
    ],
)
def test_parameters_that_no_order_has_are_refused(text: str) -> None:
    answer = make_signed("/fapi/v1/order")(text)
    assert answer["code"] < 0
    assert answer["msg"]
