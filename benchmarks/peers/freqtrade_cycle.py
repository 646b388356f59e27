"""freqtrade's analysis step of a live cycle: four indicators and signals for every pair.

    freqtrade_cycle.py PAIRS

Each pair has 999 candles, as it fetches; ``analyze_ticker`` and ``get_entry_signal`` are called as
its loop calls them. Nothing of an exchange is measured.
"""

from __future__ import annotations

import sys
from importlib import metadata

import pandas as pd
import talib.abstract as indicators
from freqtrade.enums import CandleType, RunMode
from freqtrade.strategy import IStrategy
from freqtrade_setup import pairs, quiet
from panel import ohlcv
from served import serve

CANDLES = 999


class Follow(IStrategy):
    """Enter where a trend is strong, leave where it is spent."""

    INTERFACE_VERSION = 3
    timeframe = "5m"
    minimal_roi = {"0": 1e9}  # noqa: RUF012  (as freqtrade wants it)
    stoploss = -0.99
    startup_candle_count = 300

    def populate_indicators(self, dataframe, metadata):  # noqa: ARG002
        dataframe["adx"] = indicators.ADX(dataframe, 14)
        dataframe["atr"] = indicators.ATR(dataframe, 14)
        dataframe["rsi"] = indicators.RSI(dataframe, 14)
        dataframe["ema"] = indicators.EMA(dataframe, 20)
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):  # noqa: ARG002
        strong = (dataframe["adx"] > 25) & (dataframe["rsi"] > 55)
        dataframe.loc[strong, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):  # noqa: ARG002
        dataframe.loc[dataframe["rsi"] < 45, "exit_long"] = 1
        return dataframe


class Fetched:
    """The least of a data provider that the analysis touches."""

    def __init__(self, frames: dict[str, pd.DataFrame]) -> None:
        self.frames = frames

    def ohlcv(self, pair, *_, **__):
        return self.frames[pair].copy()

    def _set_cached_df(self, *_):
        pass

    def _emit_df(self, *_):
        pass


def main() -> None:
    quiet()
    n_pairs = int(sys.argv[1])
    made = ohlcv(n_pairs, CANDLES)
    # a signal of old candles is refused, so these end now
    now = pd.Timestamp.now(tz="UTC").floor("5min")
    index = pd.date_range(end=now, periods=CANDLES, freq="5min")
    frames = {
        pair: pd.DataFrame({"date": index} | {k: v[:, c] for k, v in made._asdict().items()})
        for c, pair in enumerate(pairs([f"C{c}" for c in range(n_pairs)]))
    }
    strategy = Follow(
        {
            "stake_currency": "USDT",
            "runmode": RunMode.DRY_RUN,
            "candle_type_def": CandleType.SPOT,
            "timeframe": "5m",
        }
    )
    strategy.dp = Fetched(frames)

    def work() -> dict:
        entries = 0
        for pair, fetched in frames.items():
            analysed = strategy.analyze_ticker(fetched.copy(), {"pair": pair})
            entries += strategy.get_entry_signal(pair, "5m", analysed)[0] is not None
        return {"entries": entries}

    serve(
        work,
        units=n_pairs,
        unit="pairs",
        version=f"freqtrade {metadata.version('freqtrade')}",
        note=f"analysis only, {CANDLES} candles a pair",
    )


if __name__ == "__main__":
    main()
