"""A guard that could kill nothing says so at its start; one whose venue is silent stays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.exchange.binance.client import BTC
from tests.unit.live.guard.watching import Scene, asked, guarded

from quorate.errors import ConfigError
from quorate.exchange.network import Fault
from quorate.live.guard.record import Level

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ccxt")


async def once(scene: Scene) -> list[bool]:
    going_on = await scene.guard.tried_once()
    for task in going_on:
        task.cancel()
    return scene.said


def test_a_guard_whose_venue_answers_is_tried(tmp_path: Path) -> None:
    said, _, pages = guarded(tmp_path, once, is_open=False)
    assert said == [True]
    assert pages == []


@pytest.mark.parametrize(
    ("key", "symbols", "words"),
    [
        ({"is_revoked": True}, (BTC,), "refuses the key"),
        ({"may_trade": False}, (BTC,), "may not trade"),
        ({}, (BTC, "NONE/USDT:USDT"), "does not list NONE/USDT:USDT"),
    ],
)
def test_who_could_kill_nothing_is_refused_and_not_where_a_kill_waits(
    tmp_path: Path, key: dict[str, Any], symbols: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        guarded(tmp_path, once, *symbols, is_open=False, **key)

    async def waiting(scene: Scene) -> None:
        scene.guard.asking(asked(Level.CANCEL))
        going_on = await scene.guard.tried_once()
        assert len(going_on) == 1
        await asyncio.sleep(20.0)
        going_on[0].cancel()

    _, _, pages = guarded(tmp_path / "other", waiting, *symbols, is_open=False, **key)
    (page,) = [each for each in pages if "can kill nothing" in each]
    assert words in page


def test_a_wrong_secret_is_refused(tmp_path: Path) -> None:
    async def play(scene: Scene) -> list[bool]:
        scene.client.secret = "wrong"  # noqa: S105
        return await once(scene)

    with pytest.raises(ConfigError, match="refuses the key"):
        guarded(tmp_path, play, is_open=False)


@pytest.mark.parametrize("kind", ["unresolved", "garbage", "lose_reply"])
def test_a_silent_venue_is_told_of_once_and_tried_until_it_answers(
    tmp_path: Path, kind: str
) -> None:
    async def play(scene: Scene) -> list[bool]:
        scene.network.faults = (Fault(kind, chance=1.0),)
        (going_on,) = await scene.guard.tried_once()
        await asyncio.sleep(60.0)
        assert set(scene.said) == {False}
        scene.network.faults = ()
        await asyncio.wait_for(going_on, 20.0)
        return scene.said

    said, _, pages = guarded(tmp_path, play, is_open=False)
    assert said[-1] is True
    (page,) = pages
    assert "stays and tries its venue again" in page


@pytest.mark.parametrize(
    ("key", "words"),
    [({"may_withdraw": True}, "enableWithdrawals"), ({"addresses": None}, "from any address")],
)
def test_what_a_key_has_too_much_is_told_and_keeps_nobody_from_guarding(
    tmp_path: Path, key: dict[str, Any], words: str
) -> None:
    said, _, pages = guarded(tmp_path, once, is_open=False, **key)
    assert said == [True]
    assert words in pages[0]
