"""What must hold of the consensus whatever the numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.core.consensus.panel import panel, run

from quorate.core.consensus import Pool, params
from quorate.core.consensus.score import score, shares
from quorate.core.consensus.simplex import min_variance
from quorate.core.consensus.weights import combine

MANY = settings(max_examples=60, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(2, 12)


def correlation_of(n_engines, seed):
    draw = np.random.default_rng(seed)
    loads = draw.normal(size=(n_engines, n_engines)) + draw.uniform(0.0, 2.0)
    cov = loads @ loads.T + 1e-3 * np.eye(n_engines)
    matrix = np.maximum(cov / np.sqrt(np.outer(np.diag(cov), np.diag(cov))), 0.0)
    lowest = np.linalg.eigvalsh(matrix).min()
    matrix += max(0.0, 1e-4 - lowest) * np.eye(n_engines)
    return matrix / matrix[0, 0], draw


def solved(matrix):
    weights = np.zeros(len(matrix))
    assert min_variance(matrix, np.ones(len(matrix), dtype=np.int8), weights) > 0
    return weights


def combined(base, matrix):
    out = np.zeros(len(base))
    combine(base, solved(matrix), np.ones(len(base), dtype=np.int8), 0.0, out)
    return out


@MANY
@given(SIZES, SEEDS)
def test_least_variance_meets_its_optimality_conditions(n_engines, seed):
    matrix, _ = correlation_of(n_engines, seed)
    weights = solved(matrix)
    slopes = matrix @ weights
    value = weights @ slopes
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (weights >= 0.0).all()
    assert (slopes >= value - 1e-9).all()
    assert slopes[weights > 1e-12] == pytest.approx(value, abs=1e-9)


@MANY
@given(SIZES, SEEDS)
def test_the_order_of_engines_does_not_matter(n_engines, seed):
    matrix, draw = correlation_of(n_engines, seed)
    base = draw.uniform(0.5, 1.0, n_engines)
    order = draw.permutation(n_engines)
    shuffled = np.ascontiguousarray(matrix[np.ix_(order, order)])
    assert combined(base[order], shuffled) == pytest.approx(combined(base, matrix)[order], abs=1e-9)


@MANY
@given(SIZES, SEEDS)
def test_a_clone_takes_half_and_no_more(n_engines, seed):
    matrix, draw = correlation_of(n_engines, seed)
    base = draw.uniform(0.5, 1.0, n_engines)
    cloned = np.ix_([*range(n_engines), 0], [*range(n_engines), 0])
    ridge = 1e-6 * np.eye(n_engines + 1)
    twice = combined(np.append(base, base[0]), np.ascontiguousarray(matrix[cloned]) + ridge)
    once = combined(base, matrix)
    assert twice[0] == pytest.approx(twice[-1], abs=1e-6)
    assert twice[0] + twice[-1] == pytest.approx(once[0], abs=2e-2)
    assert twice[1:-1] == pytest.approx(once[1:], abs=2e-2)


@MANY
@given(SIZES, st.floats(0.0, 0.95), SEEDS)
def test_equal_correlations_leave_the_base_weights(n_engines, rho, seed):
    base = np.random.default_rng(seed).uniform(0.1, 1.0, n_engines)
    matrix = np.full((n_engines, n_engines), rho) + (1.0 - rho) * np.eye(n_engines)
    assert combined(base, matrix) == pytest.approx(base / base.sum(), abs=1e-9)


@MANY
@given(SIZES, SEEDS)
def test_no_score_is_louder_than_its_loudest_vote(n_engines, seed):
    draw = np.random.default_rng(seed)
    prob = draw.uniform(0.5, 0.99, n_engines)
    side = draw.integers(-1, 2, n_engines).astype(np.int8)
    weights = draw.dirichlet(np.ones(n_engines))
    loudest = np.max((2.0 * prob - 1.0) * (side != 0))
    for pool in (Pool.LINEAR, Pool.LOG):
        value = score(prob, side, weights, pool, 1.0)
        assert abs(value) <= loudest + 1e-12
        assert score(prob, -side, weights, pool, 1.0) == -value
    value = score(prob, side, weights, Pool.LINEAR, 1.0)
    if abs(value) > 1e-6:
        out = np.zeros(n_engines)
        shares(prob, side, weights, value, out)
        assert out.sum() == pytest.approx(1.0, abs=1e-6)


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_the_whole_stage_is_blind_to_the_order_of_engines(seed):
    data = panel(200, 5, 3, seed=seed, n_regimes=2)
    order = np.random.default_rng(seed).permutation(5)
    shuffled = data._replace(side=data.side[:, order], strength=data.strength[:, order])
    given_params = params(horizon_hours=1.0, window=20, prior_mass=5.0)
    one, _ = run(data, given_params)
    two, _ = run(shuffled, given_params, family=order.astype(np.int8))
    assert two.score == pytest.approx(one.score, abs=1e-9)
    assert two.weights == pytest.approx(one.weights[:, :, order], abs=1e-9)
    assert two.prob.tobytes() == np.ascontiguousarray(one.prob[:, order]).tobytes()


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_mirrored_markets_and_votes_give_mirrored_scores(seed):
    data = panel(200, 4, 3, seed=seed)
    mirrored = data._replace(close=1e4 / data.close, side=-data.side)
    given_params = params(horizon_hours=1.0, window=20, prior_mass=5.0)
    one, _ = run(data, given_params)
    two, _ = run(mirrored, given_params)
    assert two.score == pytest.approx(-one.score, abs=1e-12)
    assert (two.signal == -one.signal).all()
