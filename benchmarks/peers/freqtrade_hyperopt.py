"""freqtrade hyperopt, what one worker does: epochs of a moving-average strategy on real bars.

    freqtrade_hyperopt.py FOLDER [COINS] [DAYS] [EPOCHS]

A run is ``HyperOptimizer.generate_optimizer`` once an epoch: read the analysed data back from
disk, set the parameters, find entries and exits, backtest, compute statistics and the loss. All
averages are computed once before, and not measured, as hyperopt does it by default. Left out, in
freqtrade's favour: the sampler that proposes parameters, and handing work to processes. Parameters
are fixed pairs of windows spread over the same grid as ``vectorbt_sweep.py``. One epoch of 25
coins and 14 months is three million coin-bars, minutes at its rate, so fewer coins, days and
epochs are measured, and the rate is to be scaled by coins x bars x epochs.

FOLDER holds ``SYMBOL.parquet`` files with ts, open, high, low, close and volume.
"""

from __future__ import annotations

import sys
from importlib import metadata
from itertools import product
from pathlib import Path

import pandas as pd
from freqtrade.enums import RunMode
from freqtrade.optimize.hyperopt.hyperopt_optimizer import HyperOptimizer
from freqtrade_setup import config, markets, pairs, quiet
from panel import CASH
from served import serve

DEFAULTS = (5, 30, 3)
FAST = range(12, 121, 12)
SLOW = range(144, 1441, 144)
BARS_A_DAY = 288
STRATEGY = """
from freqtrade.strategy import CategoricalParameter, IStrategy


class Averages(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "5m"
    minimal_roi = {"0": 1e9}
    stoploss = -0.99
    startup_candle_count = 0
    fast = CategoricalParameter(list(range(12, 121, 12)), default=48, space="buy")
    slow = CategoricalParameter(list(range(144, 1441, 144)), default=288, space="buy")

    def populate_indicators(self, dataframe, metadata):
        for window in (*range(12, 121, 12), *range(144, 1441, 144)):
            dataframe[f"mean_{window}"] = dataframe["close"].rolling(window).mean()
        return dataframe

    def gap(self, dataframe):
        return dataframe[f"mean_{self.fast.value}"] / dataframe[f"mean_{self.slow.value}"] - 1

    def populate_entry_trend(self, dataframe, metadata):
        gap = self.gap(dataframe)
        dataframe.loc[(gap > 1e-3) & ~(gap.shift(1) > 1e-3), "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        gap = self.gap(dataframe)
        dataframe.loc[~(gap > 1e-3) & (gap.shift(1) > 1e-3), "exit_long"] = 1
        return dataframe
"""


def write(paths: list[Path], traded: list[str], n_bars: int, folder: Path) -> int:
    """Write freqtrade's own files of the bars and return how many there are of all coins."""
    total = 0
    for path, pair in zip(paths, traded, strict=True):
        rows = pd.read_parquet(path).iloc[:n_bars].rename(columns={"ts": "date"})
        rows = rows[["date", "open", "high", "low", "close", "volume"]]
        rows.to_feather(folder / f"{pair.replace('/', '_')}-5m.feather", compression="lz4")
        total += len(rows)
    return total


def main() -> None:
    quiet()
    folder = Path(sys.argv[1])
    given = tuple(map(int, sys.argv[2:]))
    n_coins, days, epochs = given + DEFAULTS[len(given) :]
    paths = sorted(folder.glob("*.parquet"))[:n_coins]
    traded = pairs([path.stem.removesuffix("USDT") for path in paths])
    settings = config("hyperopt", "Averages", STRATEGY, traded, CASH / len(paths) / 2)
    settings |= {
        "runmode": RunMode.HYPEROPT,
        "spaces": ["buy"],
        "hyperopt_loss": "SharpeHyperOptLoss",
        "hyperopt_min_trades": 1,
        "epochs": epochs,
    }
    cells = write(paths, traded, days * BARS_A_DAY, settings["datadir"])
    grid = list(product(FAST, SLOW))
    asked = [grid[(place * len(grid)) // epochs] for place in range(epochs)]
    with markets(traded):
        optimizer = HyperOptimizer(settings, settings["user_data_dir"] / "analysed.joblib")
        optimizer.prepare_hyperopt()

        def work() -> dict:
            found = [optimizer.generate_optimizer({"fast": f, "slow": s}) for f, s in asked]
            trades = [one["results_metrics"]["total_trades"] for one in found]
            return {"losses": [one["loss"] for one in found], "trades": trades}

        serve(
            work,
            units=cells * epochs,
            unit="coin-bars x settings",
            version=f"freqtrade {metadata.version('freqtrade')} hyperopt",
            note=f"one worker, {epochs} epochs x {len(paths)} coins x {days} days, to be scaled",
        )


if __name__ == "__main__":
    main()
