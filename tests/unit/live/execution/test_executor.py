"""Every style completes a parent at the simulated exchange, through the real client and faults."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.live.broker.test_broker import KEY, same
from tests.unit.live.execution.playing import Scene, begin, parent, play

from quorate.exchange.network import Fault
from quorate.live.controls.standing import Trading
from quorate.live.execution.progress import progress
from quorate.live.execution.tca import Mids, measure
from quorate.live.orders.codec import from_text
from quorate.live.orders.parents import ParentClosed, Placing, Schedule
from quorate.store.opening import open_store
from quorate.venues.base import Side, TimeInForce

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.live.orders.book import Book

pytest.importorskip("ccxt")
D = Decimal
POST = "POST /fapi/v1/order"
STYLES: dict[str, dict[str, Any]] = {
    "marketable": {},
    "limit": {"placing": Placing.LIMIT},
    "post_only": {"placing": Placing.POST_ONLY, "rest_ms": 120_000},
    "twap": {"schedule": Schedule.TWAP, "slice_ms": 60_000, "rest_ms": 30_000},
    "twap_post_only": {
        "schedule": Schedule.TWAP,
        "slice_ms": 60_000,
        "rest_ms": 30_000,
        "placing": Placing.POST_ONLY,
    },
    "pov": {"schedule": Schedule.POV, "slice_ms": 60_000, "participation": D("0.3")},
    "iceberg": {"display": D(2)},
}


def children(book: Book) -> list[Any]:
    return list(progress(book.orders.values(), "p1").children)


def balances(scene: Scene, book: Book, side: Side, quantity: Decimal) -> None:
    """The book is the exchange's truth to the last digit: coins, fees, trades, one order each."""
    account = scene.account
    done = progress(book.orders.values(), "p1")
    assert done.filled == done.committed == quantity
    assert book.positions.get(KEY, D(0)) == side.sign * quantity
    assert book.fees["binance_usdm", "USDT"] == sum((each.fee for each in account.executions), D(0))
    assert sum(each.quantity for each in account.executions) == quantity * 1000
    names = [each.asked.client_id for each in account.orders.values()]
    assert len(names) == len(set(names))


def measured(folder: Path, scene: Scene) -> None:
    """What the journal says it cost is what the exchange took, to the last digit."""
    account = scene.account
    with open_store(folder / "store.db") as store:
        events = [from_text(row.payload) for row in store.journal("main").rows()]
    (one,) = measure(events, Mids([])).parents
    assert one.filled == one.opened.quantity
    assert one.shortfall.residual == 0
    assert one.shortfall.fees == sum((each.fee for each in account.executions), D(0))
    paid = sum((D(e.price) / 10 * D(e.quantity) / 1000 for e in account.executions), D(0))
    away = one.opened.side.sign * (paid - one.filled * one.opened.decision_price)
    assert one.shortfall.total == away + one.shortfall.fees


QUICK = {("pov", Side.SELL)}
CASES = [
    pytest.param(
        style, side, id=f"{style}-{side}", marks=[] if (style, side) in QUICK else pytest.mark.slow
    )
    for style in STYLES
    for side in Side
]


@pytest.mark.parametrize(("style", "side"), CASES)
def test_every_style_completes_a_parent(tmp_path: Path, style: str, side: Side) -> None:
    async def trade(scene: Scene) -> Book:
        desk = await begin(scene)
        opened = parent(scene, side, **STYLES[style])
        assert desk.executor.open([opened]) == [None]
        await desk.run(700)
        same(desk.broker, scene)
        assert desk.broker.is_clean
        assert desk.broker.desk.book.parents["p1"].reason == "filled"
        return desk.broker.desk.book

    scene, book = play(tmp_path, trade)
    balances(scene, book, side, D(20))
    measured(tmp_path, scene)
    kinds = {each.time_in_force for each in children(book)}
    if "post_only" in style:
        assert TimeInForce.POST_ONLY in kinds
    if style == "iceberg":
        assert all(each.quantity <= D("2.4") for each in children(book)[:-1])
    if style in {"twap", "pov"}:
        assert len(children(book)) >= 5


