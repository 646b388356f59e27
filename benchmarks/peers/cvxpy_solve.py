"""cvxpy with parameters (DPP, compiled once) and Clarabel under it.

cvxpy_solve.py COINS SECTORS UPPER
"""

from __future__ import annotations

import sys
from importlib import metadata

import cvxpy
import numpy as np
import problems
from served import serve


class Solver:
    """A problem's structure, compiled once; edges and held weights are parameters."""

    def __init__(self, first: problems.Problem) -> None:
        n = first.edge.size
        self.edge = cvxpy.Parameter(n)
        self.held = cvxpy.Parameter(n)
        self.weights = cvxpy.Variable(n)
        w = self.weights
        excess = cvxpy.pos(cvxpy.sum_squares(w) - problems.MOST_HHI)
        limits = [cvxpy.sum(w) <= problems.BUDGET, w >= 0, w <= first.upper]
        limits += [
            cvxpy.sum(w[np.flatnonzero(first.sector == code)]) <= problems.SECTOR_CAP
            for code in range(first.sector.max() + 1)
        ]
        turnover = problems.KAPPA * cvxpy.norm1(w - self.held)
        self.problem = cvxpy.Problem(
            cvxpy.Maximize(self.edge @ w - turnover - problems.PENALTY * excess), limits
        )

    def __call__(self, problem: problems.Problem) -> np.ndarray:
        """Return the weights of a problem."""
        self.edge.value = problem.edge
        self.held.value = problem.held
        self.problem.solve(solver=cvxpy.CLARABEL, ignore_dpp=False)
        return self.weights.value


def main() -> None:
    n_coins, n_sectors, upper = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    asked = problems.problems(n_coins, n_sectors, upper)
    solve = Solver(asked[0])

    def work() -> dict:
        return problems.answer(asked, [solve(problem) for problem in asked])

    version = f"cvxpy {metadata.version('cvxpy')} on clarabel {metadata.version('clarabel')}"
    serve(work, units=len(asked), unit="solves", version=version)


if __name__ == "__main__":
    main()
