"""The hidden state of the synthetic market."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.lake.weather import CALM, PANIC, TREND, returns, weather


def draw(seed=3, n_coins=4, days=365, bar_minutes=60):
    return weather(np.random.default_rng(seed), n_coins, days, bar_minutes)


def test_all_regimes_come_and_panic_is_rare_and_wild():
    state = draw()
    share = np.bincount(state.regime, minlength=3) / state.regime.size
    assert share[CALM] > share[TREND] > share[PANIC] > 0.0
    wild, calm = (np.median(state.sigma[state.regime == r]) for r in (PANIC, CALM))
    assert wild > 2.0 * calm


def test_states_are_held_within_the_hour():
    state = draw(days=2, bar_minutes=5)
    assert (state.sigma.reshape(48, 12, 4) == state.sigma.reshape(48, 12, 4)[:, :1]).all()
    assert (state.regime.reshape(48, 12) == state.regime.reshape(48, 12)[:, :1]).all()


def test_the_hidden_drift_is_of_size_one():
    assert 0.5 < draw().hidden.std() < 2.0


def test_without_an_edge_returns_do_not_know_the_drift():
    state = draw()
    for planted, low, high in ((0.0, -0.02, 0.02), (0.5, 0.1, 0.5)):
        moves = returns(np.random.default_rng(5), state, planted)
        found = np.corrcoef((moves / state.sigma).ravel(), state.hidden.ravel())[0, 1]
        assert low < found < high


def test_the_first_coin_is_the_market():
    assert draw().beta[0] == 1.0


@pytest.mark.parametrize("n_coins", [1, 2])
def test_few_coins_will_do(n_coins):
    assert draw(n_coins=n_coins, days=1).sigma.shape == (24, n_coins)


def test_the_trailing_move_reads_only_the_past():
    state = draw(n_coins=1, days=3)
    close = np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, (72, 1)), axis=0))
    other = close.copy()
    other[50:] *= 2.0
    np.testing.assert_array_equal(state.trailing_z(close)[:50], state.trailing_z(other)[:50])
    assert (state.trailing_z(close)[:24] == 0.0).all()
