"""One decision over two venues: parts by score, one fails half-way, the rest goes elsewhere.

Two desks over the real ccxt client, two exchanges that speak another language each, one clock. What
the exchanges say of trades is held against what was decided, at every look.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.unit.exchange.binance.client import BTC, START_MS
from tests.unit.live.broker.test_broker import armed, facts
from tests.unit.live.execution.building import D
from tests.unit.live.execution.test_choosing import candidate, wanted

from quorate.core.routing import params
from quorate.exchange.binance.signing import Key
from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.flow import Ladder, Walk
from quorate.exchange.matching.instruments import Instrument
from quorate.exchange.network import Fault, Network
from quorate.exchange.session import Session
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.harness.ground import GROUNDS
from quorate.live.broker.broker import Broker, Tools
from quorate.live.controls.limits import limits
from quorate.live.execution.choosing import divide, plan, scored
from quorate.live.execution.executor import Executor
from quorate.live.execution.progress import Market, progress
from quorate.live.orders.book import unresolved
from quorate.live.orders.parents import ParentOpened, Schedule
from quorate.live.orders.states import State
from quorate.store.opening import open_store
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances
from quorate.venues.base import PositionSide, Touch

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from quorate.harness.ground import Facade, Ground
    from quorate.live.controls.facts import Facts
    from quorate.store.opening import Store

pytest.importorskip("ccxt")
pytestmark = pytest.mark.slow
WHOLE = D(30)
NOTHING = D(0)
SEED = 7


class Desk(NamedTuple):
    """A desk at one of the venues, with the truth of its exchange."""

    ground: Ground
    exchange: Facade
    network: Network
    broker: Broker
    executor: Executor
    touches: dict[str, Touch]

    def decided(self, quantity: Decimal, cycle: str) -> ParentOpened:
        """Return a parent of a part of what was decided: a slice a minute."""
        touch = self.touches[BTC]
        change = wanted(
            venue=self.ground.name,
            cycle=cycle,
            quantity=quantity,
            bid=touch.bid,
            ask=touch.ask,
            decision_price=touch.mark,
            persistence=0.9,
            budget_bps=None,
            now_ms=self.broker.tools.now_ms(),
            bar_ms=60_000,
        )
        found = plan(change, self.broker.venue.grid(BTC), params())
        assert isinstance(found, ParentOpened), found
        assert found.schedule is Schedule.TWAP
        return found

    async def see(self) -> Touch:
        """Look at the market."""
        found = await self.broker.venue.touch(BTC)
        assert isinstance(found, Touch), found
        self.touches[BTC] = found
        return found

    def truth(self) -> Decimal:
        """Return what the exchange says has traded."""
        state = self.exchange.exchange.state
        instrument = state.markets["BTCUSDT"].instrument
        lots = sum(each.quantity * each.side for each in state.accounts["me"].executions)
        return instrument.quantity(lots)

    def balances(self) -> None:
        """Hold the book against the exchange: positions, trades, one order an intent."""
        state, book = self.exchange.exchange.state, self.broker.desk.book
        account, seed = state.accounts["me"], state.markets["BTCUSDT"].seed
        key = (self.ground.name, BTC, PositionSide.BOTH)
        assert book.positions.get(key, NOTHING) == self.truth()
        told = {self.ground.trade(each, seed) for each in account.executions}
        assert {trade for _, _, trade in book.trades} == told
        names = [each.asked.client_id for each in account.orders.values()]
        assert len(names) == len(set(names))
        assert self.broker.is_clean
        assert not account.open_ids


async def begun(name: str, store: Store, fees: float) -> Desk:
    """Begin a desk at an exchange of its own; one account of the journal each."""
    ground, loop = GROUNDS[name], asyncio.get_running_loop()
    exchange = Exchange(
        [Instrument("BTCUSDT", "BTC")],
        seed=SEED,
        start_ms=START_MS,
        paths={"BTCUSDT": Walk(SEED, start=1_000, step=1e-4, volume=4_000)},
        ladders={"BTCUSDT": Ladder(half=1, levels=6, gap=1, lots=8_000)},
    )
    exchange.open_account("me", {"USDT": D(100_000)})
    facade = ground.facade(exchange, {"key": Key("key", "me", "secret", addresses=("127.0.0.1",))})
    network = Network(SEED)
    touches: dict[str, Touch] = {}
    made = instances(
        ground.dialect,
        {"apiKey": "key", "secret": "secret"},
        session=lambda: Session(dict.fromkeys(ground.hosts, facade), network),
    )

    def now_ms() -> int:
        return int(loop.now_ms)  # type: ignore[attr-defined]

    def known(broker: Broker) -> Facts:
        usual, rich = facts(broker), D(10**6)
        quotes = {
            symbol: replace(usual.quotes[BTC], bid=touch.bid, ask=touch.ask, mark=touch.mark)
            for symbol, touch in touches.items()
        }
        sums = {"equity": rich, "day_equity": rich, "peak_equity": rich}
        return replace(usual, venue=ground.name, quotes=quotes, **sums)

    venue = CcxtVenue(ground.name, ground.dialect, made, now_ms)
    await venue.open()
    tools = Tools(now_ms, known, limits("balanced"), lambda _: None, lambda _: None)
    broker = armed(await Broker.begin(store.journal(name), venue, [BTC], tools))

    async def market(parent: ParentOpened) -> Market | None:
        touch = await venue.touch(parent.symbol)
        if not isinstance(touch, Touch):
            return None
        touches[parent.symbol] = touch
        grid = venue.grid(parent.symbol)
        return Market(touch.bid, touch.ask, now_ms(), grid, D(2000), NOTHING, D(repr(fees)))

    return Desk(ground, facade, network, broker, Executor(broker, name, market), touches)


def committed(desk: Desk) -> Decimal:
    """Return what has traded or may still trade, each parent within what it was opened for."""
    book, found = desk.broker.desk.book, NOTHING
    for name, parent in book.parents.items():
        done = progress(book.orders.values(), name)
        assert done.committed <= parent.opened.quantity
        found += done.committed
    return found


async def looked(desks: list[Desk], seconds: float) -> None:
    """Work all parents for so long; nothing is ever above what was decided, here or there."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + seconds

    async def work(desk: Desk) -> None:
        n_looks = 0
        while loop.time() < end_s:
            await desk.executor.step()
            n_looks += 1
            if n_looks % 15 == 0:
                await desk.broker.compare()
            await asyncio.sleep(1.0)

    async def watch() -> None:
        while loop.time() < end_s:
            assert sum(map(committed, desks), NOTHING) <= WHOLE
            for desk in desks:
                assert desk.truth() <= committed(desk), "what trades there is reserved here"
            await asyncio.sleep(0.5)

    await asyncio.gather(*map(work, desks), watch())


