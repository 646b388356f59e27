"""Quorate's portfolio solve, called from compiled code as the decision calls it.

ours/solve.py COINS SECTORS UPPER
"""

from __future__ import annotations

import math
import sys

import numpy as np
import problems
from served import serve

import quorate
from quorate.core.kernel import kernel
from quorate.core.portfolio.solve import solve

ROUNDS = 20


@kernel
def solve_all(edge, upper, held, lower, sector, cap, budget, kappa, most, penalty, weights, rounds):
    """Solve every problem, some times over; return how many were not solved."""
    n_failed = 0
    for _ in range(rounds):
        for i in range(edge.shape[0]):
            reason = solve(
                edge[i],
                upper[i],
                held[i],
                lower,
                sector,
                cap,
                budget,
                kappa,
                most,
                penalty,
                weights[i],
            )
            n_failed += reason != 0
    return n_failed


def main() -> None:
    n_coins, n_sectors, upper = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    asked = problems.problems(n_coins, n_sectors, upper)
    edge, held, most = (
        np.ascontiguousarray([getattr(each, name) for each in asked])
        for name in ("edge", "held", "upper")
    )
    weights = np.empty_like(edge)
    cap = problems.SECTOR_CAP if n_sectors else math.inf

    def work() -> dict:
        n_failed = solve_all(
            edge,
            most,
            held,
            np.zeros(n_coins),
            asked[0].sector.astype(np.int64),
            cap,
            problems.BUDGET,
            problems.KAPPA,
            problems.MOST_HHI,
            problems.PENALTY,
            weights,
            ROUNDS,
        )
        return {"not_solved": n_failed, "weights": weights}

    answer = problems.answer(asked, list(work()["weights"]))
    serve(
        lambda: answer if work()["not_solved"] == 0 else {},
        units=len(asked) * ROUNDS,
        unit="solves",
        version=f"quorate {quorate.__version__}",
    )


if __name__ == "__main__":
    main()
