"""Quorate's Wilder recursions over many coins: what the hourly features are made of.

    ours/indicators.py COINS

ADX, ATR and RSI of 14 bars and an average as asked of TA-Lib, and besides what comes with them in
the product's kernel: both DI, the fast average of MACD, its signal and histogram.
"""

from __future__ import annotations

import sys

import numpy as np
from panel import YEAR, ohlcv
from served import serve

import quorate
from quorate.core.features import wilder
from quorate.core.kernel import kernel

WRITTEN = (wilder.ADX, wilder.ATR, wilder.RSI, wilder.EMA_SLOW)


@kernel
def scan(high, low, close, memory, here, out):
    """Advance every coin by every bar; write ADX, ATR, RSI and the slow average of MACD."""
    for t in range(close.shape[0]):
        wilder.advance(memory, here, high[t], low[t], close[t])
        for i in range(len(WRITTEN)):
            row, written = memory[WRITTEN[i]], out[i, t]
            for c in range(row.shape[0]):
                written[c] = row[c]


def main() -> None:
    n_coins = int(sys.argv[1])
    bars = ohlcv(n_coins)
    high, low, close = (np.require(x, np.float64, ["C", "W"]) for x in (bars[1], bars[2], bars[3]))
    out = np.empty((len(WRITTEN), YEAR, n_coins))
    here = np.ones(n_coins, np.int64)

    def work() -> dict:
        scan(high, low, close, wilder.init(n_coins), here, out)
        return {"last": out[:3, -1].T.tolist()}

    serve(work, units=YEAR * n_coins, version=f"quorate {quorate.__version__}")


if __name__ == "__main__":
    main()
