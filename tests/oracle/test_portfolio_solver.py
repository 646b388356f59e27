"""The portfolio against Clarabel, an interior-point solver that shares no line with ours."""

import math
from typing import NamedTuple

import clarabel
import numpy as np
import pytest
import scipy.sparse as sp

from quorate.core.portfolio import objective
from quorate.core.portfolio.solve import solve


class Case(NamedTuple):
    mu: np.ndarray
    u: np.ndarray
    w0: np.ndarray
    lower: np.ndarray
    sector: np.ndarray
    cap: float = math.inf
    budget: float = 1.0
    kappa: float = 0.1
    max_hhi: float = 0.25
    penalty: float = 100.0


def clarabel_weights(case):
    """Variables: weights, their changes, the excess of HHI; maximise as METHODS 8.2."""
    mu, u, w0, lower, sector, cap, budget, kappa, max_hhi, penalty = case
    n = mu.size
    eye, zero = sp.eye(n), sp.csc_matrix((n, n))
    column, row = sp.csc_matrix((n, 1)), sp.csc_matrix((1, n))
    blocks = [
        sp.hstack([sp.csc_matrix(np.ones((1, n))), row, sp.csc_matrix((1, 1))]),
        sp.hstack([eye, -eye, column]),
        sp.hstack([-eye, -eye, column]),
        sp.hstack([-eye, zero, column]),
        sp.hstack([eye, zero, column]),
        sp.hstack([row, row, sp.csc_matrix([[-1.0]])]),
    ]
    right = [[budget], w0, -w0, -lower, u, [0.0]]
    if math.isinf(penalty):
        blocks.append(sp.hstack([row, row, sp.csc_matrix([[1.0]])]))
        right.append([0.0])
    if cap < budget:
        for code in np.unique(sector):
            member = sp.csc_matrix((sector == code).astype(float)[None])
            blocks.append(sp.hstack([member, row, sp.csc_matrix((1, 1))]))
            right.append([cap])
    linear = sum(block.shape[0] for block in blocks)
    # ||w||^2 <= h + v as the cone ||(2w, h + v - 1)|| <= h + v + 1
    edge = sp.hstack([row, row, sp.csc_matrix([[-1.0]])])
    blocks += [edge, sp.hstack([-2.0 * eye, zero, column]), edge]
    right += [[max_hhi + 1.0], np.zeros(n), [max_hhi - 1.0]]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
    price = 0.0 if math.isinf(penalty) else penalty
    solution = clarabel.DefaultSolver(
        sp.csc_matrix((2 * n + 1, 2 * n + 1)),
        np.concatenate([-mu, np.full(n, kappa), [price]]),
        sp.vstack(blocks).tocsc(),
        np.concatenate([np.asarray(part, dtype=float) for part in right]),
        [clarabel.NonnegativeConeT(linear), clarabel.SecondOrderConeT(n + 2)],
        settings,
    ).solve()
    return np.array(solution.x)[:n]


def violation(w, case):
    """How far weights are outside the hard limits."""
    _, u, _, lower, sector, cap, budget, _, max_hhi, penalty = case
    worst = max(w.sum() - budget, (w - u).max(), (lower - w).max(), 0.0)
    if math.isinf(penalty):
        worst = max(worst, w @ w - max_hhi)
    if cap < budget:
        worst = max(worst, *(w[sector == code].sum() - cap for code in np.unique(sector)))
    return worst


