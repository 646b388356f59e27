"""vectorbt: Sharpe, Sortino and Calmar ratio, deepest fall and every drawdown of many series.

vectorbt_ratios.py SERIES RETURNS
"""

from __future__ import annotations

import sys
from importlib import metadata

import pandas as pd
import vectorbt  # noqa: F401  (it adds .vbt to pandas)
from panel_pair import series, summed
from served import serve


def main() -> None:
    n_series, n = int(sys.argv[1]), int(sys.argv[2])
    frame = pd.DataFrame(series(n_series, n))

    def work() -> dict:
        asked = frame.vbt.returns(freq="1D", year_freq="365 days")  # a return a day, as ours
        told = [
            asked.sharpe_ratio(),
            asked.sortino_ratio(),
            asked.calmar_ratio(),
            asked.max_drawdown(),
        ]
        return summed([each.to_numpy() for each in told], len(asked.drawdowns.records_arr))

    serve(
        work,
        units=n_series * n,
        unit="returns",
        version=f"vectorbt {metadata.version('vectorbt')}",
    )


if __name__ == "__main__":
    main()
