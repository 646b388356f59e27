"""Quorate's Sharpe, Sortino and Calmar ratio, deepest fall and every drawdown of many series.

ours/ratios.py SERIES RETURNS
"""

from __future__ import annotations

import sys

import numpy as np
from panel_pair import series, summed
from served import serve

import quorate
from quorate.statistics.drawdowns import episodes, max_drawdown
from quorate.statistics.ratios import calmar, sharpe, sortino

RATIOS = (sharpe, sortino, calmar, max_drawdown)


def main() -> None:
    n_series, n = int(sys.argv[1]), int(sys.argv[2])
    returns = series(n_series, n)

    def work() -> dict:
        each = np.ascontiguousarray(returns.T)
        told = [[ratio(one) for one in each] for ratio in RATIOS]
        return summed(told, sum(len(episodes(one).peak) for one in each))

    serve(work, units=n_series * n, unit="returns", version=f"quorate {quorate.__version__}")


if __name__ == "__main__":
    main()
