"""What the journal knows, the controls know: of orders sent, refused and decided, restarts between.

No caller says what was sent before; each of these controls fires with what the journal alone tells.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.binance.client import BTC, venue
from tests.unit.live.broker.test_broker import KEY, Scene, armed, order, played, same, state

from quorate.exchange.matching.market import close
from quorate.exchange.matching.orders import BUY, Asked
from quorate.exchange.network import Fault
from quorate.hands import Verb, Word
from quorate.harness.parents import opened
from quorate.live.controls.facts import Action, Control
from quorate.live.controls.standing import Trading, halt
from quorate.live.controls.standing import from_text as from_text_of
from quorate.live.heed import heed
from quorate.live.orders.book import open_orders
from quorate.live.orders.codec import from_text
from quorate.live.orders.events import Baseline, ExternalFill, Retired
from quorate.live.orders.states import State
from quorate.store.opening import open_store
from quorate.venues.base import OrderKind, Side, TimeInForce

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.live.broker.broker import Broker
    from quorate.live.controls.facts import Proposal, Refusal
    from quorate.live.orders.parents import ParentOpened

pytest.importorskip("ccxt")
D = Decimal
IOC = TimeInForce.IOC


async def refused(broker: Broker, proposal: Proposal) -> Refusal:
    """Submit an order that is to be refused by a control."""
    (answer,) = await broker.submit([proposal])
    assert answer.refusal is not None
    assert proposal.intent.client_id not in {
        each.asked.client_id
        for each in broker.venue._instances.trade.session._hosts[  # type: ignore[attr-defined]
            "fapi.binance.com"
        ]
        .exchange.state.accounts["me"]
        .orders.values()
    }
    return answer.refusal


async def again(scene: Scene, broker: Broker, **bounds: Any) -> Broker:
    """End a life and begin the next, armed and with other bounds."""
    await broker.close()
    return bounded(armed(await scene.begin()), **bounds)


def bounded(broker: Broker, **bounds: Any) -> Broker:
    broker.tools = broker.tools._replace(limits=replace(broker.tools.limits, **bounds))
    return broker


def test_the_rate_counts_what_earlier_lives_sent(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = bounded(armed(await scene.begin()), n_second=4, n_minute=6)
        batch = [order(broker, leg, time_in_force=IOC) for leg in range(5)]
        answers = await broker.submit(batch)
        assert [each.refusal is None for each in answers] == [True] * 4 + [False]
        assert answers[4].refusal is not None
        assert answers[4].refusal.control is Control.RATE, "a batch is counted while it is judged"
        await asyncio.sleep(2)
        for leg in (5, 6):
            assert (await broker.submit([order(broker, leg, time_in_force=IOC)]))[0].refusal is None
        broker = await again(scene, broker, n_second=4, n_minute=6)
        found = await refused(broker, order(broker, 7))
        assert (found.control, found.value, found.bound) == (Control.RATE, 6, 6)
        found = await refused(broker, order(broker, 8))
        assert found.action is Action.HALT, "the third breach; the first was in another life"
        assert broker.standing.trading is Trading.HALTED
        await asyncio.sleep(61)
        await broker.close()

    played(tmp_path, play)


def test_parent_after_parent_halts_across_lives(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = bounded(armed(await scene.begin()), n_parents_hour=3)
        for leg in range(3):
            broker.decide([decided(f"p{leg}")])
            sent = order(broker, leg, time_in_force=IOC, parent_id=f"p{leg}")
            assert (await broker.submit([sent]))[0].refusal is None
            await asyncio.sleep(120)
        broker = await again(scene, broker, n_parents_hour=3)
        broker.decide([decided("p3")])
        found = await refused(broker, order(broker, 3, parent_id="p3"))
        assert (found.control, found.action) == (Control.REPEATED, Action.HALT)
        await broker.close()

    played(tmp_path, play)


def test_turnover_and_duplicates_are_known_after_a_restart(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        broker.decide([decided("a"), decided("b")])
        await broker.submit([order(broker, 0, parent_id="a")])
        broker = await again(scene, broker)
        found = await refused(broker, order(broker, 1, parent_id="b"))
        assert found.control is Control.DUPLICATE
        bounded(broker, turnover_day=D("0.0015"))  # 15 USD, of which 9.96 are sent
        found = await refused(broker, order(broker, 2, quantity=D("0.11")))
        assert (found.control, found.value) == (Control.TURNOVER, D("20.916"))
        assert broker.standing.trading is Trading.HALTED
        await broker.close()

    played(tmp_path, play)


def test_an_order_that_is_repriced_turns_over_once(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = bounded(armed(await scene.begin()), turnover_day=D("0.0021"))  # 21 USD
        for leg, price in enumerate(("99.6", "99.7", "99.8")):  # 9.96, 9.97 and 9.98 of them
            proposal = order(broker, leg, price, parent_id="a")
            if leg == 0:
                broker.decide([decided("a")])
            (answer,) = await broker.submit([proposal])
            assert answer.refusal is None, answer.refusal
            await broker.cancel(proposal.intent.intent_id, "repriced")
            await broker.compare()
            assert state(broker, proposal) is State.CANCELED
        takes = order(broker, 3, "100.4", parent_id="a", time_in_force=IOC)
        await broker.submit([takes])
        await broker.compare()
        assert state(broker, takes) is State.FILLED
        broker = await again(scene, broker, turnover_day=D("0.0021"))
        (answer,) = await broker.submit([order(broker, 4, "99.9", parent_id="a")])
        assert answer.refusal is None, "10.04 have traded and 9.99 may: 20.03"
        found = await refused(broker, order(broker, 5, "99.8", quantity=D("0.01"), parent_id="a"))
        assert (found.control, found.value) == (Control.TURNOVER, D("21.028"))
        await broker.close()

    played(tmp_path, play)


def decided(name: str, quantity: str = "0.3", side: Side = Side.BUY) -> ParentOpened:
    return opened("binance_usdm", name, (BTC, side), D(quantity), D(100), 1)


def test_children_stay_within_their_parent_whoever_sends_them(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        found = await refused(broker, order(broker, 0, parent_id="p"))
        assert (found.control, found.action) == (Control.CHILD_SUM, Action.REJECT)
        assert "nobody decided" in found.text
        broker.decide([decided("p"), decided("q", side=Side.SELL)])
        taken = order(broker, 1, "100.4", parent_id="p")  # trades
        rest = order(broker, 2, parent_id="p")
        await broker.submit([taken, rest])
        await broker.cancel(rest.intent.intent_id, "its room is given back")
        await broker.compare()
        broker.desk.record([Retired(at_ms=1, before_ms=1 << 60)])
        kept = {each.intent.parent_id for each in broker.desk.book.orders.values()}
        assert kept == {"p"}, "children of a parent that is open are remembered"
        broker = await again(scene, broker)
        more = [order(broker, leg, f"99.{leg}", parent_id="p") for leg in (7, 8)]
        assert [each.refusal for each in await broker.submit(more)] == [None, None]
        found = await refused(broker, order(broker, 5, "99.6", parent_id="p", quantity=D("0.001")))
        assert (found.control, found.action) == (Control.CHILD_SUM, Action.HALT)
        assert (found.value, found.bound) == (D("0.301"), D("0.3"))
        assert broker.standing.trading is Trading.HALTED
        assert open_orders(broker.desk.book) == (), "its entries are taken back"
        broker = await again(scene, broker)
        await broker.close()

    played(tmp_path, play)


def test_a_child_of_another_side_is_none(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        broker.decide([decided("q", side=Side.SELL)])
        found = await refused(broker, order(broker, 0, parent_id="q"))
        assert (found.control, found.action) == (Control.CHILD_SUM, Action.HALT)
        await broker.close()

    played(tmp_path, play)


def test_a_storm_of_refusals_blocks_and_halts_across_lives(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        only = TimeInForce.POST_ONLY
        for leg in range(5):
            sent = order(broker, leg, "100.4", time_in_force=only, quantity=D(f"0.1{leg}"))
            await broker.submit([sent])
            assert state(broker, sent) is State.REJECTED
            await asyncio.sleep(2)
        broker = await again(scene, broker)
        found = await refused(broker, order(broker, 5))
        assert (found.control, found.action, found.value) == (Control.REJECTS, Action.BLOCK, 5)
        assert BTC in broker.standing.blocked
        broker = bounded(await again(scene, broker), n_rejects=5)
        found = await refused(broker, order(broker, 6))
        assert (found.control, found.action) == (Control.REJECTS, Action.HALT)
        await asyncio.sleep(400)
        broker = await again(scene, broker)
        await broker.close()

    played(tmp_path, play)


def test_a_halt_takes_entries_back_and_leaves_what_protects(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.submit([order(broker, 0, "100.4"), order(broker, 1)])
        await broker.compare()
        closes: dict[str, Any] = {"side": Side.SELL, "is_reduce_only": True}
        stop = order(
            broker,
            2,
            **closes,
            order_kind=OrderKind.STOP,
            limit_price=None,
            trigger_price=D(90),
        )
        leave = order(broker, 3, "100.4", **closes, quantity=D("0.05"))
        answers = await broker.submit([stop, leave])
        assert [each.refusal for each in answers] == [None, None]
        scene.network.faults = (Fault("lose_request", "DELETE"),)
        await broker.obey(halt(broker.standing, "tried", broker.tools.now_ms()))
        assert len(open_orders(broker.desk.book)) == 3, "the request was lost"
        assert scene.kept[-1].trading is Trading.HALTED
        scene.network.faults = ()
        await broker.settled()
        await broker.compare()
        left = {each.intent.intent_id for each in open_orders(broker.desk.book)}
        assert left == {stop.intent.intent_id, leave.intent.intent_id}
        assert len(scene.account.open_ids) == 1
        assert len(scene.account.waiting_ids) == 1
        same(broker, scene)
        await broker.close()

    played(tmp_path, play)


def test_an_old_account_begins_where_it_stands(tmp_path: Path) -> None:
    exchange = venue()
    for quantity in ("0.2", "0.1"):
        exchange.exchange.place("me", Asked("BTCUSDT", BUY, "market", D(quantity)))
    n_before = len(exchange.exchange.state.accounts["me"].executions)

    async def play(scene: Scene) -> None:
        scene.network.faults = (Fault("unresolved", "/userTrades"),)
        broker = await scene.begin()
        assert broker.swept is not None
        assert not broker.swept.is_whole, "nothing begins unread"
        assert broker.desk.book.positions == {}
        scene.network.faults = ()
        broker = armed(await scene.begin()) if await ended(broker) else broker
        assert broker.is_clean
        assert broker.standing.blocked == {}
        assert broker.desk.book.positions[KEY] == D("0.3")
        assert broker.desk.book.trades == {}
        assert any("somebody else holds" in each for each in scene.pages)
        await broker.submit([order(broker, 1, "100.4")])
        await broker.compare()
        assert broker.desk.book.positions[KEY] == D("0.4")
        assert len(broker.desk.book.trades) == len(scene.account.executions) - n_before
        broker = await again(scene, broker)
        scene.exchange.exchange.place("me", Asked("BTCUSDT", BUY, "market", D("0.2")))
        await broker.compare()
        assert BTC in broker.standing.blocked, "from the baseline on every trade counts"
        await broker.close()
        with open_store(tmp_path / "store.db") as store:
            rows = [from_text(row.payload) for row in store.journal("main").rows()]
        assert sum(isinstance(each, Baseline) for each in rows) == 1
        assert sum(isinstance(each, ExternalFill) for each in rows) == 1

    played(tmp_path, play, exchange)


async def ended(broker: Broker) -> bool:
    await broker.close()
    return True


def test_how_the_desk_stands_is_in_the_journal_and_a_kill_outlives_a_restart(
    tmp_path: Path,
) -> None:
    async def play(scene: Scene) -> None:
        broker = await scene.begin()
        asked = Word(verb=Verb.ARM, by="ann", why="looked", at_ms=0)
        fine = {"n_differences": 0, "key_troubles": (), "now_ms": broker.tools.now_ms()}
        await broker.obey(heed(broker.standing, [asked], **fine).standing)
        assert from_text_of(broker.desk.book.standing).trading is Trading.ACTIVE
        await broker.close()
        broker = await scene.begin()
        assert broker.standing.trading is Trading.SAFE
        said = Word(verb=Verb.KILL, by="ann", why="the feed", at_ms=0)
        heeded = heed(broker.standing, [said], **fine | {"now_ms": broker.tools.now_ms()})
        await broker.obey(heeded.standing)
        await broker.close()
        broker = await scene.begin()
        assert (broker.standing.trading, broker.standing.is_killed) == (Trading.HALTED, True)
        assert broker.standing.why == "killed by ann: the feed"
        await broker.close()

    played(tmp_path, play)


def test_a_trade_of_somebody_else_does_not_wait_for_an_order_in_doubt(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.submit([order(broker, 0, "99.8", side=Side.SELL)])
        await broker.compare()
        scene.network.faults = (Fault("lose_request", "POST /fapi/v1/order"),)
        doubtful = order(broker, 1)
        await broker.submit([doubtful])
        scene.network.faults = ()
        exchange = scene.exchange.exchange.state
        close(exchange, scene.account, "BTCUSDT", "both", "adl_autoclose-")  # a buy, as the order
        await broker.compare()
        assert state(broker, doubtful) is State.UNKNOWN
        running = asyncio.create_task(broker.run())
        await asyncio.sleep(300)
        assert state(broker, doubtful) is State.NOT_PLACED
        assert broker.is_clean
        same(broker, scene)
        running.cancel()
        await broker.close()

    played(tmp_path, play)


def test_what_ended_long_ago_leaves_the_book_and_stays_in_the_journal(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        taken = order(broker, 0, "100.4")
        await broker.submit([taken])
        await broker.compare()
        assert taken.intent.intent_id in broker.desk.book.orders
        await asyncio.sleep(2 * 86_400 + 7_200)
        await broker.compare()
        assert taken.intent.intent_id not in broker.desk.book.orders
        assert broker.is_clean
        broker = await again(scene, broker)
        assert (await broker.compare()).n_differences == 0
        await broker.close()

    played(tmp_path, play)
