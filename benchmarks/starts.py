"""What starting costs: processor seconds of whole processes that only import.

    python benchmarks/starts.py [TIMES]

Each row is started once to fill the disk's cache, then so many times; the median is printed.
A system that is not installed or cannot be imported is named with the reason.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from typing import NamedTuple

from peers import environments

SECONDS = 120
NAUTILUS = "from nautilus_trader.backtest.engine import BacktestEngine"
FREQTRADE = "from freqtrade.optimize.backtesting import Backtesting"
# label, environment (empty: the one that runs this), what is imported
ROWS = (
    ("python", "", "pass"),
    ("numpy", "", "import numpy"),
    ("numba", "", "import numba"),
    ("quorate", "", "import quorate"),
    ("quorate, its run", "", "import quorate; quorate.run"),
    ("vectorbt", "vectorbt", "import vectorbt"),
    ("NautilusTrader BacktestEngine", "nautilus", NAUTILUS),
    ("freqtrade Backtesting", "freqtrade", FREQTRADE),
    ("hftbacktest", "hftbacktest", "from hftbacktest import HashMapMarketDepthBacktest"),
    ("cvxpy", "cvxpy", "import cvxpy"),
)


class StartError(Exception):
    """A process could not be started, or could not import."""


class Start(NamedTuple):
    """What one process took."""

    cpu: float
    peak_mib: float


def start(environment: str, statement: str) -> Start:
    """Run a process that imports, and return its processor seconds and peak of memory.

    Raises
    ------
    StartError
        It could not be started, was too slow, or failed: its last complaint.
    """
    python = str(environments.python(environment)) if environment else sys.executable
    # its own memory is asked of it: what the system keeps of a child includes its parent's
    told = "import re; print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    before = os.times()
    try:
        done = subprocess.run(
            [python, "-c", f"{statement}\n{told}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except FileNotFoundError as error:
        raise StartError("its environment is not built: make peers") from error
    except subprocess.TimeoutExpired as error:
        raise StartError(f"took over {SECONDS} s") from error
    after = os.times()
    if done.returncode:
        raise StartError((done.stderr.strip().splitlines() or ["no complaint"])[-1])
    cpu = after.children_user - before.children_user
    cpu += after.children_system - before.children_system
    return Start(cpu, int(done.stdout.split()[-1]) / 1024)


def main() -> None:
    """Print the table."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    for label, environment, statement in ROWS:
        try:
            took = [start(environment, statement) for _ in range(times + 1)][1:]
        except StartError as error:
            print(f"{label}: failed: {error}", flush=True)
            continue
        cpu = statistics.median(each.cpu for each in took)
        peak = max(each.peak_mib for each in took)
        print(f"{label}: {cpu:.2f} s of processor, {peak:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
