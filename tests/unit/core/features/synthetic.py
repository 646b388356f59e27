"""Bars for tests: a market with a common factor, clean unless a test dirties it."""

from __future__ import annotations

import numpy as np

from quorate.core import features
from quorate.core.features.table import FEATURES
from quorate.core.types import Bar, Bars

ROW = {feature.name: row for row, feature in enumerate(FEATURES)}


def bars(n_bars, n_coins, seed=0, quoted=False):
    """Return bars of a random walk; the open differs a little from the close before."""
    rng = np.random.default_rng(seed)
    shape = (n_bars, n_coins)
    moves = rng.normal(0.0, 0.002, shape) + rng.normal(0.0, 0.001, (n_bars, 1))
    close = 100.0 * np.exp(np.cumsum(moves, axis=0))
    start = np.full((1, n_coins), 100.0)
    opened = np.vstack([start, close[:-1]]) * np.exp(rng.normal(0.0, 1e-4, shape))
    high = np.maximum(opened, close) * (1.0 + np.abs(rng.normal(0.0, 5e-4, shape)))
    low = np.minimum(opened, close) * (1.0 - np.abs(rng.normal(0.0, 5e-4, shape)))
    volume = np.exp(rng.normal(3.0, 1.0, shape))
    return Bars(
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        taker_buy=volume * rng.uniform(0.2, 0.8, shape),
        spread_bps=np.full(shape, 4.0 if quoted else np.nan),
        funding_rate=rng.normal(0.0, 1e-4, shape),
        funding_hours=np.full(shape, 8.0),
        basis_bps=rng.normal(0.0, 3.0, shape),
        status=np.full(shape, int(Bar.TRADED), np.int8),
    )


def copy(given):
    """Return bars that share no memory with the given."""
    return Bars(*(array.copy() for array in given))


def part(given, rows=slice(None), coins=slice(None)):
    """Return contiguous rows and columns of bars."""
    return Bars(*(np.ascontiguousarray(array[rows, coins]).copy() for array in given))


def run(given, k0=1, minutes=5, btc=0, state=None):
    """Return the cube of features of a block, from an empty state unless one is given."""
    params = features.params(minutes, btc)
    if state is None:
        state = features.init(given.close.shape[1], params)
    return features.build(given, k0, state, params).values


def arrays(state):
    """Return every array of a nested state."""
    found = []
    for item in state:
        found.extend(arrays(item) if isinstance(item, tuple) else [item])
    return found
