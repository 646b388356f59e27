"""Wilder's recursions over many coins: nobody's values depend on who is beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import talib

from quorate.core.features import wilder

if TYPE_CHECKING:
    from quorate.core.types import Mat

HOURS = 300


def prices(n_coins: int, seed: int) -> tuple[Mat, Mat, Mat]:
    """Return high, low and close; the last coin never moves."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (HOURS, n_coins)), axis=0))
    close[:, -1] = 100.0
    reach = np.abs(rng.normal(0.0, 0.5, (2, HOURS, n_coins)))
    reach[:, :, -1] = 0.0
    return close + reach[0], close - reach[1], close


def run(high: Mat, low: Mat, close: Mat, here: np.ndarray) -> Mat:
    """Return the memory after every bar, shape (time, row, coin)."""
    memory = wilder.init(close.shape[1])
    rows = []
    for t in range(close.shape[0]):
        wilder.advance(memory, here[t], high[t], low[t], close[t])
        rows.append(memory.copy())
    return np.array(rows)


@pytest.mark.parametrize("n_coins", [1, 3, 8, 21])
def test_a_coin_has_the_same_bytes_alone_and_among_others(n_coins: int) -> None:
    """Coins start late, miss bars and stop, so that all lengths of neighbours meet."""
    rng = np.random.default_rng(n_coins)
    high, low, close = prices(n_coins, seed=n_coins)
    here = (rng.random(close.shape) < 0.95).astype(np.int64)
    here[100:200] = 1
    for c in range(n_coins):
        here[: (37 * c) % 90, c] = 0
    together = run(high, low, close, here)
    for c in range(n_coins):
        one = [np.ascontiguousarray(x[:, c : c + 1]) for x in (high, low, close, here)]
        assert run(*one).tobytes() == np.ascontiguousarray(together[:, :, c : c + 1]).tobytes()


def test_coins_side_by_side_are_as_coins_in_their_seeds() -> None:
    """The loops over settled coins compute what the branches of a young coin do, bit for bit."""
    high, low, close = prices(5, seed=4)
    here = np.ones(close.shape, np.int64)
    memory = wilder.init(5)
    for t, after in enumerate(run(high, low, close, here)):
        for c in range(5):
            wilder._seed(memory, c, high[t, c], low[t, c], close[t, c])
        assert memory.tobytes() == after.tobytes()


def test_values_are_talibs_to_the_twelfth_digit() -> None:
    high, low, close = prices(6, seed=9)
    rows = run(high, low, close, np.ones(close.shape, np.int64))
    for c in range(5):
        h, l, k = (np.ascontiguousarray(x[:, c]) for x in (high, low, close))
        expected = {
            wilder.ADX: talib.ADX(h, l, k, 14),
            wilder.ATR: talib.ATR(h, l, k, 14),
            wilder.RSI: talib.RSI(k, 14),
        }
        for row, values in expected.items():
            late = slice(60, None)
            np.testing.assert_allclose(rows[late, row, c], values[late], rtol=1e-12, atol=0)


def test_what_is_not_there_stays_as_it_is() -> None:
    high, low, close = prices(4, seed=2)
    here = np.ones(close.shape, np.int64)
    here[150:, 2] = 0
    rows = run(high, low, close, here)
    assert (rows[150:, :, 2] == rows[149, :, 2]).all()
    assert (rows[-1, wilder.N_SEEN] == [HOURS, HOURS, 150, HOURS]).all()
