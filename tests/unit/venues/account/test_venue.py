"""What every venue must do: orders and answers exact, and no guess what became of one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.binance.client import START_MS
from tests.unit.venues.account.desk import (
    BINANCE,
    BYBIT,
    PAPER,
    PLACES,
    SPOT,
    at_desk,
    front_of,
    quoted,
)

from quorate.exchange.access import Lags
from quorate.exchange.matching import margin
from quorate.exchange.matching.flow import Bar, Bars
from quorate.exchange.matching.orders import BUY, SELL, Asked, Order
from quorate.exchange.network import _BODIES, _STATUSES, Fault, Kind
from quorate.venues.account.venue import LOCAL
from quorate.venues.base import (
    Absent,
    Accepted,
    Done,
    Found,
    Liquidity,
    Listed,
    OrderStatus,
    PositionSide,
    Rejected,
    Side,
    TimeInForce,
    Touch,
    Unanswered,
    Uncertain,
)

if TYPE_CHECKING:
    from tests.unit.venues.account.desk import Place

    from quorate.venues.account.venue import CcxtVenue
    from quorate.venues.base import OrderView

pytest.importorskip("ccxt")


@pytest.fixture(params=PLACES, ids=lambda place: place.name)
def place(request: pytest.FixtureRequest) -> Place:
    """Each venue in turn."""
    found: Place = request.param
    return found


@pytest.fixture(params=[each for each in PLACES if each is not SPOT], ids=lambda it: it.name)
def contracts(request: pytest.FixtureRequest) -> Place:
    """Each venue of contracts in turn."""
    found: Place = request.param
    return found


async def as_it_stands(desk: CcxtVenue, place: Place, client_id: str = "mine") -> OrderView:
    """Look an order up that there is."""
    found = await desk.order(place.symbol, client_id, is_conditional=False)
    assert isinstance(found, Found), found
    return found.view


def test_an_order_is_placed_found_listed_and_taken_back(place: Place) -> None:
    async def play(desk: CcxtVenue) -> None:
        made = await desk.place(place.limit())
        assert isinstance(made, Accepted)
        view = await as_it_stands(desk, place)
        for each in (view, made.view):
            assert (each.client_id, each.symbol, each.side) == ("mine", place.symbol, Side.BUY)
            assert (each.status, each.raw_status.upper()) in {
                (OrderStatus.NEW, "NEW"),
                (OrderStatus.NEW, ""),
            }
            assert (each.quantity, each.filled, each.average_price) == (Decimal("0.100"), 0, None)
        assert made.view.venue_order_id == view.venue_order_id
        opened = await desk.open_orders(None, is_conditional=False)
        assert isinstance(opened, Listed)
        assert opened.items == (view,)
        assert opened.venue_time_ms == START_MS
        gone = await desk.cancel(place.symbol, "mine", is_conditional=False)
        assert isinstance(gone, Done if place.dialect.is_acknowledged else Accepted)
        assert isinstance(gone, Done) or gone.view.client_id == "mine"
        assert (await as_it_stands(desk, place)).status is OrderStatus.CANCELED
        again = await desk.cancel(place.symbol, "mine", is_conditional=False)
        assert isinstance(again, Rejected)
        assert again.code == place.codes["gone"]

    at_desk(play, place=place)


def test_a_trade_is_told_to_the_last_digit(place: Place) -> None:
    exchange = place.build()

    async def play(desk: CcxtVenue) -> None:
        made = await desk.place(place.market())
        assert isinstance(made, Accepted)
        assert (await as_it_stands(desk, place, "now")).status is OrderStatus.FILLED
        trades = await desk.trades(place.symbol, None)
        positions = await desk.positions()
        balances = await desk.balances()
        assert isinstance(trades, Listed)
        assert isinstance(positions, Listed)
        assert isinstance(balances, Listed)
        own = exchange.exchange.state.accounts[place.account]
        (execution,) = own.executions
        (trade,) = trades.items
        assert (trade.fee, trade.fee_asset) == (execution.fee, execution.fee_asset)
        assert trade.venue_order_id == made.view.venue_order_id
        assert trade.liquidity is Liquidity.TAKER
        assert trade.price * trade.quantity == execution.quote
        balance = balances.items[-1]
        assert (balance.asset, balance.total) == ("USDT", own.wallet["USDT"])
        # of what a position gains, which is not sure yet, Bybit says nothing
        gain = margin.unrealised(
            own, exchange.exchange.state.instruments, exchange.exchange.state.mark
        )
        gain = gain if place is BYBIT else 0
        assert balance.free == exchange.exchange.available(place.account) - gain
        (position,) = positions.items
        if place is SPOT:  # coins are held there, less the fee that was paid in them
            held = own.wallet["BTC"]
            assert (position.symbol, position.quantity) == (place.symbol, held)
            leaving = place.market("out", Side.SELL, is_reduce_only=True)
            assert isinstance(await desk.place(leaving), Accepted)
            left = await desk.positions()
            assert isinstance(left, Listed)
            assert [each.quantity for each in left.items] == [held - leaving.quantity]
            return
        assert (position.quantity, position.position_side) == (Decimal("0.1"), PositionSide.BOTH)
        sold = await desk.place(place.market("short", Side.SELL, quantity=Decimal("0.3")))
        assert isinstance(sold, Accepted)
        after = await desk.positions()
        assert isinstance(after, Listed)
        assert after.items[0].quantity == Decimal("-0.2")

    at_desk(play, exchange, place=place)


def test_stops_are_kept_apart(place: Place) -> None:
    async def play(desk: CcxtVenue) -> None:
        made = await desk.place(place.stop(is_reduce_only=False))
        assert isinstance(made, Accepted)
        assert made.view.is_conditional
        other = await desk.order(place.symbol, "stop", is_conditional=False)
        found = await desk.order(place.symbol, "stop", is_conditional=True)
        assert isinstance(found, Found)
        assert found.view.is_conditional
        assert isinstance(other, Absent) if place.dialect.has_own_conditional else other == found
        plain = await desk.open_orders(place.symbol, is_conditional=False)
        waiting = await desk.open_orders(place.symbol, is_conditional=True)
        assert isinstance(plain, Listed)
        assert isinstance(waiting, Listed)
        assert (plain.items, waiting.items) == ((), (found.view,))
        assert await desk.cancel(place.symbol, "stop", is_conditional=True) == Done()
        assert isinstance(await desk.place(place.stop("other")), Accepted)
        assert isinstance(await desk.place(place.limit()), Accepted)
        assert await desk.cancel_all(place.symbol, is_conditional=False) == Done()
        left = await desk.open_orders(None, is_conditional=True)
        assert isinstance(left, Listed)
        assert [each.client_id for each in left.items] == ["other"]
        assert await desk.cancel_all(place.symbol, is_conditional=True) == Done()
        ended = await desk.order(place.symbol, "other", is_conditional=True)
        assert isinstance(ended, Found)
        assert ended.view.status is OrderStatus.CANCELED
        # the other way round, and both at once
        for taken in (True, None):
            for each in (place.stop(f"stop{taken}"), place.limit(f"mine{taken}")):
                assert isinstance(await desk.place(each), Accepted)
            assert await desk.cancel_all(place.symbol, is_conditional=taken) == Done()
            rest = await desk.open_orders(None, is_conditional=False)
            assert isinstance(rest, Listed)
            assert [each.client_id for each in rest.items] == (
                [] if taken is None else ["mineTrue"]
            )
            assert await desk.open_orders(None, is_conditional=True) == Listed((), START_MS)

    at_desk(play, place=place)


def test_a_stop_is_one_order_until_it_has_traded(place: Place) -> None:
    exchange = place.build()
    falling = Bars([Bar(each, each, each, each, 0) for each in (1_000, *[940] * 20)], seed=1)
    if place is not PAPER:
        exchange.exchange.state.markets["BTCUSDT"].path = falling

    async def play(desk: CcxtVenue) -> None:
        if place is not SPOT:  # at spot there are coins to sell
            assert isinstance(await desk.place(place.market()), Accepted)
        stop = place.stop(is_reduce_only=True, sent_at_ms=START_MS)
        made = await desk.place(stop)
        assert isinstance(made, Accepted)
        if place is PAPER:
            exchange.hear(quoted("94"))
        await asyncio.sleep(600)
        found = await desk.order(place.symbol, "stop", is_conditional=True)
        trades = await desk.trades(place.symbol, None)
        assert isinstance(found, Found)
        assert isinstance(trades, Listed)
        sold = [each for each in trades.items if each.side is Side.SELL]
        assert sum(each.quantity for each in sold) == stop.quantity
        if place.dialect.has_own_conditional:  # the stop and what it became are two
            return
        view = found.view
        assert (view.status, view.filled) == (OrderStatus.FILLED, stop.quantity)
        assert view.is_conditional
        assert {each.venue_order_id for each in sold} == {view.venue_order_id}
        assert view.venue_order_id == made.view.venue_order_id

    at_desk(play, exchange, place=place)


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"limit_price": Decimal(2000)}, "price"),
    ({"quantity": Decimal("0.001")}, "notional"),
    ({"limit_price": Decimal("100.5"), "time_in_force": TimeInForce.POST_ONLY}, "maker"),
    ({"is_reduce_only": True}, "reduce"),
    ({"position_side": PositionSide.LONG}, "side"),
    ({"sent_at_ms": START_MS - 6_000}, "time"),
    ({"sent_at_ms": START_MS + 2_000}, "time"),
    ({"limit_price": Decimal("97.05")}, LOCAL),
    ({"quantity": Decimal("0.10005")}, LOCAL),
    ({"quantity": Decimal("0.0001")}, LOCAL),
    ({"quantity": Decimal("1E-9")}, LOCAL),
    ({"symbol": "DOGE/USDT:USDT"}, LOCAL),
    ({"client_id": "q" * 37}, LOCAL),
    ({"client_id": "ünï"}, LOCAL),
)


def test_a_refusal_is_certain_and_names_its_code(place: Place) -> None:
    exchange = place.build()

    async def play(desk: CcxtVenue) -> None:
        for change, code in REFUSED:
            if code not in {LOCAL, *place.codes}:
                continue  # this venue takes such an order, or has no such word
            outcome = await desk.place(replace(place.limit(), **change))
            assert isinstance(outcome, Rejected), (change, outcome)
            assert outcome.code == place.codes.get(code, code), change
            assert outcome.text

    at_desk(play, exchange, place=place)
    assert exchange.exchange.state.accounts[place.account].orders == {}


def test_a_post_only_order_that_bybit_takes_and_ends_is_no_open_order() -> None:
    async def play(desk: CcxtVenue) -> None:
        asked = replace(
            BYBIT.limit(), limit_price=Decimal("100.5"), time_in_force=TimeInForce.POST_ONLY
        )
        assert isinstance(await desk.place(asked), Accepted)
        view = await as_it_stands(desk, BYBIT)
        assert (view.status, view.filled) == (OrderStatus.CANCELED, 0)

    at_desk(play, place=BYBIT)


def test_an_order_bears_the_time_that_the_journal_has_written(place: Place) -> None:
    exchange = place.build()
    answer, seen = exchange.answer, []

    def spy(request: Any, at_ms: int) -> Any:
        seen.append(request)
        return answer(request, at_ms)

    exchange.answer = spy  # type: ignore[method-assign]

    async def play(desk: CcxtVenue) -> None:
        await asyncio.sleep(2)
        await asyncio.gather(
            desk.place(place.limit("a", sent_at_ms=START_MS + 1_500)),
            desk.place(place.limit("b", sent_at_ms=START_MS + 1_700, window_ms=3_000)),
            desk.positions(),
        )

    at_desk(play, exchange, place=place)
    stamps = [stamped(each) for each in seen if each.method == "POST"]
    assert sorted(stamps) == [(START_MS + 1_500, 5_000), (START_MS + 1_700, 3_000)]
    asked = [
        stamped(each) for each in seen if each.path.endswith(("positionRisk", "list", "account"))
    ]
    assert 0 <= asked[0][0] - START_MS - 2_000 < 50, "a question bears its own"
    assert asked[0][1] == 5_000


def stamped(request: Any) -> tuple[int, int]:
    """Return the time and the window of a request, wherever a venue has them."""
    bybit = ("X-BAPI-TIMESTAMP", "X-BAPI-RECV-WINDOW")
    if bybit[0] in request.headers:
        return int(request.headers[bybit[0]]), int(request.headers[bybit[1]])
    return int(request.parameters["timestamp"]), int(request.parameters["recvWindow"])


SPOILT: tuple[tuple[Kind, int], ...] = (
    ("lose_request", 0),
    ("lose_reply", 0),
    ("reset_request", 0),
    ("reset_reply", 0),
    ("cut", 0),
    ("unresolved", 0),
    ("empty", 0),
    *(("garbage", number) for number in range(len(_BODIES))),
    *(("status", number) for number in range(len(_STATUSES)) if number != 1),
)


def spoil(desk: CcxtVenue, *faults: Fault) -> None:
    """Let faults begin."""
    desk._instances.trade.session._network.faults = faults


def test_what_the_network_spoils_is_uncertain_and_sent_once(place: Place) -> None:
    exchange = place.build()

    async def play(desk: CcxtVenue) -> None:
        for number, (kind, size) in enumerate(SPOILT):
            sent_at_ms = await desk.clock()
            spoil(desk, Fault(kind, "POST", size=size))
            outcome = await desk.place(place.limit(f"o{number}", sent_at_ms=sent_at_ms))
            assert isinstance(outcome, Uncertain), (kind, size, outcome)
            await asyncio.sleep(60)
            spoil(desk)

    at_desk(play, exchange, place=place)
    ids = [
        each.asked.client_id
        for each in exchange.exchange.state.accounts[place.account].orders.values()
    ]
    assert len(set(ids)) == len(ids)
    # of those whose reply alone was spoilt, each is there
    assert len(ids) >= len(_BODIES) + 4


def test_a_venue_that_says_it_is_overloaded_has_executed_nothing() -> None:
    async def play(desk: CcxtVenue) -> object:
        return await desk.place(BINANCE.limit())

    outcome = at_desk(play, place=BINANCE, faults=[Fault("status", "POST", size=1)])
    assert isinstance(outcome, Rejected)
    assert outcome.code == "-1008"


def test_a_second_order_of_the_same_id_is_not_taken_for_a_refusal(place: Place) -> None:
    async def play(desk: CcxtVenue) -> tuple[object, object]:
        return await desk.place(place.limit()), await desk.place(place.limit())

    first, second = at_desk(play, place=place)
    assert isinstance(first, Accepted)
    assert isinstance(second, Uncertain)
    assert place.codes["twice"] in second.reason


def test_no_answer_is_never_an_absence(place: Place) -> None:
    kinds: tuple[Kind, ...] = (
        "unresolved",
        "lose_reply",
        "reset_reply",
        "cut",
        "empty",
        "status",
    )

    async def play(desk: CcxtVenue) -> None:
        for kind in kinds:
            spoil(desk, Fault(kind, "GET"))
            for each in (
                await desk.order(place.symbol, "mine", is_conditional=False),
                await desk.open_orders(place.symbol, is_conditional=False),
                await desk.trades(place.symbol, None),
                await desk.positions(),
                await desk.balances(),
                await desk.clock(),
            ):
                assert isinstance(each, Unanswered), (kind, each)

    at_desk(play, place=place)


def test_an_answer_that_cannot_be_read_is_none(place: Place) -> None:
    async def play(desk: CcxtVenue) -> None:
        for number, body in enumerate(_BODIES):
            spoil(desk, Fault("garbage", "GET", size=number))
            answer = await desk.order(place.symbol, "mine", is_conditional=False)
            assert isinstance(answer, Unanswered), (body, answer)

    at_desk(play, place=place)


def test_an_envelope_without_a_list_is_no_absence() -> None:
    exchange = BYBIT.build()
    answer = exchange.answer

    def empty(request: Any, at_ms: int) -> Any:
        reply = answer(request, at_ms)
        is_asked = request.path.startswith(("/v5/order", "/v5/execution", "/v5/position"))
        return reply._replace(body={"retCode": 0, "result": {}}) if is_asked else reply

    exchange.answer = empty

    async def play(desk: CcxtVenue) -> list[object]:
        return [
            await desk.order(BYBIT.symbol, "mine", is_conditional=False),
            await desk.open_orders(None, is_conditional=True),
            await desk.trades(BYBIT.symbol, None),
            await desk.positions(),
        ]

    for each in at_desk(play, exchange, place=BYBIT):
        assert isinstance(each, Unanswered), each


def test_an_absence_is_told_with_the_venue_s_own_time(place: Place) -> None:
    exchange = place.build()
    front_of(exchange).lags = Lags(order=2_000)

    async def play(desk: CcxtVenue) -> list[object]:
        await desk.place(place.limit())
        early = await desk.order(place.symbol, "mine", is_conditional=False)
        await asyncio.sleep(3)
        return [early, await desk.order(place.symbol, "mine", is_conditional=False)]

    early, late = at_desk(play, exchange, place=place)
    assert early == Absent(place.codes["absent"], START_MS)
    assert isinstance(late, Found)


def test_trades_are_read_page_by_page_though_many_fall_in_one_millisecond(place: Place) -> None:
    exchange = place.build()

    exchange.is_forced = True

    async def play(desk: CcxtVenue) -> object:
        for _ in range(1203):
            asked = Asked("BTCUSDT", SELL, "market", Decimal("0.05"))
            assert isinstance(exchange.exchange.place(place.account, asked), Order)
            exchange.exchange.state.accounts[place.account].wallet |= dict.fromkeys(
                ("USDT", "BTC"), Decimal(10**9)
            )
            exchange.exchange.state.markets["BTCUSDT"].point = -1  # so that its book is full
        everything = await desk.trades(place.symbol, None)
        assert isinstance(everything, Listed)
        rest = await desk.trades(place.symbol, everything.items[1100].trade_id)
        assert isinstance(rest, Listed)
        assert rest.items == everything.items[1100:]
        return {each.trade_id for each in everything.items}

    found = at_desk(play, exchange, place=place)
    own = exchange.exchange.state.accounts[place.account].executions
    assert len(own) >= 1203
    assert len({each.at_ms for each in own}) == 1
    assert len(found) == len(own)


def test_the_same_orders_trade_the_same_whatever_is_spoken() -> None:
    """One engine, two languages: what is traded, paid and held does not depend on the words."""
    found = []
    for place in (BINANCE, BYBIT):
        exchange = place.build()

        async def play(desk: CcxtVenue, place: Place = place) -> None:
            for number in range(8):
                side = Side.SELL if number % 3 == 1 else Side.BUY
                more = {
                    "quantity": Decimal(number + 1) / 10,
                    "sent_at_ms": await desk.clock(),
                }
                await desk.place(place.market(f"m{number}", side, **more))
                await desk.place(place.limit(f"l{number}", "99.9", **more))
                await asyncio.sleep(60)

        at_desk(play, exchange, place=place)
        own = exchange.exchange.state.accounts[place.account]
        traded = [each._replace(at_ms=0) for each in own.executions]
        found.append((traded, own.wallet, own.positions["BTCUSDT", "both"].lots))
    assert found[0] == found[1]
    assert len(found[0][0]) > 8


def test_modes_leverage_and_countdown_are_asked_and_set(contracts: Place) -> None:
    place = contracts

    exchange = place.build()

    async def play(desk: CcxtVenue) -> None:
        assert await desk.is_hedged() is False
        assert await desk.set_leverage(place.symbol, Decimal(3)) == Done()
        refused = await desk.set_leverage(place.symbol, Decimal(500))
        assert isinstance(refused, Rejected)
        assert await desk.set_leverage(place.symbol, Decimal(3)) == Done(), "it is so already"
        assert await desk.leverage(place.symbol) == 3
        await desk.place(place.limit())
        told = await desk.countdown(place.symbol, 10_000)
        await asyncio.sleep(11)
        view = await as_it_stands(desk, place)
        if place.dialect.countdown is None:
            assert isinstance(told, Rejected)
            assert (told.code, view.status) == (LOCAL, OrderStatus.NEW)
        else:
            assert (told, view.status) == (Done(), OrderStatus.CANCELED)
        assert await desk.clock() == exchange.exchange.state.now_ms

    at_desk(play, exchange, place=place)
    assert exchange.exchange.state.accounts[place.account].leverage == {"BTCUSDT": 3}


def test_a_key_that_was_revoked_is_a_refusal_and_not_a_silence(place: Place) -> None:
    exchange = place.build(is_revoked=True)

    async def play(desk: CcxtVenue) -> object:
        return await desk.place(place.limit())

    outcome = at_desk(play, exchange, place=place)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.is_by_key) == (place.codes["key"], True)


def test_the_touch_and_the_grid_are_the_venue_s(place: Place) -> None:
    exchange = place.build()

    async def play(desk: CcxtVenue) -> None:
        touch = await desk.touch(place.symbol)
        assert isinstance(touch, Touch)
        book = exchange.exchange.state.markets["BTCUSDT"].book
        assert (touch.bid * 10, touch.ask * 10) == (book.best(BUY), book.best(SELL))
        mark = Decimal(exchange.exchange.state.mark("BTCUSDT")) / 10
        assert touch.mark == ((touch.bid + touch.ask) / 2 if place is SPOT else mark)
        grid = desk.grid(place.symbol)
        assert (grid.tick, grid.lot, grid.min_notional) == (Decimal("0.1"), Decimal("0.001"), 5)
        # ccxt reads no such bound of Bybit
        assert grid.max_market_quantity == (None if place is BYBIT else 120)

    at_desk(play, exchange, place=place)
