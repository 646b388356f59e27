"""Measure two systems in turn, A B A B, so that a busy machine slows both alike.

In: two commands that speak as ``served.py`` says. Out: medians, the median ratio of pairs, its
least and most, memory, versions. Both processes are prepared and warm before the first turn, and
never work at the same time. A process that dies or hangs is a ``MeasureError`` with the reason.

    python benchmarks/turns.py "ours/whole.py 50 12 1" "peers/vectorbt_orders.py 50"
    python benchmarks/turns.py "peers/vectorbt_orders.py 50"        (alone)
"""

from __future__ import annotations

import argparse
import json
import os
import select
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
PREPARE_SECONDS = 600.0
TURN_SECONDS = 300.0


class MeasureError(Exception):
    """A measured process did not do what was asked of it."""


class Side(NamedTuple):
    """What one process was measured to be."""

    version: str
    unit: str
    units: float
    note: str
    answer: dict[str, Any]
    first_wall: float
    walls: tuple[float, ...]
    cpus: tuple[float, ...]
    peak_mib: float
    data_mib: float

    @property
    def wall(self) -> float:
        """Return the median seconds by the clock."""
        return statistics.median(self.walls)

    @property
    def cpu(self) -> float:
        """Return the median processor seconds."""
        return statistics.median(self.cpus)

    @property
    def rate(self) -> float:
        """Return units of work a second, by the clock."""
        return self.units / self.wall


class Ratio(NamedTuple):
    """How many times faster the first is, unit by unit of work: over the pairs of turns."""

    median: float
    least: float
    most: float


class Compared(NamedTuple):
    """Two systems measured in turn: the ratios are of the first's speed to the second's."""

    first: Side
    second: Side
    by_wall: Ratio
    by_cpu: Ratio


