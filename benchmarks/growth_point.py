"""One point of a growth curve, in a process of its own: what ``growth`` starts.

``growth_point.py panel FOLDER SPEC`` puts a synthetic market on disk, ``growth_point.py fold FOLDER
SPEC`` folds it block by block from there and prints seconds and memory as JSON. The fold is that of
a run (features, votes, consensus, exchange, decision, record), on one thread, so that the clock and
the processor say the same on a quiet machine. Settings and a planted edge make it trade.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from benchmarks.stages import watch

import quorate
from quorate.api import folding
from quorate.api.warming import warm
from quorate.backtest import run as passes
from quorate.backtest.record import Record
from quorate.core.engines.catalogue import builtin
from quorate.core.types import Bars, Market, Venues
from quorate.lake import NEVER, Provenance, blocks, columns

EDGE = 4.0
ACTIVE = {"consensus.edge_slope": "6", "consensus.k": "0.5"}
REPEATS, ENOUGH_S = 3, 8.0
YEAR_DAYS = 365


def peak_mib():
    """Return the most memory this process has held so far."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def without_the_odd(panel):
    """Leave out the two last coins: the one that lists late and the one that dies."""
    n = panel.n_coins - 2
    bars = Bars._make(np.ascontiguousarray(array[:, :n]) for array in panel.bars)
    fixed = {}
    for name, array in panel.venues._asdict().items():
        fixed[name] = array if array.ndim == 1 else np.ascontiguousarray(array[:, :n])
    return replace(
        panel,
        symbols=panel.symbols[:n],
        bars=bars,
        market=seen(bars, panel.k0, panel.bar_minutes),
        venues=Venues(**fixed),
        kinds=panel.kinds[:n],
        funding=panel.funding[:n],
        member=np.ones(bars.status.shape, np.int8),
        delisted_k=np.full(n, NEVER),
    )


def seen(bars, k0, bar_minutes):
    """Return the one venue's market of these bars, as ``synthetic`` makes it."""
    stamp = (k0 + np.arange(len(bars.close))) * bar_minutes
    paid = np.where((stamp % 480 == 0)[:, None], bars.funding_rate, 0.0)
    arrays = bars._asdict() | {"mark": bars.close.copy(), "funding": paid}
    return Market(*(arrays[name][:, None, :] for name in Market._fields))


def mirrored(panel):
    """Return the same span upside down: it begins where the panel ends and ends where it began.

    Every log price is reflected, so highs become lows, buyers become sellers, and turnover,
    volatility and gaps stay. A year and its mirror image in turn go on for as long as one likes,
    at prices which stay where they were.
    """
    bars = panel.bars
    both = bars.open[0] * bars.close[-1]
    close = both / bars.close
    ratio = bars.close / close
    turned = bars._replace(
        open=both / bars.open,
        high=both / bars.low,
        low=both / bars.high,
        close=close,
        volume=bars.volume * ratio,
        taker_buy=(bars.volume - bars.taker_buy) * ratio,
        funding_rate=2e-4 - bars.funding_rate,
        basis_bps=-bars.basis_bps,
    )
    return replace(panel, bars=turned, market=seen(turned, panel.k0, panel.bar_minutes))


def put(where, n_coins, days, turn_days=None, edge=EDGE):
    """Put a market on disk; a longer one is so many days and their mirror image in turn.

    Only the days of a turn and their mirror image are ever in memory.
    """
    turn_days = turn_days or YEAR_DAYS
    if days <= turn_days:
        columns.write(quorate.synthetic(n_coins=n_coins, days=days, planted_edge=edge), where)
        return
    first = quorate.synthetic(n_coins=n_coins + 2, days=turn_days, planted_edge=edge)
    first = without_the_odd(first)
    turns = (first, mirrored(first))
    about = f"{turn_days} synthetic days of {n_coins} coins and their mirror image in turn, "
    about += f"{days} days"

    def pieces():
        for turn in range(days // turn_days):
            for block in blocks(turns[turn % 2], 10_000):
                yield block._replace(k0=block.k0 + turn * first.n_bars)

    columns.write(replace(first, source=Provenance(about, about)), where, pieces())


def voters(n):
    """Return n engines: built-in ones evenly from all families, then variants of them."""
    ours = builtin()
    chosen = [ours[i * len(ours) // n] for i in range(n)] if n < len(ours) else list(ours)
    for each in ours[: max(0, n - len(ours))]:
        scaled = {name: 1.1 * value for name, value in each.parameters.items()}
        vote = replace(each.vote, parameters=1.1 * each.vote.parameters)
        chosen.append(replace(each, name=f"{each.name}_b", parameters=scaled, vote=vote))
    return chosen


def folded(panel, engines, spec, spent):
    """Fold once; return seconds of the processor and by the clock, and what was recorded."""
    fold = folding.begin(panel, quorate.read_settings(overrides=ACTIVE), engines)
    # a variant is treated as the engine it was made from, not as somebody's own
    foreign = frozenset(name for name in fold.made.foreign if not name.endswith("_b"))
    fold = replace(fold, made=replace(fold.made, foreign=foreign))
    names = [engine.name for engine in engines]
    record = Record(panel.symbols, panel.venue_names, names, panel.bar_minutes, 10**13)
    spent.clear()
    busy, begun = time.process_time(), time.perf_counter()
    for _, done in folding.advance(panel, fold, spec["bars"], threads=1):
        if spec["record"]:
            record.add(done)
    return time.process_time() - busy, time.perf_counter() - begun, record


def measured(where, spec):
    """Return one point: the best of a few folds, and the memory of the first."""
    spent = defaultdict(float)
    warm()
    watch(spent)
    engines = voters(spec["engines"])
    # a small market first: what it leaves in memory is the interpreter and the compiled code
    small = quorate.synthetic(n_coins=4, days=6, planted_edge=EDGE)
    folded(small, engines, spec | {"bars": small.n_bars, "record": True}, spent)
    fixed = peak_mib()
    panel = columns.read(Path(where))
    if spec["block"]:
        passes.BLOCK_CELLS = spec["block"] * panel.n_coins
    times, peak, n_fills = [], 0.0, 0
    begun = time.perf_counter()
    while not times or (len(times) < REPEATS and time.perf_counter() - begun < ENOUGH_S):
        busy, clock, record = folded(panel, engines, spec, spent)
        if not times:
            peak, n_fills = peak_mib(), record.fills().height
        times.append((busy, clock, dict(spent)))
        del record
    busy, _, stages = min(times, key=lambda each: each[0])
    return {
        "coin_bars": spec["bars"] * panel.n_coins,
        "repeats": len(times),
        "cpu_s": busy,
        "wall_s": min(wall for _, wall, _ in times),
        "peak_mib": peak,
        "fixed_mib": fixed,
        "fills": n_fills,
        "stages_s": stages | {"reading and the rest": busy - sum(stages.values())},
    }


def main():
    what, where, given = sys.argv[1:]
    spec = json.loads(given)
    if what == "panel":
        put(Path(where), spec["coins"], spec["days"])
    else:
        print(json.dumps(measured(where, spec)))


if __name__ == "__main__":
    main()
