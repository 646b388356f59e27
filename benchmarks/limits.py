"""Goals that Quorate has by itself: a figure that must not be exceeded, or has to be reached.

In: nothing. Out: ``LIMITS``, each measured by processes of its own; ``table.py`` runs them after
the rows beside other systems. Commands run in an empty folder; what compiles from nothing does so
in a cache of its own, which is thrown away, and never in the user's.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import page
import turns
from rows import DATA

if TYPE_CHECKING:
    from collections.abc import Callable

ROOM = 0.2  # of a goal: what a check leaves, for machines are noisy
SECONDS = 1800.0
NUMBA = 'python -c "import numba"'
LARGE = "python -m benchmarks.large --edge 0 --settings default --what fold"
WALK = f"python -m benchmarks.walkforward --bars {DATA}"
FIRST_RUN = 'python -c "import quorate; quorate.run(quorate.synthetic(n_coins=2, days=1))"'


class Found(NamedTuple):
    """A figure: the median of so many, their least and most, and what else was seen."""

    figure: float
    least: float
    most: float
    note: str = ""


class Spent(NamedTuple):
    """What a process took with all that it started."""

    wall: float
    cpu: float


class Limit(NamedTuple):
    """One goal of one side: what is done, by which command, and where its figure has to lie."""

    work: str
    goal: float
    unit: str
    how: str  # a script of ours/, or a command of this environment
    measure: Callable[[str, int], Found]
    held: bool = False  # the goal is reached, and a check fails when it no longer is
    at_least: bool = False  # the goal is to be reached; else it must not be exceeded
    times: int = 5


def median(figures: list[float], note: str = "") -> Found:
    """Return the median of figures with their range."""
    return Found(statistics.median(figures), min(figures), max(figures), note)


# -- scripts of ours/ that serve their work


def _side(how: str, n_turns: int) -> turns.Side:
    return turns.measure([turns.command(how)], n_turns)[0]


def slow_ones(how: str, times: int) -> Found:
    """Return the time within which 99 in 100 of a process's cycles were, of so many processes."""
    answers = [_side(how, 1).answer for _ in range(times)]
    middle = statistics.median(answer["p50_ms"] for answer in answers)
    return median([answer["p99_ms"] for answer in answers], f"half of them within {middle:.2f} ms")


def micros_each(how: str, times: int) -> Found:
    """Return microseconds of processor a unit of work."""
    side = _side(how, times)
    return median([1e6 * cpu / side.units for cpu in side.cpus], side.note)


def rate(how: str, times: int) -> Found:
    """Return units of work a second, by the clock."""
    side = _side(how, times)
    return median([side.units / wall for wall in side.walls], side.note)


def peak(how: str, times: int) -> Found:
    """Return the most memory that a process held, of so many."""
    sides = [_side(how, 1) for _ in range(times)]
    before = statistics.median(side.data_mib for side in sides)
    return median([side.peak_mib for side in sides], f"{before:.0f} before the work")


# -- commands that start, work and end


def spent(how: str, folder: str, **environ: str) -> Spent:
    """Run a command in a folder and return what it took.

    Raises
    ------
    MeasureError
        It could not be started, failed (its last complaint) or did not end.
    """
    name, *given = shlex.split(how)
    command = [str(Path(sys.executable).parent / name), *given]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment() | environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise turns.MeasureError(f"{how}: cannot be started: {error.strerror}") from error
    try:
        _, said = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise turns.MeasureError(f"{how}: took over {SECONDS:.0f} s") from error
    finally:
        if process.poll() is None:  # and what it started
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        complaint = lines[-1] if lines else "no complaint"
        raise turns.MeasureError(f"{how}: exit {process.returncode}: {complaint}")
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Spent(wall, cpu)


def _environment() -> dict[str, str]:
    """Return this environment, but Python keeps what it compiles of its sources, as by default."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def again(how: str, times: int) -> list[Spent]:
    """Return what a command took so many times, after one time that does not count."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return [spent(how, folder) for _ in range(times + 1)][1:]


def clock(how: str, times: int) -> Found:
    """Return seconds by the clock, of a command that has run before."""
    took = again(how, times)
    cpu = statistics.median(each.cpu for each in took)
    return median([each.wall for each in took], f"{cpu:.2f} s of processor")


def processor(how: str, times: int) -> Found:
    """Return seconds of processor, of a command that has run before: others do not slow them."""
    took = again(how, times)
    wall = statistics.median(each.wall for each in took)
    return median([each.cpu for each in took], f"{wall:.2f} s by the clock")


