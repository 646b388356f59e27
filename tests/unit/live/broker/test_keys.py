"""A key that must not be used: no arming with it, and a desk that trades with one is halted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.live.broker.test_broker import Scene, armed, order, played

from quorate.exchange.network import Fault
from quorate.live.broker.checks import BELIEVED_MS, EXAMINE_MS
from quorate.live.controls.standing import Trading
from quorate.live.orders.codec import from_text
from quorate.live.orders.examined import Examined
from quorate.store.opening import open_store

if TYPE_CHECKING:
    from pathlib import Path


pytest.importorskip("ccxt")
RIGHTS = "GET /sapi/v1/account/apiRestrictions"


def rekeyed(scene: Scene, **change: Any) -> None:
    """Change the key at the venue."""
    scene.exchange.keys["key"] = scene.exchange.keys["key"]._replace(**change)


async def later(by_ms: int) -> None:
    """Let time go on: the next comparison finds it."""
    await asyncio.sleep(by_ms / 1e3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"may_withdraw": True}, "enableWithdrawals"),
        ({"may_transfer": True}, "enableInternalTransfer, permitsUniversalTransfer"),
        ({"addresses": None}, "from any address"),
        ({"may_trade": False}, "may not trade"),
        ({"is_revoked": True}, "the venue refuses the key"),
    ],
)
def test_a_key_that_must_not_be_used_arms_no_desk(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    async def play(scene: Scene) -> None:
        broker = await scene.begin()
        assert broker.key_troubles == ()
        rekeyed(scene, **change)
        (why,) = await broker.examine()
        assert words in why
        assert words in " ".join(scene.pages)
        assert armed(broker).standing.trading is Trading.SAFE
        (answer,) = await broker.submit([order(broker)])
        assert answer.refusal is not None
        assert not scene.account.orders
        rekeyed(scene, may_withdraw=False, may_transfer=False, may_trade=True, is_revoked=False)
        rekeyed(scene, addresses=("127.0.0.1",))
        assert await broker.examine() == ()
        assert armed(broker).standing.trading is Trading.ACTIVE
        await broker.close()
        with open_store(tmp_path / "store.db") as store:
            rows = [from_text(row.payload) for row in store.journal("main").rows()]
        told = [each.troubles for each in rows if isinstance(each, Examined)]
        assert [words in each for each in told] == [False, True, False]
        assert [bool(each) for each in told] == [False, True, False]

    played(tmp_path, play)


def test_a_desk_whose_key_grew_is_halted_within_the_hour_and_its_entries_taken_back(
    tmp_path: Path,
) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await broker.submit([order(broker)])
        assert len(scene.account.open_ids) == 1
        rekeyed(scene, may_withdraw=True)
        await broker.compare()
        assert broker.standing.trading is Trading.ACTIVE, "it is asked hourly, not at every look"
        await later(EXAMINE_MS)
        await broker.compare()
        assert broker.standing.trading is Trading.HALTED
        assert "enableWithdrawals" in broker.standing.why
        assert not scene.account.open_ids
        await broker.close()

    played(tmp_path, play)


def test_one_lost_answer_about_the_key_stops_nobody(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        scene.network.faults = (Fault("lose_reply", RIGHTS, 1.0),)
        await later(EXAMINE_MS)
        await broker.compare()
        assert broker.standing.trading is Trading.ACTIVE
        await later(BELIEVED_MS)
        await broker.compare()
        assert broker.standing.trading is Trading.HALTED
        assert "does not say what the key may do" in broker.standing.why
        await broker.close()

    played(tmp_path, play)
