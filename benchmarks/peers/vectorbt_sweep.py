"""vectorbt over many settings: a moving-average rule of 100 pairs of windows, on real bars.

The averages, the signals and the simulation of every setting are the work; each setting has one
cash for all its coins and a target of 1/n where its signal changes. Settings go in batches, for
all at once would not fit the memory of most machines: 25 coins over 14 months are 3 million
coin-bars a setting, and a batch of five took 2.8 GB. The answer is each setting's return.

    vectorbt_sweep.py FOLDER [COINS] [SETTINGS] [BATCH] [START [END]]

FOLDER holds ``SYMBOL.parquet`` files with the columns ts and close. A bar that is missing has the
close before it; before its first bar a coin has its first close, and so no signal.
"""

from __future__ import annotations

import sys
from importlib import metadata
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import vectorbt
from panel import CASH, FEE, SLIPPAGE, changes
from served import serve

FAST = range(12, 121, 12)
SLOW = range(144, 1441, 144)
DEAD_BAND = 1e-3


def read(folder: Path, n_coins: int, start: str | None, end: str | None) -> pd.DataFrame:
    """Return the closes of the first coins by name, shape (time, coin)."""
    closes = {}
    for path in sorted(folder.glob("*.parquet"))[:n_coins]:
        rows = pd.read_parquet(path, columns=["ts", "close"])
        closes[path.stem] = rows.set_index("ts")["close"]
    frame = pd.DataFrame(closes)
    whole = pd.date_range(frame.index[0], frame.index[-1], freq="5min")
    return frame.reindex(whole).ffill().bfill().loc[start:end]


def targets(close: pd.DataFrame, averages: dict, pairs: list[tuple[int, int]]) -> np.ndarray:
    """Return the share wanted where a setting's signal changes, the settings side by side."""
    n_coins = close.shape[1]
    found = np.empty((len(close), n_coins * len(pairs)))
    for place, (fast, slow) in enumerate(pairs):
        gap = averages[fast] / averages[slow] - 1
        signal = np.where(gap > DEAD_BAND, 1, np.where(gap < -DEAD_BAND, -1, 0)).astype(np.int8)
        columns = slice(place * n_coins, (place + 1) * n_coins)
        found[:, columns] = np.where(changes(signal), signal / n_coins, np.nan)
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    n_coins, n_settings, batch = (
        int(sys.argv[place]) if len(sys.argv) > place else default
        for place, default in ((2, 25), (3, 100), (4, 5))
    )
    start, end = (sys.argv[place] if len(sys.argv) > place else None for place in (5, 6))
    close = read(folder, n_coins, start, end)
    pairs = list(product(FAST, SLOW))[:n_settings]

    def work() -> dict:
        windows = sorted({window for pair in pairs for window in pair})
        made = vectorbt.MA.run(close, window=windows).ma.to_numpy()
        n = close.shape[1]
        averages = {window: made[:, i * n : (i + 1) * n] for i, window in enumerate(windows)}
        returns = []
        for start in range(0, len(pairs), batch):
            some = pairs[start : start + batch]
            keys = [f"{fast}/{slow}" for fast, slow in some]
            tiled = close.vbt.tile(len(some), keys=pd.Index(keys, name="windows"))
            portfolio = vectorbt.Portfolio.from_orders(
                tiled,
                targets(close, averages, some),
                size_type="targetpercent",
                fees=FEE,
                slippage=SLIPPAGE,
                init_cash=CASH,
                cash_sharing=True,
                group_by="windows",
                freq="5min",
            )
            returns += portfolio.total_return()[keys].tolist()
        return {"best": max(returns), "worst": min(returns), "returns": returns}

    serve(
        work,
        units=close.size * len(pairs),
        unit="coin-bars x settings",
        version=f"vectorbt {metadata.version('vectorbt')}",
        note=f"{len(pairs)} settings x {close.shape[1]} coins x {len(close)} bars, {batch} at once",
    )


if __name__ == "__main__":
    main()
