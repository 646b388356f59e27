"""Coin-bars a second, memory and compile time of each pass of a run: ``make bench``.

Stages are processor seconds of their thread on a synthetic market, after everything has been
compiled; coin-bars a second are by the clock, for the whole run and for the fold alone on one core
and on two; then the bytes that each pass remembers. Beside a pass is its memory floor: the bytes of
every array that it is given or makes, each once, and what copying as many takes on one core here;
the log of fills, which is made for the most there can be, and what the record keeps do not count.
``stages.py --compile`` starts from an empty cache and times the first call of each pass: what
compiling it takes (minutes).
"""

from __future__ import annotations

import dataclasses
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict

import numpy as np

import quorate
from quorate.api import folding
from quorate.api.warming import warm
from quorate.backtest import run as passes
from quorate.backtest.fills import Fills
from quorate.backtest.record import Record

COPIED_MIB = 256
SIZES = ((10, 30), (50, 12), (400, 3))


def timed(owner, name, label, spent, moved=None):
    """Count what one function takes, and the bytes that it has to move at the least."""
    plain = getattr(owner, name)

    def measured(*given, **named):
        begun = time.thread_time()  # of this thread: the next block is looked at in another
        result = plain(*given, **named)
        spent[label] += time.thread_time() - begun
        if moved is not None:
            found = {a.ctypes.data: a.nbytes for a in arrays((*given, *named.values(), result))}
            moved[label] += sum(found.values())
        return result

    setattr(owner, name, measured)


def arrays(tree):
    """Yield the arrays of nested records; the log of fills is longer than what is written."""
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, tuple) and not isinstance(tree, Fills):
        for branch in tree:
            yield from arrays(branch)
    elif dataclasses.is_dataclass(tree):
        for each in dataclasses.fields(tree):
            yield from arrays(getattr(tree, each.name))


def copied_bytes_a_second():
    """Return how many bytes a copy that no cache holds reads and writes in a second."""
    source = np.ones(COPIED_MIB * 2**17)
    target = np.zeros_like(source)
    took = []
    for _ in range(5):
        begun = time.thread_time()
        np.copyto(target, source)
        took.append(time.thread_time() - begun)
    return 2 * source.nbytes / min(took)


def n_bytes(tree):
    """Return the bytes of all arrays of a nested NamedTuple."""
    if hasattr(tree, "nbytes"):
        return tree.nbytes
    return sum(n_bytes(branch) for branch in tree)


def folded(panel, threads):
    """Return the seconds by the clock, best of three, of folding a panel and recording it."""
    took = []
    names = [engine.name for engine in quorate.engines()]
    for _ in range(3):
        fold = folding.begin(panel, quorate.read_settings(), quorate.engines())
        record = Record(panel.symbols, panel.venue_names, names, panel.bar_minutes, 10**13)
        begun = time.perf_counter()
        for _, done in folding.advance(panel, fold, threads=threads):
            record.add(done)
        took.append(time.perf_counter() - begun)
    return min(took)


def memory_of(n_coins):
    """Print what each pass carries from one bar to the next."""
    panel = quorate.synthetic(n_coins=n_coins, days=1)
    fold = folding.begin(panel, quorate.read_settings(), quorate.engines())
    for name, state in fold.memory._asdict().items():
        print(f"  {name:<22} {n_bytes(state) / 2**20:8.2f} MiB remembered")


def compiling():
    """Time the first call of each pass in a process of its own, from an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        environ = os.environ | {"QUORATE_CACHE_DIR": cache}
        command = [sys.executable, __file__, "--first"]
        subprocess.run(command, env=environ, check=True)


def first_calls():
    """Run one small market and print the seconds each pass took, compiling included."""
    spent = defaultdict(float)
    watch(spent)
    quorate.run(quorate.synthetic(n_coins=2, days=1))
    for label, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {label:<22} {seconds:8.1f} s to compile")


def watch(spent, moved=None):
    """Count the seconds of every pass, and the bytes that it has to move."""
    timed(passes.features, "build", "features", spent, moved)
    timed(passes.regime, "scan", "regime", spent, moved)
    timed(passes, "poll", "engines", spent, moved)
    timed(passes.consensus, "scan", "consensus", spent, moved)
    timed(passes, "fold", "exchange and decision", spent, moved)
    timed(Record, "add", "record", spent)


def main():
    if "--first" in sys.argv:
        first_calls()
        return
    if "--compile" in sys.argv:
        compiling()
        return
    begun = time.perf_counter()
    warm(print)
    print(f"kernels ready after {time.perf_counter() - begun:.1f} s")
    speed = copied_bytes_a_second()
    print(f"memory: {speed / 1e9:.1f} GB/s read and written by a copy on one core")
    spent, moved = defaultdict(float), defaultdict(int)
    watch(spent, moved)
    for n_coins, days in SIZES:
        panel = quorate.synthetic(n_coins=n_coins, days=days)
        quorate.run(quorate.synthetic(n_coins=n_coins, days=1))
        spent.clear()
        moved.clear()
        begun = time.perf_counter()
        quorate.run(panel)
        total = time.perf_counter() - begun
        cells = panel.n_bars * n_coins
        print(
            f"{n_coins} coins x {panel.n_bars} bars: {cells / total:,.0f} coin-bars/s, a whole run"
        )
        stages, least = dict(spent), dict(moved)
        for threads in (1, 2):
            label = f"fold on {threads} core{'s' if threads > 1 else ''}"
            print(f"  {label:<22} {cells / folded(panel, threads):12,.0f} coin-bars/s")
        for label, seconds in sorted(stages.items(), key=lambda item: -item[1]):
            told = f"  {label:<22} {seconds / cells * 1e9:8.0f} ns a coin-bar"
            if label in least:
                each = least[label] / cells
                told += f", {each:,.0f} bytes moved: {each / speed * 1e9:.0f} ns"
            print(told)
    memory_of(SIZES[-1][0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MiB on {sys.platform}")


if __name__ == "__main__":
    main()
