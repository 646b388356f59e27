"""pandas reads the files of bars that an import starts from, one after the other.

pandas_read.py COINS

With pyarrow, which decodes on as many threads as there are cores. Nothing is checked or kept.
"""

from __future__ import annotations

import sys

import pandas as pd
from panel import YEAR, parquet
from served import serve


def main() -> None:
    n_coins = int(sys.argv[1])
    folder = parquet(n_coins)

    def work() -> dict:
        return {
            "rows": sum(len(pd.read_parquet(each)) for each in sorted(folder.glob("*.parquet")))
        }

    serve(work, units=n_coins * YEAR, unit="rows", version=f"pandas {pd.__version__}")


if __name__ == "__main__":
    main()
