import math

import numpy as np
import pytest

from quorate.core.consensus import Pool, Sigma, Threshold, params, score, shares
from quorate.core.consensus.score import push, spread, threshold

PROB = np.array([0.62, 0.55, 0.58])
SIDE = np.array([1, -1, 1], dtype=np.int8)
WEIGHTS = np.array([112.0, 56.0, 75.0]) / 243
LAST = (0.04, -0.06, 0.02, 0.05, -0.03)


def ring(values, *, window=100):
    state = score.init(1, window)
    for value in values:
        push(np.array([value]), np.ones(1, dtype=np.int8), state)
    return state


def sigma_of(state, **overrides):
    sigma = np.zeros(1)
    spread(params(**overrides), state, sigma)
    return sigma[0]


def test_g3_consensus_score_and_shares():
    value = score.score(PROB, SIDE, WEIGHTS, Pool.LINEAR, 1.0)
    assert value == pytest.approx(0.136954732510288, abs=1e-9)
    out = np.zeros(3)
    shares(PROB, SIDE, WEIGHTS, value, out)
    assert out == pytest.approx(np.array([168, -35, 75]) / 208, abs=1e-9)
    assert out.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("power", "expected"), [(1.0, 0.6064450296250283), (2.0, 0.7036597556882788)]
)
def test_g18_log_pool(power, expected):
    prob, weights = np.array([0.6, 0.55, 0.7]), np.array([0.5, 0.3, 0.2])
    value = score.score(prob, np.ones(3, dtype=np.int8), weights, Pool.LOG, power)
    assert 0.5 * (1.0 + value) == pytest.approx(expected, abs=1e-9)
    against = score.score(prob, -np.ones(3, dtype=np.int8), weights, Pool.LOG, power)
    assert against == -value


def test_g4_threshold():
    state = ring((0.0,) * 95 + LAST)
    sigma = sigma_of(state)
    assert sigma == pytest.approx(0.009532506851226853, abs=1e-9)
    assert threshold(sigma, params()) == pytest.approx(0.007149380138420139, abs=1e-9)
    assert sigma_of(state, sigma=Sigma.RMS) == pytest.approx(0.009486832980505138, abs=1e-9)


def test_only_the_last_window_of_scores_counts():
    assert sigma_of(ring((9.0,) * 137 + (0.0,) * 95 + LAST)) == pytest.approx(0.009532506851226853)


def test_windows_of_any_length_agree_with_numpy():
    draw = np.random.default_rng(0)
    for window in (2, 3, 5, 17):
        values = draw.normal(size=window + 5)
        found = sigma_of(ring(values, window=window), window=window)
        assert found == pytest.approx(values[-window:].std(ddof=1), rel=1e-12)


def test_too_few_scores_are_unknown():
    assert math.isnan(sigma_of(ring((0.1,) * 99)))
    assert math.isnan(threshold(float("nan"), params()))
    assert math.isnan(threshold(float("nan"), params(threshold=Threshold.FLOOR, theta_min=0.1)))


def test_constant_scores_have_exactly_no_spread():
    assert sigma_of(ring((0.1,) * 100)) == 0.0


def test_spread_of_the_scores_that_are_not_zero():
    draw = np.random.default_rng(0)
    spoken = draw.normal(size=30)
    mixed = np.concatenate([np.zeros(70), spoken])
    draw.shuffle(mixed)
    assert sigma_of(ring(mixed), sigma=Sigma.NONZERO) == pytest.approx(spoken.std(ddof=1))
    mixed[np.flatnonzero(mixed)[0]] = 0.0
    assert math.isnan(sigma_of(ring(mixed), sigma=Sigma.NONZERO))


def test_floor_lifts_a_low_threshold_only():
    given = params(threshold=Threshold.FLOOR, theta_min=0.05)
    assert threshold(0.01, given) == 0.05
    assert threshold(1.0, given) == 0.75


def test_a_coin_without_votes_keeps_its_ring():
    state = score.init(2, 4)
    push(np.array([1.0, 2.0]), np.array([0, 1], dtype=np.int8), state)
    assert state.pushed.tolist() == [0, 1]
    assert state.ring[0].tolist() == [0.0, 2.0]


def test_a_score_of_zero_has_no_shares():
    out = np.ones(3)
    shares(PROB, SIDE, WEIGHTS, 0.0, out)
    assert (out == 0.0).all()