def beside_numba(how: str, times: int) -> Found:
    """Return processor seconds over those of importing Numba, in turn, the first time aside."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        took = [(spent(how, folder), spent(NUMBA, folder)) for _ in range(times + 1)][1:]
    ours, numba = (statistics.median(each[i].cpu for each in took) for i in (0, 1))
    return median(
        [first.cpu / second.cpu for first, second in took],
        f"{ours:.2f} and {numba:.2f} s of processor",
    )


def cold(how: str, times: int) -> Found:
    """Return seconds by the clock from an empty cache of machine code, one of its own each time."""
    took = []
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            took.append(spent(how, folder, QUORATE_CACHE_DIR=str(Path(folder) / "cache")))
    cpu = statistics.median(each.cpu for each in took)
    return median([each.wall for each in took], f"{cpu:.0f} s of processor")


@cache
def _large(how: str) -> dict[str, float]:
    """Return the figures of a market that memory would not hold; 12 GB of disk while it lasts."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        figures = Path(folder) / "figures"
        spent(f"{how} --figures {figures}", folder, PYTHONPATH=str(Path(__file__).parents[1]))
        found: dict[str, float] = json.loads(figures.read_text())
    return found


def large_seconds(how: str, _: int) -> Found:
    """Return seconds by the clock, from the market on disk to its fills."""
    found = _large(how)
    return median([found["wall_s"]], f"{found['coin_bars'] / found['wall_s']:,.0f} coin-bars/s")


