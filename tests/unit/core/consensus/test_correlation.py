import numpy as np
import pytest

from quorate.core.consensus import correlation, params
from quorate.core.consensus.correlation import accumulate, covariance, rebuild, repair

EVERYONE = np.ones(3, dtype=np.int8)


def feed(votes, *, healthy=EVERYONE, given=None, regime=0):
    """Feed hours of votes, shape (hour, coin, engine), all in one regime."""
    given = params() if given is None else given
    state = correlation.init(votes.shape[2])
    gated = np.full(votes.shape[1], regime, dtype=np.int8)
    for hour, rows in enumerate(votes):
        health = healthy[hour] if healthy.ndim == 2 else healthy
        accumulate(12 * hour, np.ascontiguousarray(rows), gated, health, given, state)
    return state


def drawn(n_hours, n_coins=4, seed=0):
    draw = np.random.default_rng(seed)
    common = draw.normal(size=(n_hours, n_coins, 1))
    return 0.2 * (
        common * np.array([1.0, 0.8, 0.0]) + 0.5 * draw.normal(size=(n_hours, n_coins, 3))
    )


def test_covariance_is_exponentially_weighted_and_pooled():
    votes = drawn(60)
    state = feed(votes)
    cov = np.zeros((3, 3))
    covariance(0, state, cov)
    age = 2.0 ** (-np.arange(59, -1, -1) / 168.0)
    expected = np.cov(votes.reshape(-1, 3).T, aweights=np.repeat(age, 4), ddof=0)
    assert cov == pytest.approx(expected, rel=1e-9)


def test_too_few_hours_leave_the_identity():
    assert (feed(drawn(5)).matrix[0] == np.eye(3)).all()
    assert feed(drawn(8)).matrix[0, 0, 1] > 0.1


def test_an_hour_of_many_coins_is_one_observation():
    assert (feed(drawn(5, n_coins=200)).matrix[0] == np.eye(3)).all()


def test_regimes_are_kept_apart():
    state = feed(drawn(40), regime=2)
    assert state.matrix[2, 0, 1] > 0.1
    for v in (0, 1, 3, 4):
        assert (state.matrix[v] == np.eye(3)).all()


def test_an_engine_that_never_varies_is_uncorrelated():
    for constant in (0.0, 0.3, -1.0 / 3.0):
        votes = drawn(400)
        votes[:, :, 1] = constant
        matrix = feed(votes).matrix[0]
        assert matrix[1].tolist() == [0.0, 1.0 + 1e-6, 0.0]


def test_contrarians_earn_nothing_below_zero():
    votes = drawn(60)
    votes[:, :, 1] = -votes[:, :, 0]
    matrix = feed(votes).matrix[0]
    assert matrix[0, 1] == 0.0
    assert (matrix >= 0.0).all()


def test_hours_an_engine_was_broken_do_not_dilute_its_pairs():
    votes = drawn(120)
    healthy = np.ones((120, 3), dtype=np.int8)
    healthy[40:80, 1] = 0
    broken = votes.copy()
    broken[40:80, :, 1] = 0.0
    cov = np.zeros((3, 3))
    covariance(0, feed(broken, healthy=healthy), cov)
    kept = np.concatenate([np.arange(40), np.arange(80, 120)])
    age = 2.0 ** (-(119.0 - kept) / 168.0)
    expected = np.cov(votes[kept].reshape(-1, 3).T, aweights=np.repeat(age, 4), ddof=0)
    assert cov[0, 1] == pytest.approx(expected[0, 1], rel=1e-9)


def test_repair_clips_negative_eigenvalues_and_keeps_the_diagonal():
    matrix = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.9], [0.0, 0.9, 1.0]])
    values, vectors = np.linalg.eigh(matrix)
    clipped = vectors @ np.diag(np.maximum(values, 0.0)) @ vectors.T
    clipped /= np.sqrt(np.outer(np.diag(clipped), np.diag(clipped)))
    assert repair(matrix, 1e-6)
    assert matrix == pytest.approx(clipped + 1e-6 * np.eye(3), abs=1e-10)
    assert np.linalg.eigvalsh(matrix).min() > 0.0


def test_rebuild_of_nothing_is_the_identity():
    state = correlation.init(2)
    rebuild(0, params(), state)
    assert (state.matrix[0] == np.eye(2)).all()
