"""Small dense linear algebra of the weights: factor, eigenvalues, least variance on a simplex.

Written as plain loops because LAPACK's bytes differ between machines; matrices have one row per
engine, thirty at most.
"""

from __future__ import annotations

import math

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import ByteVec, IntVec, Mat, Vec


@kernel
def factor(matrix: Mat, rows: IntVec, n: int, lower: Mat) -> bool:
    """Write the Cholesky factor of ``matrix`` restricted to ``rows[:n]``; False if not positive.

    Notes
    -----
    Units: none.  Causal: a formula.  Missing: a NaN pivot is not positive.
    """
    for i in range(n):
        for j in range(i + 1):
            total = matrix[rows[i], rows[j]]
            for v in range(j):
                total -= lower[i, v] * lower[j, v]
            if i != j:
                lower[i, j] = total / lower[j, j]
            elif total > 0.0:
                lower[i, i] = math.sqrt(total)
            else:
                return False
    return True


@kernel
def solve_ones(lower: Mat, n: int, out: Vec) -> None:
    """Solve ``L L' x = 1`` for the first n unknowns, into ``out``."""
    for i in range(n):
        total = 1.0
        for j in range(i):
            total -= lower[i, j] * out[j]
        out[i] = total / lower[i, i]
    for i in range(n - 1, -1, -1):
        total = out[i]
        for j in range(i + 1, n):
            total -= lower[j, i] * out[j]
        out[i] = total / lower[i, i]


@kernel
def min_variance(matrix: Mat, eligible: ByteVec, weights: Vec) -> int:
    r"""Minimise :math:`w^T C w` over the simplex of the eligible engines, exactly.

    The minimiser is :math:`x / \sum x` where x solves the complementary problem
    :math:`x \ge 0,\; C x \ge 1,\; x^T (C x - 1) = 0`; a primal active set walks to it, each
    walk ending on the exact solution of one support (Lawson and Hanson 1974, ch. 23).

    Parameters
    ----------
    matrix : Mat
        Positive definite correlation, shape (engine, engine).
    eligible : ByteVec
        1 where an engine may have weight, shape (engine,).
    weights : Vec
        Written: the minimiser, 0 outside ``eligible``, shape (engine,).

    Returns
    -------
    int
        Steps taken; 0 if no engine is eligible; negative if it stopped short of the optimum.

    Notes
    -----
    Units: weights sum to 1.  Causal: a formula.  Missing: no eligible engine, all zero.
    Spec 1, METHODS 2.3: at the optimum ``C w >= w'Cw``, with equality on the support.

    Examples
    --------
    >>> weights = np.zeros(2)
    >>> _ = min_variance(np.array([[1.0, 0.5], [0.5, 1.0]]), np.ones(2, dtype=np.int8), weights)
    >>> weights.round(12).tolist()
    [0.5, 0.5]
    """
    n_engines = weights.size
    support = np.zeros(n_engines, dtype=np.int8)
    rows = np.zeros(n_engines, dtype=np.int64)
    lower = np.zeros((n_engines, n_engines))
    target = np.zeros(n_engines)
    n_eligible = 0
    for e in range(n_engines):
        support[e] = eligible[e]
        weights[e] = 1.0 if eligible[e] else 0.0
        n_eligible += int(eligible[e] != 0)
    if n_eligible == 0:
        return 0
    steps = 0
    limit = 20 * (n_engines + 1)
    while steps < limit:
        steps += 1
        blocked = _walk(matrix, support, rows, lower, target, weights)
        if blocked < 0:
            break
        if blocked > 0:
            continue
        enters = _violated(matrix, eligible, support, weights)
        if enters < 0:
            normalise(weights)
            return steps
        support[enters] = 1
    normalise(weights)
    return -steps


@kernel
def _walk(
    matrix: Mat, support: ByteVec, rows: IntVec, lower: Mat, target: Vec, weights: Vec
) -> int:
    """Walk toward the support's solution; 1 if a bound stopped it, 0 if reached, -1 if singular."""
    n = 0
    for e in range(weights.size):
        if support[e]:
            rows[n] = e
            n += 1
    if not factor(matrix, rows, n, lower):
        return -1
    solve_ones(lower, n, target)
    stride = 1.0
    stops = -1
    for i in range(n):
        held = weights[rows[i]]
        if target[i] <= 0.0:
            reach = held / (held - target[i]) if held > 0.0 else 0.0
            if stops < 0 or reach < stride:
                stride = reach
                stops = i
    if stops < 0:
        for i in range(n):
            weights[rows[i]] = target[i]
        return 0
    for i in range(n):
        e = rows[i]
        weights[e] += stride * (target[i] - weights[e])
        if i == stops or (target[i] <= 0.0 and weights[e] <= 1e-15):
            weights[e] = 0.0
            support[e] = 0
    return 1


@kernel
def _violated(matrix: Mat, eligible: ByteVec, support: ByteVec, weights: Vec) -> int:
    """Return the engine outside the support whose slope is most negative, or -1."""
    worst = -1
    lowest = -1e-11
    for e in range(weights.size):
        if eligible[e] and not support[e]:
            slope = -1.0
            for j in range(weights.size):
                slope += matrix[e, j] * weights[j]
            if slope < lowest:
                lowest = slope
                worst = e
    return worst


@kernel
def normalise(weights: Vec) -> float:
    """Divide by the sum, in place, and return it; left alone when it is not positive."""
    total = 0.0
    for e in range(weights.size):
        total += weights[e]
    if total > 0.0:
        for e in range(weights.size):
            weights[e] /= total
    return total


@kernel
def eigen(matrix: Mat, vectors: Mat) -> int:
    """Diagonalise a symmetric matrix in place by cyclic Jacobi rotations; return the sweeps.

    The diagonal holds the eigenvalues, the columns of ``vectors`` the eigenvectors.

    Notes
    -----
    Units: none.  Causal: a formula.  Missing: no NaN may enter.
    Golub and Van Loan 2013, section 8.5.
    """
    n = matrix.shape[0]
    for i in range(n):
        for j in range(n):
            vectors[i, j] = 1.0 if i == j else 0.0
    for sweep in range(60):
        off = 0.0
        for i in range(n):
            for j in range(i):
                off += matrix[i, j] * matrix[i, j]
        if off <= 1e-28 * n:
            return sweep
        for i in range(n - 1):
            for j in range(i + 1, n):
                if abs(matrix[i, j]) > 1e-300:
                    _rotate(matrix, vectors, i, j)
    return 60


@kernel
def _rotate(matrix: Mat, vectors: Mat, i: int, j: int) -> None:
    """Make entry (i, j) zero by one rotation."""
    theta = (matrix[j, j] - matrix[i, i]) / (2.0 * matrix[i, j])
    tangent = 1.0 / (abs(theta) + math.sqrt(theta * theta + 1.0))
    if theta < 0.0:
        tangent = -tangent
    cosine = 1.0 / math.sqrt(tangent * tangent + 1.0)
    sine = tangent * cosine
    for v in range(matrix.shape[0]):
        left, right = matrix[v, i], matrix[v, j]
        matrix[v, i] = cosine * left - sine * right
        matrix[v, j] = sine * left + cosine * right
    for v in range(matrix.shape[0]):
        left, right = matrix[i, v], matrix[j, v]
        matrix[i, v] = cosine * left - sine * right
        matrix[j, v] = sine * left + cosine * right
        left, right = vectors[v, i], vectors[v, j]
        vectors[v, i] = cosine * left - sine * right
        vectors[v, j] = sine * left + cosine * right
