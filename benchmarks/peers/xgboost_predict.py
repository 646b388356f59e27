"""XGBoost's own prediction in place, one thread: an array of features in, probabilities out.

    xgboost_predict.py ROWS

ROWS a call: 1, 50 or 100000. In place is its fastest way for a few rows: no matrix is made.
"""

from __future__ import annotations

import sys
from importlib import metadata

import boosted
import xgboost
from served import serve


def main() -> None:
    n_rows = int(sys.argv[1])
    rows, up = boosted.train()
    settings = {
        "objective": "binary:logistic",
        "base_score": float(up.mean()),
        "tree_method": "hist",
        "max_depth": boosted.DEPTH,
        "eta": boosted.RATE,
        "min_child_weight": boosted.LEAST / 4.0,
        "max_bin": 255,
        "nthread": 1,
    }
    model = xgboost.train(settings, xgboost.DMatrix(rows, label=up, nthread=1), boosted.N_TREES)
    asked = boosted.calls(n_rows)
    answer = boosted.told([model.inplace_predict(rows) for rows in asked])

    def work() -> dict:
        for rows in asked:
            model.inplace_predict(rows)
        return answer

    serve(
        work,
        units=len(asked) * n_rows,
        unit="rows",
        version=f"xgboost {metadata.version('xgboost-cpu')}",
        note=f"{model.num_boosted_rounds()} trees of depth {boosted.DEPTH}, {n_rows} rows a call, "
        "one thread",
    )


if __name__ == "__main__":
    main()
