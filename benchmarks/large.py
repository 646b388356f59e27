"""A market that memory would not hold, 400 coins over three years: seconds and memory of a run.

    python -m benchmarks.large [--coins 400] [--days 1095] [--at FOLDER] [--edge 4]
        [--settings default active] [--what fold run] [--figures FILE]

Puts a synthetic market on disk as ``quorate keep`` does (98 bytes a coin-bar; ``--at`` keeps it
there for the next time) and runs the whole system over it on two cores, each run in a process of
its own that only reads: ``fold`` is features to fills with the record in memory, ``run`` is what
``quorate backtest`` does, tables, store and page as well. ``active`` settings are those of the
page on growth. The planted edge makes the default ones trade too; with ``--edge 0`` they do not,
as on the real data we have. Kernels are compiled and loaded before the clock
starts; the peak is that of the whole process, and beside it what it held before the market.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.growth_point import ACTIVE, EDGE, put
from benchmarks.served import peak_mib

import quorate
from quorate.api import folding
from quorate.backtest.record import Record
from quorate.lake import columns

ROOT = Path(__file__).parents[1]
TURN_DAYS = 73  # a fifth of a year and its mirror image: 2 GB of memory at 400 coins
SETTINGS = {"default": {}, "active": ACTIVE}
WHAT = ("fold", "run")
SECONDS = 3600
START = 10**13


def fold(panel, settings):
    """Fold the panel into a record; return how many bars came and fills there were."""
    engines = quorate.engines()
    begun = folding.begin(panel, settings, engines)
    names = [engine.name for engine in engines]
    record = Record(panel.symbols, panel.venue_names, names, panel.bar_minutes, START)
    for _, done in folding.advance(panel, begun):
        record.add(done)
    return record.fills().height


def run(panel, settings):
    """Run, book and write as the command does; return how many fills there were."""
    with tempfile.TemporaryDirectory(prefix="large-") as folder:
        return quorate.run(panel, settings, out=folder).fills.height


def measured(what, where, name):
    """Return the figures of this process."""
    work = {"fold": fold, "run": run}[what]
    settings = quorate.read_settings(overrides=SETTINGS[name])
    quorate.warm()
    # a small market first: what it leaves in memory is the interpreter and the compiled code
    work(quorate.synthetic(n_coins=4, days=6, planted_edge=EDGE), settings)
    fixed = peak_mib()
    panel = columns.kept(where)
    busy, begun = time.process_time(), time.perf_counter()
    n_fills = work(panel, settings)
    wall, busy = time.perf_counter() - begun, time.process_time() - busy
    return {
        "coin_bars": panel.n_bars * panel.n_coins,
        "wall_s": wall,
        "cpu_s": busy,
        "peak_mib": peak_mib(),
        "fixed_mib": fixed,
        "fills": n_fills,
    }


def row(what, name, found):
    """Return a line of the table."""
    rate = found["coin_bars"] / found["wall_s"]
    return (
        f"| {what}, {name} | {found['coin_bars']:,} | {found['wall_s']:.1f} "
        f"| {found['cpu_s']:.1f} | {rate:,.0f} | {found['peak_mib']:,.0f} "
        f"| {found['fixed_mib']:,.0f} | {found['fills']:,} |"
    )


HEAD = """| work, settings | coin-bars | clock s | cpu s | coin-bars/s | peak MiB | before | fills |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


def measure(where, given):
    """Put the market there, if it is not, and print a line for every run of it."""
    if not columns.holds(where):
        begun = time.perf_counter()
        started("put", str(where), str(given.coins), str(given.days), str(given.edge))
        size = sum(path.stat().st_size for path in where.rglob("*.npy")) / 2**30
        print(f"put {size:.2f} GiB on disk in {time.perf_counter() - begun:.0f} s\n", flush=True)
    print(HEAD, flush=True)
    for name in given.settings:
        for what in given.what:
            found = json.loads(started(what, str(where), name))
            print(row(what, name, found), flush=True)
            if given.figures:
                with given.figures.open("a") as lines:
                    print(json.dumps(found), file=lines)


def started(*given):
    """Run one process of this file to its end and return what it printed."""
    command = [sys.executable, "-m", "benchmarks.large", "--one", *given]
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=SECONDS
    )
    return done.stdout


def one(what, where, *given):
    """Do what ``started`` asked of this process."""
    if what == "put":
        coins, days, edge = given
        put(Path(where), int(coins), int(days), TURN_DAYS, float(edge))
    else:
        print(json.dumps(measured(what, Path(where), *given)))


def main():
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--coins", type=int, default=400)
    parser.add_argument("--days", type=int, default=15 * TURN_DAYS)
    parser.add_argument("--at", type=Path, help="where the market is, or is put, and stays")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--what", nargs="+", choices=WHAT, default=list(WHAT))
    parser.add_argument("--edge", type=float, default=EDGE)
    parser.add_argument("--figures", type=Path, help="file to add a line of JSON to for every run")
    given = parser.parse_args()
    if given.at:
        measure(given.at.absolute(), given)
        return
    with tempfile.TemporaryDirectory(prefix="large-") as folder:
        measure(Path(folder) / "market", given)


if __name__ == "__main__":
    main()
