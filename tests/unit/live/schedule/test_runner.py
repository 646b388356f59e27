"""Runs that are done: one bad job stops no other, ends are rows, and lives follow each other."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.made_stores import copied
from tests.unit.live.schedule.test_jobs import by_minutes, ms

from quorate.errors import ConfigError, StoreError
from quorate.live.schedule.command import Command, Failed, commanded
from quorate.live.schedule.hand import by_hand
from quorate.live.schedule.jobs import HOUSE, Job, Missed
from quorate.live.schedule.runner import ENDED, Clock, Runner
from quorate.store import open_store
from quorate.store.jobs import JobState

NOON = ms(2024, 2, 28, 12)
MINUTE = 60_000
PATIENCE_S = 60.0


class Hands:
    """A clock of which the runner's own waiting is the time."""

    def __init__(self, now_ms=NOON + 1_000):
        self.wall = now_ms
        self.elapsed = 0
        self.end = math.inf
        self.over = asyncio.Event()
        self.clock = Clock(lambda: self.wall, lambda: self.elapsed, self.sleep)

    async def sleep(self, seconds):
        for _ in range(3):  # what can be done now is done before time passes
            await asyncio.sleep(0)
        self.wall += round(seconds * 1000)
        self.elapsed += round(seconds * 1000)
        if self.wall >= self.end:
            self.over.set()


@pytest.fixture(scope="module", autouse=True)
def _stores(tmp_path_factory):
    with copied(tmp_path_factory.mktemp("made")):
        yield


@pytest.fixture
def book(tmp_path):
    with open_store(tmp_path / "desk.sqlite") as store:
        opened = store.jobs()
        yield opened
        opened.close()


async def until(runner, hands, end_ms):
    await until_both([runner], hands, end_ms)


async def until_both(runners, hands, end_ms):
    hands.end, hands.over = end_ms, asyncio.Event()
    running = [asyncio.create_task(runner.run()) for runner in runners]
    await hands.over.wait()
    for runner in runners:
        runner.stop()
    await asyncio.gather(*running)


def job(name, cron="*/5 * * * *", **more):
    return Job(name=name, cron=cron, **more)


async def fine(planned_ms):
    return {"of": planned_ms}


def test_one_bad_job_stops_no_other_and_each_is_a_row(book):
    async def raises(_planned_ms):
        raise ValueError("no such coin")

    async def leaves(_planned_ms):
        raise SystemExit(3)

    async def babbles(_planned_ms):
        return {"share": math.nan}

    async def refuses(_planned_ms):
        return Failed("no answer", {"asked": 3})

    async def hangs(_planned_ms):
        await asyncio.Event().wait()

    work = {f.__name__: f for f in (raises, leaves, babbles, refuses, hangs, fine)}
    schedule = [job(name, deadline_s=240) for name in work]
    hands = Hands()
    runner = Runner(schedule, work, book, clock=hands.clock, beat_s=60.0)
    asyncio.run(until(runner, hands, NOON + 10 * MINUTE - 1_000))
    rows = {row.job: row for row in book.between(NOON + 1, NOON + 10 * MINUTE)}
    found = {name: (str(row.state), row.reason) for name, row in rows.items()}
    assert found.pop("babbles")[1].startswith("what it came to cannot be written: ")
    assert found == {
        "raises": ("failed", "ValueError: no such coin"),
        "leaves": ("failed", "it wanted to end the process, with 3"),
        "refuses": ("failed", "no answer"),
        "hangs": ("failed", "over its limit of 240 s"),
        "fine": ("done", ""),
    }
    assert rows["refuses"].detail == {"asked": 3}
    assert rows["fine"].detail == {"of": NOON + 5 * MINUTE}
    took_ms = rows["hangs"].ended_ms - rows["hangs"].started_ms
    assert 240_000 < took_ms < 241_000


