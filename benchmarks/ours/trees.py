"""Quorate's walk through boosted trees: features in, probabilities out.

    ours/trees.py ROWS [--vote] [--make]

ROWS a call: 1, 50 or 100000; fifty are fifty coins of one bar, a hundred thousand bars of one coin.
A call asks the model for probabilities, or, with ``--vote``, the engine for side and strength. The
``Rows`` that all engines of a bar see are made once for all; ``--make`` makes them in every call.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import boosted
import numpy as np
from served import serve

import quorate
from quorate.core.engines.base import Rows
from quorate.core.features.table import FEATURES
from quorate.core.types import Regime
from quorate.research.trees import Settings, fit

if TYPE_CHECKING:
    from quorate.core.engines.base import Engine
    from quorate.research.trees import Trees

NAMES = tuple(feature.name for feature in FEATURES[: boosted.N_FEATURES])


def grown(names: tuple[str, ...] = NAMES, name: str = "fitted") -> tuple[Trees, Engine]:
    """Return the trees of every measurement here, and the engine that votes with them."""
    settings = Settings(
        n_trees=boosted.N_TREES,
        depth=boosted.DEPTH,
        rate=boosted.RATE,
        least_mass=boosted.LEAST,
        penalty=4.0,  # the library's own default
        row_share=1.0,
        column_share=1.0,
        n_bins=255,
    )
    model = fit(*boosted.train(), names, settings=settings)
    engine = model.engine(
        name=name, family="model", approved=[Regime.TREND], hypothesis="What was goes on."
    )
    return model, engine


def main() -> None:
    n_rows = int(sys.argv[1])
    model, engine = grown()
    if n_rows == 50:
        asked = [np.ascontiguousarray(rows.T)[None] for rows in boosted.calls(n_rows)]
    else:
        asked = [np.ascontiguousarray(rows[:, :, None]) for rows in boosted.calls(n_rows)]
    made = [Rows(rows, NAMES) for rows in asked]
    answer = boosted.told([model.prob_up(rows).ravel() for rows in made])
    ask = engine.vote if "--vote" in sys.argv else model.prob_up

    def work() -> dict:
        if "--make" in sys.argv:
            for rows in asked:
                ask(Rows(rows, NAMES))
        else:
            for rows in made:
                ask(rows)
        return answer

    serve(
        work,
        units=len(asked) * n_rows,
        unit="rows",
        version=f"quorate {quorate.__version__}",
        note=f"{len(model.place)} trees of depth {boosted.DEPTH}, {n_rows} rows a call",
    )


if __name__ == "__main__":
    main()
