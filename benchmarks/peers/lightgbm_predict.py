"""LightGBM's own prediction, one thread: an array of features in, probabilities out.

    lightgbm_predict.py ROWS

ROWS a call: 1, 50 or 100000. Its trees have 31 leaves, as it grows them by default.
"""

from __future__ import annotations

import sys
from importlib import metadata

import boosted
import lightgbm
from served import serve


def main() -> None:
    n_rows = int(sys.argv[1])
    rows, up = boosted.train()
    settings = {
        "objective": "binary",
        "num_leaves": 31,
        "learning_rate": boosted.RATE,
        "min_data_in_leaf": int(boosted.LEAST),
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": 0,
        "verbosity": -1,
    }
    model = lightgbm.train(settings, lightgbm.Dataset(rows, label=up), boosted.N_TREES)
    asked = boosted.calls(n_rows)
    answer = boosted.told([model.predict(rows, num_threads=1) for rows in asked])

    def work() -> dict:
        for rows in asked:
            model.predict(rows, num_threads=1)
        return answer

    serve(
        work,
        units=len(asked) * n_rows,
        unit="rows",
        version=f"lightgbm {metadata.version('lightgbm')}",
        note=f"{model.num_trees()} trees of 31 leaves, {n_rows} rows a call, one thread",
    )


if __name__ == "__main__":
    main()
