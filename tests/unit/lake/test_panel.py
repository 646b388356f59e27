"""Blocks are contiguous, writable views which together are the panel."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.lake import blocks, synthetic
from quorate.lake.grid import NEVER
from quorate.lake.panel import part


@pytest.mark.parametrize("n_bars", [1, 7, 100, 288, 10_000])
def test_blocks_are_the_panel_in_order(n_bars):
    panel = synthetic(n_coins=2, days=1)
    cut = list(blocks(panel, n_bars))
    assert sum(block.n_bars for block in cut) == panel.n_bars
    assert [block.k0 - panel.k0 for block in cut] == [block.t for block in cut]
    for name in panel.bars._fields:
        joined = np.concatenate([getattr(block.bars, name) for block in cut])
        np.testing.assert_array_equal(joined, getattr(panel.bars, name))
    for name in panel.market._fields:
        joined = np.concatenate([getattr(block.market, name) for block in cut])
        np.testing.assert_array_equal(joined, getattr(panel.market, name))
    np.testing.assert_array_equal(np.concatenate([block.member for block in cut]), panel.member)


def test_blocks_are_contiguous_writable_views():
    panel = synthetic(n_coins=2, days=1)
    for block in blocks(panel, 100):
        arrays = (*block.bars, *block.market, block.member, block.quote_usd)
        whole = (*panel.bars, *panel.market, panel.member, panel.quote_usd)
        for array, source in zip(arrays, whole, strict=True):
            assert array.flags.c_contiguous
            assert array.flags.writeable
            assert array.dtype == source.dtype
            assert np.shares_memory(array, source)


@pytest.mark.parametrize("n_bars", [0, -3])
def test_a_block_has_a_bar(n_bars):
    with pytest.raises(ValueError, match="it must be at least 1"):
        next(blocks(synthetic(n_coins=1, days=1), n_bars))


def test_stamps_are_closes():
    panel = synthetic(n_coins=1, days=1)
    assert panel.close_ms(0) % 86_400_000 == 300_000
    assert panel.close_ms(panel.n_bars - 1) % 86_400_000 == 0
    assert panel.bars_per_hour == 12


def test_a_part_knows_nothing_after_it():
    panel = synthetic(n_coins=6, days=40, seed=7)
    gone = int(np.argmin(panel.delisted_k))
    end = int(panel.delisted_k[gone]) - panel.k0
    assert 0 < end < panel.n_bars - 600
    before, after = part(panel, 100, end), part(panel, 100, end + 600)
    assert before.delisted_k[gone] == NEVER
    assert part(panel, 100, end + 280).delisted_k[gone] == NEVER  # silent, for less than a day
    assert after.delisted_k[gone] == panel.delisted_k[gone]
    assert (before.k0, before.n_bars) == (panel.k0 + 100, end - 100)
    assert np.shares_memory(before.bars.close, panel.bars.close)
    np.testing.assert_array_equal(after.bars.close, panel.bars.close[100 : end + 600])
    assert before.source.digest != after.source.digest != panel.source.digest


@pytest.mark.parametrize(("first", "after"), [(5, 5), (-1, 9), (0, 289)])
def test_a_part_that_is_none_is_refused(first, after):
    with pytest.raises(ValueError, match="are no part of 288 bars"):
        part(synthetic(n_coins=1, days=1), first, after)
