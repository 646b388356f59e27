"""skfolio: combinatorial purged cross-validation of 5-minute bars, every set as row numbers.

Its purge counts rows: labels of five days are a purge of as many rows.

    skfolio_splits.py ROWS BLOCKS TESTS
"""

from __future__ import annotations

import hashlib
import sys
from importlib import metadata

import numpy as np
from served import serve
from skfolio.model_selection import CombinatorialPurgedCV

DAY = 288


def main() -> None:
    n_rows, n_blocks, n_test = (int(given) for given in sys.argv[1:4])
    splitter = CombinatorialPurgedCV(
        n_folds=n_blocks, n_test_folds=n_test, purged_size=5 * DAY, embargo_size=DAY
    )
    rows = np.zeros((n_rows, 1))

    def work() -> dict:
        n_splits = n_train = n_tested = 0
        for train, tests in splitter.split(rows):
            n_splits += 1
            n_train += train.size
            n_tested += sum(test.size for test in tests)
        return {"splits": n_splits, "train": n_train, "test": n_tested}

    digest = hashlib.sha256()
    for train, tests in splitter.split(rows):
        for part in (train, *tests):
            digest.update(part.astype(np.int64).tobytes())
    answer = work() | {"digest": digest.hexdigest()}
    serve(
        lambda: answer | work(),
        units=answer["splits"],
        unit="splits",
        version=f"skfolio {metadata.version('skfolio')}",
    )


if __name__ == "__main__":
    main()
