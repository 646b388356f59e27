"""Fixed runs come to what they came to: to the byte where arithmetic is known, nearly elsewhere.

And to the same bytes whatever the block, the threads and the number of coins. Blocks of random
lengths, single bars and carried memories are ``test_blocks``; threads and batches of a sweep are
``unit/api/test_sweeping.py``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from benchmarks.digest import LIVELY, RUNS, Left, arithmetic, left
from tests.parity.golden import ARITHMETIC, GOLDEN

import quorate
from quorate.backtest import run
from quorate.core.types import Features

CELLS = run.BLOCK_CELLS


@cache
def found(name: str) -> Left:
    return left(RUNS[name].panel(), RUNS[name].overrides)


@pytest.mark.parametrize("name", RUNS)
def test_a_fixed_run_comes_near_what_it_came_to(name: str) -> None:
    assert GOLDEN[name].far(found(name).figures()) == {}


@pytest.mark.parametrize("name", RUNS)
def test_a_fixed_run_leaves_the_bytes_it_left(name: str) -> None:
    here = arithmetic()
    if here != ARITHMETIC:
        pytest.skip(f"exponentials and logarithms round otherwise here: {here}, not {ARITHMETIC}")
    assert found(name).digest == GOLDEN[name].digest


def test_the_last_bit_is_seen_in_the_bytes_and_not_in_the_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As another machine's library would have it: each feature one last bit off, by its value."""
    plain = {name: found(name).digest for name in RUNS}  # before the noise, if nobody asked yet
    build = run.features.build

    def noisy(*given):
        values = build(*given).values
        bits = values.view(np.int64)
        off = (bits.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
        known = np.isfinite(values) & (values != 0.0)
        bits[known] += (off[known] % np.uint64(3)).astype(np.int64) - 1
        return Features(values)

    monkeypatch.setattr(run.features, "build", noisy)
    for name, fixed in RUNS.items():
        other = left(fixed.panel(), fixed.overrides)
        assert GOLDEN[name].far(other.figures()) == {}
        assert other.digest != plain[name]


@pytest.mark.parametrize("n_coins", [1, 7, 50])
def test_bytes_depend_on_no_block_and_no_thread(
    n_coins: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = quorate.synthetic(n_coins=n_coins, days=18, planted_edge=4.0)
    whole = left(panel, LIVELY, threads=1)
    assert whole.n_fills > 0
    for n_bars, threads in ((97, 2), (1000, 1), (panel.n_bars, 2)):
        monkeypatch.setattr(run, "BLOCK_CELLS", n_bars * n_coins)
        other = left(panel, LIVELY, threads=threads)
        assert (other.digest, other.n_fills) == (whole.digest, whole.n_fills), (n_bars, threads)
