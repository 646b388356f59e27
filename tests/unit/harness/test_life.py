"""Plays of the harness: the same in every process, and clean on our desk."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from quorate.api import torture
from quorate.errors import ConfigError
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.harness.ground import GROUNDS
from quorate.harness.life import _Desk, play
from quorate.harness.scene import START_MS, built
from quorate.harness.schedule import (
    INCIDENTS,
    SPOILT,
    Event,
    Schedule,
    drawn,
    is_heard,
    read,
    written,
)
from quorate.harness.shrink import shrunk
from quorate.live.controls.standing import Standing
from quorate.live.orders.codec import from_text
from quorate.live.orders.events import Adjusted, Filled, Opened

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ccxt")
HOURS_MS = 2 * 3_600_000


def test_a_schedule_is_the_same_for_its_seed_and_as_json() -> None:
    seen = set()
    for seed in range(60):
        schedule = drawn(seed, HOURS_MS)
        assert read(written(schedule)) == schedule == drawn(seed, HOURS_MS)
        assert all(each.last_ms <= schedule.quiet_ms for each in schedule.faults)
        assert list(schedule.events) == sorted(schedule.events)
        seen |= {each.kind for each in schedule.events}
        heard = {each.kind for each in schedule.events} & set(SPOILT)
        assert is_heard(seed) or not heard
    assert seen == {*INCIDENTS, *SPOILT}


@pytest.mark.slow
def test_a_play_is_the_same_in_another_process_with_other_hashes() -> None:
    here = play(drawn(3, HOURS_MS))
    program = (
        "from quorate.harness.life import play; from quorate.harness.schedule import drawn;"
        f"print(play(drawn(3, {HOURS_MS})).trace)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"PYTHONHASHSEED": "99", "PATH": "", "PYTHONPATH": ":".join(sys.path)},
    )
    assert found.stdout.strip() == here.trace
    assert here.violations == ()
    assert here.n_orders > 5
    assert play(drawn(4, HOURS_MS)).trace != here.trace


def test_a_life_that_ends_before_it_knows_its_venue_gives_its_journal_back() -> None:
    calm = Schedule(3, 900_000, 600_000, (), (Event(400_000, "crash", 3),))
    with built(calm, Standing(), GROUNDS["binance"]) as scene:
        played = run_virtually(_Desk(scene).lives(), VirtualLoop(START_MS))
        rows = [from_text(row.payload) for row in scene.journal.rows()]
    assert played.violations == ()
    begun = [each.at_ms - START_MS for each in rows if isinstance(each, Opened)]
    assert [len(begun), played.n_lives] == [3, 2]
    assert begun[1:] == [400_000, 400_004]


def test_only_what_is_needed_to_fail_is_left() -> None:
    schedule = drawn(11, HOURS_MS)
    wanted = schedule.events[0]
    least = shrunk(schedule, lambda tried: wanted in tried.events)
    assert least.events == (wanted,)
    assert least.faults == ()


@pytest.mark.slow
def test_a_torture_counts_what_it_did() -> None:
    found = torture(2, first_seed=5, days=2 / 12, workers=1)
    assert (found.seeds, found.first_seed, found.violations) == (2, 5, 0)
    assert found.days == pytest.approx(2 / 12)
    assert sum(found.faults.values()) > 0
    assert set(found.violations_by_invariant.values()) == {0}
    again = torture(2, first_seed=5, days=2 / 12, workers=2)
    assert again == found
    one = torture(schedule=written(drawn(5, HOURS_MS)))
    assert (one.seeds, one.violations) == (1, 0)
    elsewhere = torture(2, first_seed=5, days=2 / 12, venue="spot", workers=1)
    assert elsewhere.violations == 0
    assert elsewhere.trace != found.trace


@pytest.mark.slow
def test_who_is_interrupted_does_not_wait_for_plays_under_way() -> None:
    before, workers = set(multiprocessing.active_children()), set()

    def interrupt(_done: int, _plays: int) -> None:
        workers.update(set(multiprocessing.active_children()) - before)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        torture(8, first_seed=5, days=8 / 24, workers=2, progress=interrupt)
    assert [each.exitcode for each in workers] == [-signal.SIGTERM] * 2


@pytest.mark.parametrize(("seeds", "days"), [(0, 1.0), (1, 0.0), (1, -1.0), (100, 1.0)])
def test_a_torture_of_nothing_is_refused(seeds: int, days: float) -> None:
    with pytest.raises(ConfigError, match="days"):
        torture(seeds, days=days)


def test_a_venue_that_nobody_plays_at_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="played at 'okx'") as told:
        torture(1, venue="okx")
    assert "binance, spot, bybit" in (told.value.hint or "")
    with pytest.raises(ConfigError, match="the whole programme is played at binance"):
        torture(record=tmp_path / "record.json", venue="spot")


def test_a_calm_life_at_a_spot_venue_explains_every_coin_by_its_trades() -> None:
    calm = drawn(3, HOURS_MS)._replace(faults=(), events=())
    with built(calm, Standing(), GROUNDS["spot"]) as scene:
        run_virtually(_Desk(scene).lives(), VirtualLoop(START_MS))
        rows = [from_text(row.payload) for row in scene.journal.rows()]
    traded = [each for each in rows if isinstance(each, Filled) and each.fee_asset != "USDT"]
    assert traded, "coins that were bought bear their fee in coins"
    assert not any(isinstance(each, Adjusted) for each in rows)
