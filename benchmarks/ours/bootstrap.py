"""Quorate's stationary bootstrap of a Sharpe difference, blocks of 48 on average.

ours/bootstrap.py RETURNS DRAWS
"""

from __future__ import annotations

import sys

from panel_pair import BLOCK, pair, told
from served import serve

import quorate
from quorate.statistics.draws import sharpe_differences


def main() -> None:
    n, n_samples = int(sys.argv[1]), int(sys.argv[2])
    a, b = pair(n)

    def work() -> dict:
        drawn = sharpe_differences(a, b, seed=1, n_samples=n_samples, block=BLOCK)
        return told(drawn, a, b)

    serve(work, units=n_samples, unit="draws", version=f"quorate {quorate.__version__}")


if __name__ == "__main__":
    main()
