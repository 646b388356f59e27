"""arch: the stationary bootstrap of a Sharpe difference, blocks of 48 on average.

arch_bootstrap.py RETURNS DRAWS
"""

from __future__ import annotations

import sys
from importlib import metadata

import numpy as np
from arch.bootstrap import StationaryBootstrap
from panel_pair import BLOCK, pair, told
from served import serve


def difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.array([a.mean() / a.std(ddof=1) - b.mean() / b.std(ddof=1)])


def main() -> None:
    n, n_samples = int(sys.argv[1]), int(sys.argv[2])
    a, b = pair(n)

    def work() -> dict:
        drawn = StationaryBootstrap(BLOCK, a, b, seed=1).apply(difference, n_samples)
        return told(drawn[:, 0], a, b)

    serve(work, units=n_samples, unit="draws", version=f"arch {metadata.version('arch')}")


if __name__ == "__main__":
    main()
