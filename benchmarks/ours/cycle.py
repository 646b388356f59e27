"""One live cycle: a bar of every coin in, orders out; computing alone.

    ours/cycle.py COINS [BARS]

A market is folded to its last bars, then these come one at a time, as live drives them: features,
regimes, votes, consensus, decision, one call each. It is so long that every feature is known of
every coin that still trades: the slowest need seven days, and its one outage is nine days back.
The answer tells the slow ones too.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from served import serve

import quorate
from quorate.api import folding
from quorate.backtest import run as passes

DAYS = 20


def main() -> None:
    n_coins = int(sys.argv[1])
    n_alone = int(sys.argv[2]) if len(sys.argv) > 2 else 288
    panel = quorate.synthetic(n_coins=n_coins, days=DAYS)
    fold = folding.begin(panel, quorate.read_settings(), quorate.engines())
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
    serve(
        lambda: answer if work() == {} else {},
        units=n_coins,
        unit="pairs",
        version=f"quorate {quorate.__version__}",
        note=f"{n_coins} coins, 26 engines: median {answer['p50_ms']:.2f} ms, "
        f"99 in 100 within {answer['p99_ms']:.2f} ms",
    )


if __name__ == "__main__":
    main()
