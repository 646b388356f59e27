"""TA-Lib: ADX, ATR and RSI of 14 bars and EMA of 20, coin by coin.

talib_indicators.py COINS [BARS]
"""

from __future__ import annotations

import hashlib
import sys
from importlib import metadata

import numpy as np
import talib
from panel import YEAR, ohlcv
from served import serve


def main() -> None:
    n_coins = int(sys.argv[1])
    n_bars = int(sys.argv[2]) if len(sys.argv) > 2 else YEAR
    made = ohlcv(n_coins, n_bars)
    # TA-Lib wants each coin's bars side by side
    high, low, close = (np.ascontiguousarray(x.T) for x in (made.high, made.low, made.close))
    del made

    def work() -> dict:
        last = np.empty((n_coins, 4))
        digest = hashlib.sha256()
        for c in range(n_coins):
            found = (
                talib.ADX(high[c], low[c], close[c], 14),
                talib.ATR(high[c], low[c], close[c], 14),
                talib.RSI(close[c], 14),
                talib.EMA(close[c], 20),
            )
            for column, values in enumerate(found):
                last[c, column] = values[-1]
        digest.update(np.round(last, 9).tobytes())
        return {"last": last.tolist(), "digest": digest.hexdigest()}

    serve(work, units=n_coins * n_bars, version=f"TA-Lib {metadata.version('TA-Lib')}")


if __name__ == "__main__":
    main()
