"""A desk in dry run as a process: jobs at their times, bars that are late, a venue that is down."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.api.test_desks import LEARN, STEP, Scene, short, tape  # noqa: F401  (fixtures)
from tests.unit.venues.building import QUICK, markets
from tests.unit.venues.building import STEP as STEP_MS

import quorate
from quorate.api import desks, dry_running
from quorate.api.dry_running import DryRun, Market, dry_run
from quorate.errors import ConfigError, VenueError, VenueUnavailableError
from quorate.exchange.serving import served
from quorate.exchange.virtual import VirtualLoop, run_virtually
from quorate.live.schedule.jobs import HOUSE
from quorate.live.schedule.runner import Clock, Runner
from quorate.store.jobs import JobState
from quorate.store.opening import open_store

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ccxt")


class Grown:
    """A market whose lake is there: a pull lets it grow by what has closed."""

    symbols = ("BTC/USDT", "ETH/USDT", "SOL/USDT")

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.late_s = 0.0
        self.is_down = False
        self.asked: list[float] = []

    def pull(self, kind: str, since: datetime, now: datetime) -> Any:
        """Return what is there; ETH is late by a while."""
        assert kind == "ohlcv"
        assert since < now
        if self.is_down:
            raise VenueUnavailableError("nobody answers")
        whole = now.timestamp() % 300.0
        self.asked.append(whole)
        late = "ETHUSDT" if whole < self.late_s else ""
        close = datetime.fromtimestamp(now.timestamp() - whole, UTC)
        self.scene.grow(close, late)
        last = close - STEP
        rows = [
            SimpleNamespace(symbol=name, last=last - STEP if late[:3] == name[:3] else last)
            for name in self.symbols
        ]
        return SimpleNamespace(symbols=[SimpleNamespace(**vars(e), problem=None) for e in rows])


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Time stands still while work is done, so that a play is the same every time."""

    async def inline(work: Any, *given: Any, **named: Any) -> Any:
        return work(*given, **named)

    monkeypatch.setattr(asyncio, "to_thread", inline)


def lived(scene: Scene, market: Any, store: Any, hours: float, begin: datetime) -> list[str]:
    """Let a desk live so long; return what it told."""
    told: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def now_ms() -> int:
            return int(loop.now_ms)  # type: ignore[attr-defined]

        clock = Clock(now_ms, now_ms, asyncio.sleep)
        desk = scene.open(store, begin)
        book = store.jobs()
        running = DryRun(desk, market, clock, told.append)
        work = {"cycle": running.cycle, "health": running.look}
        schedule = [job for job in HOUSE if job.name in work]
        runner = Runner(schedule, work, book, folder=scene.folder / "jobs", clock=clock)
        living = asyncio.create_task(runner.run())
        await asyncio.sleep(hours * 3600.0)
        runner.stop()
        await living
        book.close()

    run_virtually(main(), VirtualLoop(int(begin.timestamp() * 1e3)))
    return told


def test_every_bar_is_decided_on_at_its_time_over_lives_and_a_venue_that_is_down(
    tmp_path: Path,
    tape,  # noqa: F811
) -> None:
    scene = Scene(tmp_path, tape)
    market: Any = Grown(scene)
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin)
        first = lived(scene, market, store, 0.55, scene.begin + timedelta(seconds=40))
        assert [text.split("  ")[1][-5:] for text in first] == [
            f"00:{minute:02}" for minute in range(5, 35, 5)
        ]
        market.is_down = True
        down = lived(scene, market, store, 0.2, scene.begin + timedelta(minutes=41))
        assert all("bars of 0 coins" in text for text in down)
        market.is_down = False
        lived(scene, market, store, 0.5, scene.begin + timedelta(hours=1, minutes=2))
        kept = list(store.cycles("main").after(0))
        assert len(kept) == (62 + 30) // 5, "those between two lives were caught up with"
        book = store.jobs()
        runs = book.between(0, 2**60)
        book.close()
    states = [run.state for run in runs if run.job == "cycle"]
    assert states.count(JobState.DONE) == 6 + 3 + 6
    assert JobState.FAILED not in states
    assert len(states) == (90 + 5) // 5, "of those between two lives a row too, missed or skipped"
    health = [run for run in runs if run.job == "health" and run.state is JobState.DONE]
    assert [run.detail["n_failed"] for run in health] == [0] * len(health)
    assert len(health) >= 4


@pytest.mark.parametrize(("late_s", "n_known", "n_asked"), [(0, 3, 1), (9, 3, 3), (400, 2, 6)])
def test_a_bar_is_waited_for_twenty_seconds(
    tmp_path: Path,
    tape,  # noqa: F811
    late_s: float,
    n_known: int,
    n_asked: int,
) -> None:
    scene = Scene(tmp_path, tape)
    market: Any = Grown(scene)
    market.late_s = late_s
    with open_store(tmp_path / "store.db") as store:
        scene.grow(scene.begin)
        (told,) = lived(scene, market, store, 0.1, scene.begin + timedelta(seconds=40))
    assert f"bars of {n_known} coins" in told
    assert len(market.asked) == n_asked
    assert market.asked[-1] <= dry_running.LATE_S + dry_running.AGAIN_S


def test_a_whole_desk_over_the_real_client(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(desks, "LEARN", timedelta(days=2))
    monkeypatch.setattr(dry_running, "LEARN", timedelta(days=2))
    facade = markets(1_000, coins=("BTC", "ETH"))
    told: list[str] = []
    with served(facade) as server:
        now = [facade.spot.now_ms]
        pairs, lake = ("BTC/USDT", "ETH/USDT"), tmp_path / "lake"
        market = Market("binance", pairs, lake, server.url, None, QUICK)
        places = {"store": tmp_path / "desk.sqlite", "folder": tmp_path / "desk"}

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(0.01)
            now[0] += int(seconds * 1e3)

        clock = Clock(lambda: now[0], lambda: now[0], sleep)
        found = dry_run(market, hours=0.001, clock=clock, tell=told.append, **places)
        assert "no order leaves" in told[0]
        assert "stands after" in told[1]
        assert found["n_failed"] == 0
        gone = replace(market, url="http://127.0.0.1:9")
        dry_run(gone, hours=0.001, clock=clock, tell=told.append, **places)
        assert any("the venue does not answer" in text for text in told)
        elsewhere = places | {"folder": tmp_path / "other"}
        with pytest.raises(VenueError):
            dry_run(gone, hours=0.001, clock=clock, tell=told.append, **elsewhere)
        fewer = replace(market, symbols=pairs[:1])
        with pytest.raises(ConfigError, match="began with symbols"):
            dry_run(fewer, hours=0.001, clock=clock, tell=told.append, **places)
    with pytest.raises(ConfigError, match="pairs alone"):
        dry_run(Market("binance", ("BTC/USDT", "BTC/USDT:USDT"), tmp_path))
    with pytest.raises(quorate.errors.DataError, match="decided on no bar"):
        quorate.replay("2026-01-01", **places)
    with pytest.raises(ConfigError, match="is no day"):
        quorate.replay("yesterday", **places)
    assert STEP.total_seconds() * 1e3 == STEP_MS
    assert LEARN > STEP
