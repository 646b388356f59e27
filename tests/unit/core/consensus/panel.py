"""Random panels of votes for the tests of the consensus."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core import consensus
from quorate.core.consensus import calibration


class Panel(NamedTuple):
    """A block of inputs, time first."""

    close: np.ndarray
    status: np.ndarray
    ready: np.ndarray
    regime: np.ndarray
    sigma_daily: np.ndarray
    side: np.ndarray
    strength: np.ndarray


def panel(n_bars, n_engines, n_coins, *, seed=0, holes=0.0, n_regimes=5):
    """Draw a panel; a share ``holes`` of its bars is imputed or absent."""
    draw = np.random.default_rng(seed)
    status = np.ones((n_bars, n_coins), dtype=np.int8)
    status[draw.random((n_bars, n_coins)) < holes] = 2
    status[draw.random((n_bars, n_coins)) < holes / 2] = 0
    side = draw.integers(-1, 2, (n_bars, n_engines, n_coins)).astype(np.int8)
    spells = draw.integers(0, n_regimes, (n_bars // 20 + 1, n_coins))
    return Panel(
        close=100.0 * np.exp(np.cumsum(draw.normal(0.0, 0.003, (n_bars, n_coins)), axis=0)),
        status=status,
        ready=(draw.random((n_bars, n_coins)) >= holes).astype(np.int8),
        regime=np.repeat(spells, 20, axis=0)[:n_bars].astype(np.int8),
        sigma_daily=np.full((n_bars, n_coins), 0.03),
        side=side,
        strength=np.where(side != 0, draw.uniform(0.5, 1.0, side.shape), 0.5),
    )


def run(
    data,
    params,
    *,
    first_k=480_000,
    approved=None,
    healthy=None,
    family=None,
    state=None,
    fitted=None,
):
    """Run a block from a fresh (or given) state; return the block and the state."""
    n_bars, n_engines, n_coins = data.side.shape
    state = consensus.init(n_engines, n_coins, params) if state is None else state
    approved = np.ones((5, n_engines), dtype=np.int8) if approved is None else approved
    healthy = np.ones(n_engines, dtype=np.int8) if healthy is None else healthy
    healthy = np.broadcast_to(healthy, (n_bars, n_engines)).copy()
    family = np.arange(n_engines, dtype=np.int8) if family is None else family
    out = consensus.out(n_bars, n_engines, n_coins)
    data = Panel(*(np.ascontiguousarray(array) for array in data))
    fitted = calibration.unfitted() if fitted is None else fitted
    consensus.scan(first_k, *data, approved, fitted, healthy, family, params, state, out)
    return out, state


def rows(data, begin, end):
    """Cut a panel in time."""
    return Panel(*(array[begin:end] for array in data))


def arrays(tree):
    """List the arrays of a nested NamedTuple in order."""
    if isinstance(tree, np.ndarray):
        return [tree]
    return [array for branch in tree for array in arrays(branch)]


def copied(tree):
    """Copy a nested NamedTuple of arrays."""
    if isinstance(tree, np.ndarray):
        return tree.copy()
    return type(tree)(*(copied(branch) for branch in tree))
