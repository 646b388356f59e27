"""Goals of one side: what is told of a figure, when it is a miss, and how a command is measured."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import limits  # noqa: E402
import pytest  # noqa: E402
import turns  # noqa: E402

MOST = {
    "work": "cycle",
    "goal": 1.0,
    "unit": "ms",
    "at_least": False,
    "times": 3,
    "figure": 0.97,
    "least": 0.81,
    "most": 1.02,
    "note": "half of them within 0.60 ms",
    "how": "ours/cycle.py 400",
}
LEAST = MOST | {"work": "whole", "goal": 2e6, "unit": "coin-bars/s", "at_least": True}
LEAST |= {"figure": 1.94e6, "times": 1}
PYTHON = Path(sys.executable).name


def test_a_figure_is_told_with_its_goal_and_range() -> None:
    assert limits.line(MOST) == (
        "| cycle | <= 1 ms | 0.97 ms (0.81 to 1.02) | **yes** | half of them within 0.60 ms "
        "| `ours/cycle.py 400` |"
    )
    assert "| >= 2,000,000 coin-bars/s | 1,940,000 coin-bars/s (once) | no |" in limits.line(LEAST)
    assert "not measured: it died" in limits.line(MOST | {"failed": "it died"})


def test_a_check_leaves_a_fifth_of_room_on_the_right_side() -> None:
    assert limits.missed([MOST | {"figure": 1.2}, LEAST | {"figure": 1.6e6}]) == []
    assert limits.missed([MOST | {"figure": 1.21}]) == ["cycle: 1.21 ms, asked at most 1.2 ms"]
    assert limits.missed([LEAST | {"figure": 1.59e6}]) == [
        "whole: 1,590,000 coin-bars/s, asked at least 1,600,000 coin-bars/s"
    ]
    assert limits.missed([MOST | {"failed": limits.page.NEEDS_DATA}]) == []
    assert limits.missed([MOST | {"failed": "it died"}]) == ["cycle: it died, asked at most 1.2 ms"]


def test_every_goal_is_of_something_that_is_there() -> None:
    works = [limit.work for limit in limits.LIMITS]
    assert len(set(works)) == len(works)
    for limit in limits.LIMITS:
        name = limit.how.split()[0]
        assert limit.goal > 0.0
        assert (BENCHMARKS / name).is_file() or (Path(sys.executable).parent / name).exists()


def test_what_cannot_be_measured_is_told_with_its_reason() -> None:
    limit = limits.Limit("start", 1.0, "s", f'{PYTHON} -c "raise SystemExit(7)"', limits.clock)
    told = limits.measured(limit, 1)
    assert "exit 7: no complaint" in told["failed"]
    told = limits.measured(limit._replace(how="no-such-command"), 1)
    assert "cannot be started" in told["failed"]


def test_what_needs_real_bars_is_left_out_without_and_told_where_they_are() -> None:
    asked = []

    def measure(how: str, _: int) -> limits.Found:
        asked.append(how)
        return limits.median([1.0])

    limit = limits.Limit("walk", 2.0, "s", f"walk --bars {limits.DATA}", measure)
    assert limits.measured(limit, None)["failed"] == limits.page.NEEDS_DATA
    assert asked == []
    told = limits.measured(limit, None, "bars here")
    assert (told["figure"], told["how"]) == (1.0, limit.how)
    assert asked == [f"walk --bars '{Path('bars here').resolve()}'"]


def test_the_median_of_so_many_times_is_told() -> None:
    limit = limits.Limit("m", 1.0, "s", "x", lambda _, n: limits.median([1.0, 5.0, 3.0][:n]))
    told = limits.measured(limit, 3)
    assert (told["figure"], told["least"], told["most"], told["times"]) == (3.0, 1.0, 5.0, 3)
    assert limits.measured(limit._replace(times=1), None)["figure"] == 1.0


# -- commands


def test_seconds_are_those_of_the_clock_and_of_all_that_was_started(tmp_path: Path) -> None:
    busy = "import time; e = time.process_time() + 0.3\nwhile time.process_time() < e: pass"
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    took = limits.spent(f'{PYTHON} -c "{inner}"', str(tmp_path))
    assert took.cpu >= 0.3
    assert took.wall >= 0.3
    slept = limits.spent(f"{PYTHON} -c 'import time; time.sleep(0.3)'", str(tmp_path))
    assert slept.wall >= 0.3
    assert slept.cpu < slept.wall


def test_compiling_from_nothing_never_touches_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, seen = tmp_path / "mine", tmp_path / "seen"
    monkeypatch.setenv("QUORATE_CACHE_DIR", str(mine))
    write = (
        "import os; from pathlib import Path; p = Path(os.environ['QUORATE_CACHE_DIR']); "
        f"assert not p.exists(); p.mkdir(); open({str(seen)!r}, 'a').write(str(p) + '\\n')"
    )
    limits.cold(f'{PYTHON} -c "{write}"', 2)
    folders = seen.read_text().split()
    assert len(set(folders)) == 2  # each time a new one
    assert str(mine) not in folders
    assert not mine.exists()
    assert not any(Path(folder).exists() for folder in folders)
    assert os.environ["QUORATE_CACHE_DIR"] == str(mine)


def test_a_command_that_hangs_is_ended_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 1.0)
    pid = tmp_path / "pid"
    hang = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', "
        f"'import signal; signal.pause()']); open({str(pid)!r}, 'w').write(str(p.pid)); p.wait()"
    )
    with pytest.raises(turns.MeasureError, match="took over 1 s"):
        limits.spent(f'{PYTHON} -c "{hang}"', str(tmp_path))
    stat = Path(f"/proc/{pid.read_text()}/stat")
    until = time.monotonic() + 10.0
    while stat.exists() and " Z " not in stat.read_text():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_ratio_is_of_neighbouring_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    took = iter([9.0, 9.0, 2.0, 1.0, 6.0, 2.0, 5.0, 1.0])  # the first pair does not count
    monkeypatch.setattr(limits, "spent", lambda *_: limits.Spent(0.0, next(took)))
    found = limits.beside_numba("quorate", 3)
    assert found == (3.0, 2.0, 5.0, "5.00 and 1.00 s of processor")


def test_the_first_time_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def took(*_: str) -> limits.Spent:
        wall = next(walls)
        return limits.Spent(wall, wall / 2.0)

    monkeypatch.setattr(limits, "spent", took)
    walls = iter([90.0, 4.0, 2.0, 6.0])
    assert limits.clock("quorate", 3) == (4.0, 2.0, 6.0, "2.00 s of processor")
    walls = iter([90.0, 4.0, 2.0, 6.0])
    assert limits.processor("quorate", 3) == (2.0, 1.0, 3.0, "4.00 s by the clock")


def test_the_slow_cycles_of_some_processes_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([{"p50_ms": 0.5, "p99_ms": p99} for p99 in (0.9, 1.4, 1.0)])
    side = turns.Side("one", "pairs", 4.0, "n", {}, 0.0, (2.0, 1.0), (2.0, 1.0), 20.0, 10.0)
    monkeypatch.setattr(limits, "_side", lambda *_: side._replace(answer=next(answers, {})))
    assert limits.slow_ones("cycle", 3) == (1.0, 0.9, 1.4, "half of them within 0.50 ms")
    assert limits.micros_each("solve", 2) == (375000.0, 250000.0, 500000.0, "n")
    assert limits.rate("whole", 2) == (3.0, 2.0, 4.0, "n")
    assert limits.peak("whole", 1) == (20.0, 20.0, 20.0, "10 before the work")


def test_a_large_market_is_run_once_for_both_of_its_figures() -> None:
    found = {"wall_s": 63.0, "coin_bars": 126e6, "peak_mib": 498.0, "fixed_mib": 269.0}
    answer = json.dumps(found).replace('"', r"\"")
    how = f"{PYTHON} -c \"import sys; open(sys.argv[2], 'w').write('{answer}')\""
    limits._large.cache_clear()
    assert limits.large_seconds(how, 1) == (63.0, 63.0, 63.0, "2,000,000 coin-bars/s")
    assert limits.large_peak(how, 1) == (498.0, 498.0, 498.0, "269 before the market")
    assert limits._large.cache_info().misses == 1