def test_what_a_desk_that_ends_leaves_is_lost_and_the_next_begins_it_again(book, tmp_path):
    begun = Counter()

    async def night(planned_ms):
        begun[planned_ms] += 1
        if begun[planned_ms] == 1:
            await asyncio.Event().wait()
        return {}

    schedule = [
        job("cycle", deadline_s=240),
        job("night", "0 13 * * *", missed=Missed.LATEST, deadline_s=7200, attempts=2),
    ]
    hands = Hands(NOON + 50 * MINUTE)
    first = Runner(schedule, {"cycle": fine, "night": night}, book, clock=hands.clock)
    asyncio.run(until(first, hands, NOON + 62 * MINUTE))
    one = NOON + 60 * MINUTE
    [row] = [row for row in book.between(one, one + 1) if row.job == "night"]
    assert (row.state, row.reason, row.attempt) == (JobState.LOST, ENDED, 1)
    with open_store(tmp_path / "desk.sqlite") as store:
        more = store.jobs()
        hands.wall += 20 * MINUTE
        second = Runner(schedule, {"cycle": fine, "night": night}, more, clock=hands.clock)
        asyncio.run(until(second, hands, hands.wall + 6 * MINUTE))
        more.close()
    [row] = [row for row in book.between(one, one + 1) if row.job == "night"]
    assert (row.state, row.attempt, begun[one]) == (JobState.DONE, 2, 2)
    assert row.reason.endswith("begun again: it was lost")
    cycles = [r for r in book.between(NOON, hands.wall) if r.job == "cycle"]
    past = by_minutes("*/5 * * * *", NOON + 50 * MINUTE - 1, hands.wall)
    assert [r.planned_ms for r in cycles] == past
    assert Counter(str(r.state) for r in cycles)["missed"] == 4


@pytest.mark.slow
def test_while_the_store_fails_nothing_is_begun_and_what_ended_is_written_later(book, monkeypatch):
    hands, told = Hands(), []

    def failing(call):
        def broken(*args, **named):
            if NOON + 6 * MINUTE < hands.wall < NOON + 20 * MINUTE:
                raise StoreError("the store failed: database is locked")
            return call(*args, **named)

        return broken

    for name in ("since", "end", "claim"):
        monkeypatch.setattr(book, name, failing(getattr(book, name)))

    async def slow(_planned_ms):
        while hands.wall < NOON + 8 * MINUTE:  # noqa: ASYNC110  (the clock is made up)
            await asyncio.sleep(0)

    schedule = [job("cycle"), job("slow", "5 * * * *")]
    work = {"cycle": fine, "slow": slow}
    runner = Runner(schedule, work, book, clock=hands.clock, tell=told.append)
    asyncio.run(until(runner, hands, NOON + 32 * MINUTE))
    rows = book.between(NOON + 1, NOON + 31 * MINUTE)
    states = [str(row.state) for row in rows if row.job == "cycle"]
    assert states == ["done", "missed", "missed", "done", "done", "done"]
    [row] = [row for row in rows if row.job == "slow"]
    assert row.state is JobState.DONE
    assert row.ended_ms < NOON + 9 * MINUTE
    assert len(told) == 1
    assert told[0].startswith("nothing is begun while the store fails")


@pytest.mark.slow
def test_two_desks_on_one_store_run_nothing_twice(book, tmp_path):
    ran = Counter()

    async def count(planned_ms):
        ran[planned_ms] += 1
        await asyncio.sleep(0)

    with open_store(tmp_path / "desk.sqlite") as store:
        more = store.jobs()
        hands = Hands()
        runners = [
            Runner([job("cycle")], {"cycle": count}, each, clock=hands.clock, beat_s=20.0)
            for each in (book, more)
        ]
        asyncio.run(until_both(runners, hands, NOON + 31 * MINUTE))
        more.close()
    assert set(ran.values()) == {1}
    assert len(ran) == 6
    assert {row.state for row in book.between(NOON + 1, NOON + 30 * MINUTE)} == {JobState.DONE}


def test_what_nobody_does_and_what_no_schedule_has_is_refused(book):
    with pytest.raises(ConfigError, match="nothing does the job cycle"):
        Runner([job("cycle")], {}, book)
    with pytest.raises(ConfigError, match="the job scan is in no schedule"):
        Runner([job("cycle")], {"cycle": fine, "scan": fine}, book)


