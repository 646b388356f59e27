"""The account's stream and the real ccxt.pro client: heard, lost, mute, dead, dialled anew."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from tests.unit.exchange.binance.client import BTC, START_MS, venue
from tests.unit.live.broker.test_broker import KEY, D, armed, facts, order, same, state

from quorate.exchange.matching.orders import BUY, SELL, Asked
from quorate.exchange.network import Fault, Network
from quorate.exchange.session import Session, beat
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.harness.memory import MemoryJournal
from quorate.live.broker.broker import Broker, Tools
from quorate.live.broker.stream import Pace, Stream
from quorate.live.controls.facts import Control
from quorate.live.controls.limits import limits
from quorate.live.orders.book import exposure
from quorate.live.orders.effects import Trouble
from quorate.live.orders.events import Source
from quorate.live.orders.states import State
from quorate.venues.account.dialects import BINANCE_FUTURES
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from quorate.exchange.binance.futures import Futures
    from quorate.exchange.session import Socket

pytest.importorskip("ccxt")
POST = "POST /fapi/v1/order"
BOUND_S = 10.0
"""Within which a stream that tells nothing is noticed (RELIABILITY 6)."""


class Ears(NamedTuple):
    """A desk that listens, and the ends of its line."""

    broker: Broker
    stream: Stream
    session: Session
    network: Network
    exchange: Futures
    pages: list[str]

    @property
    def socket(self) -> Socket:
        """The websocket that is in use: the last that was dialled."""
        return self.session.sockets[-1]

    @property
    def account(self) -> Any:
        return self.exchange.exchange.state.accounts["me"]

    def trade(self, lots: str = "0.1", side: int = SELL) -> None:
        """Let somebody else sell to what waits."""
        self.exchange.exchange.place("other", Asked("BTCUSDT", side, "market", D(lots)))
        self.exchange.streams.spread()

    async def until(self, is_so: Callable[[], bool], within_s: float = BOUND_S) -> float:
        """Wait until something is so, and say how long that took."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        while not is_so():
            await asyncio.sleep(0.05)
            assert loop.time() - begun_s < within_s, "not within its bound"
        return loop.time() - begun_s

    async def lost_and_back(self, n_losses: int = 1) -> float:
        """Wait for a loss to be noticed, and for the line to stand again; say how long both took."""
        took_s = await self.until(lambda: len(self.stream.losses) == n_losses)
        assert self.broker.deaf_since_ms is not None
        (blocked,) = await self.broker.submit([order(self.broker, 90 + n_losses, "98")])
        assert blocked.refusal is not None
        assert blocked.refusal.control is Control.STALE
        await self.until(lambda: self.broker.deaf_since_ms is None, 3.0)
        return took_s


def listening(
    play: Callable[[Ears], Coroutine[Any, Any, None]],
    *,
    pace: Pace | None = None,
    every_s: float = 1.0,
) -> None:
    """Let a play happen to a desk that listens, in virtual time; nothing may be left of it."""
    found = venue()
    found.exchange.open_account("other", {"USDT": D(10**6)})

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        network = Network(5)
        hosts = ("fapi.binance.com", "fstream.binance.com")
        session = Session(dict.fromkeys(hosts, found), network)
        keys = {"apiKey": "key", "secret": "secret"}
        made = instances(BINANCE_FUTURES, keys, session=lambda: session)
        desk = CcxtVenue("binance_usdm", BINANCE_FUTURES, made, lambda: int(loop.now_ms))
        await desk.open()
        pages: list[str] = []
        tools = Tools(lambda: int(loop.now_ms), facts, limits("balanced"), _nobody, pages.append)
        before = asyncio.all_tasks()
        broker = armed(await Broker.begin(MemoryJournal("main"), desk, [BTC], tools))
        stream = Stream(broker, desk.line(), pace)
        beating = asyncio.create_task(beat(found, every_s))
        running = asyncio.create_task(stream.run())
        ears = Ears(broker, stream, session, network, found, pages)
        await ears.until(lambda: broker.deaf_since_ms is None, 3.0)
        try:
            await play(ears)
            assert not running.done()
        finally:
            running.cancel()
            beating.cancel()
            ended = await asyncio.gather(running, beating, return_exceptions=True)
            await broker.close()
            await desk.close()
        assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended
        await asyncio.sleep(1)
        assert asyncio.all_tasks() == before
        assert not [each for each in session.sockets if not each.closed]

    run_virtually(main(), VirtualLoop(START_MS))


def _nobody(_: object) -> None:
    """Nobody keeps a standing."""


async def waiting(ears: Ears, leg: int = 0) -> Any:
    """Send an order that waits where somebody may sell to it."""
    sent = order(ears.broker, leg, "99.9")
    (answer,) = await ears.broker.submit([sent])
    assert answer.refusal is None
    await asyncio.sleep(0.1)
    return sent


def booked(ears: Ears) -> bool:
    """Say whether the book has every trade of the account, and each once."""
    told = {trade for _, _, trade in ears.broker.desk.book.trades}
    return told == {str(each.trade_id) for each in ears.account.executions}


def test_a_fill_is_heard_when_it_happens_and_not_at_the_next_comparison() -> None:
    async def play(ears: Ears) -> None:
        sent = await waiting(ears)
        ears.trade()
        await asyncio.sleep(0.01)
        assert state(ears.broker, sent) is State.FILLED
        assert ears.broker.desk.book.positions[KEY] == D("0.1")
        await asyncio.sleep(60)
        assert ears.stream.losses == []
        same(ears.broker, ears)  # type: ignore[arg-type]

    listening(play)
