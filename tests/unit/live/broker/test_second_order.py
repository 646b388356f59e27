"""A request that the network delivers again once its order is over: a second one of its name."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.unit.live.broker.test_broker import KEY, POST, Scene, armed, order, played, state

from quorate.exchange.network import Fault
from quorate.live.broker import heard
from quorate.live.controls.standing import Armed, Trading, arm
from quorate.live.orders.book import blocked, exposure
from quorate.live.orders.states import State
from quorate.venues.base import Found

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.live.broker.broker import Broker

pytest.importorskip("ccxt")
D = Decimal
COPY = Fault("copy", POST, size=4_000)


def lifted(broker: Broker) -> None:
    """Arm a halted desk as two operators do."""
    for name in ("ann", "bob"):
        found = arm(
            broker.standing,
            operator=name,
            reason="the network did it",
            n_differences=0,
            key_troubles=(),
            now_ms=broker.tools.now_ms(),
        )
        broker.standing = found.standing
    assert isinstance(found, Armed)


def test_one_that_fills_is_booked_to_its_intent_and_kills_once(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        scene.network.faults = (COPY,)
        taken = order(broker, 0, "100.4")
        await broker.submit([taken])
        assert state(broker, taken) is State.FILLED
        scene.network.faults = ()
        await asyncio.sleep(5)
        assert [each.status for each in scene.account.orders.values()] == ["FILLED", "FILLED"]
        await broker.compare()
        name = taken.intent.intent_id
        assert {each.intent_id for each in broker.desk.book.trades.values()} == {name}
        assert broker.desk.book.orders[name].traded == D("0.2")
        assert broker.desk.book.positions[KEY] == D("0.2")
        assert broker.standing.is_killed
        assert sum("C15_fills" in each for each in scene.pages) == 1
        await broker.compare()
        assert broker.is_clean
        lifted(broker)
        (answer,) = await broker.submit([order(broker, 1)])
        assert answer.refusal is None, "what was looked at kills no second time"
        assert broker.standing.trading is Trading.ACTIVE
        await broker.close()

    played(tmp_path, play)


def test_one_that_rests_is_reserved_whole_and_taken_back(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        scene.network.faults = (COPY,)
        rests = order(broker)
        await broker.submit([rests])
        name = rests.intent.intent_id
        await broker.cancel(name, "tried")
        assert state(broker, rests) is State.CANCELED
        scene.network.faults = ()
        await asyncio.sleep(5)
        assert len(scene.account.open_ids) == 1
        intent = rests.intent
        found = await broker.venue.order(intent.symbol, intent.client_id, is_conditional=False)
        assert isinstance(found, Found)
        seen = heard.seen(name, found.view, broker.tools.now_ms())
        effects = broker.desk.record([seen])
        assert exposure(broker.desk.book, KEY).highest == D("0.1")
        assert blocked(broker.desk.book) == {("binance_usdm", intent.symbol)}
        await broker.carry(effects)
        assert scene.account.open_ids == {}
        assert exposure(broker.desk.book, KEY).highest == 0
        assert broker.desk.book.orders[name].is_settled
        assert sum("second_order" in each for each in scene.pages) == 1
        assert broker.standing.blocked == {intent.symbol: "second_order"}
        await broker.compare()
        assert broker.is_clean
        await broker.close()

    played(tmp_path, play)
