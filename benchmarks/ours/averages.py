"""Quorate's simulation of a moving-average rule of many pairs of windows, on real bars.

    ours/averages.py DATA [COINS] [SETTINGS] [START [END]]

The same work as ``peers/vectorbt_sweep.py``: averages, signals (by NumPy) and simulation of every
setting are measured, each setting with one cash for all its coins and a target of 1/n on either
side. It is ``quorate.simulate``, one setting after the other on one thread, so every cost and
integer book comes with it, and the daily loss stop, which cannot be turned off. Bars of spot are
taken as those of a perpetual without funding, so that sides may be short. A bar that is missing
has the close before it; before its first bar a coin has its first close, and so no signal.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import numpy as np
from panel import CASH
from served import serve

import quorate

FAST = range(12, 121, 12)
SLOW = range(144, 1441, 144)
DEAD_BAND = 1e-3
FREE = {
    "account.equity_usd": str(CASH),
    "risk.daily_loss_stop": "0.035",  # the most there is
    "risk.losses_in_a_row": "1000",
}
DEFAULTS = ("25", "100", None, None)


def carried(close: np.ndarray) -> np.ndarray:
    """Return closes without holes: that before, or at the beginning the first there is."""
    known = np.isfinite(close)
    row = np.where(known, np.arange(len(close))[:, None], 0)
    np.maximum.accumulate(row, axis=0, out=row)
    row = np.maximum(row, known.argmax(axis=0))
    return np.take_along_axis(close, row, axis=0)


def averages(close: np.ndarray, windows: set[int]) -> dict[int, np.ndarray]:
    """Return the mean of the last closes for each window, NaN before there are as many."""
    total = np.vstack([np.zeros((1, close.shape[1])), np.cumsum(close, axis=0)])
    found = {}
    for window in windows:
        mean = np.full(close.shape, np.nan)
        np.subtract(total[window:], total[:-window], out=mean[window - 1 :])
        mean[window - 1 :] /= window
        found[window] = mean
    return found


def main() -> None:
    given = sys.argv[2:]
    n_coins, n_settings, start, end = given + list(DEFAULTS[len(given) :])
    folder = Path(sys.argv[1])
    symbols = sorted(path.stem for path in folder.glob("*.parquet"))[: int(n_coins)]
    panel = quorate.load(
        folder,
        venue="binance_usdm",
        kind="perp",
        symbols=symbols,
        start=start,
        end=end,
        assume_funding=0.0,
    )
    settings = quorate.read_settings(overrides=FREE)
    close = carried(panel.bars.close)
    pairs = list(product(FAST, SLOW))[: int(n_settings)]

    def work() -> dict:
        means = averages(close, {window for pair in pairs for window in pair})
        returns, n_rows = [], 0
        for fast, slow in pairs:
            gap = means[fast] / means[slow] - 1
            signal = np.where(gap > DEAD_BAND, 1.0, np.where(gap < -DEAD_BAND, -1.0, 0.0))
            done = quorate.simulate(panel, signal / panel.n_coins, settings)
            returns.append(done.net_return)
            n_rows += done.fills.height
        return {"best": max(returns), "worst": min(returns), "rows": n_rows, "returns": returns}

    serve(
        work,
        units=close.size * len(pairs),
        unit="coin-bars x settings",
        version=f"quorate {quorate.__version__}",
        note=f"{len(pairs)} settings x {panel.n_coins} coins x {panel.n_bars} bars, one at a time",
    )


if __name__ == "__main__":
    main()
