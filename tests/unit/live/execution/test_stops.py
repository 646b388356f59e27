"""Protective stops: missing ones first, the size of the position, and what follows if one fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from tests.unit.live.broker.test_broker import BTC, KEY, armed, facts, same
from tests.unit.live.execution.building import GRID, SYMBOL, T0, D
from tests.unit.live.execution.playing import flowing, play

from quorate.exchange.matching.flow import Bar, Bars, Ladder
from quorate.live.controls.facts import Proposal
from quorate.live.controls.limits import limits
from quorate.live.controls.standing import halt
from quorate.live.execution import stops
from quorate.live.execution.effects import CancelChild
from quorate.live.execution.protection import Protection
from quorate.live.execution.stops import ESCALATION, STOP, Beyond, Escalate, PlaceStop, refused
from quorate.live.orders.book import Order
from quorate.live.orders.events import Intended
from quorate.live.orders.ids import client_id, intent_id
from quorate.live.orders.states import State
from quorate.venues.base import OrderKind, PositionSide, Side, TimeInForce, Touch, Unanswered

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from tests.unit.live.broker.test_broker import Scene

    from quorate.live.broker.broker import Broker

pytest.importorskip("ccxt")
TRIGGER = D("95.0")


def stop(
    name: str,
    quantity: str = "2",
    state: State = State.ACKED,
    trigger: Decimal = TRIGGER,
    **more: Any,
) -> Order:
    intent = Intended(
        **{
            "at_ms": T0,
            "intent_id": name,
            "client_id": name,
            "venue": "binance_usdm",
            "symbol": SYMBOL,
            "side": Side.SELL,
            "order_kind": OrderKind.STOP,
            "quantity": D(quantity),
            "trigger_price": trigger,
            "is_reduce_only": True,
            "purpose": STOP,
            **more,
        }
    )
    return Order(intent=intent, state=state, since_ms=T0, touched_ms=T0)


def touch(mark: str = "100") -> Touch:
    mid = D(mark)
    return Touch(symbol=SYMBOL, bid=mid - D("0.1"), ask=mid + D("0.1"), mark=mid, at_ms=T0)


def asked(
    held: str, *orders: Order, mark: str = "100", at_ms: int = 10_000, since: int | None = None
):
    state = Beyond(None if since is None else T0 + since)
    return stops.step(state, D(held), TRIGGER, orders, touch(mark), GRID, T0 + at_ms)


def effects(*args: Any, **more: Any) -> tuple[Any, ...]:
    return asked(*args, **more)[1]


def test_a_missing_stop_is_placed_for_the_whole_position() -> None:
    assert effects("2") == (PlaceStop(Side.SELL, D(2), TRIGGER),)
    assert effects("-2", mark="90") == (PlaceStop(Side.BUY, D(2), TRIGGER),)
    assert effects("2", stop("a")) == ()


@pytest.mark.parametrize(
    "state", [State.UNKNOWN, State.UNKNOWN_CANCEL, State.CANCELING, State.EXPIRED, State.REJECTED]
)
def test_a_stop_that_is_not_known_to_rest_is_none(state: State) -> None:
    assert effects("2", stop("a", state=state)) == (PlaceStop(Side.SELL, D(2), TRIGGER),)
    assert effects("2", stop("a", state=state), at_ms=1_999) == (), "not stormed"
    assert effects("2", stop("a", state=State.SENDING)) == (), "its answer is under way"


def test_the_size_follows_the_position_and_the_other_is_taken_back_after() -> None:
    assert effects("3", stop("a")) == (PlaceStop(Side.SELL, D(3), TRIGGER),)
    assert effects("3", stop("a"), stop("b", "3")) == (
        CancelChild("a", "another stands in its place"),
    )
    assert effects("1", stop("a")) == (PlaceStop(Side.SELL, D(1), TRIGGER),)
    assert effects("1", stop("a"), stop("b", "1"))[0].intent_id == "a"


def test_a_stop_elsewhere_is_replaced_first() -> None:
    moved = stop("a", trigger=D("94.0"))
    assert effects("2", moved) == (PlaceStop(Side.SELL, D(2), TRIGGER),)
    assert effects("2", moved, stop("b"))[0] == CancelChild("a", "another stands in its place")


def test_what_protects_nothing_is_taken_back() -> None:
    assert [each.intent_id for each in effects("0", stop("a"), stop("b"))] == ["a", "b"]


def test_a_position_that_outlives_its_stop_is_closed_by_hand_ever_further() -> None:
    state, first = asked("2", stop("a"), mark="94.9")
    assert (state, first) == (Beyond(T0 + 10_000), ())
    assert effects("2", stop("a"), mark="94.9", since=5_001) == (), "not yet five seconds"
    (found,) = effects("2", stop("a"), mark="94.9", since=5_000)
    assert found == Escalate(Side.SELL, D(2), D("94.4"), D(50)), "94.8 less 50 bps, rounded up"
    (later,) = effects("2", stop("a"), mark="94.9", since=0, at_ms=15_000)
    assert later.collar_bps == 100
    (last,) = effects("2", stop("a"), mark="94.9", since=0, at_ms=35_000)
    assert last.collar_bps == 300
    (naked,) = effects("2", mark="94.9")
    assert isinstance(naked, Escalate), "without a stop nobody waits"
    going = stop("x", purpose=ESCALATION, state=State.UNKNOWN)
    assert effects("2", stop("a"), going, mark="94.9", since=0) == ()
    assert asked("2", stop("a"), mark="96", since=0)[0] == Beyond(None), "it came back"


def attempts(purpose: str, mark: str, until_ms: int, since: int | None = None) -> list[int]:
    """Return when a position's protection asks for something, at a venue that refuses it all."""
    orders: list[Order] = []
    at: list[int] = []
    for ms in range(0, until_ms, 500):
        for each in effects("2", *orders, mark=mark, at_ms=ms, since=since):
            assert isinstance(each, Escalate if purpose == ESCALATION else PlaceStop)
            at.append(ms)
            orders.append(stop(str(ms), state=State.REJECTED, purpose=purpose, at_ms=T0 + ms))
    return at


