"""A desk that asks its guard to flatten: it waits for nobody, and somebody knows if it was vain."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.live.broker.test_broker import armed, order, played, state

from quorate.live.broker.killing import ASKING_S
from quorate.live.controls.standing import Trading, halt
from quorate.live.orders.states import State

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.live.broker.test_broker import Scene

    from quorate.live.broker.broker import Broker

pytest.importorskip("ccxt")


async def killed(broker: Broker, kill: Any) -> None:
    """Let a desk find that it must be flattened."""
    broker.tools = broker.tools._replace(kill=kill)
    now_ms = broker.tools.now_ms()
    await broker.obey(halt(broker.standing, "an overfill", now_ms, is_killed=True))


def test_a_guard_that_never_answers_stops_no_desk(tmp_path: Path) -> None:
    async def never(_why: str) -> None:
        await asyncio.Event().wait()

    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        resting = order(broker, 0, "99.8")
        await broker.submit([resting])
        begun_ms, n_pages = broker.tools.now_ms(), len(scene.pages)
        await asyncio.wait_for(killed(broker, never), ASKING_S / 2)
        assert broker.standing.trading is Trading.HALTED
        assert state(broker, resting) is State.CANCELED, "the desk went on to take its entries back"
        assert (await asyncio.wait_for(broker.compare(), ASKING_S / 2)).is_whole
        assert broker.tools.now_ms() < begun_ms + ASKING_S * 1000
        assert len(scene.pages) == n_pages
        await asyncio.sleep(ASKING_S)
        (page,) = scene.pages[n_pages:]
        assert "does not answer for 10 s, kill by hand: an overfill" in page
        await broker.close()

    played(tmp_path, play)


@pytest.mark.parametrize("is_async", [True, False])
def test_a_guard_that_cannot_be_asked_is_paged(tmp_path: Path, is_async: bool) -> None:
    async def refuses(_why: str) -> None:
        raise OSError(28, "No space left on device")

    def cannot(_why: str) -> Any:
        raise RuntimeError("no guard at all")

    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        await killed(broker, refuses if is_async else cannot)
        await broker.close()
        said = "No space left" if is_async else "no guard at all"
        assert said in scene.pages[-1]
        assert "kill by hand: an overfill" in scene.pages[-1]

    played(tmp_path, play)


def test_a_kill_that_a_crash_cut_off_is_asked_for_by_the_next_life(tmp_path: Path) -> None:
    async def play(scene: Scene) -> None:
        broker = armed(await scene.begin())
        asked: list[str] = []

        async def kill(why: str) -> None:
            await asyncio.sleep(1.0)
            asked.append(why)

        await killed(broker, kill)
        await broker.close()
        assert asked == ["an overfill"], "a life does not end before its guard has heard"
        n_pages = len(scene.pages)
        await (await scene.begin()).close()
        assert scene.pages[n_pages] == "an overfill", "nobody can be asked here: a person is"

    played(tmp_path, play)
