"""What is laid aside comes back as it was."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.flawed import market

from quorate.errors import DataError
from quorate.lake import governance
from quorate.lake.reading import Judged
from quorate.lake.shelf import Shelf


def judged(name):
    frame = market()[name]
    return Judged(name, frame.height, governance.govern(name, frame, 5), np.array([1, 2]), "USDT")


def same(one, other):
    assert (one.symbol, one.n_rows, one.quote) == (other.symbol, other.n_rows, other.quote)
    np.testing.assert_array_equal(one.left_ms, other.left_ms)
    assert one.governed.findings.equals(other.governed.findings)
    assert len(one.governed.coins) == len(other.governed.coins)
    for (name, mine), (called, theirs) in zip(
        one.governed.coins, other.governed.coins, strict=True
    ):
        assert name == called
        for ours, read in zip(mine, theirs, strict=True):
            if isinstance(ours, np.ndarray):
                assert (ours.dtype, ours.tobytes()) == (read.dtype, read.tobytes())
            else:
                assert ours == read


@pytest.mark.parametrize("is_on_disk", [True, False])
def test_it_is_the_same_to_the_byte_as_often_as_asked(tmp_path, is_on_disk):
    shelf = Shelf(tmp_path / "shelf" if is_on_disk else None)
    names = ("TWICEUSDT", "BARSONLYUSDT", "WRONGUSDT")
    held = {name: [judged(name), None, judged("PLAINUSDT")] for name in names}
    taken = {name: shelf.put(name, each) for name, each in held.items()}
    for _ in range(2):
        for name in names:
            mine, none, other = taken[name]()
            assert none is None
            same(mine, held[name][0])
            same(other, held[name][2])


def test_a_symbol_without_a_coin(tmp_path):
    none = Judged("A", 3, governance.Governed((), pl.DataFrame()), np.array([5]), "")
    (found,) = Shelf(tmp_path).put("A", [none])()
    assert found.governed.coins == ()


def test_a_file_that_has_gone_is_told(tmp_path):
    take = Shelf(tmp_path).put("A", [judged("PLAINUSDT")])
    (tmp_path / "A.bars").unlink()
    with pytest.raises(DataError, match=r"A\.bars cannot be read any more"):
        take()
