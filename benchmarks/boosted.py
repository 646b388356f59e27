"""Rows for boosted trees, from a seed, and the trees that each side grows on them.

Labels follow a few features faintly, as returns do. NumPy only, for both sides import it.
"""

from __future__ import annotations

import numpy as np

N_FEATURES = 40
N_TRAIN = 20_000
N_TREES = 200
DEPTH = 5  # 32 leaves at most, against 31 of a library that grows leaf by leaf
RATE = 0.1
LEAST = 20.0  # labels a leaf
CALLS = {1: 5_000, 50: 500, 100_000: 1}  # in a turn, by rows a call


def train() -> tuple[np.ndarray, np.ndarray]:
    """Return rows, shape (row, feature), and labels 0 and 1."""
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(N_TRAIN, N_FEATURES))
    z = 0.6 * np.sign(rows[:, 0]) * (rows[:, 1] > 0.0) + 0.4 * rows[:, 2] * rows[:, 3]
    return rows, (draw.uniform(size=N_TRAIN) < 1.0 / (1.0 + np.exp(-z))).astype(float)


def calls(n_rows: int) -> list[np.ndarray]:
    """Return the rows of each call of a turn, shape (n_rows, feature): no two are the same."""
    draw = np.random.default_rng(2)
    return list(draw.normal(size=(CALLS[n_rows], n_rows, N_FEATURES)))


def told(probs: list[np.ndarray]) -> dict[str, float]:
    """Return what two sides can compare: mean and spread of the probabilities."""
    found = np.concatenate(probs)
    return {"mean": float(found.mean()), "deviation": float(found.std())}
