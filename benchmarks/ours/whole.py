"""Quorate's whole system, folded over a synthetic market and recorded.

    ours/whole.py COINS DAYS THREADS

Features, regimes, engines, consensus, the decision, the exchange and the record: what ``quorate
run`` does between the panel and the report. Kernels are compiled before the first turn.
"""

from __future__ import annotations

import sys

from served import serve

import quorate
from quorate.api import folding
from quorate.backtest.record import Record

MAX_BYTES = 10**13


def main() -> None:
    n_coins, days, threads = map(int, sys.argv[1:])
    panel = quorate.synthetic(n_coins=n_coins, days=days)
    engines = quorate.engines()
    settings = quorate.read_settings()
    names = [engine.name for engine in engines]

    def work() -> dict:
        fold = folding.begin(panel, settings, engines)
        record = Record(panel.symbols, panel.venue_names, names, panel.bar_minutes, MAX_BYTES)
        for _, done in folding.advance(panel, fold, threads=threads):
            record.add(done)
        return {"bars": panel.n_bars, "coins": panel.n_coins}

    serve(
        work,
        units=panel.n_bars * n_coins,
        version=f"quorate {quorate.__version__}",
        note=f"{n_coins} coins x {panel.n_bars} bars, threads: {threads}",
    )


if __name__ == "__main__":
    main()
