"""Quorate's whole system, folded over a synthetic market and recorded.

    ours/whole.py COINS DAYS THREADS [--lively]

Features, regimes, engines, consensus, the decision, the exchange and the record: what ``quorate
run`` does between the panel and the report. With the default settings nothing trades on this
market; with ``--lively`` gates are loosened as in ``digest.py``, so that it does where features
are known: from the seventh day on, and again from the seventh after an outage at 55 % of the
history. Kernels are compiled before the first turn.
"""

from __future__ import annotations

import sys

from digest import LIVELY
from served import serve

import quorate
from quorate.api import folding
from quorate.backtest.record import Record

MAX_BYTES = 10**13


def main() -> None:
    n_coins, days, threads = map(int, sys.argv[1:4])
    is_lively = "--lively" in sys.argv
    panel = quorate.synthetic(n_coins=n_coins, days=days)
    engines = quorate.engines()
    settings = quorate.read_settings(overrides=LIVELY if is_lively else {})
    names = [engine.name for engine in engines]

    def work() -> dict:
        fold = folding.begin(panel, settings, engines)
        record = Record(panel.symbols, panel.venue_names, names, panel.bar_minutes, MAX_BYTES)
        for _, done in folding.advance(panel, fold, threads=threads):
            record.add(done)
        return {
            "bars": panel.n_bars,
            "coins": panel.n_coins,
            "fills": record.fills().height if is_lively else 0,
        }

    note = f"{n_coins} coins x {panel.n_bars} bars, threads: {threads}"
    if is_lively:
        n_fills = work()["fills"]
        note += f", {n_fills:,} fills, {n_fills / (panel.n_bars * n_coins):.2g} a coin-bar"
    serve(
        work,
        units=panel.n_bars * n_coins,
        version=f"quorate {quorate.__version__}",
        note=note,
    )


if __name__ == "__main__":
    main()
