"""The account's stream and the real ccxt.pro client: heard, lost, mute, dead, dialled anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from tests.unit.exchange.binance.client import BTC, START_MS, venue
from tests.unit.live.broker.test_broker import HOSTS, KEY, D, armed, facts, order, same, state

from quorate.exchange.matching.orders import BUY, SELL, Asked
from quorate.exchange.network import Fault, Network
from quorate.exchange.session import Session, beat
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.harness.memory import MemoryJournal
from quorate.live.broker.broker import Broker, Tools
from quorate.live.broker.stream import Pace, Stream
from quorate.live.controls.facts import Control
from quorate.live.controls.limits import limits
from quorate.live.controls.standing import halt
from quorate.live.orders.book import exposure
from quorate.live.orders.effects import Trouble
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

    async def until(
        self, is_so: Callable[[], bool], within_s: float = BOUND_S, every_s: float = 0.05
    ) -> float:
        """Wait until something is so, and say how long that took."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        while not is_so():
            await asyncio.sleep(every_s)
            assert loop.time() - begun_s < within_s, "not within its bound"
        return loop.time() - begun_s

    async def lost_and_back(self, n_losses: int = 1) -> float:
        """Wait for a loss to be noticed and for the line to stand; say how long the first took."""
        took_s = await self.until(lambda: len(self.stream.losses) == n_losses, every_s=0.002)
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
        hosts = (*HOSTS, "fstream.binance.com")
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


def wish(ears: Ears, leg: int = 0, quantity: str = "0.1") -> Any:
    """Return an order that waits where somebody may sell to it."""
    return order(ears.broker, leg, "100.0", quantity=D(quantity))


async def waiting(ears: Ears, leg: int = 0, quantity: str = "0.1") -> Any:
    """Send an order that waits."""
    sent = wish(ears, leg, quantity)
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


def test_a_mute_stream_is_noticed_by_a_fill_that_it_does_not_tell() -> None:
    async def play(ears: Ears) -> None:
        sent = await waiting(ears)
        await asyncio.sleep(30)
        ears.socket.is_mute = True
        ears.trade()
        await ears.lost_and_back()
        assert "did not tell" in ears.stream.losses[0]
        assert ears.broker.alarms[-1].trouble is Trouble.STREAM_LOST
        assert any("did not tell" in each for each in ears.pages)
        assert state(ears.broker, sent) is State.FILLED
        same(ears.broker, ears)  # type: ignore[arg-type]
        ears.trade("0.1", BUY)
        assert (await waiting(ears, 1)) is not None, "entries are free again"

    listening(play)


@pytest.mark.slow
def test_a_mute_stream_is_noticed_by_an_order_that_it_does_not_tell() -> None:
    async def play(ears: Ears) -> None:
        ears.socket.is_mute = True
        await waiting(ears)
        await ears.lost_and_back()
        assert "did not tell of the order" in ears.stream.losses[0]

    listening(play)


def test_a_connection_whose_other_end_is_gone_is_noticed_though_nothing_happens() -> None:
    async def play(ears: Ears) -> None:
        sent = await waiting(ears)
        ears.socket.is_dead = True
        await asyncio.sleep(3)
        ears.trade()
        await ears.lost_and_back()
        assert state(ears.broker, sent) is State.FILLED
        same(ears.broker, ears)  # type: ignore[arg-type]
        ears.socket.is_dead = True
        await ears.lost_and_back(2)
        assert "no ping was answered" in ears.stream.losses[1]

    listening(play)


