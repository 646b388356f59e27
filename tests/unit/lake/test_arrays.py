"""Blocks become files one after the other; a block that does not fit the first is refused."""

from __future__ import annotations

import numpy as np
import pytest

from quorate.lake import blocks, synthetic
from quorate.lake.arrays import append, put


@pytest.fixture(scope="module")
def panel():
    return synthetic(n_coins=2, days=1)


def test_files_are_what_numpy_reads(panel, tmp_path):
    arrays, same = append(panel.k0, tmp_path, blocks(panel, 100))
    for name, (dtype, shape) in arrays.items():
        found = np.load(tmp_path / f"{name}.npy")
        assert (found.dtype.str, found.shape) == (dtype, shape), name
    assert np.load(tmp_path / "member.npy").tobytes() == panel.member.tobytes()
    assert not set(same) & set(arrays)


@pytest.mark.parametrize(
    "change", [lambda x: x.astype(np.float32), lambda x: x[:, :1], lambda x: x[1:]]
)
def test_a_block_of_another_form_is_refused(panel, tmp_path, change):
    first, other, _ = blocks(panel, 100)
    other = other._replace(bars=other.bars._replace(volume=change(other.bars.volume)))
    with pytest.raises(
        ValueError, match=r"bars\.volume of a block is .* it must be <f8 \(100, 2\)"
    ):
        append(panel.k0, tmp_path, [first, other])


def test_an_array_in_any_order_is_stored_in_one(tmp_path):
    given = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert put(tmp_path / "x.npy", given) == ("<f8", (2, 3))
    found = np.load(tmp_path / "x.npy")
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, given)
