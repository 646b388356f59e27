"""What is laid aside comes back as it was, any span of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.unit.lake.flawed import market

from quorate.errors import DataError
from quorate.lake import governance, resampling
from quorate.lake.grid import take, window
from quorate.lake.shelf import Shelf
from quorate.lake.sources import COLUMNS

DAY_MS = 86_400_000


def believed(name):
    ((_, series), *_) = governance.govern(name, market()[name], 5).coins
    return series


def hours():
    return resampling.fold(believed("GAPSUSDT"), 5, 60, 60.0)[0]


SERIES = {"five minutes": believed("PLAINUSDT"), "gaps": believed("GAPSUSDT"), "hours": hours()}


def same(one, other):
    for name in (*COLUMNS, "status"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None)
        if mine is not None:
            assert (mine.dtype, mine.tobytes()) == (theirs.dtype, theirs.tobytes()), name
    assert (one.file, one.has_taker) == (other.file, other.has_taker)


def put(where, series, edges):
    pile = Shelf(where).pile("A.0")
    for low, high in zip([0, *edges], [*edges, series.open_ms.size], strict=True):
        pile.put("A", take(series, slice(low, high)))
    ((name, lying),) = pile.coins
    assert name == "A"
    return lying


@pytest.mark.parametrize("is_on_disk", [True, False])
@pytest.mark.parametrize("edges", [[], [100], [1, 2, 70, 100]])
@pytest.mark.parametrize("name", SERIES)
def test_any_span_is_the_same_to_the_byte_as_often_as_asked(tmp_path, name, edges, is_on_disk):
    series = SERIES[name]
    lying = put(tmp_path / "shelf" if is_on_disk else None, series, edges)
    at = series.open_ms
    assert (lying.first_ms, lying.last_ms) == (at[0], at[-1])
    for _ in range(2):
        same(lying.within(), series)
    assert [each.open_ms.size for each in lying.each()] == np.diff([0, *edges, at.size]).tolist()
    for low, high in ((0, 1), (1, 70), (69, 71), (70, 100), (99, at.size), (5, 5)):
        end = at[-1] + 1 if high == at.size else at[high]
        same(lying.within(at[low], end), window(series, at[low], end))
        around = take(series, slice(max(low - 1, 0), high + 1))
        same(lying.around(at[low], end), around)
        assert lying.before(at[low]) == (at[low - 1] if low else None)
        assert lying.behind(at[low]) == at[low]
        same(lying.cut(end).within(), take(series, slice(0, high)))
        is_any = high > low
        assert lying.span(at[low], end) == ((at[low], at[high - 1]) if is_any else None)
    assert lying.behind(at[-1] + 1) is None
    assert lying.cut(at[70]).before(at[-1]) == at[69]


@pytest.mark.parametrize("is_on_disk", [True, False])
def test_whether_takers_are_known_is_known_of_all_pieces(tmp_path, is_on_disk):
    series = SERIES["five minutes"]
    pile = Shelf(tmp_path if is_on_disk else None).pile("A")
    pile.put("A", take(series, slice(0, 9))._replace(has_taker=False))
    pile.put("A", take(series, slice(9, 20)))
    lying = dict(pile.coins)["A"]
    assert lying.within(series.open_ms[0], series.open_ms[5]).has_taker


@pytest.mark.parametrize("is_on_disk", [True, False])
def test_spans_are_whole_days_side_by_side(tmp_path, is_on_disk):
    spans = list(Shelf(tmp_path if is_on_disk else None).spans(DAY_MS + 5, 900 * DAY_MS, 300_000))
    assert spans[0][0] == DAY_MS
    assert spans[-1][1] >= 900 * DAY_MS
    assert all(one[1] == other[0] for one, other in pairwise(spans))
    assert len(spans) == (8 if is_on_disk else 1)
    assert all(low % DAY_MS == 0 for low, _ in spans)


def test_a_file_that_has_gone_is_told(tmp_path):
    lying = put(tmp_path, SERIES["gaps"], [50])
    (tmp_path / "A.0.bars").unlink()
    with pytest.raises(DataError, match=r"A\.0\.bars cannot be read any more"):
        lying.within()
