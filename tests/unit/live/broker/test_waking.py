"""A life stands SAFE on the disk before a venue is there to be asked."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.live.controls.building import NOW_MS, intent

from quorate.errors import LeaseError
from quorate.live.broker.waking import wake
from quorate.live.controls.standing import Standing, Trading, from_text, to_text
from quorate.live.orders.desk import Desk, restore
from quorate.live.orders.effects import Resolve
from quorate.live.orders.events import Sending, Stood
from quorate.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quorate.store.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Give the journal of a desk that traded, and ended with an order on its way."""
    with open_store(tmp_path / "store.db") as store:
        found = store.journal("main")
        with Desk.open(found, NOW_MS)[0] as desk:
            active = to_text(Standing(trading=Trading.ACTIVE, why="armed by ann"))
            desk.record([Stood(at_ms=NOW_MS, standing=active), intent("one")])
            sending = Sending(
                at_ms=NOW_MS, intent_id="one", epoch=desk.epoch, sent_at_ms=NOW_MS, window_ms=5000
            )
            desk.record([sending])
        yield found


def test_safe_is_on_the_disk_before_any_venue(journal: Journal) -> None:
    heard: list[Standing] = []
    awake = wake(journal, lambda: NOW_MS + 1, heard.append)
    kept = from_text(restore(journal).book.standing)
    assert kept == awake.standing == heard[0]
    assert (kept.trading, kept.since_ms) == (Trading.SAFE, NOW_MS + 1)
    assert awake.effects == (Resolve("one"),), "what was on its way is asked for once one is there"
    with pytest.raises(LeaseError):
        wake(journal, lambda: NOW_MS, heard.append)
    awake.desk.close()


def test_a_kill_in_force_halts_it_from_the_first_row(journal: Journal) -> None:
    for killed in ("the feed", ""):
        awake = wake(journal, lambda: NOW_MS, lambda _: None, killed)
        awake.desk.close()
        standing = from_text(restore(journal).book.standing)
        assert (standing.trading, standing.why) == (Trading.HALTED, "the feed")


def test_who_cannot_stand_safe_gives_the_journal_back(journal: Journal) -> None:
    def broken(_: Standing) -> None:
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        wake(journal, lambda: NOW_MS, broken)
    awake = wake(journal, lambda: NOW_MS, broken)
    assert awake.standing.trading is Trading.SAFE, "it was written before it was told"
    assert awake.standing == replace(awake.standing, why="just started")
    awake.desk.close()


def test_nothing_that_loads_slowly_is_loaded_before() -> None:
    code = (
        "import sys, quorate.store, quorate.live.broker.waking;"
        "print(*sys.modules.keys() & {'ccxt', 'numpy', 'numba', 'polars', 'aiohttp'})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "\n"
