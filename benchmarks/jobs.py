"""A cycle beside a nightly: how late it comes, and how long it takes, while a command burns cores.

A cycle here is 20 ms of arithmetic every half second; the command is as many processes that never
rest as there are cores, begun as a job is (``live.schedule.command``), nice and not.
``python -m benchmarks.jobs [seconds]``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from quorate.live.schedule.command import Command, commanded

EVERY_S = 0.5
WORK_S = 0.02
BURN = (
    "import os\n"
    "for _ in range((os.cpu_count() or 1) - 1):\n"
    "    if not os.fork(): break\n"
    "while True: pass\n"
)


def rounds_of_work() -> int:
    """Return how many rounds of arithmetic a cycle takes, measured now."""
    n, end = 0, time.thread_time() + WORK_S  # of this thread, however busy the machine is
    while time.thread_time() < end:
        sum(range(1_000))
        n += 1
    return n


async def cycles(seconds: float, rounds: int) -> tuple[list[float], list[float]]:
    """Return of each cycle how late it began and how long it took, ms."""
    late, took = [], []
    begun = time.perf_counter()
    for i in range(1, int(seconds / EVERY_S) + 1):
        at = begun + i * EVERY_S
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        started = time.perf_counter()
        for _ in range(rounds):
            sum(range(1_000))
        late.append((started - at) * 1e3)
        took.append((time.perf_counter() - started) * 1e3)
    return late, took


async def beside(seconds: float, rounds: int, niceness: int | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        task = None
        if niceness is not None:
            command = Command((sys.executable, "-c", BURN), niceness=niceness)
            task = asyncio.create_task(commanded(command, "burn", Path(folder))(0))
            await asyncio.sleep(1.0)
        late, took = await cycles(seconds, rounds)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
    name = "alone" if niceness is None else f"beside a command of niceness {niceness}"
    said = []
    for what, values in (("late", late), ("took", took)):
        values.sort()
        p50, p99 = values[len(values) // 2], values[int(len(values) * 0.99)]
        said.append(f"{what} p50 {p50:6.1f}  p99 {p99:6.1f}  most {values[-1]:6.1f} ms")
    print(f"{name:<34}{'   '.join(said)}")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    rounds = rounds_of_work()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}; {seconds:g} s each, cycles of {rounds} rounds")
    for niceness in (None, 10, 0):
        asyncio.run(beside(seconds, rounds, niceness))


if __name__ == "__main__":
    main()
