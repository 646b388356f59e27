"""Stops of coins: what holds them is taken back before they are sold, and no coin is sold twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from tests.unit.exchange.binance.pairs import START_MS, spot
from tests.unit.live.broker.test_broker import armed, facts
from tests.unit.live.execution.building import GRID, T0, D
from tests.unit.live.execution.test_stops import stop, touch

from quorate.exchange.matching.flow import Bar, Bars, Ladder
from quorate.exchange.network import Network
from quorate.exchange.session import Session
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.live.broker.broker import Broker, Tools
from quorate.live.controls.limits import limits
from quorate.live.execution import coins
from quorate.live.execution.effects import CancelChild
from quorate.live.execution.executor import Executor
from quorate.live.execution.progress import Market
from quorate.live.execution.protection import Protection
from quorate.live.execution.stops import ESCALATION, Beyond, Escalate, PlaceStop
from quorate.live.orders.parents import ParentOpened, Schedule
from quorate.live.orders.states import State
from quorate.store.opening import open_store
from quorate.venues.account.dialects import BINANCE_SPOT
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances
from quorate.venues.base import PositionSide, Side, Touch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from quorate.exchange.matching.accounts import Account
    from quorate.live.controls.facts import Facts

pytest.importorskip("ccxt")
PAIR = "BTC/USDT"
KEY = (PAIR, PositionSide.BOTH)
TRIGGER = D("95.0")


def asked(
    held: str, *orders: Any, mark: str = "100", at_ms: int = 10_000, since: int | None = None
) -> tuple[Any, ...]:
    state = Beyond(None if since is None else T0 + since)
    return coins.step(state, D(held), TRIGGER, orders, touch(mark), GRID, T0 + at_ms)[1]


def sale(name: str, quantity: str, state: State = State.ACKED) -> Any:
    return stop(name, quantity, state, purpose="exit", trigger=None, limit_price=D(100))


def test_a_stop_covers_what_is_on_the_grid_and_no_other_sale_is_at_work_on() -> None:
    assert asked("0.9995") == (PlaceStop(Side.SELL, D("0.999"), TRIGGER),)
    assert asked("1", sale("x", "0.4")) == (PlaceStop(Side.SELL, D("0.6"), TRIGGER),)
    assert asked("1", sale("x", "0.4"), stop("a", "0.6")) == ()
    assert asked("1", sale("x", "0.4", State.UNKNOWN), stop("a", "1")) == (), "the stop is certain"
    assert asked("0.5", stop("a", "1")) == (CancelChild("a", "it is more than there is"),)
    assert asked("0.04") == (), "nobody takes an order of so little"
    assert asked("1.04", stop("a", "1")) == (), "nor a second one of so little"
    assert asked("0", stop("a", "1")) == (CancelChild("a", "flat"),)


def test_more_coins_get_a_stop_of_their_own_and_many_small_ones_become_one() -> None:
    assert asked("1.5", stop("a", "1")) == (PlaceStop(Side.SELL, D("0.5"), TRIGGER),)
    three = [stop(name, size) for name, size in (("a", "1"), ("b", "0.2"), ("c", "0.3"))]
    assert asked("2", *three) == (CancelChild("b", "too many small ones"),)


def test_a_stop_elsewhere_is_taken_back_first_for_it_holds_the_coins() -> None:
    moved = stop("a", "1", trigger=D(94))
    assert asked("1", moved) == (CancelChild("a", "it is to stand elsewhere"),)
    assert asked("1", replace(moved, state=State.CANCELED)) == (
        PlaceStop(Side.SELL, D(1), TRIGGER),
    )
    assert asked("1", moved, at_ms=1_999) == (), "not before another may follow"
    assert asked("1", replace(moved, state=State.UNKNOWN_CANCEL)) == (), "it may hold them yet"


def test_coins_that_a_stop_did_not_sell_are_freed_and_sold_by_hand() -> None:
    rests = stop("a", "1")
    assert asked("1", rests, mark="94.9", since=5_001) == (), "not yet five seconds"
    (freed,) = asked("1", rests, mark="94.9", since=5_000)
    assert freed == CancelChild("a", "it did not sell, and holds the coins")
    gone = replace(rests, state=State.CANCELED)
    assert asked("1", gone, mark="94.9", since=5_000) == (
        Escalate(Side.SELL, D(1), D("94.4"), D(50)),
    )
    going = stop("x", "1", State.UNKNOWN, purpose=ESCALATION)
    assert asked("1", gone, going, mark="94.9", since=0) == (), "it is on its way"
    assert asked("1", mark="94.9")[0].quantity == 1, "without a stop nobody waits"


STATES = [State.ACKED, State.UNKNOWN, State.CANCELING, State.CANCELED]
SIZES = st.lists(st.tuples(st.integers(50, 900), st.sampled_from(STATES), st.booleans()))


@given(held=st.integers(0, 2_000), sizes=SIZES, beyond=st.booleans())
def test_no_coin_is_promised_twice(held: int, sizes: list[Any], beyond: bool) -> None:
    orders = [
        (stop if is_stop else sale)(str(n), str(D(size) / 1000), state)
        for n, (size, state, is_stop) in enumerate(sizes)
    ]
    coins_held = D(held) / 1000
    taken = sum((each.reserved for each in orders), D(0))
    mark = "94.9" if beyond else "100"
    for effect in asked(str(coins_held), *orders, mark=mark, since=0):
        if isinstance(effect, PlaceStop | Escalate):
            assert taken + effect.quantity <= coins_held
        elif held:
            assert any(each.state is State.ACKED for each in orders)


def test_the_smallest_stop_that_is_enough_makes_room() -> None:
    sales = [stop("a", "0.2"), stop("b", "0.5"), stop("c", "0.3")]

    def first(quantity: str, held: str = "1") -> str | None:
        found = coins.in_the_way(D(quantity), D(held), sales)
        return None if found is None else found.intent.intent_id

    assert [first("0.1"), first("0.25"), first("0.9"), first("0.1", "1.1")] == ["a", "c", "b", None]
    doubtful = [stop("a", "1", State.CANCELING)]
    assert coins.in_the_way(D(1), D(1), doubtful) is None
    assert coins.is_held_fast(D(1), D(1), doubtful)
    assert not coins.is_held_fast(D(1), D(1), [])


def played(
    folder: Path, play: Callable[[Broker, Account], Coroutine[Any, Any, None]], *ticks: int
) -> None:
    """Let a desk that is armed and holds two coins play at a spot exchange."""
    made = spot()
    market = made.exchange.state.markets["BTCUSDT"]
    market.path = Bars([Bar(each, each, each, each, 0) for each in ticks], seed=1)
    market.ladder = Ladder(half=1, levels=6, gap=1, lots=5_000)
    account = made.exchange.state.accounts["me"]

    def known(broker: Broker) -> Facts:
        usual = facts(broker)
        quote = next(iter(usual.quotes.values()))
        return replace(usual, venue="binance_spot", quotes={PAIR: quote})

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        keys = {"apiKey": "key", "secret": "secret"}
        session = Session({"api.binance.com": made}, Network(5))
        wires = instances(BINANCE_SPOT, keys, session=lambda: session)
        venue = CcxtVenue("binance_spot", BINANCE_SPOT, wires, lambda: loop.now_ms, pairs=[PAIR])
        pages: list[str] = []
        with open_store(folder / "store.db") as store:
            await venue.open()
            tools = Tools(
                lambda: loop.now_ms, known, limits("balanced"), lambda _: None, pages.append
            )
            broker = armed(await Broker.begin(store.journal("main"), venue, [PAIR], tools))
            await play(broker, account)
            await broker.compare()
            assert broker.is_clean
            assert broker.desk.book.positions["binance_spot", *KEY] == account.wallet["BTC"]
            await broker.close()
            await venue.close()

    run_virtually(main(), VirtualLoop(START_MS))


def kept(broker: Broker) -> Protection:
    async def look(symbol: str) -> Touch | None:
        found = await broker.venue.touch(symbol)
        return found if isinstance(found, Touch) else None

    return Protection(broker, "main", look)


def waiting(account: Account) -> list[tuple[Any, Any]]:
    return [(each.asked.quantity, each.asked.trigger) for each in account.waiting("BTCUSDT")]


def test_a_stop_of_coins_is_placed_moved_and_sells(tmp_path: Path) -> None:
    async def play(broker: Broker, account: Account) -> None:
        keeper = kept(broker)
        assert await keeper.step({KEY: D(95)}) == 1
        assert await keeper.step({KEY: D(95)}) == 0
        assert waiting(account) == [(2, 95)]
        assert account.locked["BTC"] == 2
        await asyncio.sleep(2)
        # there is no room for two: the old one goes, and the new one follows in the same step
        assert await keeper.step({KEY: D(96)}) == 2
        assert waiting(account) == [(2, 96)]
        await asyncio.sleep(120)
        await broker.compare()
        assert account.wallet["BTC"] == 0
        assert await keeper.step({KEY: D(96)}) == 0

    played(tmp_path, play, 1_000, *[950] * 20)


def test_an_exit_takes_its_coins_from_the_stop_and_the_rest_is_protected_anew(
    tmp_path: Path,
) -> None:
    async def play(broker: Broker, account: Account) -> None:
        async def market(parent: ParentOpened) -> Market | None:
            found = await broker.venue.touch(parent.symbol)
            assert isinstance(found, Touch)
            now_ms, grid = broker.tools.now_ms(), broker.venue.grid(parent.symbol)
            return Market(bid=found.bid, ask=found.ask, at_ms=now_ms, grid=grid, most=D(100))

        keeper, executor = kept(broker), Executor(broker, "main", market)
        assert await keeper.step({KEY: D(95)}) == 1
        now_ms = broker.tools.now_ms()
        out = ParentOpened(
            at_ms=now_ms,
            parent_id="out",
            venue="binance_spot",
            symbol=PAIR,
            side=Side.SELL,
            quantity=D("1.2"),
            is_reduce_only=True,
            schedule=Schedule.TWAP,
            slice_ms=60_000,
            worst_price=D(90),
            begin_ms=now_ms,
            deadline_ms=now_ms + 180_000,
            decision_price=D(100),
            arrival_mid=D(100),
        )
        assert executor.open([out]) == [None]
        seen = []
        for turn in range(240):
            await executor.step()
            await keeper.step({KEY: D(95)})
            if turn % 5 == 4:
                await broker.compare()
            assert account.locked["BTC"] == account.wallet["BTC"], "no coin is bare for long"
            seen += [] if waiting(account) in seen[-1:] else [waiting(account)]
            await asyncio.sleep(1)
        assert broker.desk.book.parents["out"].reason == "filled"
        sizes = [sum(quantity for quantity, _ in each) for each in seen]
        assert sizes == [D("1.6"), D("1.2"), D("0.8")], "a slice after the other"
        assert not [
            each for each in broker.desk.book.orders.values() if each.state.value == "rejected"
        ]

    played(tmp_path, play, *[1_000] * 20)