SPOILT = [
    pytest.param("lose_reply", POST, "marketable"),
    pytest.param("lose_request", POST, "marketable", marks=pytest.mark.slow),
    pytest.param("lose_reply", "/fapi/v1/order", "post_only", marks=pytest.mark.slow),
    pytest.param("lose_request", "/fapi/v1/order", "post_only", marks=pytest.mark.slow),
    pytest.param("garbage", "/fapi/v1/order", "post_only", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("kind", "endpoint", "style"), SPOILT)
def test_a_parent_survives_lost_replies(
    tmp_path: Path, kind: Any, endpoint: str, style: str
) -> None:
    async def trade(scene: Scene) -> Book:
        desk = await begin(scene)
        scene.network.faults = (Fault(kind, endpoint, 0.5),)
        now_ms = scene.exchange.exchange.state.now_ms
        opened = parent(scene, **{**STYLES[style], "deadline_ms": now_ms + 10**7})
        desk.executor.open([opened])
        await desk.run(2_000)
        scene.network.faults = ()
        await desk.run(2_000)
        same(desk.broker, scene)
        return desk.broker.desk.book

    scene, book = play(tmp_path, trade)
    balances(scene, book, Side.BUY, D(20))


@pytest.mark.parametrize(
    "dies_after", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 4, 9))]
)
def test_a_schedule_stands_where_it_stood_after_a_restart(tmp_path: Path, dies_after: int) -> None:
    async def trade(scene: Scene) -> Book:
        desk = await begin(scene)
        desk.executor.open([parent(scene, **STYLES["twap_post_only"])])
        for _ in range(dies_after):
            await desk.run(20, until_closed=False)
        before = desk.broker.desk.book
        await desk.broker.close()
        again = await begin(scene)
        assert [each.opened for each in again.executor.working] == [before.parents["p1"].opened]
        found = progress(again.broker.desk.book.orders.values(), "p1")
        assert found.filled == progress(before.orders.values(), "p1").filled
        await again.run(700)
        same(again.broker, scene)
        return again.broker.desk.book

    scene, book = play(tmp_path, trade)
    balances(scene, book, Side.BUY, D(20))
    legs = [each.leg for each in children(book)]
    assert legs == sorted(set(legs))


def test_what_the_gate_refuses_is_held_back_ever_longer_and_given_up(
    tmp_path: Path,
) -> None:
    async def trade(scene: Scene) -> list[int]:
        desk = await begin(scene)
        broker = desk.broker
        broker.standing = replace(broker.standing, trading=Trading.SAFE)
        tried: list[int] = []
        submit = broker.submit

        async def counted(orders: Any) -> Any:
            tried.append(broker.tools.now_ms())
            return await submit(orders)

        broker.submit = counted  # type: ignore[method-assign]
        now_ms = scene.exchange.exchange.state.now_ms
        desk.executor.open([parent(scene, deadline_ms=now_ms + 10**6)])
        for _ in range(500):
            await desk.executor.step()
            await asyncio.sleep(1.0)
        assert desk.executor.working == ()
        found = broker.desk.book.parents["p1"].reason
        assert found.startswith("the gate refuses: C00_state")
        assert scene.account.orders == {}
        return tried

    _, tried = play(tmp_path, trade)
    waits = [round((b - a) / 1000) for a, b in itertools.pairwise(tried)]
    assert waits == [5, 10, 20, 40, 80]


def test_a_parent_is_opened_once_where_it_belongs_and_can_be_taken_back(tmp_path: Path) -> None:
    async def trade(scene: Scene) -> None:
        desk = await begin(scene)
        mine = parent(scene, placing=Placing.POST_ONLY, rest_ms=600_000)
        first, twice, astray = desk.executor.open(
            [mine, mine, parent(scene, parent_id="p2", venue="other")]
        )
        assert first is None
        assert "opened before" in twice.text
        assert "parent of other" in astray.text
        assert "opened before" in desk.executor.open([mine])[0].text
        await desk.executor.step()
        assert len(scene.account.open_orders("BTCUSDT")) == 1
        assert await desk.executor.stop("p1", "the decision turned")
        assert not await desk.executor.stop("p1", "again")
        assert len(scene.account.open_orders("BTCUSDT")) == 0
        assert await desk.executor.step() == 0
        assert desk.broker.desk.book.parents["p1"].reason == "the decision turned"
        await desk.broker.compare()
        same(desk.broker, scene)

    play(tmp_path, trade)


def test_a_child_that_outlived_its_parent_is_taken_back_in_the_next_life(tmp_path: Path) -> None:
    async def trade(scene: Scene) -> None:
        desk = await begin(scene)
        desk.executor.open([parent(scene, placing=Placing.POST_ONLY, rest_ms=600_000)])
        await desk.executor.step()
        assert len(scene.account.open_orders("BTCUSDT")) == 1
        now_ms = desk.broker.tools.now_ms()
        # the life ends after the parent was closed, and before its child was taken back
        desk.broker.decide([ParentClosed(at_ms=now_ms, parent_id="p1", reason="it turned")])
        await desk.broker.close()
        again = await begin(scene)
        assert await again.executor.step() == 1
        assert scene.account.open_orders("BTCUSDT") == []
        assert await again.executor.step() == 0
        await again.broker.compare()
        same(again.broker, scene)

    play(tmp_path, trade)
