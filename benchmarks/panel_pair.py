"""Two series of returns from a seed, for both sides of the bootstrap; NumPy only."""

from __future__ import annotations

import numpy as np

BLOCK = 48
_SEED = 20260101


def pair(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two heavy-tailed series that move together, the first a little better."""
    made = np.random.default_rng(_SEED).standard_t(4, (2, n)) * 0.001
    return made[0] + 0.00002, 0.7 * made[0] + 0.7 * made[1]


def told(drawn: np.ndarray, a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Return the answer: how far the draws lie apart, and the two-sided p-value."""
    value = a.mean() / a.std(ddof=1) - b.mean() / b.std(ddof=1)
    beyond = np.sum(np.abs(drawn - value) >= abs(value))
    return {"std": float(drawn.std()), "p": float((1 + beyond) / (1 + len(drawn)))}
