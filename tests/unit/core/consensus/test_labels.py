import numpy as np
import pytest
from tests.unit.core.consensus.panel import panel

from quorate.core.consensus import labels
from quorate.core.consensus.labels import N_BUCKETS, N_CELLS, SCALE

HORIZON = 4


def settle(data, *, first_k=100):
    """Run the labels over a panel; list what ended as (bar, engine, cell, outcome, uniqueness)."""
    n_bars, n_engines, n_coins = data.side.shape
    state = labels.init(n_engines, n_coins, HORIZON)
    found = []
    for t in range(n_bars):
        admitted = (data.status[t] == 1) & (data.ready[t] == 1)
        gated = np.where(admitted, data.regime[t], -1).astype(np.int8)
        codes = np.zeros((n_engines, n_coins), dtype=np.int8)
        labels.encode(data.side[t], data.strength[t], gated, codes)
        move = np.zeros(n_coins, dtype=np.int8)
        labels.moves(first_k + t, data.close[t], data.status[t], state, move)
        ended = np.zeros((2, n_engines, N_CELLS), dtype=np.int64)
        square = np.zeros((n_engines, 5))
        labels.resolve(first_k + t, codes, move, state, ended, square)
        state.code[(first_k + t) % HORIZON] = codes
        state.close[(first_k + t) % HORIZON] = data.close[t]
        found.append((ended / SCALE, square))
    return found


def reference(data):
    """Restate the same by hand: every label, its life and everyone else's, bar by bar."""
    n_bars, n_engines, n_coins = data.side.shape
    ended = np.zeros((n_bars, 2, n_engines, N_CELLS))
    square = np.zeros((n_bars, n_engines, 5))
    for c in range(n_coins):
        for e in range(n_engines):
            voted = (data.side[:, e, c] != 0) & (data.status[:, c] == 1) & (data.ready[:, c] == 1)
            for t in range(HORIZON, n_bars):
                life = range(t - HORIZON, t + 1)
                if not voted[t - HORIZON] or any(data.status[j, c] != 1 for j in life):
                    continue
                made = t - HORIZON
                opened = [
                    i
                    for i in range(max(0, made - HORIZON), made + 1)
                    if voted[i] and all(data.status[i : made + 1, c] == 1)
                ]
                unique = 1.0 / len(opened)
                move = np.sign(data.close[t, c] - data.close[t - HORIZON, c])
                if move == 0:
                    continue
                right = int(move == data.side[t - HORIZON, e, c])
                band = np.searchsorted(
                    (0.6, 0.7, 0.8, 0.9), data.strength[t - HORIZON, e, c], "right"
                )
                regime = data.regime[t - HORIZON, c]
                ended[t, right, e, regime * N_BUCKETS + band] += unique
                square[t, e, regime] += unique**2
    return ended, square


@pytest.mark.parametrize("holes", [0.0, 0.08])
def test_labels_equal_their_definition(holes):
    data = panel(80, 3, 4, seed=5, holes=holes)
    data.close[40:50, 1] = data.close[40, 1]  # zero returns are dropped
    ended, square = reference(data)
    found = settle(data)
    assert np.stack([pair[0] for pair in found]) == pytest.approx(ended, abs=1e-9)
    assert np.stack([pair[1] for pair in found]) == pytest.approx(square, abs=1e-9)
    assert ended.sum() > 10.0


def test_uniqueness_is_known_when_the_vote_is_made():
    """Votes on bars 0 and 2 of a life of five bars: the first was alone, the second was not."""
    data = panel(8, 1, 1, seed=1)
    data.side[:] = 0
    data.side[[0, 2], 0, 0] = 1
    found = settle(data)
    assert [found[t][0].sum() for t in (4, 6)] == pytest.approx([1.0, 0.5])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_rule_on_a_random_walk_is_right_half_of_the_time(sign):
    """It votes on while it is right, or while it is wrong: neither may look like skill."""
    data = panel(20_000, 1, 4, seed=3)
    prices = np.log(data.close)
    data.side[:] = 0
    for t in range(6, len(prices)):
        move = prices[t] - prices[t - 6]
        data.side[t, 0] = np.where(np.abs(move) > 0.009, sign * np.sign(move), 0)
    found = sum(pair[0] for pair in settle(data))
    wrong, right = found[:, 0].sum(axis=-1)
    assert right / (wrong + right) == pytest.approx(0.5, abs=0.02)
    assert wrong + right > 2_000


def test_a_constant_voter_is_unique_once_in_a_life():
    data = panel(40, 1, 1, seed=2)
    data.side[:] = 1
    assert settle(data)[-1][0].sum() == pytest.approx(1.0 / (HORIZON + 1))


def test_a_skipped_bar_counter_breaks_every_life():
    state = labels.init(1, 1, HORIZON)
    move = np.zeros(1, dtype=np.int8)
    for k in (10, 11, 12, 14):
        labels.moves(k, np.ones(1), np.ones(1, dtype=np.int8), state, move)
    assert state.run[0] == 1


def test_codes_are_signed_cells_and_unknown_strength_abstains():
    codes = np.zeros((1, 4), dtype=np.int8)
    side = np.array([[1, -1, 1, 1]], dtype=np.int8)
    strength = np.array([[0.5, 1.0, np.nan, 0.7]])
    labels.encode(side, strength, np.array([0, 4, 0, -1], dtype=np.int8), codes)
    assert codes[0].tolist() == [1, -25, 0, 0]
