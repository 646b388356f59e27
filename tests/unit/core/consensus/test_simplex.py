import numpy as np
import pytest

from quorate.core.consensus.simplex import eigen, factor, min_variance


def symmetric(*entries):
    matrix = np.eye(3)
    for (i, j), value in zip(((0, 1), (0, 2), (1, 2)), entries, strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix


def solve(matrix, eligible=None):
    weights = np.zeros(len(matrix))
    chosen = np.ones(len(matrix), dtype=np.int8) if eligible is None else eligible
    assert min_variance(matrix, chosen, weights) > 0
    return weights


def test_g2_inside_the_simplex():
    matrix = symmetric(0.5, 0.2, 0.4)
    weights = solve(matrix)
    assert weights == pytest.approx(np.array([14, 8, 15]) / 37, abs=1e-9)
    assert weights @ matrix @ weights == pytest.approx(21 / 37, abs=1e-9)


def test_g2_on_the_boundary():
    matrix = symmetric(0.9, 0.6, 0.2)
    weights = solve(matrix)
    assert weights == pytest.approx([0.0, 0.5, 0.5], abs=1e-9)
    assert (matrix @ weights)[0] == pytest.approx(0.75, abs=1e-9)


def test_g2_clones_share():
    weights = solve(symmetric(1.0, 0.0, 0.0) + 1e-6 * np.eye(3))
    assert weights[0] == pytest.approx(weights[1], abs=1e-9)
    assert weights[0] + weights[1] == pytest.approx(0.5, abs=1e-6)


def test_a_weight_removed_too_early_comes_back():
    draw = np.random.default_rng(3)
    for _ in range(200):
        loads = draw.normal(size=(6, 3)) + 0.7
        cov = loads @ loads.T + 0.05 * np.eye(6)
        matrix = cov / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))
        weights = solve(matrix)
        slopes = matrix @ weights
        value = weights @ slopes
        assert (slopes >= value - 1e-10).all()
        assert slopes[weights > 0] == pytest.approx(value, abs=1e-10)


def test_only_the_eligible_are_weighed():
    eligible = np.array([1, 0, 1], dtype=np.int8)
    weights = solve(symmetric(0.5, 0.2, 0.4), eligible)
    assert weights == pytest.approx([0.5, 0.0, 0.5])
    nobody = np.ones(3)
    assert min_variance(np.eye(3), np.zeros(3, dtype=np.int8), nobody) == 0
    assert (nobody == 0.0).all()


def test_a_singular_matrix_is_reported():
    assert min_variance(np.full((2, 2), -1.0), np.ones(2, dtype=np.int8), np.zeros(2)) < 0


def test_factor_and_eigen_rebuild_the_matrix():
    draw = np.random.default_rng(1)
    half = draw.normal(size=(7, 7))
    matrix = half @ half.T + np.eye(7)
    lower = np.zeros((7, 7))
    assert factor(matrix, np.arange(7), 7, lower)
    assert lower @ lower.T == pytest.approx(matrix, abs=1e-12)
    work, vectors = matrix.copy(), np.zeros((7, 7))
    assert eigen(work, vectors) < 20
    assert vectors @ np.diag(np.diag(work)) @ vectors.T == pytest.approx(matrix, abs=1e-11)
    assert np.sort(np.diag(work)) == pytest.approx(np.linalg.eigvalsh(matrix), abs=1e-11)
