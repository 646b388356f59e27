"""The market that every system is measured on: made from a seed, the same on every machine.

In: a number of coins and of bars. Out: closes with a moving-average signal, or whole bars.
NumPy only, for the other systems' environments have no quorate. What was made is kept under
``QUORATE_BENCH_HOME`` (default ``~/.cache/quorate/bench``), and made in a process of its own, so
that making it never counts in a measured process's peak of memory.
``python benchmarks/panel.py 50 200`` makes the year of 50 and of 200 coins beforehand.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

YEAR = 105_120  # bars of five minutes
BAR_NS = 300 * 10**9
FEE = 4e-4
SLIPPAGE = 2e-4
CASH = 1e6

_PRICES_SEED = 7
_BARS_SEED = 9
_FAST = 48
_SLOW = 288
_DEAD_BAND = 1e-3
_MADE = ("close", "signal", "open", "high", "low", "volume")


class Ohlcv(NamedTuple):
    """Whole bars, each column of shape (time, coin)."""

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray


def home() -> Path:
    """Return the folder where benchmarks keep what they make."""
    chosen = os.environ.get("QUORATE_BENCH_HOME")
    return Path(chosen) if chosen else Path.home() / ".cache" / "quorate" / "bench"


def closes(n_coins: int, n_bars: int = YEAR) -> tuple[np.ndarray, np.ndarray]:
    """Return closes, float64, and signals in {-1, 0, 1}, int8, each of shape (time, coin).

    The signal is the side of a fast moving average (48 bars) against a slow one (288), 0 within
    a tenth of a percent.
    """
    return _kept("close", n_coins, n_bars), _kept("signal", n_coins, n_bars)


def ohlcv(n_coins: int, n_bars: int = YEAR) -> Ohlcv:
    """Return whole bars around the closes; a bar opens at the close before it."""
    return Ohlcv(*(_kept(column, n_coins, n_bars) for column in Ohlcv._fields))


def parquet(n_coins: int) -> Path:
    """Return a folder of the year's bars in steps of a tick, one Parquet file a coin.

    Made once, by a process of this project's environment (``ours/lake.py --write``).
    """
    folder = home() / "panel" / f"parquet_{n_coins}"
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: run benchmarks/ours/lake.py --write {n_coins}")
    return folder


def changes(signal: np.ndarray) -> np.ndarray:
    """Say where a signal differs from the bar before it; before the first it is 0."""
    return np.vstack([signal[:1] != 0, signal[1:] != signal[:-1]])


def _file(name: str, n_coins: int, n_bars: int) -> Path:
    return home() / "panel" / f"{name}_{n_coins}_{n_bars}.npy"


def _kept(name: str, n_coins: int, n_bars: int) -> np.ndarray:
    path = _file(name, n_coins, n_bars)
    if not path.exists():
        command = [sys.executable, __file__, "--bars", str(n_bars), str(n_coins)]
        subprocess.run(command, check=True)
    return np.load(path)


def _make(n_coins: int, n_bars: int) -> None:
    """Write every column; the draws are those of a whole year, cut to its first bars."""
    length = max(n_bars, YEAR)
    random = np.random.default_rng(_PRICES_SEED)
    returns = random.standard_normal((length, n_coins)) * 0.0015
    returns += random.standard_normal((length, 1)) * 0.001
    close = 100 * np.exp(np.cumsum(returns, axis=0))
    signal = np.ascontiguousarray(_signal(close)[:n_bars])
    close = np.ascontiguousarray(close[:n_bars])
    random = np.random.default_rng(_BARS_SEED)
    opened = np.concatenate([close[:1], close[:-1]])
    wick = np.abs(random.standard_normal(close.shape)) * 5e-4
    volume = np.exp(random.standard_normal(close.shape) + 3)
    high = np.maximum(opened, close) * (1 + wick)
    low = np.minimum(opened, close) * (1 - wick)
    columns = (close, signal, opened, high, low, volume)
    for name, column in zip(_MADE, columns, strict=True):
        path = _file(name, n_coins, n_bars)
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}.npy")
        np.save(half, column)
        half.replace(path)


def _signal(close: np.ndarray) -> np.ndarray:
    total = np.vstack([np.zeros((1, close.shape[1])), np.cumsum(close, axis=0)])
    fast = np.full(close.shape, np.nan)
    slow = fast.copy()
    fast[_FAST - 1 :] = (total[_FAST:] - total[:-_FAST]) / _FAST
    slow[_SLOW - 1 :] = (total[_SLOW:] - total[:-_SLOW]) / _SLOW
    gap = fast / slow - 1
    return np.where(gap > _DEAD_BAND, 1, np.where(gap < -_DEAD_BAND, -1, 0)).astype(np.int8)


def main() -> None:
    """Make panels: ``panel.py [--bars N] COINS ...``."""
    given = sys.argv[1:]
    n_bars = YEAR
    if given[:1] == ["--bars"]:
        n_bars, given = int(given[1]), given[2:]
    for n_coins in given:
        _make(int(n_coins), n_bars)


if __name__ == "__main__":
    main()
