"""Coin-bars a second and memory of each pass of a run: ``make bench``.

Figures are processor seconds on a synthetic market, after everything has been compiled; the time
that compiling takes is printed first if it was needed.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import defaultdict

import quorate
from quorate.api.warm import warm
from quorate.backtest import run as passes
from quorate.backtest.record import Record

SIZES = ((10, 30), (50, 12), (400, 3))


def timed(owner, name, label, spent):
    """Count what one function takes."""
    plain = getattr(owner, name)

    def measured(*given, **named):
        begun = time.process_time()
        result = plain(*given, **named)
        spent[label] += time.process_time() - begun
        return result

    setattr(owner, name, measured)


def main():
    begun = time.perf_counter()
    warm(print)
    print(f"kernels ready after {time.perf_counter() - begun:.1f} s")
    spent = defaultdict(float)
    timed(passes.features, "build", "features", spent)
    timed(passes.regime, "scan", "regime", spent)
    timed(passes, "poll", "engines", spent)
    timed(passes.consensus, "scan", "consensus", spent)
    timed(passes, "fold", "exchange and decision", spent)
    timed(Record, "add", "record", spent)
    for n_coins, days in SIZES:
        panel = quorate.synthetic(n_coins=n_coins, days=days)
        quorate.run(quorate.synthetic(n_coins=n_coins, days=1))
        spent.clear()
        begun = time.process_time()
        quorate.run(panel)
        total = time.process_time() - begun
        cells = panel.n_bars * n_coins
        print(f"{n_coins} coins x {panel.n_bars} bars: {cells / total:,.0f} coin-bars/s")
        for label, seconds in sorted(spent.items(), key=lambda item: -item[1]):
            print(f"  {label:<22} {seconds / cells * 1e9:8.0f} ns a coin-bar")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MiB on {sys.platform}")


if __name__ == "__main__":
    main()