def instance(rng):
    """Draw a problem: ties, caps, sectors, positions (kept ones too) and limits that bind."""
    n = int(rng.integers(1, 41))
    mu = 0.05 + 0.2 * rng.standard_normal(n)
    if rng.random() < 0.4:
        mu = np.round(mu, 1)
    u = np.full(n, 0.25 / 0.7) if rng.random() < 0.5 else rng.choice([0.0, 0.05, 0.2, 0.6, 1.0], n)
    w0 = np.where(rng.random(n) < 0.4, rng.random(n) * rng.choice([0.05, 0.3, 1.0]), 0.0)
    lower = np.zeros(n)
    kept = rng.random(n) < rng.choice([0.0, 0.15])
    w0[kept] = 0.02 + 0.02 * rng.random(kept.sum())
    lower[kept] = u[kept] = w0[kept]
    sector = rng.integers(0, max(1, n // 4) + 1, n)
    cap = float(rng.choice([math.inf, 0.5 / 0.7, 0.25]))
    budget = float(rng.choice([1.0, 0.6]))
    max_hhi = float(rng.choice([0.25, 0.1, 0.03, 1.0]))
    penalty = float(rng.choice([100.0, math.inf, 0.5]))
    kappa = float(rng.choice([0.1, 0.0, 0.02]))
    for code in np.unique(sector):
        if lower[sector == code].sum() >= cap:
            cap = math.inf
    if lower.sum() >= budget or lower @ lower >= max_hhi:
        lower[:] = 0.0
    return Case(mu, u, w0, lower, sector, cap, budget, kappa, max_hhi, penalty)


def tied(rng):
    """Draw a problem of tenths under limits that bind, some a few last digits off a tie."""
    n = int(rng.integers(2, 31))
    off = rng.choice([0.0, 1e-16, 1e-13, 1e-10], n) * rng.integers(-2, 3, n)
    mu = np.round(0.1 + 0.2 * rng.standard_normal(n), 1) + off
    u = rng.choice([0.0, 0.05, 0.1, 0.2, 0.357, 1.0], n)
    w0 = rng.choice([0.0, 0.05, 0.1, 0.1 - 1e-13, 0.1 + 1e-13, 0.2], n)
    return Case(
        mu, u, w0, np.zeros(n), rng.integers(0, 5, n),
        cap=float(rng.choice([0.1, 0.2, 0.3])),
        budget=float(rng.choice([0.3, 0.6, 1.0])),
        kappa=float(rng.choice([0.1, 0.05, 0.0])),
        max_hhi=float(rng.choice([0.02, 0.1, 0.2, 1.0])),
        penalty=float(rng.choice([100.0, math.inf])),
    )  # fmt: skip


def gap(case):
    """Return Clarabel's objective less ours, and how far Clarabel's weights are outside."""
    mu, _, w0, _, _, _, _, kappa, max_hhi, penalty = case
    ours = np.empty(mu.size)
    code = solve(*case, ours)
    assert code == 0
    assert violation(ours, case) <= 0.0
    theirs = clarabel_weights(case)
    outside = violation(theirs, case)
    extra = 0.0 if math.isinf(penalty) else penalty
    ours_value = objective.penalised(ours, mu, w0, kappa, max_hhi, extra)
    return objective.penalised(theirs, mu, w0, kappa, max_hhi, extra) - ours_value, outside


def compare(seed, n_cases, draw=instance):
    """Compare from the weights drawn, then from the best ones."""
    rng = np.random.default_rng(seed)
    worst = 0.0
    for _ in range(n_cases):
        cold = draw(rng)
        best = np.empty(cold.mu.size)
        solve(*cold, best)
        for case in (cold, cold._replace(w0=best)):
            better, outside = gap(case)
            # prices are at most a few percent per unit: what Clarabel gains outside it cannot keep
            assert better <= 1e-9 + 10.0 * outside
            assert better >= -1e-7
            worst = max(worst, abs(better))
    return worst


def test_g13_clarabel_agrees_with_the_golden_vector():
    mu = np.array([0.4, 0.3, 0.2, 0.1, -0.05])
    nothing = np.zeros(5)
    w = clarabel_weights(Case(mu, np.ones(5), nothing, nothing, np.zeros(5, dtype=np.int64)))
    assert objective.value(w, mu, np.zeros(5), 0.1) == pytest.approx(0.18708286933869708, abs=1e-8)


@pytest.mark.slow
def test_a_hundred_instances_against_clarabel():
    compare(1, 100)


@pytest.mark.slow
def test_a_hundred_ties_under_limits_that_bind_against_clarabel():
    compare(3, 100, tied)


@pytest.mark.slow
def test_a_thousand_instances_against_clarabel():
    compare(2, 1000)