def test_a_run_by_hand_is_recorded_as_such_and_not_beside_another(book):
    async def asked():
        hands = Hands()
        row = await by_hand(job("scan"), fine, book, who="ann", clock=hands.clock)
        again = await by_hand(job("scan"), fine, book, who="ann", clock=hands.clock)
        return row, again

    row, again = asyncio.run(asked())
    assert (row.by_hand, str(row.state), row.reason) == (True, "done", "asked for by ann")
    assert again.planned_ms == row.planned_ms + 1
    book.claim("scan", NOON, NOON)
    with pytest.raises(ConfigError, match="a run of scan is going"):
        asyncio.run(by_hand(job("scan"), fine, book, who="ann", clock=Hands().clock))

    async def slow(_planned_ms):
        await asyncio.Event().wait()

    late = asyncio.run(by_hand(job("late", deadline_s=1), slow, book, who="ann"))
    assert (str(late.state), late.reason) == (
        "failed", "asked for by ann; over its limit of 1 s",
    )  # fmt: skip


def test_a_command_keeps_its_output_and_its_exit_code(tmp_path):
    said = "import os, sys; print(sys.argv[1], os.nice(0)); sys.exit(int(sys.argv[2]))"
    words = (sys.executable, "-c", said, "{at}")

    async def ran(*more):
        return await commanded(Command((*words, *more), niceness=7), "scan", tmp_path)(NOON)

    before = os.nice(0)
    assert asyncio.run(ran("0")) == {"exit": 0, "output": "scan-20240228T120000.log"}
    found = asyncio.run(ran("3"))
    assert found.reason == "exit code 3, see scan-20240228T120000.log"
    text = (tmp_path / "scan-20240228T120000.log").read_text()
    assert text == f"2024-02-28T12:00:00 {before + 7}\n" * 2


FAMILY = (
    "import subprocess, sys, time; "
    "c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print(c.pid, flush=True); "
)
STAYS = FAMILY + "time.sleep(600)"
DESK = """
import asyncio, sys
from pathlib import Path
from quorate.live.schedule.command import Command, commanded
asyncio.run(commanded(Command((sys.executable, "-c", sys.argv[2])), "night", Path(sys.argv[1]))(0))
"""


def child_of(path):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = path.read_text().split() if path.exists() else []
        if found:
            return int(found[0])
        time.sleep(0.02)
    raise AssertionError("it never began")


def is_gone(pid):
    """Wait until a process is no more, or nobody has asked how it ended."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.slow
def test_a_command_that_is_not_there_is_a_failure(tmp_path):
    command = Command((str(tmp_path / "none"),))
    found = asyncio.run(commanded(command, "scan", tmp_path)(NOON))
    assert found.detail["exit"] == 127
    assert "cannot be run: No such file" in (tmp_path / found.detail["output"]).read_text()


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["is stopped", "ends by itself", "ignores SIGTERM"])
def test_a_command_is_killed_with_its_children(tmp_path, ends):
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    script = {"is stopped": STAYS, "ends by itself": FAMILY, "ignores SIGTERM": deaf + STAYS}[ends]
    command = Command((sys.executable, "-c", script), grace_s=0.5)

    async def ran():
        task = asyncio.create_task(commanded(command, "night", tmp_path)(NOON))
        pid = await asyncio.to_thread(child_of, tmp_path / "night-20240228T120000.log")
        if ends != "ends by itself":
            task.cancel()
        await asyncio.wait({task})
        return pid

    assert is_gone(asyncio.run(ran()))


@pytest.mark.slow
def test_a_command_does_not_outlive_a_desk_that_is_killed(tmp_path):
    desk = subprocess.Popen([sys.executable, "-c", DESK, str(tmp_path), STAYS])
    pid = child_of(tmp_path / "night-19700101T000000.log")
    assert Path(f"/proc/{pid}").exists()
    os.kill(desk.pid, signal.SIGKILL)
    desk.wait()
    assert is_gone(pid)


@pytest.mark.slow
def test_a_day_of_the_house_is_whole(book):
    work = {each.name: fine for each in HOUSE}
    hands = Hands(NOON + 1)
    runner = Runner(HOUSE, work, book, clock=hands.clock, beat_s=300.0)
    asyncio.run(until(runner, hands, NOON + 1440 * MINUTE + 1))
    rows = book.between(NOON + 1, NOON + 1440 * MINUTE + 1)
    counts = Counter((row.job, str(row.state)) for row in rows)
    assert counts == {
        ("cycle", "done"): 288,
        ("health", "done"): 96,
        ("carry", "done"): 24,
        ("nightly", "done"): 1,
        ("attribution", "done"): 1,
    }
