"""Clarabel without a modelling layer, its factorisation kept: only edge and limits are renewed.

Variables are weights, their turnover and the excess of concentration, (w, t, v). The excess is a
second-order cone: ||w||^2 <= h + v as ||(2 w, h + v - 1)|| <= h + v + 1.

    clarabel_solve.py COINS SECTORS UPPER
"""

from __future__ import annotations

import sys
from importlib import metadata

import clarabel
import numpy as np
import problems
from scipy import sparse
from served import serve


class Solver:
    """A problem's structure, set up once; its edges, held weights and bounds change."""

    def __init__(self, first: problems.Problem) -> None:
        n = first.edge.size
        one = sparse.eye(n)
        empty = sparse.csc_matrix((n, n))
        nothing = sparse.csc_matrix((n, 1))
        none = sparse.csc_matrix((1, 2 * n))
        excess = sparse.hstack([none, sparse.csc_matrix([[-1.0]])])
        codes = range(first.sector.max() + 1)
        groups = [np.ones(n)] + [(first.sector == code).astype(float) for code in codes]
        sums = sparse.csc_matrix(np.vstack(groups))
        self.n_sectors = len(groups) - 1
        rows = sparse.vstack([
            sparse.hstack([sums, sparse.csc_matrix((len(groups), n + 1))]),
            sparse.hstack([one, -one, nothing]),
            sparse.hstack([-one, -one, nothing]),
            sparse.hstack([-one, empty, nothing]),
            sparse.hstack([one, empty, nothing]),
            excess,
            excess,
            sparse.hstack([-2 * one, empty, nothing]),
            excess,
        ])  # fmt: skip
        cones = [
            clarabel.NonnegativeConeT(len(groups) + 4 * n + 1),
            clarabel.SecondOrderConeT(n + 2),
        ]
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        size = 2 * n + 1
        self.solver = clarabel.DefaultSolver(
            sparse.csc_matrix((size, size)),
            self.costs(first),
            rows.tocsc(),
            self.limits(first),
            cones,
            settings,
        )

    def costs(self, problem: problems.Problem) -> np.ndarray:
        """Return the linear objective."""
        kappa = np.full(problem.edge.size, problems.KAPPA)
        return np.concatenate([-problem.edge, kappa, [problems.PENALTY]])

    def limits(self, problem: problems.Problem) -> np.ndarray:
        """Return the right-hand side."""
        n = problem.edge.size
        most = problems.MOST_HHI
        caps = np.full(self.n_sectors, problems.SECTOR_CAP)
        turnover = [problem.held, -problem.held]
        bounds = [np.zeros(n), problem.upper]
        cone = [[most + 1], np.zeros(n), [most - 1]]
        return np.concatenate([[problems.BUDGET], caps, *turnover, *bounds, [0.0], *cone])

    def __call__(self, problem: problems.Problem) -> np.ndarray:
        """Return the weights of a problem."""
        self.solver.update(q=self.costs(problem), b=self.limits(problem))
        return np.array(self.solver.solve().x)[: problem.edge.size]


def main() -> None:
    n_coins, n_sectors, upper = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    asked = problems.problems(n_coins, n_sectors, upper)
    solve = Solver(asked[0])

    def work() -> dict:
        return problems.answer(asked, [solve(problem) for problem in asked])

    serve(work, units=len(asked), unit="solves", version=f"clarabel {metadata.version('clarabel')}")


if __name__ == "__main__":
    main()