class _Process:
    """A measured process: ask it for a turn, wait for a line, end it."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)
        self.kept = b""
        self.complaints = tempfile.TemporaryFile()  # noqa: SIM115  (closed by end)
        paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
        try:
            self.process = subprocess.Popen(
                self.command,
                bufsize=0,  # what a dead process did not read is not tried again at the close
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.complaints,
                env=environ,
                start_new_session=True,
            )
        except OSError as error:
            self.complaints.close()
            raise MeasureError(f"{self.name}: cannot be started: {error.strerror}") from error

    def line(self, seconds: float) -> dict[str, Any]:
        """Return the next thing it says."""
        out = self.process.stdout.fileno()
        until = time.monotonic() + seconds
        while b"\n" not in self.kept:
            left = until - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                raise MeasureError(f"{self.name}: said nothing for {seconds:.0f} s")
            read = os.read(out, 65536)
            if not read:
                raise MeasureError(f"{self.name}: ended, {self.reason()}")
            self.kept += read
        said, _, self.kept = self.kept.partition(b"\n")
        try:
            return json.loads(said)
        except ValueError as error:
            raise MeasureError(f"{self.name}: said {said[:80]!r}, which is not JSON") from error

    def turn(self, seconds: float) -> dict[str, Any]:
        """Let it do the work once."""
        try:
            self.process.stdin.write(b"\n")
        except BrokenPipeError as error:
            raise MeasureError(f"{self.name}: ended, {self.reason()}") from error
        return self.line(seconds)

    @property
    def name(self) -> str:
        """Return what it was started with, without the interpreter's folder."""
        return shlex.join([Path(self.command[0]).name, *map(_short, self.command[1:])])

    def reason(self) -> str:
        """Return how it ended: the code, and its last complaint."""
        try:
            code = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            return "its output closed, but it runs on"
        self.complaints.seek(0)
        lines = self.complaints.read().decode(errors="replace").strip().splitlines()
        return f"exit {code}: {lines[-1] if lines else 'no complaint'}"

    def end(self) -> None:
        """Kill it, and whatever it started, if it still runs; close what it was heard by."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)
        self.process.stdin.close()
        self.process.stdout.close()
        self.complaints.close()


def measure(
    commands: Sequence[Sequence[str]],
    turns: int = 5,
    *,
    prepare_seconds: float = PREPARE_SECONDS,
    turn_seconds: float = TURN_SECONDS,
) -> list[Side]:
    """Measure processes in turn.

    Parameters
    ----------
    commands : sequence of sequence of str
        One each; they are prepared one after the other.
    turns : int
        How often each does its work.
    prepare_seconds, turn_seconds : float
        How long a process may take to be ready, and for one turn or its farewell.

    Returns
    -------
    list of Side
        In the order of the commands.

    Raises
    ------
    MeasureError
        A process could not be started, died, hung, or said something else.
    """
    processes: list[_Process] = []
    try:
        ready = []
        for command in commands:
            processes.append(_Process(command))
            ready.append(processes[-1].line(prepare_seconds))
        taken: list[list[dict[str, Any]]] = [[] for _ in processes]
        for _ in range(turns):
            for process, took in zip(processes, taken, strict=True):
                took.append(process.turn(turn_seconds))
        sides = []
        for process, said, took in zip(processes, ready, taken, strict=True):
            process.process.stdin.close()
            sides.append(_side(process, said, took, process.line(turn_seconds)))
        return sides
    finally:
        for process in processes:
            process.end()


def compare(
    first: Sequence[str], second: Sequence[str], turns: int = 5, **limits: float
) -> Compared:
    """Measure two systems in turn and return both with the ratios of their speeds.

    Raises
    ------
    MeasureError
        As ``measure``, or the two count different units.
    """
    ours, theirs = measure([first, second], turns, **limits)
    if ours.unit != theirs.unit:
        raise MeasureError(
            f"{ours.unit} of {ours.version} against {theirs.unit} of {theirs.version}"
        )
    scale = ours.units / theirs.units
    return Compared(
        ours,
        theirs,
        _ratio([scale * b / a for a, b in zip(ours.walls, theirs.walls, strict=True)]),
        _ratio([scale * b / a for a, b in zip(ours.cpus, theirs.cpus, strict=True)]),
    )


def command(script: str) -> list[str]:
    """Return the command of a script of ``ours/`` or ``peers/`` with its arguments, as one text.

    A peer's script runs in its own environment, ours in the one that runs this.

    Raises
    ------
    MeasureError
        The peer's environment is not built.
    """
    from peers import environments

    file, *given = shlex.split(script)
    name = Path(file).stem.partition("_")[0]
    is_peer = Path(file).parent.name == "peers"
    python = environments.python(name) if is_peer else Path(sys.executable)
    if not python.exists():
        raise MeasureError(f"{file}: its environment is not built: make peers")
    return [str(python), str(HERE / file), *given]


def _side(
    process: _Process, ready: dict[str, Any], took: list[dict[str, Any]], end: dict[str, Any]
) -> Side:
    try:
        return Side(
            version=ready["version"],
            unit=ready.get("unit", ""),
            units=ready["units"],
            note=ready.get("note", ""),
            answer=ready["answer"],
            first_wall=ready.get("first_wall", 0.0),
            walls=tuple(turn["wall"] for turn in took),
            cpus=tuple(turn["cpu"] for turn in took),
            peak_mib=end["peak_mib"],
            data_mib=end["data_mib"],
        )
    except (KeyError, TypeError) as error:
        raise MeasureError(f"{process.name}: did not say {error}") from error


def _ratio(pairs: list[float]) -> Ratio:
    return Ratio(statistics.median(pairs), min(pairs), max(pairs))


def _short(word: str) -> str:
    return Path(word).name if os.sep in word else word


def told(side: Side) -> str:
    """Return a side's figures as one line."""
    return (
        f"{side.version}: {side.wall:.4g} s by the clock, {side.cpu:.4g} s of processor, "
        f"{side.rate:,.4g} {side.unit}/s, peak {side.peak_mib:,.0f} MiB "
        f"({side.data_mib:,.0f} before the work)" + (f"; {side.note}" if side.note else "")
    )


def main() -> None:
    """Compare two scripts, or measure one alone."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scripts", nargs="+", metavar="SCRIPT", help='as "ours/whole.py 50 12 1"')
    parser.add_argument("-n", "--turns", type=int, default=5)
    given = parser.parse_args()
    if len(given.scripts) > 2:
        parser.error("two scripts at most")
    try:
        commands = [command(script) for script in given.scripts]
        if len(commands) == 1:
            (side,) = measure(commands, given.turns)
            print(told(side))
            print(f"  answer {json.dumps(side.answer)[:200]}")
            return
        found = compare(*commands, given.turns)
    except MeasureError as error:
        sys.exit(str(error))
    for side in (found.first, found.second):
        print(told(side))
        print(f"  answer {json.dumps(side.answer)[:200]}")
    for label, ratio in (("clock", found.by_wall), ("processor", found.by_cpu)):
        print(f"by the {label} {ratio.median:,.2f} x ({ratio.least:,.2f} to {ratio.most:,.2f})")


if __name__ == "__main__":
    main()