@pytest.mark.parametrize(("purpose", "mark"), [(STOP, "100"), (ESCALATION, "94.9")])
def test_a_venue_that_refuses_is_asked_less_and_less_often(purpose: str, mark: str) -> None:
    found = attempts(purpose, mark, 400_000, since=-5_000)
    assert [each // 1000 for each in found[:8]] == [0, 2, 6, 14, 30, 62, 122, 182]
    bound = limits("balanced")
    window_ms = bound.reject_window_s * 1000
    most = max(sum(a <= b < a + window_ms for b in found) for a in found)
    assert most == 9 < bound.n_rejects, "one position alone halts no desk"


def test_the_first_attempt_by_hand_waits_for_no_stop_that_was_refused() -> None:
    turned_down = [stop(str(n), state=State.REJECTED, at_ms=T0 + n) for n in range(8)]
    assert effects("2", *turned_down, at_ms=2_007) == ()
    (by_hand,) = effects("2", *turned_down, at_ms=2_007, mark="94.9")
    assert isinstance(by_hand, Escalate)
    taken = stop("taken", state=State.CANCELED, at_ms=T0 + 9)
    assert effects("2", *turned_down, taken, at_ms=2_009) == (PlaceStop(Side.SELL, D(2), TRIGGER),)


STATES = [State.SENDING, State.ACKED, State.UNKNOWN, State.CANCELING, State.CANCELED]


@given(
    held=st.integers(-5, 5),
    sizes=st.lists(st.tuples(st.integers(1, 5), st.sampled_from(STATES), st.booleans())),
    trigger=st.sampled_from([TRIGGER, D(94)]),
)
def test_nothing_that_is_taken_back_was_needed(held, sizes, trigger) -> None:
    side = Side.SELL if held > 0 else Side.BUY
    orders = [
        stop(str(n), str(size), state, side=side, trigger=TRIGGER if right else trigger)
        for n, (size, state, right) in enumerate(sizes)
    ]
    mark = "100" if held > 0 else "90"
    found = effects(str(held), *orders, mark=mark)

    def covered(left: list[Order]) -> int:
        return sum(
            int(each.intent.quantity)
            for each in left
            if each.state is State.ACKED and each.intent.trigger_price == TRIGGER
        )

    gone = {each.intent_id for each in found if isinstance(each, CancelChild)}
    if held:
        assert len(found) <= 1
        after = [each for each in orders if each.intent.intent_id not in gone]
        assert not gone or covered(after) >= abs(held)
        pending = any(each.state is State.SENDING for each in orders)
        if covered(orders) < abs(held) and not pending:
            assert isinstance(found[0], PlaceStop)


def bought(broker: Broker) -> Proposal:
    name = intent_id(account="main", cycle="c", strategy="s", symbol=BTC, purpose="entry", leg=0)
    return Proposal(
        intent=Intended(
            at_ms=broker.tools.now_ms(),
            intent_id=name,
            client_id=client_id(name, broker.desk.epoch),
            venue="binance_usdm",
            symbol=BTC,
            side=Side.BUY,
            order_kind=OrderKind.LIMIT,
            quantity=D(2),
            limit_price=D("100.4"),
            time_in_force=TimeInForce.IOC,
        )
    )


def protected(broker: Broker) -> Protection:
    async def look(symbol: str) -> Touch | None:
        found = await broker.venue.touch(symbol)
        return found if isinstance(found, Touch) else None

    return Protection(broker, "main", look)


def test_a_stop_rests_at_the_venue_and_is_placed_anew_after_a_restart(tmp_path: Path) -> None:
    key = (BTC, PositionSide.BOTH)

    async def trade(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.submit([bought(broker)])
        await broker.compare()
        keeper = protected(broker)
        assert await keeper.step({}) == 0
        assert "nobody says where its stop is" in scene.pages[-1]
        assert await keeper.step({key: D(95)}) == 1
        assert await keeper.step({key: D(95)}) == 0
        waiting = scene.account.waiting("BTCUSDT")
        assert [str(each.asked.quantity) for each in waiting] == ["2"]
        # somebody takes it away, and the desk begins anew, in SAFE: the stop comes first
        await broker.venue.cancel_all(BTC, is_conditional=True)
        await broker.close()
        again = await scene.begin()
        assert again.standing.trading.value == "safe"
        await asyncio.sleep(2.0)
        assert await protected(again).step({key: D(95)}) == 1
        assert len(scene.account.waiting("BTCUSDT")) == 1
        # the bound moves up: the new one is there before the old one goes
        keeper = protected(again)
        await again.compare()
        await asyncio.sleep(2.0)
        assert await keeper.step({key: D(96)}) == 1
        assert len(scene.account.waiting("BTCUSDT")) == 2
        assert await keeper.step({key: D(96)}) == 1
        (left,) = scene.account.waiting("BTCUSDT")
        assert left.asked.trigger == D(96)
        same(again, scene)

    play(tmp_path, trade, flowing(step=0.0, half=1))


def test_a_stop_that_is_refused_for_ever_is_paged_once_and_keeps_nothing_from_closing(
    tmp_path: Path,
) -> None:
    key = (BTC, PositionSide.BOTH)

    async def blind(_symbol: str) -> Touch | None:
        return None  # or it would be closed by hand: a trigger above the mark triggers at once

    async def trade(scene: Scene) -> None:
        broker = armed(await scene.begin())
        broker.tools = broker.tools._replace(facts=facts)
        await broker.submit([bought(broker)])
        await broker.compare()
        keeper = Protection(broker, "main", blind)
        n_pages = len(scene.pages)

        async def tried(seconds: int) -> int:
            before = len(refused(broker.desk.book.orders.values(), STOP))
            for _ in range(seconds):
                await keeper.step({key: D(101)})
                await asyncio.sleep(1.0)
            return len(refused(broker.desk.book.orders.values(), STOP)) - before

        assert await tried(32) == 5
        (page,) = scene.pages[n_pages:]
        assert "the venue refuses the stop of BTC/USDT:USDT" in page
        await broker.close()
        broker = await scene.begin()
        broker.tools = broker.tools._replace(facts=facts)
        keeper = Protection(broker, "main", blind)
        assert await tried(25) == 0, "a new life knows how often it was refused"
        assert await tried(60) == 1
        # a desk that is halted as well still closes by hand, and protects once it is let
        await broker.obey(halt(broker.standing, "tried", broker.tools.now_ms()))
        await asyncio.sleep(60.0)
        assert await keeper.step({key: D(95)}) == 1
        assert len(scene.account.waiting("BTCUSDT")) == 1
        keeper = protected(broker)
        assert await keeper.step({key: D(101)}) == 0, "the stop may close it yet"
        await asyncio.sleep(5.0)
        assert await keeper.step({key: D(101)}) == 1
        await broker.compare()
        assert broker.desk.book.positions[KEY] == 0
        same(broker, scene)

    play(tmp_path, trade, flowing(step=0.0, half=1))


def test_a_position_whose_stop_the_venue_refuses_is_told_of_and_told_again(tmp_path: Path) -> None:
    key = (BTC, PositionSide.BOTH)

    async def trade(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.submit([bought(broker)])
        await broker.compare()
        market = scene.exchange.exchange.state.markets["BTCUSDT"]
        market.instrument = market.instrument._replace(is_trading=False)
        keeper = protected(broker)
        n_pages = len(scene.pages)
        told = []
        for _ in range(24):  # twelve minutes
            await keeper.step({key: D(95)})
            told.append(len(scene.pages) - n_pages)
            await asyncio.sleep(30.0)
        assert told == [0, 1] + [2] * 20 + [3] * 2, "refused once, then bare, and again"
        assert "2.000 of 2.000 BTC/USDT:USDT has had no stop for 60 s" in scene.pages[n_pages + 1]
        assert "for 660 s" in scene.pages[-1]
        market.instrument = market.instrument._replace(is_trading=True)
        for n in range(3):
            assert await keeper.step({key: D(95)}) == (n == 0)
            await asyncio.sleep(600.0)
        assert len(scene.pages) == n_pages + 3

    play(tmp_path, trade, flowing(step=0.0, half=1))


def test_a_stop_that_does_not_close_is_closed_by_hand(tmp_path: Path) -> None:
    key = (BTC, PositionSide.BOTH)

    async def trade(scene: Scene) -> None:
        broker = armed(await scene.begin())
        broker.tools = broker.tools._replace(facts=facts)
        await broker.submit([bought(broker)])
        await broker.compare()
        keeper = protected(broker)
        # a trigger above the mark cannot rest: nothing protects, so nobody waits
        assert await keeper.step({key: D(101)}) == 1
        assert "closing it by hand" in scene.pages[-1]
        await broker.compare()
        assert broker.desk.book.positions[KEY] == 0
        assert await keeper.step({key: D(101)}) == 0
        same(broker, scene)

    play(tmp_path, trade, flowing(step=0.0, half=1))


@pytest.mark.slow
def test_a_stop_that_fires_into_a_thin_book_is_finished_by_hand(tmp_path: Path) -> None:
    """Row 37: it triggers, trades what there is, and the rest of the position is still there."""
    key = (BTC, PositionSide.BOTH)
    falling = Bars([Bar(1_000, 1_000, 1_000, 1_000, 0), *[Bar(970, 970, 970, 970, 0)] * 20], seed=1)
    exchange = flowing(half=1)
    market = exchange.exchange.state.markets["BTCUSDT"]
    market.path = falling
    market.ladder = Ladder(half=1, levels=3, gap=1, lots=2_000)

    async def trade(scene: Scene) -> list[Decimal]:
        broker = armed(await scene.begin())
        await broker.submit([bought(broker)])
        await broker.compare()
        keeper = protected(broker)
        assert await keeper.step({key: D(99)}) == 1
        market.ladder = Ladder(half=1, levels=1, gap=1, lots=600)
        held = []
        for _ in range(80):
            await keeper.step({key: D(99)})
            await broker.compare()
            held.append(broker.desk.book.positions[KEY])
            if not held[-1]:
                break
            await asyncio.sleep(5.0)
        same(broker, scene)
        return held

    _, held = play(tmp_path, trade, exchange)
    assert held[0] == D(2)
    assert held[-1] == 0
    assert 0 < min(each for each in held if each) < D(2), "the stop had only a part"


def test_a_stop_that_has_fired_is_the_order_that_it_became(tmp_path: Path) -> None:
    """Stops have numbers of their own; its trade is ours though it cannot be asked for at once."""
    key = (BTC, PositionSide.BOTH)
    falling = Bars([Bar(1_000, 1_000, 1_000, 1_000, 0), *[Bar(970, 970, 970, 970, 0)] * 20], seed=1)
    exchange = flowing(half=1)
    market = exchange.exchange.state.markets["BTCUSDT"]
    market.path = falling
    market.ladder = Ladder(half=1, levels=3, gap=1, lots=20_000)

    async def trade(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.submit([bought(broker)])
        await broker.compare()
        await protected(broker).step({key: D(99)})
        (fired,) = [each for each in broker.desk.book.orders.values() if each.intent.trigger_price]
        assert fired.venue_order_id == "stop-1", "order 1 is another"
        await asyncio.sleep(90.0)
        await broker.venue.touch(BTC)
        assert scene.account.waiting("BTCUSDT") == []
        real, numbered = broker.venue.order, broker.venue.numbered

        async def silent(*_: Any, **__: Any) -> Unanswered:
            return Unanswered("nothing came")

        broker.venue.order = silent  # type: ignore[method-assign]
        broker.venue.numbered = silent  # type: ignore[method-assign]
        assert not (await broker.compare()).is_whole
        broker.venue.numbered = numbered  # type: ignore[method-assign]
        assert (await broker.compare()).is_whole, "its number names it"
        broker.venue.order = real  # type: ignore[method-assign]
        await broker.compare()
        fired = broker.desk.book.orders[fired.intent.intent_id]
        assert (fired.state, fired.traded) == (State.FILLED, D(2))
        assert broker.desk.book.positions[KEY] == 0
        same(broker, scene)

    play(tmp_path, trade, exchange)
