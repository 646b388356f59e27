"""Faults of the ledger: processes that book at once, and one that is killed as it does."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from quorate.api import ledger
from quorate.store import open_store

CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from quorate.api import ledger
from quorate.api.trials import Data
from quorate.settings import Settings

day = datetime(2024, 1, 1, tzinfo=UTC)
data = Data("d", day, day, frozenset({"okx_swap"}), is_synthetic=False)
out, n = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for k in range(n):
    with ledger.opened(Settings({"account": {"store": ""}}, {}, None), out) as book:
        run_id = book.begin({"a": {"k": k, "by": out.name}}, data, "r", "backtest")
        print(run_id, flush=True)
        book.finish(run_id, {"net": {"sharpe": 1.0}}, (19_000, 1, np.zeros(3)))
"""
N = 12


def start(out, n):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(out), str(n)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def go(children):
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()


@pytest.mark.slow  # three processes
def test_processes_that_book_at_once_in_a_ledger_that_none_has_made_lose_no_trial(tmp_path):
    children = [start(tmp_path / name, N) for name in ("a", "b", "c")]
    go(children)
    booked = []
    for child in children:
        output, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors
        booked += output.split()
    with open_store(ledger.place()) as kept:
        kept.check()
        trials = kept.runs.trials()
        assert [trial.number for trial in trials] == list(range(1, 3 * N + 1))
        assert {trial.run_id for trial in trials} == set(booked)
        assert len(kept.runs.list(status="finished")) == 3 * N


@pytest.mark.slow  # a process for each moment
@pytest.mark.parametrize("delay_ms", [0, 2, 5, 9])
def test_one_that_is_killed_as_it_books_leaves_a_ledger_that_counts_all_it_told(tmp_path, delay_ms):
    child = start(tmp_path / "a", 10_000)
    go([child])
    told = [child.stdout.readline().strip() for _ in range(3)]
    time.sleep(delay_ms / 1000)  # not waited for: where in a booking it strikes does not matter
    child.send_signal(signal.SIGKILL)
    told += child.stdout.read().split()
    child.communicate()
    with open_store(ledger.place()) as kept, open_store(tmp_path / "a" / "quorate.sqlite") as own:
        kept.check()
        counted = [trial.run_id for trial in kept.runs.trials()]
        begun = [trial.run_id for trial in own.runs.trials()]
    assert set(told) <= set(counted)
    assert begun[: len(counted)] == counted
    assert len(begun) - len(counted) in (0, 1)  # the last may have been begun in its folder alone
