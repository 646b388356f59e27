"""Strands are woven into the same arrays in memory and from a file."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.lake import strands
from quorate.lake.strands import InMemory, Key, OnDisk

N = 23


def made(c, n_venues, is_flat=False):
    """Return one coin's strand, of numbers that say where they belong."""
    t = np.arange(N)

    def numbers(nth):
        return (1000.0 * nth + 100.0 * c + t).astype(float)

    found = {Key(f"bars.{name}"): numbers(i) for i, name in enumerate(strands._OF_BARS[:-1])}
    found[Key("bars.status")] = (t % 3).astype(np.int8)
    found[Key("member")] = (t > c).astype(np.int8)
    for v in range(n_venues):
        if n_venues > 1:
            for i, name in enumerate(strands._OF_VENUES[:-1]):
                found[Key(f"market.{name}", v)] = numbers(10 * v + i)
            found[Key("market.status", v)] = (t % 2).astype(np.int8)
        found[Key("market.mark", v)] = found[Key("bars.close")]
        flat = np.broadcast_to(np.float64(c), (N,))
        found[Key("market.funding", v)] = flat if is_flat else numbers(50 + v)
        found[Key("market.spread_bps", v)] = np.broadcast_to(np.float64(np.nan), (N,))
    for name in ("funding_rate", "funding_hours", "basis_bps", "spread_bps"):
        found[Key(f"bars.{name}")] = np.broadcast_to(np.float64(0.0), (N,))
    return found


@pytest.mark.parametrize("n_venues", [1, 2])
@pytest.mark.parametrize("n_coins", [1, 3])
@pytest.mark.parametrize("cells", [1, 10, 100_000])
def test_a_file_gives_what_memory_does(tmp_path, monkeypatch, n_venues, n_coins, cells):
    monkeypatch.setattr(strands, "BLOCK_CELLS", cells)
    whole = InMemory(N, n_venues, n_coins)
    parts = OnDisk(tmp_path / "strands", N, n_venues, n_coins)
    for c in reversed(range(n_coins)):  # whatever thread was first; some coins flat, some not
        for loom in (whole, parts):
            loom.put(c, made(c, n_venues, is_flat=c == 1))
    bars, market, member = strands.woven(whole.arrays)
    t = 0
    for block in parts.blocks(7, np.arange(N, dtype=float)):
        rows = slice(t, t + block.n_bars)
        assert (block.t, block.k0) == (t, 7 + t)
        assert block.quote_usd.tolist() == list(range(N))[rows]
        for ours, theirs in (
            *zip(block.bars, bars, strict=True),
            *zip(block.market, market, strict=True),
            (block.member, member),
        ):
            assert ours.dtype == theirs.dtype
            assert ours.flags.c_contiguous
            assert ours.flags.writeable
            assert ours.shape == theirs[rows].shape
            assert ours.tobytes() == np.ascontiguousarray(theirs[rows]).tobytes()
        t += block.n_bars
    assert t == N


def test_of_one_venue_the_market_is_a_view_of_the_bars():
    loom = InMemory(N, 1, 2)
    for c in range(2):
        loom.put(c, made(c, 1))
    bars, market, _ = strands.woven(loom.arrays)
    assert np.shares_memory(bars.close, market.close)
    assert not np.shares_memory(bars.spread_bps, market.spread_bps)
    assert not np.shares_memory(bars.close, market.mark)


def test_what_is_one_number_or_another_column_takes_no_room(tmp_path):
    loom = OnDisk(tmp_path / "strands", N, 1, 1)
    loom.put(0, made(0, 1, is_flat=True))
    assert (tmp_path / "strands").stat().st_size == N * (6 * 8 + 2)
