"""Orders through the whole of it: gate, journal, real ccxt client, exchange, faults, restarts."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest
from tests.unit.exchange.binance.client import BTC, START_MS, venue
from tests.unit.venues.account.desk import limit

from quorate.exchange.binance.calls import Lags
from quorate.exchange.matching.market import close
from quorate.exchange.matching.orders import BUY, Asked
from quorate.exchange.network import Fault, Network
from quorate.exchange.session import Session
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.live.broker.broker import Broker, Tools
from quorate.live.controls.facts import Control, Facts, Proposal, Quote
from quorate.live.controls.limits import limits
from quorate.live.controls.standing import Standing, Trading, arm
from quorate.live.orders.book import exposure
from quorate.live.orders.desk import restore
from quorate.live.orders.events import Intended
from quorate.live.orders.ids import client_id, intent_id
from quorate.live.orders.states import State
from quorate.store.opening import open_store
from quorate.venues.account.dialects import BINANCE_FUTURES
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances
from quorate.venues.base import OrderKind, PositionSide, Side, TimeInForce

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path

    from quorate.exchange.binance.futures import Futures

pytest.importorskip("ccxt")
Result = TypeVar("Result")
D = Decimal
KEY = ("binance_usdm", BTC, PositionSide.BOTH)
HOSTS = ("fapi.binance.com", "api.binance.com")
POST = "POST /fapi/v1/order"


class Scene(NamedTuple):
    """What a play has at hand: begin lives, spoil the network, look at the truth."""

    begin: Callable[[], Coroutine[Any, Any, Broker]]
    network: Network
    exchange: Futures
    pages: list[str]
    kept: list[Standing]

    @property
    def account(self) -> Any:
        return self.exchange.exchange.state.accounts["me"]


def played(
    folder: Path,
    play: Callable[[Scene], Coroutine[Any, Any, Result]],
    exchange: Futures | None = None,
) -> Result:
    """Let a play happen in virtual time over a store of its own."""
    found = venue() if exchange is None else exchange

    async def main() -> Result:
        loop = asyncio.get_running_loop()
        network = Network(5)
        pages: list[str] = []
        kept: list[Standing] = [Standing()]
        venues: list[CcxtVenue] = []

        def now_ms() -> int:
            return int(loop.now_ms)  # type: ignore[attr-defined]

        with open_store(folder / "store.db") as store:

            async def begin() -> Broker:
                made = CcxtVenue(
                    "binance_usdm",
                    BINANCE_FUTURES,
                    instances(
                        BINANCE_FUTURES,
                        {"apiKey": "key", "secret": "secret"},
                        session=lambda: Session(dict.fromkeys(HOSTS, found), network),
                    ),
                    now_ms,
                )
                venues.append(made)
                faults, network.faults = network.faults, ()
                await made.open()
                network.faults = faults
                tools = Tools(now_ms, facts, limits("balanced"), kept.append, pages.append)
                return await Broker.begin(store.journal("main"), made, [BTC], tools)

            try:
                return await play(Scene(begin, network, found, pages, kept))
            finally:
                for each in venues:
                    await each.close()

    return run_virtually(main(), VirtualLoop(START_MS))


def facts(broker: Broker) -> Facts:
    """Return what is known on a good day."""
    now_ms = broker.tools.now_ms()
    quote = Quote(
        bid=D("99.9"),
        ask=D("100.2"),
        mark=D(100),
        volume_usd=D(10**7),
        max_market_quantity=D(120),
        book_at_ms=now_ms,
        mark_at_ms=now_ms,
        bar_at_ms=now_ms,
        funding_at_ms=now_ms,
    )
    return Facts(
        now_ms=now_ms,
        venue="binance_usdm",
        equity=D(10_000),
        day_equity=D(10_000),
        peak_equity=D(10_000),
        quotes={BTC: quote},
        book=broker.desk.book,
        standing=broker.standing,
        balance_at_ms=now_ms,
    )


def armed(broker: Broker, reason: str = "tried") -> Broker:
    """Arm a desk."""
    found = arm(
        broker.standing,
        operator="ann",
        reason=reason,
        n_differences=0 if broker.swept is None else broker.swept.n_differences,
        key_troubles=broker.key_troubles,
        now_ms=broker.tools.now_ms(),
    )
    broker.standing = found.standing
    return broker


def order(broker: Broker, leg: int = 0, price: str = "99.6", **more: Any) -> Proposal:
    """Return an order to buy 0.1 that waits, or with a higher price one that takes."""
    name = intent_id(account="main", cycle="c", strategy="s", symbol=BTC, purpose="entry", leg=leg)
    return Proposal(
        intent=Intended(
            **{
                "at_ms": broker.tools.now_ms(),
                "intent_id": name,
                "client_id": client_id(name, broker.desk.epoch),
                "venue": "binance_usdm",
                "symbol": BTC,
                "side": Side.BUY,
                "order_kind": OrderKind.LIMIT,
                "quantity": D("0.1"),
                "limit_price": D(price),
                **more,
            }
        )
    )


def state(broker: Broker, proposal: Proposal) -> State:
    return broker.desk.book.orders[proposal.intent.intent_id].state


def same(broker: Broker, scene: Scene) -> None:
    """Hold the book against the exchange's truth: positions, trades, orders (I1-I3)."""
    account = scene.account
    held = broker.desk.book.positions.get(KEY, D(0))
    assert held * 1000 == account.position("BTCUSDT", "both").lots
    assert {trade for _, _, trade in broker.desk.book.trades} == {
        str(each.trade_id) for each in account.executions
    }
    names = [each.asked.client_id for each in account.orders.values()]
    assert len(names) == len(set(names)), "an intent has one order at most"