@pytest.mark.parametrize("is_told", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_key_that_expires_is_made_anew(is_told: bool) -> None:
    async def play(ears: Ears) -> None:
        sent = await waiting(ears)
        ears.exchange.streams.expire("me", is_told=is_told)
        ears.trade()
        took_s = await ears.lost_and_back()
        assert took_s < (0.1 if is_told else BOUND_S)
        assert ("listenKeyExpired" in ears.stream.losses[0]) is is_told
        assert state(ears.broker, sent) is State.FILLED
        same(ears.broker, ears)  # type: ignore[arg-type]
        ears.trade("0.1")
        await waiting(ears, 1)
        assert len(ears.stream.losses) == 1

    listening(play)


COARSE = Pace(tick_s=300.0, ping_s=600.0, dead_s=3_600.0, glance_s=7_200.0)


@pytest.mark.slow
def test_a_key_is_renewed_for_longer_than_it_lives_and_one_that_cannot_be_is_made_anew() -> None:
    async def play(ears: Ears) -> None:
        (key,) = ears.exchange.streams.keys
        await asyncio.sleep(3 * 3_600)
        assert list(ears.exchange.streams.keys) == [key]
        assert ears.stream.losses == []
        ears.exchange.streams.keys.clear()
        await ears.until(lambda: bool(ears.stream.losses), 1_900, 1.0)
        assert "not renewed: 400 -1125" in ears.stream.losses[0]
        await ears.until(lambda: ears.broker.deaf_since_ms is None, 3.0)
        assert len(ears.exchange.streams.keys) == 1

    listening(play, pace=COARSE, every_s=60.0)


@pytest.mark.slow
@pytest.mark.parametrize("life_s", [82_800.0, 10**9], ids=["before", "after"])
def test_a_connection_is_dialled_anew_before_a_day_is_over_or_when_it_is_cut(life_s: float) -> None:
    async def play(ears: Ears) -> None:
        sent = await waiting(ears)
        await ears.until(lambda: bool(ears.stream.losses), 87_100, 1.0)
        ears.trade()  # between two connections
        await ears.until(lambda: ears.broker.deaf_since_ms is None, 3.0)
        assert state(ears.broker, sent) is State.FILLED
        same(ears.broker, ears)  # type: ignore[arg-type]
        is_planned = life_s < 86_400
        assert ("old" in ears.stream.losses[0]) is is_planned
        assert bool(ears.pages) is not is_planned, "what is planned wakes nobody"

    listening(play, pace=COARSE._replace(life_s=life_s), every_s=600.0)


def spoil(ears: Ears, send: Callable[[Callable[[Any], None], Any], None]) -> None:
    """Let another one send what the venue sends on the connection in use."""
    connection = ears.socket.connection
    usual = connection.send
    connection.send = lambda message: send(usual, message)  # type: ignore[method-assign]


@pytest.mark.slow
def test_a_frame_that_is_never_sent_is_a_fill_that_is_found_soon() -> None:
    async def play(ears: Ears) -> None:
        sent = await waiting(ears, quantity="0.2")
        spoil(
            ears,
            lambda send, message: None if message["e"] == "ORDER_TRADE_UPDATE" else send(message),
        )
        ears.trade("0.1")
        await ears.lost_and_back()
        assert state(ears.broker, sent) is State.PARTIAL
        assert booked(ears)
        ears.trade("0.1")
        await asyncio.sleep(0.1)
        assert state(ears.broker, sent) is State.FILLED
        same(ears.broker, ears)  # type: ignore[arg-type]

    listening(play)


@pytest.mark.slow
def test_a_later_frame_tells_that_one_before_it_was_lost() -> None:
    async def play(ears: Ears) -> None:
        sent = await waiting(ears, quantity="0.2")
        left = [1]

        def lose(send: Callable[[Any], None], message: Any) -> None:
            if message["e"] == "ORDER_TRADE_UPDATE" and left:
                left.pop()
                return
            send(message)

        spoil(ears, lose)
        ears.trade("0.1")
        ears.trade("0.1")
        await ears.until(lambda: booked(ears))
        assert state(ears.broker, sent) is State.FILLED
        same(ears.broker, ears)  # type: ignore[arg-type]

    listening(play)


def test_frames_that_come_twice_and_backwards_change_nothing() -> None:
    async def play(ears: Ears) -> None:
        kept: list[Any] = []
        usual = ears.socket.connection.send
        spoil(ears, lambda _, message: kept.append(message))
        sent = wish(ears, quantity="0.6")
        await ears.broker.submit([sent])
        for lots in ("0.1", "0.2", "0.3"):
            ears.trade(lots)
        for message in [*reversed(kept), *kept]:
            usual(message)
        await asyncio.sleep(0.1)
        assert state(ears.broker, sent) is State.FILLED
        same(ears.broker, ears)  # type: ignore[arg-type]
        assert not ears.broker.alarms
        assert ears.stream.losses == []

    listening(play)


def test_a_push_is_before_the_answer_of_its_order_and_instead_of_it() -> None:
    async def play(ears: Ears) -> None:
        ears.network.faults = (Fault("lose_reply", POST),)
        sent = wish(ears, quantity="0.3")
        sending = asyncio.create_task(ears.broker.submit([sent]))
        await asyncio.sleep(0.5)
        assert state(ears.broker, sent) is State.ACKED
        ears.trade("0.1")
        await asyncio.sleep(0.1)
        assert exposure(ears.broker.desk.book, KEY).position == D("0.1")
        await sending
        ears.network.faults = ()
        assert state(ears.broker, sent) is State.PARTIAL
        same(ears.broker, ears)  # type: ignore[arg-type]
        assert not ears.broker.alarms

    listening(play)


@pytest.mark.slow
def test_frames_that_nobody_can_read_end_nothing() -> None:
    async def play(ears: Ears) -> None:
        sent = await waiting(ears)
        for frame in ("{nope", "[null]", '{"e":"ORDER_TRADE_UPDATE","o":5}', "true"):
            ears.socket.connection.outbox.append(frame)
            ears.socket.connection.wake()
            await asyncio.sleep(0.1)
        ears.trade()
        await asyncio.sleep(0.1)
        assert state(ears.broker, sent) is State.FILLED
        assert ears.stream.losses == []

    listening(play)


@pytest.mark.slow
def test_an_order_in_doubt_that_a_push_finds_while_nothing_may_enter_is_taken_back() -> None:
    async def play(ears: Ears) -> None:
        ears.socket.is_mute = True
        ears.network.faults = (Fault("lose_reply", POST), Fault("unresolved", "GET"))
        sent = wish(ears)
        await ears.broker.submit([sent])
        assert state(ears.broker, sent) is State.UNKNOWN
        await ears.broker.obey(halt(ears.broker.standing, "tried", ears.broker.tools.now_ms()))
        ears.socket.is_mute = False
        ears.socket.connection.wake()
        await ears.until(lambda: state(ears.broker, sent) is State.CANCELED)
        assert ears.account.open_ids == {}
        ears.network.faults = ()

    listening(play)


@pytest.mark.slow
def test_orders_and_trades_of_somebody_else_are_looked_into_at_once() -> None:
    async def play(ears: Ears) -> None:
        ears.exchange.exchange.place("me", Asked("BTCUSDT", BUY, "market", D("0.2")))
        ears.exchange.streams.spread()
        await ears.until(lambda: BTC in ears.broker.standing.blocked, 1.0)
        assert ears.broker.desk.book.positions[KEY] == D("0.2")
        same(ears.broker, ears)  # type: ignore[arg-type]

    listening(play)


@pytest.mark.slow
def test_what_ccxt_lets_go_of_is_noticed_at_once() -> None:
    async def play(ears: Ears) -> None:
        client = ears.stream._line._client  # type: ignore[attr-defined]
        (socket,) = [each for each in client.clients.values() if each.isConnected]
        socket.futures["myTrades"].cancel()
        assert await ears.lost_and_back() < 1.1

    listening(play)


@pytest.mark.slow
def test_a_venue_that_refuses_the_line_is_asked_again_and_again_and_nothing_enters() -> None:
    async def play(ears: Ears) -> None:
        dial, asked = ears.session.dial, []

        def refuse(url: str) -> Any:
            import aiohttp

            asked.append(url)
            raise aiohttp.ClientConnectionError("no")

        ears.session.dial = refuse  # type: ignore[method-assign]
        ears.socket.connection.is_cut = True
        ears.socket.connection.wake()
        await asyncio.sleep(120)
        assert 5 <= len(asked) <= 12
        (blocked,) = await ears.broker.submit([order(ears.broker, 1, "98")])
        assert blocked.refusal is not None
        ears.session.dial = dial  # type: ignore[method-assign]
        await ears.until(lambda: ears.broker.deaf_since_ms is None, 50.0)

    listening(play)
