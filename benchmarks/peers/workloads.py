"""What every other system is measured on: a name for the row, and the script with its arguments.

``DATA`` stands for the folder of real five-minute bars, one ``SYMBOL.parquet`` a coin.
"""

from __future__ import annotations

DATA = "DATA"

WORKLOADS = {
    "vectorbt, 50 coins a year": "peers/vectorbt_orders.py 50",
    "vectorbt, 50 coins a year, equity": "peers/vectorbt_orders.py 50 --equity",
    "vectorbt, 200 coins a year": "peers/vectorbt_orders.py 200",
    "vectorbt, 200 coins a year, equity": "peers/vectorbt_orders.py 200 --equity",
    "vectorbt, 100 settings, 25 coins, 14 months": "peers/vectorbt_sweep.py DATA 25 100 5",
    "vectorbt, ratios and drawdowns of 50 series": "peers/vectorbt_ratios.py 50 105120",
    "NautilusTrader, 1 coin a year": "peers/nautilus_bars.py 1 105120",
    "NautilusTrader, 50 coins, 28 days": "peers/nautilus_bars.py 50 8064",
    "freqtrade, 1 coin, 50,000 bars": "peers/freqtrade_backtest.py 1 50000",
    "freqtrade, 50 coins, 4,000 bars": "peers/freqtrade_backtest.py 50 4000",
    "freqtrade hyperopt, 3 epochs, 5 coins, 30 days": "peers/freqtrade_hyperopt.py DATA 5 30 3",
    "freqtrade analysis, 50 pairs": "peers/freqtrade_cycle.py 50",
    "freqtrade analysis, 400 pairs": "peers/freqtrade_cycle.py 400",
    "hftbacktest, 1 coin a year": "peers/hftbacktest_bars.py 105120",
    "TA-Lib, 50 coins a year": "peers/talib_indicators.py 50",
    "arch, 1,000 draws of 8,064 returns": "peers/arch_bootstrap.py 8064 1000",
    "Clarabel, 50 coins": "peers/clarabel_solve.py 50 0 1.0",
    "Clarabel, 50 coins, 8 sectors": "peers/clarabel_solve.py 50 8 1.0",
    "Clarabel, 50 coins, at most a quarter": "peers/clarabel_solve.py 50 0 0.25",
    "Clarabel, 50 coins, 8 sectors, at most a quarter": "peers/clarabel_solve.py 50 8 0.25",
    "cvxpy, 50 coins": "peers/cvxpy_solve.py 50 0 1.0",
    "cvxpy, 50 coins, 8 sectors": "peers/cvxpy_solve.py 50 8 1.0",
    "cvxpy, 50 coins, at most a quarter": "peers/cvxpy_solve.py 50 0 0.25",
    "cvxpy, 50 coins, 8 sectors, at most a quarter": "peers/cvxpy_solve.py 50 8 0.25",
    "pandas, reading 50 coins a year": "peers/pandas_read.py 50",
    "skfolio, 315,360 rows, 45 splits": "peers/skfolio_splits.py 315360 10 2",
    "LightGBM, 200 trees, one row a call": "peers/lightgbm_predict.py 1",
    "LightGBM, 200 trees, 50 rows a call": "peers/lightgbm_predict.py 50",
    "LightGBM, 200 trees, 100,000 rows a call": "peers/lightgbm_predict.py 100000",
    "XGBoost, 200 trees, one row a call": "peers/xgboost_predict.py 1",
    "XGBoost, 200 trees, 50 rows a call": "peers/xgboost_predict.py 50",
    "XGBoost, 200 trees, 100,000 rows a call": "peers/xgboost_predict.py 100000",
}
