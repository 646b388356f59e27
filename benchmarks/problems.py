"""Portfolio problems from a seed, and the value of an answer: what each solver is given.

The model is Quorate's (``quorate.core.portfolio.solve``), in shares of the risk budget:

    max  edge . w - kappa |w - held|_1 - penalty max(0, w . w - most_hhi)
    s.t. sum w <= budget,  0 <= w <= upper,  sum of each sector <= sector_cap

NumPy only, for both sides import it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

KAPPA = 0.1
MOST_HHI = 0.25
PENALTY = 100.0
BUDGET = 1.0
SECTOR_CAP = 0.3  # low enough to bind: the specification's 0.71 seldom would
N_PROBLEMS = 200


class Problem(NamedTuple):
    """One bar's question; ``sector`` is -1 where no cap is asked for."""

    edge: np.ndarray
    held: np.ndarray
    upper: np.ndarray
    sector: np.ndarray


def problems(n_coins: int, n_sectors: int, upper: float, count: int = N_PROBLEMS) -> list[Problem]:
    """Return problems of one shape; a few coins are held, most edges do not pay their turnover."""
    return [_problem(n_coins, n_sectors, upper, seed) for seed in range(count)]


def _problem(n_coins: int, n_sectors: int, upper: float, seed: int) -> Problem:
    random = np.random.default_rng(seed)
    edge = random.standard_normal(n_coins) * 0.15 + 0.05
    held = random.random(n_coins) * (random.random(n_coins) < max(0.1, 8 / n_coins))
    total = held.sum()
    held = np.minimum(held / total, upper) if total > 0 else np.full(n_coins, 1 / n_coins)
    sector = np.arange(n_coins) % n_sectors if n_sectors else np.full(n_coins, -1)
    return Problem(edge, held, np.full(n_coins, upper), sector)


def reached(problem: Problem, weights: np.ndarray) -> float:
    """Return the objective of an answer, percent of the budget."""
    paid = KAPPA * np.abs(weights - problem.held).sum()
    excess = max(0.0, float(weights @ weights) - MOST_HHI)
    return float(problem.edge @ weights - paid - PENALTY * excess)


def broken(problem: Problem, weights: np.ndarray) -> float:
    """Return by how much an answer breaks the limits, at most."""
    over = [0.0, weights.sum() - BUDGET, -weights.min(), (weights - problem.upper).max()]
    codes = range(problem.sector.max() + 1)
    over += [weights[problem.sector == code].sum() - SECTOR_CAP for code in codes]
    return float(max(over))


def answer(asked: list[Problem], found: list[np.ndarray]) -> dict:
    """Return what two solvers are compared by: every objective, and the limits broken at most."""
    pairs = list(zip(asked, found, strict=True))
    objectives = [reached(problem, weights) for problem, weights in pairs]
    return {
        "mean_objective": float(np.mean(objectives)),
        "broken_at_most": max(broken(problem, weights) for problem, weights in pairs),
        "objectives": objectives,
    }
