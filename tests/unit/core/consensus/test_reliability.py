import math

import numpy as np
import pytest

from quorate.core.consensus import params, reliability
from quorate.core.consensus.labels import N_CELLS, SCALE
from quorate.core.consensus.reliability import (
    POOLED,
    brier,
    effective_size,
    fade,
    read,
    skill,
    specialists,
    update,
)
from quorate.core.consensus.weights import hedge

SAMPLES = ((0.0, 0.60, 1.0), (10.0, 0.55, 0.0), (20.0, 0.70, 1.0), (40.0, 0.52, 1.0))


def streamed():
    sums = (0.0, 0.0, 0.0)
    last = 0.0
    for at, prob, outcome in SAMPLES:
        sums = update(sums, fade(at - last, 30.0), 1.0, prob, outcome)
        last = at
    return sums


def test_g1_streaming_brier():
    loss, mass, square = streamed()
    stale = fade(10.0, 30.0)
    assert loss * stale == pytest.approx(0.39831264773762676, abs=1e-9)
    assert mass * stale == pytest.approx(2.005531051449868, abs=1e-9)
    assert loss / mass == pytest.approx(0.19860707090507163, abs=1e-9)
    assert effective_size(mass, square) == pytest.approx(3.538563332322847, abs=1e-9)
    shrunk = brier(loss * stale, mass * stale, 0.25, 20.0)
    assert shrunk == pytest.approx(0.24531617233486172, abs=1e-9)
    assert 1.0 - shrunk == pytest.approx(0.7546838276651383, abs=1e-9)
    assert skill(shrunk, 0.25) == pytest.approx(0.018735310660553117, abs=1e-9)


def test_g1_streaming_brier_through_the_state():
    given = params(60, horizon_hours=1.0)
    memory = reliability.init(1)
    for at, prob, outcome in SAMPLES:
        ended = np.zeros((2, 1, N_CELLS), dtype=np.int64)
        ended[int(outcome), 0, 0] = SCALE  # the only label open
        square = np.zeros((1, 5))
        square[0, 0] = 1.0
        stated = np.full((1, 1, N_CELLS), prob)
        reliability.step(int(at * 24), ended, square, stated, given, memory)
    r, score, mass = read(50 * 24, POOLED, 0, given, memory)
    assert r == pytest.approx(0.6360659893425831, abs=1e-9)
    assert score == pytest.approx(0.19860707090507163, abs=1e-9)
    assert mass == pytest.approx(2.005531051449868, abs=1e-9)
    shrunk = given._replace(reliability=1, reliability_mass=20.0)
    assert read(50 * 24, POOLED, 0, shrunk, memory)[0] == pytest.approx(0.7546838276651383)
    kish = effective_size(memory.square[POOLED, 0] * 0 + memory.mass[0, 0], memory.square[0, 0])
    assert kish == pytest.approx(3.538563332322847, abs=1e-9)


def test_an_engine_without_labels_is_a_coin_flip_and_never_stale():
    assert read(10**6, POOLED, 0, params(), reliability.init(1)) == (0.75, 0.25, 0.0)


def test_a_silent_engine_fades_under_the_specification_and_to_the_prior_when_shrunk():
    memory = reliability.init(1)
    memory.loss[POOLED, 0], memory.mass[POOLED, 0], memory.last_k[POOLED, 0] = 10.0, 100.0, 0
    given = params()
    assert read(0, POOLED, 0, given, memory)[0] == pytest.approx(0.9)
    assert read(60 * 288, POOLED, 0, given, memory)[0] == pytest.approx(0.225)
    late = read(3000 * 288, POOLED, 0, given._replace(reliability=1), memory)[0]
    assert late == pytest.approx(0.75, abs=1e-6)


def test_g18_hedge_awake():
    log_weight = np.zeros(3)
    awake = np.ones(3, dtype=np.int8)
    for losses in ((0.16, 0.25, 0.36), (0.25, 0.25, 0.16)):
        specialists(log_weight, np.array(losses), awake, 2.0)
    weights = np.zeros(3)
    hedge(log_weight, weights)
    assert weights == pytest.approx((0.37910538, 0.31665543, 0.30423919), abs=1e-8)
    plain = np.exp(-2.0 * np.array([0.41, 0.50, 0.52]))
    assert weights == pytest.approx(plain / plain.sum(), abs=1e-12)


def test_sleepers_keep_their_weight_and_the_awake_keep_their_total():
    log_weight = np.log(np.array([0.2, 0.3, 0.5]))
    specialists(log_weight, np.array([0.1, 0.9, 0.4]), np.array([1, 1, 0], dtype=np.int8), 1.5)
    after = np.exp(log_weight)
    assert after[2] == 0.5
    assert after[:2].sum() == pytest.approx(0.5)
    assert after[0] / after[1] == pytest.approx(2.0 / 3.0 * math.exp(1.5 * 0.8))
