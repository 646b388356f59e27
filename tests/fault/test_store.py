"""Faults of the store: a process killed while it writes, a full disk, writers at the same time."""

import signal
import subprocess
import sys
import time

import pytest

from quorate.records import GENESIS
from quorate.store import open_store

BATCH = 50

CHILD = """
import resource, sys
from datetime import UTC, datetime
from quorate.errors import StoreError
from quorate.records import Event
from quorate.store import open_store

def batch(name, number, size=50):
    return [Event(event_id=f"{name}-{number}-{step}", kind="decision", run_id=run_id,
                  timestamp=datetime(2026, 1, 1, tzinfo=UTC), symbol="BTC", regime="trend")
            for step in range(size)]

def say(text):
    print(text, flush=True)

what, path, run_id, name = sys.argv[1:]
"""

FOREVER = """
store = open_store(path)
number = 0
while True:
    store.events.append(run_id, batch(name, number))
    number += 1
    say(number)
"""

FULL_DISK = """
store = open_store(path)
store.events.append(run_id, batch(name, 0))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
try:
    store.events.append(run_id, batch(name, 1, 5_000))
except StoreError as error:
    say(f"refused: {error}")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
say(len(list(store.events.read(run_id))))
store.events.append(run_id, batch(name, 2))
say("goes on")
"""

TEN_BATCHES = """
say("ready")
sys.stdin.readline()
store = open_store(path)
for number in range(10):
    store.events.append(run_id, batch(name, number))
store.runs.begin({"by": name}, data_hash="d", code_hash="c")
"""

OPEN_ONLY = """
say("ready")
sys.stdin.readline()
open_store(path).close()
"""

PROGRAMS = {
    "forever": FOREVER,
    "full_disk": FULL_DISK,
    "ten_batches": TEN_BATCHES,
    "open_only": OPEN_ONLY,
}


def start(what, path, run_id="", name="one"):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD + PROGRAMS[what], what, str(path), run_id, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def run_id(path):
    with open_store(path) as store:
        return store.runs.begin({}, data_hash="d", code_hash="c")


@pytest.mark.parametrize("delay_ms", [0, 3, 11])
def test_a_killed_writer_leaves_whole_batches_only(path, run_id, delay_ms):
    child = start("forever", path, run_id)
    for _ in range(4):
        child.stdout.readline()
    time.sleep(delay_ms / 1000)
    child.send_signal(signal.SIGKILL)
    # what readline has buffered is lost on communicate, which reads the pipe itself
    acknowledged = 4 + len(child.stdout.read().split())
    child.communicate()
    with open_store(path) as store:
        store.check()
        head = store.events.verify(run_id)
        n_events = sum(1 for _ in store.events.read(run_id))
        assert n_events % BATCH == 0
        assert n_events // BATCH in (acknowledged, acknowledged + 1)
        assert head != GENESIS
        assert [run.status for run in store.runs.list()] == ["abandoned"]
        store.runs.finish(run_id, "failed", message="killed")


def test_a_full_disk_refuses_the_batch_and_writes_none_of_it(path, run_id):
    child = start("full_disk", path, run_id)
    output, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    refused, hint, n_events, after = output.splitlines()
    assert refused.startswith("refused: the store failed:")
    assert "free some disk space" in hint
    assert (n_events, after) == (str(BATCH), "goes on")
    with open_store(path) as store:
        store.check()
        store.events.verify(run_id)
        names = [event.event_id for event in store.events.read(run_id)]
    assert names == [f"one-{number}-{step}" for number in (0, 2) for step in range(BATCH)]


def test_two_writers_at_once_wait_for_each_other(path, run_id):
    children = [start("ten_batches", path, run_id, name) for name in ("one", "two")]
    go(children)
    with open_store(path) as store:
        store.events.verify(run_id)
        names = [event.event_id.rsplit("-", 1)[0] for event in store.events.read(run_id)]
        assert len(names) == 2 * 10 * BATCH
        for first in range(0, len(names), BATCH):
            assert len(set(names[first : first + BATCH])) == 1, "a batch was torn apart"
        assert [trial.number for trial in store.runs.trials()] == [1, 2, 3]


def test_two_processes_that_make_the_store_at_once(path):
    go([start("open_only", path) for _ in range(2)])
    with open_store(path) as store:
        assert store.runs.list() == []


def go(children):
    """Let the children begin together, and wait for all of them to end well."""
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        _, errors = child.communicate(timeout=60)
        assert child.returncode == 0, errors
