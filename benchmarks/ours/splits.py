"""Quorate's combinatorial purged splits of labels of 5-minute bars, every set as row numbers.

    ours/splits.py ROWS BLOCKS TESTS [--runs]

Labels last five days. Each call looks at every label anew, for they might last differently.
``--runs`` leaves the sets as ranges of rows, of which views can be taken.
"""

from __future__ import annotations

import hashlib
import sys

import numpy as np
from served import serve

import quorate
from quorate.research.splits import combinatorial

BAR_MS, DAY_MS = 300_000, 86_400_000


def main() -> None:
    n_rows, n_blocks, n_test = (int(given) for given in sys.argv[1:4])
    are_runs = "--runs" in sys.argv
    start = np.arange(n_rows) * BAR_MS
    end = start + 5 * DAY_MS

    def made() -> tuple:
        return combinatorial(start, end, n_blocks=n_blocks, n_test=n_test, embargo_days=1.0)

    def work() -> dict:
        n_splits = n_train = n_tested = 0
        for split in made():
            n_splits += 1
            if are_runs:
                n_train += int((split.train[:, 1] - split.train[:, 0]).sum())
                n_tested += int((split.test[:, 1] - split.test[:, 0]).sum())
            else:
                n_train += split.train_rows.size
                n_tested += split.test_rows.size
        return {"splits": n_splits, "train": n_train, "test": n_tested}

    digest = hashlib.sha256()
    for split in made():
        for part in (split.train_rows, split.test_rows):
            digest.update(part.tobytes())
    answer = work() | {"digest": digest.hexdigest()}
    serve(
        lambda: answer | work(),
        units=answer["splits"],
        unit="splits",
        version=f"quorate {quorate.__version__}",
    )


if __name__ == "__main__":
    main()
