"""vectorbt ``from_orders``: a target of 1/n where the signal changes, one cash for all coins.

vectorbt_orders.py COINS [BARS] [--equity] [--plain]

With ``--plain`` orders fill at the next open, sized at the close before it, pay fees alone and take
half the share, so that cash never binds: the rules of ``ours/simulate.py --plain``.
"""

from __future__ import annotations

import sys
from importlib import metadata

import numpy as np
import pandas as pd
import vectorbt
from panel import CASH, FEE, SLIPPAGE, YEAR, changes, closes, ohlcv
from served import serve


def main() -> None:
    given = [word for word in sys.argv[1:] if not word.startswith("--")]
    n_coins = int(given[0])
    n_bars = int(given[1]) if len(given) > 1 else YEAR
    wants_equity = "--equity" in sys.argv
    close, signal = closes(n_coins, n_bars)
    index = pd.date_range("2024-01-01", periods=n_bars, freq="5min")
    target = np.where(changes(signal), signal / n_coins, np.nan)
    prices = {"slippage": SLIPPAGE}
    if "--plain" in sys.argv:
        target = np.vstack([np.full((1, n_coins), np.nan), target[:-1] / 2])
        before = np.vstack([close[:1], close[:-1]])
        prices = {"slippage": 0.0, "price": ohlcv(n_coins, n_bars).open, "val_price": before}
    close = pd.DataFrame(close, index=index)

    def work() -> dict:
        portfolio = vectorbt.Portfolio.from_orders(
            close,
            target,
            size_type="targetpercent",
            fees=FEE,
            init_cash=CASH,
            cash_sharing=True,
            group_by=True,
            freq="5min",
            **prices,
        )
        answer = {"orders": len(portfolio.orders.records_arr)}
        if wants_equity:
            answer["equity"] = float(np.asarray(portfolio.value())[-1])
        return answer

    serve(work, units=n_coins * n_bars, version=f"vectorbt {metadata.version('vectorbt')}")


if __name__ == "__main__":
    main()