@pytest.mark.parametrize("kind", ["unresolved", "lose_reply", "status"])
def test_a_decision_over_two_venues_of_which_one_fails_half_way(tmp_path: Path, kind: str) -> None:
    async def play() -> None:
        async with AsyncExitStack() as stack:
            store = stack.enter_context(open_store(tmp_path / "store.db"))
            desks = [await begun("binance", store, 5.0), await begun("bybit", store, 5.5)]
            for each in desks:
                stack.push_async_callback(each.broker.venue.close)
                stack.push_async_callback(each.broker.close)
            first, second = desks
            rooms = {"binance_usdm": D("17.5"), "bybit_linear": D(100)}
            venues = [
                candidate(
                    each.ground.name,
                    spread_bps=float((touch.ask - touch.bid) / touch.mark * 10_000),
                    latency_p95_ms=40.0 if each is first else 90.0,
                    room=rooms[each.ground.name],
                    grid=each.broker.venue.grid(BTC),
                    price=touch.mark,
                )
                for each in desks
                for touch in [await each.see()]
            ]
            parts = divide(WHOLE, scored(venues, params()))
            assert parts == {"binance_usdm": D("17.5"), "bybit_linear": D("12.5")}
            for each in desks:
                opened = each.decided(parts[each.ground.name], "1")
                assert each.executor.open([opened]) == [None]
            await looked(desks, 150)
            assert all(0 < each.truth() < parts[each.ground.name] for each in desks)
            # the better venue answers nothing about orders any more, then nothing at all
            first.network.faults = (Fault(kind, "rder"), Fault(kind, "userTrades"))
            await looked(desks, 60)
            first.network.faults = (Fault(kind),)
            await looked(desks, 60)
            (doubtful,) = unresolved(first.broker.desk.book)
            assert doubtful.reserved > 0
            for broken in first.executor.working:
                await first.executor.stop(broken.opened.parent_id, "its venue is silent")
            rest = WHOLE - committed(first) - parts["bybit_linear"]
            assert 0 < rest <= parts["binance_usdm"] - first.truth()
            await second.see()
            assert second.executor.open([second.decided(rest, "2")]) == [None]
            await looked(desks, 400)
            first.network.faults = ()
            await looked(desks, 240)
            await asyncio.gather(*(each.broker.settled() for each in desks))
            for each in desks:
                await each.broker.compare()
                await each.broker.compare()
                each.balances()
                assert not each.executor.working
            assert second.truth() == parts["bybit_linear"] + rest
            missed = WHOLE - second.truth() - first.truth()
            assert 0 <= missed <= doubtful.intent.quantity, "at most what was in doubt is missing"
            states = {each.state for each in first.broker.desk.book.orders.values()}
            assert states <= {State.FILLED, State.NOT_PLACED, State.EXPIRED, State.CANCELED}

    run_virtually(play(), VirtualLoop(START_MS))
