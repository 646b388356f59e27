"""A panel on disk is the panel that was put there, and a block at a time of it is in memory."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc

import numpy as np
import pytest

import quorate
from quorate.api import folding
from quorate.errors import ConfigError, DataError
from quorate.lake import blocks, columns, synthetic


@pytest.fixture(scope="module")
def panel():
    return synthetic(n_coins=3, days=4, planted_edge=4.0)


def raw(tree):
    """Return every byte of a nested record of arrays."""
    if isinstance(tree, np.ndarray):
        return str((tree.shape, tree.dtype)).encode() + tree.tobytes()
    return b"".join(raw(each) for each in tree)


def version(where):
    """Return the folder that holds the arrays."""
    return where / json.loads((where / "panel.json").read_bytes())["version"]


def content(block):
    return raw((*block.bars, *block.market, block.member, block.quote_usd))


@pytest.mark.parametrize("n_bars", [1000, 10_000, 77])
def test_blocks_are_the_same_to_the_byte(panel, tmp_path, n_bars):
    stored = columns.write(panel, tmp_path)
    for here, there in zip(blocks(panel, n_bars), blocks(stored, n_bars), strict=True):
        assert here[:3] == there[:3]
        assert content(here) == content(there)


def test_what_is_no_bar_comes_back_as_it_was(panel, tmp_path):
    columns.write(panel, tmp_path)
    stored = columns.read(tmp_path)
    assert (stored.n_bars, stored.n_coins) == (panel.n_bars, panel.n_coins)
    assert repr(stored) == repr(panel)
    for field in dataclasses.fields(panel):
        if field.name in {"bars", "market", "member"}:
            continue
        ours, theirs = getattr(panel, field.name), getattr(stored, field.name)
        if field.name in {"venues", "quote_usd", "delisted_k"}:
            assert raw(ours) == raw(theirs)
        else:
            assert ours == theirs, field.name


def test_rows_are_arrays_of_the_reader_that_the_gate_lets_in(panel, tmp_path):
    stored = columns.write(panel, tmp_path)
    rows = stored.market.close[5:9]
    assert type(rows) is np.ndarray
    assert rows.flags.c_contiguous
    assert rows.flags.writeable
    rows[:] = 0.0
    assert stored.market.close[5:9].tobytes() == panel.market.close[5:9].tobytes()


def test_what_the_market_shares_with_the_bars_is_written_once(panel, tmp_path):
    stored = columns.write(panel, tmp_path)
    assert not (version(tmp_path) / "market.close.npy").exists()
    assert (version(tmp_path) / "market.mark.npy").exists()
    assert stored.market.close.shape == (panel.n_bars, 1, panel.n_coins)


def test_two_venues_keep_their_own_columns(panel, tmp_path):
    twice = panel.market._make(np.repeat(array, 2, axis=1) for array in panel.market)
    venues = panel.venues._make(np.repeat(array, 2, axis=0) for array in panel.venues)
    names = (*panel.venue_names, "another")
    two = dataclasses.replace(panel, market=twice, venues=venues, venue_names=names)
    stored = columns.write(two, tmp_path)
    assert stored.market.close.shape == (panel.n_bars, 2, panel.n_coins)
    for here, there in zip(blocks(two, 500), blocks(stored, 500), strict=True):
        assert content(here) == content(there)


def test_numpy_reads_the_files_too(panel, tmp_path):
    columns.write(panel, tmp_path, blocks(panel, 100))
    np.testing.assert_array_equal(np.load(version(tmp_path) / "bars.close.npy"), panel.bars.close)


def test_a_run_of_it_leaves_the_same_bytes(panel, tmp_path):
    stored = columns.write(panel, tmp_path)
    found = []
    for each in (panel, stored):
        fold = folding.begin(each, quorate.read_settings(), quorate.engines())
        rows = [raw((done.features, *done.decisions)) for _, done in folding.advance(each, fold)]
        found.append((rows, raw(fold.memory)))
    assert found[0] == found[1]


def test_memory_does_not_grow_with_history(panel, tmp_path):
    """The same few days ten times over need no more memory than once."""
    n_bars = 200

    def repeated(times):
        for turn in range(times):
            for block in blocks(panel, n_bars):
                yield block._replace(k0=block.k0 + turn * panel.n_bars)

    peaks = []
    for times in (1, 10):
        tracemalloc.start()
        stored = columns.write(panel, tmp_path / str(times), repeated(times))
        assert sum(block.n_bars for block in blocks(stored, n_bars)) == times * panel.n_bars
        peaks.append(tracemalloc.get_traced_memory()[1] - stored.quote_usd.nbytes)
        tracemalloc.stop()
    whole = sum(array.nbytes for array in (*panel.bars, *panel.market))
    assert peaks[1] - peaks[0] < whole / 4


def test_blocks_follow_on_each_other(panel, tmp_path):
    cut = list(blocks(panel, 200))
    with pytest.raises(ValueError, match="it must follow on bar"):
        columns.write(panel, tmp_path, [cut[0], cut[2]])
    with pytest.raises(DataError, match=r"panel\.json"):
        columns.read(tmp_path)


def test_a_file_that_was_cut_short_is_refused(panel, tmp_path):
    stored = columns.write(panel, tmp_path)
    place = version(tmp_path) / "bars.high.npy"
    place.write_bytes(place.read_bytes()[:-8])
    with pytest.raises(DataError, match=r"bars\.high\.npy .* not what its header says"):
        columns.read(tmp_path)
    with pytest.raises(DataError, match="it ends before row"):
        list(blocks(stored, 500))
    place.unlink()
    with pytest.raises(DataError, match=r"bars\.high\.npy"):
        columns.read(tmp_path)
    with pytest.raises(DataError, match="No such file"):
        list(blocks(stored, 500))


@pytest.mark.parametrize("name", ["here", "there"])
def test_a_panel_of_disk_is_written_again_even_over_itself(panel, tmp_path, name):
    stored = columns.write(panel, tmp_path / "here")
    moved = columns.write(stored, tmp_path / name)
    for here, there in zip(blocks(panel, 500), blocks(moved, 500), strict=True):
        assert content(here) == content(there)


def test_a_place_that_cannot_be_written_is_said(panel, tmp_path):
    place = tmp_path / "taken"
    place.write_text("")
    with pytest.raises(DataError, match="the panel was not written"):
        columns.write(panel, place)


def test_an_array_stays_on_disk_and_its_rows_are_read(tmp_path):
    weights = np.arange(12.0).reshape(6, 2)
    np.save(tmp_path / "weights.npy", weights)
    column = columns.array(tmp_path / "weights.npy")
    assert column.shape == (6, 2)
    np.testing.assert_array_equal(column[2:5], weights[2:5])


def test_an_array_whose_rows_are_scattered_is_refused(tmp_path):
    np.save(tmp_path / "weights.npy", np.asfortranarray(np.ones((6, 2))))
    with pytest.raises(DataError, match="Fortran"):
        columns.array(tmp_path / "weights.npy")


def test_what_a_failed_keep_left_can_be_kept_over(tmp_path):
    where = tmp_path / "kept"
    panel = quorate.synthetic(n_coins=2, days=2)
    quorate.keep(panel, where)
    (where / "panel.json").unlink()  # as a disk that fills up leaves it
    assert quorate.keep(panel, where).n_bars == panel.n_bars
    (where / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds other things"):
        quorate.keep(panel, where)


def test_a_description_that_lacks_something_is_broken(tmp_path):
    (tmp_path / "panel.json").write_text("{}")
    quorate.keep(quorate.synthetic(n_coins=2, days=2), tmp_path / "kept")
    (tmp_path / "kept" / "panel.json").write_text("{}")
    with pytest.raises(DataError, match=r"panel\.json .* version: Field required"):
        quorate.load(tmp_path / "kept")


def test_rows_of_a_column_are_read_in_order(tmp_path):
    stored = columns.write(quorate.synthetic(n_coins=2, days=2), tmp_path)
    close = stored.bars.close
    assert close[4:3].shape == (0, 2)
    with pytest.raises(ValueError, match="not consecutive"):
        close[0:6:2]
