"""Quorate's sweep: settings of costs and risk over real coins, features and votes once.

    ours/sweep.py DATA COINS SETTINGS START [END]

The decisions of 26 engines for each setting: not what ``ours/averages.py`` and the peers do.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from served import serve

import quorate


def main() -> None:
    folder, n_coins, n_settings, start = Path(sys.argv[1]), *map(int, sys.argv[2:4]), sys.argv[4]
    end = sys.argv[5] if len(sys.argv) > 5 else None
    symbols = sorted(path.stem for path in folder.glob("*.parquet"))[:n_coins]
    panel = quorate.load(
        folder, venue="binance_spot", kind="spot", symbols=symbols, start=start, end=end
    )
    stops = [str(1.0 + 0.1 * i) for i in range(10)]
    margins = [str(0.5 * i) for i in range(-(-n_settings // 10))]
    settings = [
        quorate.read_settings(
            overrides={"risk.stop_sigmas": stop, "costs.safety_margin_bps": margin}
        )
        for stop, margin in itertools.product(stops, margins)
    ][:n_settings]

    def work() -> dict:
        found = quorate.sweep(panel, settings)
        return {"settings": found.table.height, "trades": int(found.table["n_trades"].sum())}

    serve(
        work,
        units=panel.n_bars * panel.n_coins * len(settings),
        unit="coin-bars x settings",
        version=f"quorate {quorate.__version__}",
        note=f"{panel.n_coins} coins x {panel.n_bars} bars from {start}, two threads",
    )


if __name__ == "__main__":
    main()
