"""How a measured process speaks: one line of JSON when ready, one after each run, one at the end.

A script of ``ours/`` or ``peers/`` prepares its data and calls ``serve`` with the work. The work
is run once to warm up; what it returns is the answer, so that two systems' answers can be
compared. Then, for every line read from standard input, it is run once and timed; at the end of
the input the process says how much memory it took and ends. Standard library only, for both
sides import it. Whatever else the work prints goes to standard error.

>   {"ready": true, "version": "1.2.0", "answer": {"orders": 1063}, "units": 105120, ...}
<   (a line)
>   {"wall": 0.0142, "cpu": 0.0141}
<   (end of input)
>   {"peak_mib": 421.9, "data_mib": 264.7}
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_STATUS = Path("/proc/self/status")


def serve(
    work: Callable[[], dict[str, Any]],
    *,
    units: float,
    version: str,
    unit: str = "coin-bars",
    note: str = "",
) -> None:
    """Run the work as often as the driver asks.

    Parameters
    ----------
    work : callable
        Does the whole of it and returns the answer: numbers and texts by name.
    units : float
        How many units of work one run is.
    version : str
        What is measured, and which release.
    unit : str
        What a unit is.
    note : str
        What a reader of the figure must know: a shorter run scaled up, a rule that differs.
    """
    data_mib = resident_mib()
    line = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    begun = time.perf_counter()
    answer = work()
    first = time.perf_counter() - begun
    ready = {"ready": True, "version": version, "answer": answer, "units": units}
    _say(line, ready | {"unit": unit, "note": note, "first_wall": first})
    for _ in sys.stdin:
        cpu = time.process_time()
        wall = time.perf_counter()
        work()
        wall = time.perf_counter() - wall
        _say(line, {"wall": wall, "cpu": time.process_time() - cpu})
    _say(line, {"peak_mib": peak_mib(), "data_mib": data_mib})


def resident_mib() -> float:
    """Return the memory that this process holds now."""
    return _from_status("VmRSS:")


def peak_mib() -> float:
    """Return the most memory that this process ever held."""
    return _from_status("VmHWM:")


def _from_status(name: str) -> float:
    # getrusage would tell the parent's peak where that is larger: it is kept over fork and exec
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="utf-8").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def _say(line: Any, said: dict[str, Any]) -> None:
    line.write(json.dumps(said, default=float) + "\n")
    line.flush()
