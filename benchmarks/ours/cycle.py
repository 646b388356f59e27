"""One live cycle: a bar of every coin in, orders out; computing alone.

    ours/cycle.py COINS [--coin-bars] [--trained]

A market is folded to its last bars, then these come one at a time, as live drives them: features,
regimes, votes, consensus, decision, one call each. It is so long that every feature is known of
every coin that still trades: the slowest need seven days, and its one outage is nine days back.
The answer tells the slow ones too. A turn is one bar, after the pause in which the other side
works, or with ``--coin-bars`` a day of bars, one call each. With ``--trained`` three engines of
200 boosted trees vote beside the rules, on features that every coin here has.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import trees
from boosted import N_FEATURES
from served import serve

import quorate
from quorate.api import folding
from quorate.backtest import run as passes
from quorate.core.features.table import FEATURES

DAYS = 20
KNOWN = tuple(each.name for each in FEATURES if each.family != "carry")[:N_FEATURES]


def main() -> None:
    n_coins = int(sys.argv[1])
    unit = "coin-bars" if "--coin-bars" in sys.argv else "pairs"  # as the other side counts them
    n_alone = 288
    panel = quorate.synthetic(n_coins=n_coins, days=DAYS)
    engines = quorate.engines()
    if "--trained" in sys.argv:
        engines += tuple(trees.grown(KNOWN, f"trees_{i}")[1] for i in range(3))
    fold = folding.begin(panel, quorate.read_settings(), engines)
    rows = range(panel.n_bars - n_alone, panel.n_bars)
    pieces = [(t, piece) for t, piece in folding.pieces(panel, panel.n_bars, rows)]
    alone = set(rows)
    waiting = [piece for t, piece in pieces if t in alone]
    for t, piece in pieces:
        if t not in alone:
            passes.advance(fold.made, fold.memory, piece)
    took: list[float] = []

    def work() -> dict:
        """One bar; the last bars come round again, with a counter that goes on."""
        piece = waiting[len(took) % len(waiting)]
        begun = time.perf_counter()
        passes.advance(fold.made, fold.memory, piece._replace(k0=waiting[0].k0 + len(took)))
        took.append(time.perf_counter() - begun)
        return {}

    while len(took) < len(waiting):
        work()
    late = np.array(took[1:]) * 1e3
    answer = {f"p{q}_ms": float(np.percentile(late, q)) for q in (50, 99)} | {"bars": late.size}
    n_times = len(waiting) if unit == "coin-bars" else 1  # a day, or one bar after a pause

    def turn() -> dict:
        for _ in range(n_times):
            work()
        return answer

    serve(
        turn,
        units=n_coins * n_times,
        unit=unit,
        version=f"quorate {quorate.__version__}",
        note=f"{n_coins} coins, {len(engines)} engines: median {answer['p50_ms']:.2f} ms, "
        f"99 in 100 within {answer['p99_ms']:.2f} ms",
    )


if __name__ == "__main__":
    main()
