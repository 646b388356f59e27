"""freqtrade ``Backtesting.backtest`` on signals that are given: spot, long or flat.

    freqtrade_backtest.py COINS BARS

Loading data and computing indicators are left out; spot cannot go short, so it makes about half
of the trades.
"""

from __future__ import annotations

import sys
from importlib import metadata

import pandas as pd
from freqtrade.optimize.backtesting import Backtesting
from freqtrade_setup import config, markets, pairs, quiet
from panel import CASH, Ohlcv, closes, ohlcv
from served import serve

STRATEGY = """
from freqtrade.strategy import IStrategy


class Given(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "5m"
    minimal_roi = {"0": 1e9}
    stoploss = -0.99
    startup_candle_count = 0

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        rises = (dataframe["signal"] > 0) & (dataframe["signal"].shift(1) <= 0)
        dataframe.loc[rises, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        falls = (dataframe["signal"] <= 0) & (dataframe["signal"].shift(1) > 0)
        dataframe.loc[falls, "exit_long"] = 1
        return dataframe
"""


def frame(made: Ohlcv, signal: object, c: int, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Return one coin's bars as freqtrade holds them, with the signal beside."""
    columns = {name: column[:, c] for name, column in made._asdict().items()}
    return pd.DataFrame({"date": index, **columns, "signal": signal[:, c]})


def main() -> None:
    quiet()
    n_coins, n_bars = int(sys.argv[1]), int(sys.argv[2])
    _, signal = closes(n_coins, n_bars)
    made = ohlcv(n_coins, n_bars)
    traded = pairs([f"C{c}" for c in range(n_coins)])
    index = pd.date_range("2024-01-01", periods=n_bars, freq="5min", tz="UTC")
    given = config("backtest", "Given", STRATEGY, traded, CASH / n_coins / 2)
    with markets(traded):
        backtesting = Backtesting(given)
        backtesting._set_strategy(backtesting.strategylist[0])  # noqa: SLF001  (as start does)
        frames = {pair: frame(made, signal, c, index) for c, pair in enumerate(traded)}
        first, last = index[0].to_pydatetime(), index[-1].to_pydatetime()

        def work() -> dict:
            copies = {pair: rows.copy() for pair, rows in frames.items()}  # it changes them
            found = backtesting.backtest(processed=copies, start_date=first, end_date=last)
            return {"trades": len(found["results"]), "final": found["final_balance"]}

        serve(
            work,
            units=n_coins * n_bars,
            version=f"freqtrade {metadata.version('freqtrade')}",
            note=f"{n_coins} coins x {n_bars} bars, spot long or flat, signals given",
        )


if __name__ == "__main__":
    main()
