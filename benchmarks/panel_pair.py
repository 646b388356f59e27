"""Series of returns from a seed, for both sides of the bootstrap and of ratios; NumPy only."""

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


def series(n_series: int, n: int) -> np.ndarray:
    """Return heavy-tailed series with a little drift, shape (n, n_series)."""
    made = np.random.default_rng(_SEED).standard_t(4, (n, n_series)) * 0.001
    return made + np.linspace(-0.00001, 0.00001, n_series)


def summed(ratios: list, n_drawdowns: int) -> dict[str, float]:
    """Return the answer: sums of the ratios over the series, and how many drawdowns there are."""
    names = ("sharpe", "sortino", "calmar", "max_drawdown")
    sums = {name: float(np.sum(each)) for name, each in zip(names, ratios, strict=True)}
    return sums | {"drawdowns": n_drawdowns}