@cache
def _walked(how: str) -> dict[str, float]:
    """Return the figures of one walk forward over real bars."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        figures = Path(folder) / "figures"
        spent(f"{how} --figures {figures}", folder, PYTHONPATH=str(Path(__file__).parents[1]))
        found: dict[str, float] = json.loads(figures.read_text())
    return found


def walked_seconds(how: str, _: int) -> Found:
    """Return seconds by the clock, from the bars on disk to the folder of the run."""
    found = _walked(how)
    steps = sorted(found["seconds"].items(), key=lambda step: -step[1])[:3]
    most = ", ".join(f"{step} {took:.0f} s" for step, took in steps)
    return median([found["wall_s"]], f"{found['folds']} folds; {most}")


def walked_overhead(how: str, _: int) -> Found:
    """Return what training takes beyond the calls of its libraries, in percent of them."""
    found = _walked(how)
    return median(
        [100.0 * found["overhead"]],
        f"{found['training_s']:.0f} s, {found['library_s']:.0f} of them in the libraries",
    )


def large_peak(how: str, _: int) -> Found:
    """Return the most memory that the process held."""
    found = _large(how)
    return median([found["peak_mib"]], f"{found['fixed_mib']:.0f} before the market")


LIMITS = (
    Limit(
        "one live cycle, 400 coins, 26 engines: 99 in 100 within",
        1.0,
        "ms",
        "ours/cycle.py 400",
        slow_ones,
        held=True,
        times=3,
    ),
    Limit(
        "one live cycle, 400 coins, 26 engines and 3 trained: 99 in 100 within",
        10.0,
        "ms",
        "ours/cycle.py 400 --trained",
        slow_ones,
        held=True,
        times=3,
    ),
    Limit(
        "portfolio solve, 50 coins",
        15.0,
        "us",
        "ours/solve.py 50 0 1.0",
        micros_each,
        held=True,
    ),
    Limit(
        "portfolio solve, 50 coins, 8 sectors",
        25.0,
        "us",
        "ours/solve.py 50 8 1.0",
        micros_each,
        held=True,
    ),
    Limit(
        "whole system, 26 engines, two cores, 400 coins",
        2e6,
        "coin-bars/s",
        "ours/whole.py 400 6 2",
        rate,
        held=True,
        at_least=True,
    ),
    Limit(
        "whole system that trades, two cores, 400 coins",
        2e6,
        "coin-bars/s",
        "ours/whole.py 400 20 2 --lively",
        rate,
        at_least=True,
        times=3,
    ),
    Limit(
        "whole system that trades, two cores, 400 coins, its market in memory: memory at its peak",
        512.0,
        "MiB",
        "ours/whole.py 400 20 2 --lively",
        peak,
        times=1,
    ),
    Limit(
        "a run with reading and writing, two cores, 400 coins",
        1e6,
        "coin-bars/s",
        "ours/booked.py 400 6",
        rate,
        held=True,
        at_least=True,
        times=3,
    ),
    Limit(
        "a run with reading and writing, two cores, 50 coins",
        1e6,
        "coin-bars/s",
        "ours/booked.py 50 24",
        rate,
        at_least=True,
        times=3,
    ),
    Limit(
        "whole system, 26 engines, two cores, 400 coins: memory at its peak",
        512.0,
        "MiB",
        "ours/whole.py 400 6 2",
        peak,
        held=True,
        times=1,
    ),
    Limit(
        "400 coins x 3 years of five minutes from disk, features to fills",
        120.0,
        "s",
        LARGE,
        large_seconds,
        held=True,
        times=1,
    ),
    Limit(
        "400 coins x 3 years of five minutes from disk: memory at its peak",
        512.0,
        "MiB",
        LARGE,
        large_peak,
        held=True,
        times=1,
    ),
    Limit(
        "a walk forward, 25 coins x 14 months, 16 rule engines and 2 trained",
        900.0,
        "s",
        WALK,
        walked_seconds,
        held=True,
        times=1,
    ),
    Limit(
        "a walk forward: training beyond the libraries' own fit and predict",
        5.0,
        "%",
        WALK,
        walked_overhead,
        held=True,
        times=1,
    ),
    Limit(
        "files into the lake and into a certified panel, 50 coins x 1 year",
        5e6,
        "rows/s",
        "ours/lake.py both 50",
        rate,
        at_least=True,
        times=3,
    ),
    Limit(
        "a kept panel streams by, 50 coins x 1 year",
        20e6,
        "coin-bars/s",
        "ours/lake.py stream 50",
        rate,
        held=True,
        at_least=True,
    ),
    Limit("quorate --help, by the processor", 0.3, "s", "quorate --help", processor, held=True),
    Limit(
        "from quorate import run, beside import numba",
        2.0,
        "x",
        'python -c "from quorate import run"',
        beside_numba,
        held=True,
    ),
    Limit(
        "a first run, 2 coins x 1 day, kernels from the cache, beside import numba",
        2.0,
        "x",
        FIRST_RUN,
        beside_numba,
    ),
    Limit("quorate demo, the second time", 15.0, "s", "quorate demo", clock, held=True, times=3),
    Limit(
        "quorate demo, the first time, kernels compiled",
        60.0,
        "s",
        "quorate demo",
        cold,
        held=True,
        times=1,
    ),
    Limit(
        "the kernels of a run compiled, from an empty cache",
        20.0,
        "s",
        "quorate warm",
        cold,
        times=1,
    ),
)


def measured(limit: Limit, times: int | None, data: str | None = None) -> dict[str, object]:
    """Return the figure of a goal, or why there is none; ``data`` is the folder of real bars."""
    told: dict[str, object] = {"work": limit.work, "goal": limit.goal, "unit": limit.unit}
    told |= {"at_least": limit.at_least, "how": limit.how, **page.now()}
    if data is None and DATA in limit.how:
        return told | {"failed": page.NEEDS_DATA}
    how = limit.how.replace(DATA, shlex.quote(str(Path(data).resolve())) if data else "")
    try:
        found = limit.measure(how, times or limit.times)
    except turns.MeasureError as error:
        return told | {"failed": str(error)}
    return told | {"times": times or limit.times, **found._asdict()}


def is_reached(told: dict[str, object], room: float = 0.0) -> bool:
    """Say whether a figure lies where it has to, with some room."""
    if told["at_least"]:
        return told["figure"] >= (1.0 - room) * told["goal"]
    return told["figure"] <= (1.0 + room) * told["goal"]


def line(told: dict[str, object]) -> str:
    """Return one row of the table."""
    goal = f"{'>=' if told['at_least'] else '<='} {_text(told['goal'])} {told['unit']}"
    if "failed" in told:
        return f"| {told['work']} | {goal} | not measured: {told['failed']} | | | `{told['how']}` |"
    span = "once"
    if told["times"] > 1:
        span = f"{_text(told['least'])} to {_text(told['most'])}"
    reached = "**yes**" if is_reached(told) else "no"
    figure = f"{_text(told['figure'])} {told['unit']} ({span})"
    return f"| {told['work']} | {goal} | {figure} | {reached} | {told['note']} | `{told['how']}` |"


def _text(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1000.0 else f"{figure:.3g}"


def missed(found: list[dict[str, object]]) -> list[str]:
    """Return what a check complains of; what was left out for want of data is no miss."""
    complaints = []
    for told in found:
        if told.get("failed") == page.NEEDS_DATA:
            continue
        if "failed" not in told and is_reached(told, ROOM):
            continue
        asked = told["goal"] * (1.0 - ROOM if told["at_least"] else 1.0 + ROOM)
        edge = "at least" if told["at_least"] else "at most"
        said = told.get("failed") or f"{_text(told['figure'])} {told['unit']}"
        complaints.append(f"{told['work']}: {said}, asked {edge} {_text(asked)} {told['unit']}")
    return complaints


OWN = page.Table(
    "limits",
    """| work | goal | measured | reached | beside it | command |
| --- | --- | --- | --- | --- | --- |""",
    line,
)
