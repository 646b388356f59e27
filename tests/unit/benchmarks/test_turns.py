"""Two processes in turn: what is asked of them, in which order, and what happens when one fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"

# what a measured process does without measuring: it says given figures, and notes its turns
SPOKEN = """
import json, os, sys

name, unit, units, *walls = sys.argv[1:]
log = os.open(os.environ["TURNS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def say(**said):
    print(json.dumps(said), flush=True)

os.write(log, f"{name} ready {os.getpid()}\\n".encode())
say(ready=True, version=name, answer={"pid": os.getpid()}, units=float(units), unit=unit)
for wall in walls:
    if not sys.stdin.readline():
        break
    os.write(log, f"{name}\\n".encode())
    say(wall=float(wall), cpu=float(wall) / 2)
sys.stdin.read()
say(peak_mib=20.0, data_mib=10.0)
"""
SERVED = """
import sys
from served import serve

def work():
    print("chatter that is not JSON")
    return {"total": sum(range(1000))}

serve(work, units=1000, unit="sums", version="adder 1", note="small")
"""
DIES_EARLY = "raise SystemExit('no such market')"
DIES_LATER = """
import sys
print('{"ready": true, "version": "dying", "answer": {}, "units": 1}', flush=True)
sys.stdin.readline()
raise SystemExit('out of coins')
"""
HANGS_EARLY = "import signal; signal.pause()"
HANGS_LATER = """
import signal
print('{"ready": true, "version": "hanging", "answer": {}, "units": 1}', flush=True)
signal.pause()
"""


@pytest.fixture
def turns(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import turns

    return turns


@pytest.fixture
def log(monkeypatch, tmp_path):
    path = tmp_path / "turns.log"
    monkeypatch.setenv("TURNS_LOG", str(path))
    return path


def program(source, *given):
    return [sys.executable, "-c", source, *given]


def spoken(name, units, *walls, unit="sums"):
    return program(SPOKEN, name, unit, str(units), *map(str, walls))


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def started(log):
    words = [line.split() for line in log.read_text().splitlines()]
    return [int(line[2]) for line in words if line[1:2] == ["ready"]]


def test_they_work_in_turn_once_both_are_ready(turns, log):
    turns.measure([spoken("a", 1, 1, 1, 1), spoken("b", 1, 1, 1, 1)], 3)
    words = [line.rpartition(" ready ")[0] or line for line in log.read_text().splitlines()]
    assert words == ["a", "b", "a", "b", "a", "b", "a", "b"]


@pytest.mark.usefixtures("log")
def test_ratios_are_of_neighbouring_turns_by_unit_of_work(turns):
    found = turns.compare(spoken("a", 100, 1, 2, 4), spoken("b", 50, 2, 3, 10), 3)
    # b needs 2, 1.5 and 2.5 times as long, for half of the work
    assert found.by_wall == turns.Ratio(median=4.0, least=3.0, most=5.0)
    assert found.by_cpu == found.by_wall
    assert found.first.wall == 2.0
    assert found.first.cpu == 1.0
    assert found.first.rate == 50.0
    assert (found.second.version, found.second.peak_mib, found.second.data_mib) == ("b", 20, 10)


def test_nothing_is_left_running(turns, log):
    sides = turns.measure([spoken("a", 1, 1), spoken("b", 1, 1)], 1)
    assert [side.answer["pid"] for side in sides] == started(log)
    assert not any(map(is_running, started(log)))


@pytest.mark.usefixtures("log")
def test_different_units_are_not_compared(turns):
    with pytest.raises(turns.MeasureError, match="sums of a against solves of b"):
        turns.compare(spoken("a", 1, 1), spoken("b", 1, 1, unit="solves"), 1)


def test_a_served_process_is_measured(turns):
    (side,) = turns.measure([program(SERVED)], 3)
    assert (side.version, side.unit, side.units, side.note) == ("adder 1", "sums", 1000, "small")
    assert side.answer == {"total": 499500}
    assert len(side.walls) == len(side.cpus) == 3
    assert all(wall >= 0 for wall in (*side.walls, side.first_wall))
    assert side.peak_mib >= side.data_mib > 1


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (DIES_EARLY, "exit 1: no such market"),
        (DIES_LATER, "exit 1: out of coins"),
        (HANGS_EARLY, "said nothing for 4 s"),
        (HANGS_LATER, "said nothing for 1 s"),
        ("print('hello')", "said b'hello', which is not JSON"),
        ("print('{\"wall\": 1}')", "exit 0: no complaint"),
        ("import os, signal; os.close(1); os.kill(os.getpid(), 15)", "exit -15: no complaint"),
    ],
)
def test_one_that_fails_is_named_and_the_other_is_ended(turns, log, source, reason):
    with pytest.raises(turns.MeasureError, match=reason):
        turns.measure([spoken("a", 1, 1, 1), program(source)], 2, prepare_seconds=4, turn_seconds=1)
    assert not any(map(is_running, started(log)))


def test_one_that_cannot_be_started_is_named(turns, log, tmp_path):
    with pytest.raises(turns.MeasureError, match="absent: cannot be started: No such file"):
        turns.measure([spoken("a", 1, 1), [str(tmp_path / "absent")]], 1)
    assert not any(map(is_running, started(log)))


def test_a_peer_runs_in_its_own_environment(turns, monkeypatch, tmp_path):
    monkeypatch.setenv("QUORATE_BENCH_HOME", str(tmp_path))
    with pytest.raises(turns.MeasureError, match="is not built: make peers"):
        turns.command("peers/cvxpy_solve.py 50 8 0.25")
    built = tmp_path / "envs" / "convex" / "bin" / "python"
    built.parent.mkdir(parents=True)
    built.touch()
    python, script, *given = turns.command("peers/cvxpy_solve.py 50 8 0.25")
    assert python == str(built)
    assert script == str(BENCHMARKS / "peers" / "cvxpy_solve.py")
    assert given == ["50", "8", "0.25"]
    assert turns.command("ours/whole.py 50")[0] == sys.executable