def test_an_order_is_written_sent_and_stands_as_the_venue_says(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = await scene.begin()
        assert broker.standing.trading is Trading.SAFE
        (refused,) = await broker.submit([order(broker, 9)])
        assert refused.refusal is not None
        assert refused.refusal.control is Control.STATE
        assert scene.account.orders == {}
        armed(broker)
        rest, take = order(broker, 0), order(broker, 1, "100.4")
        answers = await broker.submit([rest, take])
        assert [each.refusal for each in answers] == [None, None]
        assert (state(broker, rest), state(broker, take)) == (State.ACKED, State.FILLED)
        await broker.compare()
        assert broker.is_clean
        assert broker.desk.book.positions[KEY] == D("0.1")
        await broker.cancel(rest.intent.intent_id, "tried")
        assert state(broker, rest) is State.CANCELED
        same(broker, scene)
        await broker.close()

    played(tmp_path, play)


@pytest.mark.parametrize(
    ("faults", "end", "exists"),
    [
        ([Fault("lose_reply", POST)], State.ACKED, True),
        ([Fault("reset_reply", POST)], State.ACKED, True),
        ([Fault("garbage", POST, size=0)], State.ACKED, True),
        ([Fault("cut", POST)], State.ACKED, True),
        ([Fault("status", POST, size=0)], State.ACKED, True),
        ([Fault("lose_request", POST)], State.NOT_PLACED, False),
        ([Fault("reset_request", POST)], State.NOT_PLACED, False),
        ([Fault("unresolved", POST)], State.NOT_PLACED, False),
        ([Fault("lose_request", POST), Fault("copy", POST, size=4_500)], State.ACKED, True),
        ([Fault("lose_request", POST), Fault("copy", POST, size=5_500)], State.NOT_PLACED, False),
        ([Fault("copy", POST, size=300)], State.ACKED, True),
        ([Fault("lose_reply", POST), Fault("copy", POST, size=300)], State.ACKED, True),
    ],
    ids=str,
)
def test_an_order_without_an_answer_is_found_or_proved_absent(
    tmp_path: Path, faults: Sequence[Fault], end: State, exists: bool
) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        scene.network.faults = tuple(faults)
        sent = order(broker)
        await broker.submit([sent])
        if state(broker, sent) is State.UNKNOWN:
            assert exposure(broker.desk.book, KEY).worst == D("0.1"), "reserved while in doubt"
            (second,) = await broker.submit([order(broker, 1, "99.7")])
            assert second.refusal is not None
            assert second.refusal.control is Control.UNKNOWN
        scene.network.faults = ()
        await broker.compare()
        await broker.settled()
        assert state(broker, sent) is end
        await asyncio.sleep(120)
        await broker.compare()
        assert broker.is_clean
        assert len(scene.account.open_ids) == exists
        same(broker, scene)
        await broker.close()

    played(tmp_path, play)


def test_nothing_is_concluded_while_nobody_answers(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        scene.network.faults = (Fault("unresolved"),)
        sent = order(broker)
        await broker.submit([sent])
        await asyncio.sleep(3_600)
        assert state(broker, sent) is State.UNKNOWN
        assert any("10 minutes" in each for each in scene.pages)
        scene.network.faults = ()
        await broker.compare()
        await broker.settled()
        assert state(broker, sent) is State.NOT_PLACED
        await broker.close()

    played(tmp_path, play)


def test_replicas_that_lag_do_not_prove_an_absence(tmp_path: Path) -> None:
    exchange = venue()
    exchange.lags = Lags(order=20_000, open_orders=20_000, trades=20_000, positions=20_000)

    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        scene.network.faults = (Fault("lose_reply", POST),)
        sent = order(broker, price="100.4")
        await broker.submit([sent])
        scene.network.faults = ()
        running = asyncio.create_task(broker.run())
        await asyncio.sleep(180)
        assert state(broker, sent) is State.FILLED
        assert broker.is_clean
        same(broker, scene)
        running.cancel()
        await broker.close()

    played(tmp_path, play, exchange)


def test_a_life_that_ended_anywhere_is_taken_up_where_it_stood(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        taken, doubtful = order(broker, 0, "100.4"), order(broker, 1)
        await broker.submit([taken])
        scene.network.faults = (Fault("lose_reply", POST),)
        await broker.submit([doubtful])
        await broker.close()  # the process is gone, its questions too
        scene.network.faults = ()
        again = await scene.begin()
        assert again.standing.trading is Trading.SAFE
        assert again.desk.epoch == broker.desk.epoch + 1
        await again.settled()
        await again.compare()
        assert again.is_clean
        assert state(again, doubtful) is State.ACKED
        same(again, scene)
        await again.close()

    played(tmp_path, play)


def test_an_order_of_ours_that_no_journal_knows_is_cancelled_and_the_desk_halts(
    tmp_path: Path,
) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.venue.place(limit("qaaabcdefghijklmnopqrstu"))
        await broker.compare()
        assert scene.account.open_ids == {}
        assert broker.standing.trading is Trading.HALTED
        assert any("is not in the journal" in each for each in scene.pages)
        assert scene.kept[-1].trading is Trading.HALTED
        await broker.close()
        assert (await scene.begin()).standing.trading is Trading.HALTED

    played(tmp_path, play)


def test_orders_and_trades_of_somebody_else_block_their_symbol(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.venue.place(limit("web_by_hand"))
        await broker.compare()
        assert "somebody else" in broker.standing.blocked[BTC]
        assert len(scene.account.open_ids) == 1, "it is not ours to cancel"
        scene.exchange.exchange.place("me", Asked("BTCUSDT", BUY, "market", D("0.2")))
        await broker.compare()
        assert broker.desk.book.positions[KEY] == D("0.2")
        assert any("external" in str(each.trouble) for each in broker.alarms)
        same(broker, scene)
        await broker.close()

    played(tmp_path, play)


def test_a_position_that_the_venue_closed_is_closed_here(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.submit([order(broker, price="100.4")])
        await broker.compare()
        state_ = scene.exchange.exchange.state
        close(state_, scene.account, "BTCUSDT", "both", "adl_autoclose-")
        await broker.compare()
        assert broker.desk.book.positions.get(KEY, D(0)) == 0
        assert BTC in broker.standing.blocked
        same(broker, scene)
        await broker.close()

    played(tmp_path, play)


def test_what_the_book_says_is_what_the_journal_says(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        scene.network.faults = (
            Fault("lose_reply", POST, chance=0.3),
            Fault("lose_request", POST, chance=0.2),
        )
        running = asyncio.create_task(broker.run())
        for leg in range(12):
            price = "100.4" if leg % 3 else "99.6"
            kind = TimeInForce.IOC if leg % 4 == 1 else TimeInForce.GTC
            await broker.submit([order(broker, leg, price, time_in_force=kind)])
            await asyncio.sleep(90)
        scene.network.faults = ()
        await asyncio.sleep(300)
        running.cancel()
        assert broker.is_clean
        same(broker, scene)
        await broker.close()
        with open_store(tmp_path / "store.db") as store:
            assert restore(store.journal("main"), from_zero=True).book == broker.desk.book

    played(tmp_path, play)
