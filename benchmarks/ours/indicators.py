"""Quorate's Wilder recursions over many coins: what the hourly features are made of.

    ours/indicators.py COINS

ADX, ATR and RSI of 14 bars as asked of TA-Lib, and besides both DI and MACD, which come with them.
"""

from __future__ import annotations

import sys

import numpy as np
from panel import YEAR, ohlcv
from served import serve

import quorate
from quorate.core.features import wilder
from quorate.core.kernel import kernel


@kernel
def scan(high, low, close, memory, out):
    """Advance every coin by every bar; write ADX, ATR, RSI and the slow average of MACD."""
    for t in range(close.shape[0]):
        for c in range(close.shape[1]):
            wilder.advance(memory, c, high[t, c], low[t, c], close[t, c])
            out[0, t, c] = memory[wilder.ADX, c]
            out[1, t, c] = memory[wilder.ATR, c]
            out[2, t, c] = memory[wilder.RSI, c]
            out[3, t, c] = memory[wilder.EMA_SLOW, c]


def main() -> None:
    n_coins = int(sys.argv[1])
    bars = ohlcv(n_coins)
    high, low, close = (np.require(x, np.float64, ["C", "W"]) for x in (bars[1], bars[2], bars[3]))
    out = np.empty((4, YEAR, n_coins))

    def work() -> dict:
        scan(high, low, close, wilder.init(n_coins), out)
        return {"last": out[:3, -1].T.tolist()}

    serve(work, units=YEAR * n_coins, version=f"quorate {quorate.__version__}")


if __name__ == "__main__":
    main()
