"""The real ``quorate nightly`` as a job of a desk that ends in the middle of it and comes back."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import pytest
from tests.unit.api.nights.market import AT, folder

from quorate.live.schedule.command import Command
from quorate.live.schedule.jobs import HOUSE, Job
from quorate.live.schedule.runner import ENDED, Clock, Runner
from quorate.store import open_store
from quorate.store.jobs import JobState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # a whole night

PATIENCE_S = 400.0
PLANNED_MS = int(AT.timestamp()) * 1000
NIGHT = next(job for job in HOUSE if job.name == "nightly")
BEAT = Job(name="beat", cron="* * * * *", late_s=30)


def command(where):
    places = [f"--{name}={where / name}" for name in ("nights", "out", "registry")]
    days = ["--train-days=20", "--purge-days=3", "--test-days=12", "--cuts=4", "--rules-only"]
    market = ["--bars", str(folder()), "--venue=binance_spot", "--kind=spot", "--at={at}"]
    return Command((sys.executable, "-m", "quorate", "nightly", *market, *days, *places))


async def life(store, where, is_over):
    """Run a desk whose clock says that it is a second before the night, until something is so."""
    book = store.jobs()
    offset = PLANNED_MS - 1_000 - time.time_ns() // 1_000_000

    async def beat(_planned_ms):
        return None

    runner = Runner(
        [BEAT, NIGHT],
        {"beat": beat, "nightly": command(where)},
        book,
        folder=where / "jobs",
        clock=Clock(now_ms=lambda: time.time_ns() // 1_000_000 + offset),
        beat_s=1.0,
    )
    running = asyncio.create_task(runner.run())
    end = time.monotonic() + PATIENCE_S
    while not is_over(book) and not running.done() and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    runner.stop()
    await running
    found = book.between(PLANNED_MS - 3_600_000, PLANNED_MS + 3_600_000)
    book.close()
    return {row.job: row for row in found if row.planned_ms == PLANNED_MS}


def test_a_night_that_the_desk_broke_off_is_begun_again_and_goes_on(tmp_path):
    steps = tmp_path / "nights" / f"{AT:%Y-%m-%d}" / "steps"

    def is_checked(_book):
        path = steps / "check.json"
        return path.exists() and json.loads(path.read_text())["state"] == "done"

    def has_ended(book):
        rows = book.between(PLANNED_MS, PLANNED_MS + 1)
        return any(row.job == "nightly" and row.state in {"done", "failed"} for row in rows)

    with open_store(tmp_path / "desk.sqlite") as store:
        rows = asyncio.run(life(store, tmp_path, is_checked))
        assert rows["beat"].state is JobState.DONE
        assert (rows["nightly"].state, rows["nightly"].reason) == (JobState.LOST, ENDED)
        checked = (steps / "check.json").stat().st_mtime_ns
        night = asyncio.run(life(store, tmp_path, has_ended))["nightly"]
    output = (tmp_path / "jobs" / night.detail["output"]).read_text()
    assert (str(night.state), night.attempt, night.detail["exit"]) == ("done", 2, 0), output
    assert (steps / "check.json").stat().st_mtime_ns == checked
    assert "8 of 8 steps done" in output
