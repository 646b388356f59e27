"""What is measured beside whom, and how many times faster it should be: ``table.py`` runs it.

In: nothing. Out: ``ROWS``. A goal that was reached is held: a check fails when it no longer is.
``DATA`` stands for the folder of real five-minute bars, one ``SYMBOL.parquet`` a coin.
"""

from __future__ import annotations

from typing import NamedTuple

DATA = "DATA"


class Row(NamedTuple):
    """One goal: what is done, by whom, and how many times faster it should be."""

    work: str
    ours: str
    theirs: str
    goal: float
    by: str = "cpu"  # or "wall", where a side uses two threads
    held: bool = False  # the goal is reached, and a check fails when it no longer is
    turns: int = 5


ROWS = (
    Row(
        "given targets, whole call, 50 coins x 1 year, against vectorbt from_orders",
        "ours/simulate.py 50",
        "peers/vectorbt_orders.py 50",
        25.0,
    ),
    Row(
        "given targets, whole call, 50 coins x 1 year, against vectorbt with its equity curve",
        "ours/simulate.py 50",
        "peers/vectorbt_orders.py 50 --equity",
        50.0,
    ),
    Row(
        "given targets, whole call, 200 coins x 1 year, against vectorbt from_orders",
        "ours/simulate.py 200",
        "peers/vectorbt_orders.py 200",
        25.0,
        turns=3,
    ),
    Row(
        "given targets from disk, 200 coins x 1 year, against vectorbt from_orders in memory",
        "ours/simulate.py 200 --stored",
        "peers/vectorbt_orders.py 200",
        25.0,
        turns=3,
    ),
    Row(
        "given targets, whole call, 1 coin x 1 year, against hftbacktest",
        "ours/simulate.py 1",
        "peers/hftbacktest_bars.py 105120",
        30.0,
    ),
    Row(
        "given targets, whole call, no decision, 50 coins, against NautilusTrader's events",
        "ours/simulate.py 50",
        "peers/nautilus_bars.py 50 8064",
        1000.0,
        held=True,
        turns=3,
    ),
    Row(
        "whole system, 26 engines, two cores, 400 coins, against NautilusTrader's one average",
        "ours/whole.py 400 6 2",
        "peers/nautilus_bars.py 50 8064",
        50.0,
        by="wall",
        held=True,
        turns=3,
    ),
    Row(
        "whole system, 26 engines, two cores, 50 coins, against NautilusTrader's one average",
        "ours/whole.py 50 24 2",
        "peers/nautilus_bars.py 50 8064",
        50.0,
        by="wall",
        held=True,
        turns=3,
    ),
    Row(
        "whole system, 26 engines, two cores, 400 coins, against freqtrade's one average",
        "ours/whole.py 400 6 2",
        "peers/freqtrade_backtest.py 50 4000",
        50.0,
        by="wall",
        held=True,
        turns=3,
    ),
    Row(
        "whole system, 26 engines, two cores, 50 coins, against freqtrade's one average",
        "ours/whole.py 50 24 2",
        "peers/freqtrade_backtest.py 50 4000",
        50.0,
        by="wall",
        turns=3,
    ),
    Row(
        "whole system that trades, two cores, 400 coins, against NautilusTrader's one average",
        "ours/whole.py 400 20 2 --lively",
        "peers/nautilus_bars.py 50 8064",
        50.0,
        by="wall",
        turns=3,
        held=True,
    ),
    Row(
        "whole system that trades, two cores, 400 coins, against freqtrade's one average",
        "ours/whole.py 400 20 2 --lively",
        "peers/freqtrade_backtest.py 50 4000",
        50.0,
        by="wall",
        turns=3,
    ),
    Row(
        "whole system that trades, two cores, 50 coins, against NautilusTrader's one average",
        "ours/whole.py 50 24 2 --lively",
        "peers/nautilus_bars.py 50 8064",
        50.0,
        by="wall",
        turns=3,
    ),
    Row(
        "whole system that trades, two cores, 50 coins, against freqtrade's one average",
        "ours/whole.py 50 24 2 --lively",
        "peers/freqtrade_backtest.py 50 4000",
        50.0,
        by="wall",
        turns=3,
    ),
    Row(
        "portfolio solve, 50 coins, against Clarabel updated",
        "ours/solve.py 50 0 1.0",
        "peers/clarabel_solve.py 50 0 1.0",
        75.0,
        held=True,
    ),
    Row(
        "portfolio solve, 50 coins, against cvxpy (DPP)",
        "ours/solve.py 50 0 1.0",
        "peers/cvxpy_solve.py 50 0 1.0",
        350.0,
        held=True,
    ),
    Row(
        "portfolio solve, 50 coins, 8 sectors, against Clarabel updated",
        "ours/solve.py 50 8 1.0",
        "peers/clarabel_solve.py 50 8 1.0",
        75.0,
    ),
    Row(
        "the decision driven bar by bar, 400 coins, against NautilusTrader's one average",
        "ours/cycle.py 400 --coin-bars",
        "peers/nautilus_bars.py 50 8064",
        1000.0,
        turns=3,
    ),
    Row(
        "the decision driven bar by bar, 50 coins, against NautilusTrader's one average",
        "ours/cycle.py 50 --coin-bars",
        "peers/nautilus_bars.py 50 8064",
        1000.0,
        turns=3,
    ),
    Row(
        "one live cycle, 400 coins, against freqtrade's analysis step",
        "ours/cycle.py 400",
        "peers/freqtrade_cycle.py 400",
        100.0,
        by="wall",
        held=True,
        turns=3,
    ),
    Row(
        "ADX, ATR, RSI, averages, 50 coins x 1 year, against TA-Lib",
        "ours/indicators.py 50",
        "peers/talib_indicators.py 50",
        5.0,
    ),
    Row(
        "purged splits as row numbers, 3 years of 5-minute labels, 45 splits, against skfolio",
        "ours/splits.py 315360 10 2",
        "peers/skfolio_splits.py 315360 10 2",
        80.0,
        held=True,
    ),
    Row(
        "200 boosted trees, one row a call, against LightGBM's predict",
        "ours/trees.py 1",
        "peers/lightgbm_predict.py 1",
        8.0,
        held=True,
    ),
    Row(
        "200 boosted trees, one row a call, against XGBoost's predict in place",
        "ours/trees.py 1",
        "peers/xgboost_predict.py 1",
        8.0,
        held=True,
    ),
    Row(
        "200 boosted trees, 50 coins of a bar, against LightGBM's predict",
        "ours/trees.py 50",
        "peers/lightgbm_predict.py 50",
        3.0,
        held=True,
    ),
    Row(
        "200 boosted trees, 100,000 rows, against LightGBM's predict",
        "ours/trees.py 100000",
        "peers/lightgbm_predict.py 100000",
        3.0,
        held=True,
    ),
    Row(
        "200 boosted trees, 100,000 rows, against XGBoost's predict in place",
        "ours/trees.py 100000",
        "peers/xgboost_predict.py 100000",
        1.0,
        held=True,
    ),
    Row(
        "stationary bootstrap of a Sharpe difference, 8,064 returns, a draw, against arch",
        "ours/bootstrap.py 8064 10000",
        "peers/arch_bootstrap.py 8064 1000",
        200.0,
        turns=3,
    ),
    Row(
        "four ratios and every drawdown, 50 series x 105,120 returns, against vectorbt",
        "ours/ratios.py 50 105120",
        "peers/vectorbt_ratios.py 50 105120",
        10.0,
    ),
    Row(
        "files into the lake, 50 coins x 1 year, against Polars reading them alone",
        "ours/lake.py import 50",
        "ours/lake.py polars 50",
        1.0,
        by="wall",
        turns=3,
    ),
    Row(
        "files into the lake, 50 coins x 1 year, against pandas reading them alone",
        "ours/lake.py import 50",
        "peers/pandas_read.py 50",
        1.0,
        by="wall",
        turns=3,
    ),
    Row(
        "a lake into a certified panel, 50 coins x 1 year, against pandas reading the files alone",
        "ours/lake.py certify 50",
        "peers/pandas_read.py 50",
        1.0,
        by="wall",
        turns=3,
    ),
    Row(
        "100 settings of one moving average, 25 coins x 14 months, against vectorbt's broadcast",
        "ours/averages.py DATA 25 100",
        "peers/vectorbt_sweep.py DATA 25 100 5",
        1.0,
        held=True,
        turns=2,
    ),
    Row(
        "100 settings of one moving average, 25 coins, against freqtrade hyperopt's worker",
        "ours/averages.py DATA 25 100",
        "peers/freqtrade_hyperopt.py DATA 25 426 1",
        50.0,
        held=True,
        turns=1,
    ),
    Row(
        "100 settings of the whole system, 25 coins x 14 months, against vectorbt's broadcast",
        "ours/sweep.py DATA 25 100 2022-08-01",
        "peers/vectorbt_sweep.py DATA 25 100 5",
        1.0,
        by="wall",
        turns=1,
    ),
    Row(
        "100 settings of the whole system, 25 coins, against freqtrade hyperopt's worker",
        "ours/sweep.py DATA 25 100 2022-08-01",
        "peers/freqtrade_hyperopt.py DATA 25 426 1",
        50.0,
        by="wall",
        held=True,
        turns=1,
    ),
)
