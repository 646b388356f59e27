"""Faults of a run: killed while its decisions are on disk, or while they cannot be put there."""

import os
import signal
import subprocess
import sys

import pytest

import quorate
from quorate.backtest import kept, spool
from quorate.errors import DataError
from quorate.store import open_store

LIVELY = {"consensus.edge_slope": "6", "consensus.k": "0.5", "consensus.quorum": "0"}
KILLED = """
import os, signal, sys
import quorate
from quorate.backtest import kept

kept.BATCH = 20
panel = quorate.synthetic(n_coins=4, days=14, planted_edge=4.0)
settings = quorate.read_settings(overrides=dict(each.split("=") for each in sys.argv[2:]))
put = kept.Spool.put

def stop(spool, frame):
    put(spool, frame)
    print("on disk", os.listdir(sys.argv[1]), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

kept.Spool.put = stop
quorate.run(panel, settings, out=sys.argv[1])
"""


def test_a_run_that_is_killed_leaves_nothing_of_its_decisions(tmp_path):
    chosen = [f"{name}={value}" for name, value in LIVELY.items()]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), *chosen],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert "on disk" in done.stdout
    left = {path.name for path in tmp_path.iterdir()}
    (owner,) = (name for name in left if name.endswith(".owner"))
    assert {name.partition("-")[0] for name in left} == {"quorate.sqlite", owner}
    (row,) = quorate.runs(tmp_path)
    assert row.status == "abandoned"
    assert "killed" in row.message
    with open_store(tmp_path / "quorate.sqlite") as store:
        assert len(store.runs.trials()) == 1


def test_a_disk_that_fills_up_ends_a_run_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(kept, "BATCH", 20)
    monkeypatch.setattr(spool, "TemporaryFile", full)
    panel = quorate.synthetic(n_coins=4, days=14, planted_edge=4.0)
    with pytest.raises(DataError, match="cannot be put on disk"):
        quorate.run(panel, quorate.read_settings(overrides=LIVELY), out=tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    with open_store(tmp_path / "quorate.sqlite") as store:
        assert [row.status for row in store.runs.list()] == ["failed"]


KILLED_SEARCH = """
import os, signal, sys
import quorate
from quorate.api import searching
from tests.unit.api import test_searching as its

whole, calls = searching.crossed_together, []

def together(works, workers):
    calls.append(1)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(works, workers)

searching.crossed_together = together
panel = quorate.synthetic(n_coins=3, days=47, bar_minutes=15, planted_edge=4.0)
its.searched(panel, out=sys.argv[1])
"""


@pytest.mark.slow  # a whole search, and half of one
def test_the_runs_of_a_killed_search_are_abandoned_and_count_once(tmp_path):
    from tests.unit.api import test_searching as its

    done = subprocess.run(
        [sys.executable, "-c", KILLED_SEARCH, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    statuses = [row.status for row in quorate.runs(tmp_path)]
    n_left = its.N - 8
    assert statuses == ["finished"] * 8 + ["abandoned"] * n_left
    panel = quorate.synthetic(n_coins=3, days=47, bar_minutes=15, planted_edge=4.0)
    again = its.searched(panel, out=tmp_path)
    statuses = [row.status for row in quorate.runs(tmp_path)]
    assert statuses == ["finished"] * 8 + ["abandoned"] * n_left + ["finished"] * n_left
    # a trial that was begun twice is one trial
    assert again.sweep.trials.n == its.N
