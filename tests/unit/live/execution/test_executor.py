"""Every style completes a parent at the simulated exchange, through the real client and faults."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.live.broker.test_broker import KEY, same
from tests.unit.live.execution.playing import Scene, begin, parent, play

from quorate.exchange.network import Fault
from quorate.live.execution.progress import progress
from quorate.live.orders.parents import Placing, Schedule
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


QUICK = {("pov", Side.SELL), ("post_only", Side.BUY)}
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
    kinds = {each.time_in_force for each in children(book)}
    if "post_only" in style:
        assert TimeInForce.POST_ONLY in kinds
    if style == "iceberg":
        assert all(each.quantity <= D("2.4") for each in children(book)[:-1])
    if style in {"twap", "pov"}:
        assert len(children(book)) >= 5


@pytest.mark.parametrize(
    "kind", ["lose_reply", pytest.param("lose_request", marks=pytest.mark.slow)]
)
def test_a_parent_survives_lost_replies(tmp_path: Path, kind: str) -> None:
    async def trade(scene: Scene) -> Book:
        desk = await begin(scene)
        scene.network.faults = (Fault(kind, POST, 0.5),)
        desk.executor.open(
            [parent(scene, deadline_ms=scene.exchange.exchange.state.now_ms + 10**7)]
        )
        await desk.run(2_000)
        scene.network.faults = ()
        await desk.run(2_000)
        same(desk.broker, scene)
        return desk.broker.desk.book

    scene, book = play(tmp_path, trade)
    balances(scene, book, Side.BUY, D(20))


@pytest.mark.parametrize(
    "dies_after", [4, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 9))]
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
