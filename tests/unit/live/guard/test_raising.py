"""What is asked for while a kill runs: carried out before a guard ends, and not after a minute."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.live.guard.watching import Scene, asked, guarded

from quorate.exchange.network import Fault
from quorate.live.guard.record import SENTINEL, Level, Record

if TYPE_CHECKING:
    from quorate.live.guard.kill import Done

pytest.importorskip("ccxt")


def is_flat(account: Any) -> bool:
    return not account.open_ids and not account.waiting_ids and not held(account)


def held(account: Any) -> int:
    lots: int = account.position("BTCUSDT", "both").lots
    return lots


@pytest.mark.parametrize("after_s", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("way", ["asked", "file", "mark"])
def test_a_flatten_that_comes_while_a_cancel_runs_is_carried_out(
    tmp_path: Path, after_s: float, way: str
) -> None:
    async def play(scene: Scene) -> Done | None:
        scene.guard.asking(asked(Level.CANCEL))
        running = asyncio.create_task(scene.guard.carry_out(None))
        await asyncio.sleep(after_s)
        if way == "asked":
            scene.guard.asking(asked(Level.FLATTEN))
        elif way == "file":
            (tmp_path / SENTINEL).write_text("flatten the peg")
        else:
            Record(tmp_path).mark(asked(Level.FLATTEN))
        return await running

    done, account, pages = guarded(tmp_path, play)
    assert done is not None
    assert (done.is_safe, done.killed.level) == (True, Level.FLATTEN)
    assert is_flat(account)
    assert pages == []
    row = json.loads((tmp_path / "done.json").read_text())
    assert (row["is_safe"], row["level"]) == (True, "flatten")


def test_a_flatten_waits_for_no_cancel_that_cannot_end(tmp_path: Path) -> None:
    async def play(scene: Scene) -> tuple[Done | None, float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        # cancels are lost, all else is answered
        scene.network.faults = (Fault("unresolved", "DELETE /fapi/v1/allOpenOrders", 1.0),)
        scene.guard.asking(asked(Level.CANCEL))
        running = asyncio.create_task(scene.guard.carry_out(None))
        await asyncio.sleep(5.0)
        scene.guard.asking(asked(Level.FLATTEN))
        await asyncio.sleep(5.0)
        steps = [row["step"] for row in scene.guard.tools.record.lines()]
        assert "slice" in steps, "it closes while orders are still there"
        scene.network.faults = ()
        done = await running
        return done, loop.time() - began

    (done, seconds), account, pages = guarded(tmp_path, play)
    assert done is not None
    assert (done.is_safe, done.killed.level) == (True, Level.FLATTEN)
    assert seconds < 20.0
    assert is_flat(account)
    assert not [each for each in pages if "may be open" in each]


def test_a_cancel_after_a_kill_of_the_same_level_is_done_too(tmp_path: Path) -> None:
    async def play(scene: Scene) -> Done | None:
        scene.guard.asking(asked(Level.CANCEL))
        running = asyncio.create_task(scene.guard.carry_out(None))
        await asyncio.sleep(0.5)
        scene.guard.asking(asked(Level.CANCEL, "again"))
        return await running

    done, account, _ = guarded(tmp_path, play)
    assert done is not None
    assert done.is_safe
    assert held(account) == -500
    steps = [row["step"] for row in Record(tmp_path).lines()]
    assert steps.count("cancelled") == 2


def test_a_disk_that_is_full_keeps_no_guard_from_its_next_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    async def play(scene: Scene) -> tuple[Done | None, Done | None]:
        monkeypatch.setattr(Path, "write_text", full)
        scene.guard.asking(asked(Level.CANCEL))
        first = await scene.guard.carry_out(None)
        scene.guard.asking(asked(Level.FLATTEN))
        return first, await scene.guard.carry_out(None)

    (first, second), account, pages = guarded(tmp_path, play)
    assert first is not None
    assert second is not None
    assert first.is_safe
    assert second.is_safe
    assert is_flat(account)
    assert len(pages) == 2
    assert "done.json cannot be written (No space left on device)" in pages[0]
    assert '"is_safe": true' in pages[1]
    assert not (tmp_path / "done.json").exists()
