import numpy as np
import pytest

from quorate.core.consensus import Weighting, params, reliability, weights
from quorate.core.consensus.weights import base_weights, combine

EVERYONE = np.ones(3, dtype=np.int8)


def test_g3_product_of_base_and_spread():
    out = np.zeros(3)
    combine(np.array([0.40, 0.35, 0.25]), np.array([14.0, 8.0, 15.0]) / 37, EVERYONE, 0.0, out)
    assert out == pytest.approx(np.array([112, 56, 75]) / 243, abs=1e-9)


def test_mix_keeps_every_eligible_engine_alive():
    out = np.zeros(3)
    eligible = np.array([1, 1, 0], dtype=np.int8)
    combine(np.ones(3), np.array([1.0, 0.0, 0.0]), eligible, 0.2, out)
    assert out.tolist() == pytest.approx([0.9, 0.1, 0.0])


def test_no_positive_product_gives_no_weights_rather_than_equal_ones():
    out = np.ones(3)
    assert combine(np.zeros(3), np.ones(3), EVERYONE, 0.5, out) == 0.0
    assert (out == 0.0).all()


def memory_of(losses):
    memory = reliability.init(len(losses))
    memory.mass[:] = 1000.0
    memory.loss[:] = 1000.0 * np.array(losses)
    memory.last_k[:] = 0
    return memory


def standing_of(memory, given, k=0):
    found = reliability.Standing(*(np.zeros(memory.loss.shape) for _ in range(3)))
    reliability.stand(k, given, memory, found)
    return found


@pytest.mark.parametrize(
    ("weighting", "expected"),
    [
        (Weighting.SPEC, (0.8, 0.75, 0.7)),
        (Weighting.SKILL, (0.2, 1e-3, 1e-3)),
        (Weighting.EQUAL, (1.0, 1.0, 1.0)),
    ],
)
def test_options_of_the_base_weight(weighting, expected):
    out, given = np.zeros(3), params(weighting=weighting)
    memory = memory_of((0.20, 0.25, 0.30))
    base_weights(0, given, standing_of(memory, given), memory.log_weight, out)
    assert out == pytest.approx(expected)


def test_by_regime_reads_the_row_of_the_regime():
    memory, out = memory_of((0.20, 0.25, 0.30)), np.zeros(3)
    memory.loss[2, 0] = 100.0
    for given, expected in ((params(by_regime=1), 0.9), (params(), 0.8)):
        base_weights(2, given, standing_of(memory, given), memory.log_weight, out)
        assert out[0] == pytest.approx(expected)


def test_weights_are_solved_again_when_the_eligible_change_between_hours():
    state, given, out = weights.init(3), params(), np.zeros((5, 3))
    matrix = np.zeros((5, 3, 3))
    matrix[:] = np.eye(3)
    approved = np.ones((5, 3), dtype=np.int8)
    approved[3] = 0
    memory = reliability.init(3)
    on_the_hour, between = np.ones(5, dtype=np.int8), np.zeros(5, dtype=np.int8)
    seen = between, standing_of(memory, given), memory.log_weight
    weights.step(approved, EVERYONE, matrix, *seen, given, state, out)
    assert out[0] == pytest.approx([1 / 3] * 3)
    assert (out[3] == 0.0).all()
    healthy = np.array([1, 0, 1], dtype=np.int8)
    weights.step(approved, healthy, matrix, *seen, given, state, out)
    assert out[0] == pytest.approx([0.5, 0.0, 0.5])
    matrix[:, 0, 2] = matrix[:, 2, 0] = 0.9
    matrix[:, 0, 1] = matrix[:, 1, 0] = 0.2
    before = out.copy()
    weights.step(approved, healthy, matrix, *seen, given, state, out)
    assert (out == before).all()  # a new matrix waits for the hour
    weights.step(approved, EVERYONE, matrix, *seen, given, state, out)
    assert out[0, 1] > out[0, 0]
    matrix[:] = np.eye(3)
    weights.step(approved, EVERYONE, matrix, on_the_hour, *seen[1:], given, state, out)
    assert out[0] == pytest.approx([1 / 3] * 3)
