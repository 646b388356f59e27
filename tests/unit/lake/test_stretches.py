"""Files that come in stretches of whole days are the files, cut where no rule looks across."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from tests.unit.lake import flawed
from tests.unit.lake.builders import START_MS, bars, stamps, store

from quorate.errors import DataError, SchemaError
from quorate.lake import layout
from quorate.lake.sources import MARK, bar_rows, epoch_ms
from quorate.lake.stretches import Cutting, stretches

DAY = flawed.DAY
DAY_MS = 86_400_000


@pytest.fixture
def scratch(tmp_path):
    where = tmp_path / "scratch"
    where.mkdir()
    return where


def cut(path, scratch, n_rows, **kwargs):
    return list(stretches([path], Cutting(n_rows, scratch), **kwargs))


def days(part):
    return set(((epoch_ms(part.rows, "f") + 30_000) // DAY_MS).tolist())


@pytest.mark.parametrize("n_rows", [90, 200, 288, 500, 10**6])
@pytest.mark.parametrize("name", ["PLAINUSDT", "LATEUSDT", "MIXEDUSDT", "TWICEUSDT"])
def test_they_are_the_file(tmp_path, scratch, name, n_rows):
    path = store(tmp_path / "files", **{name: flawed.market()[name]}) / f"{name}.parquet"
    whole, prints = {}, {}
    rows, title = bar_rows([path], None, whole)
    found = cut(path, scratch, n_rows, prints=prints)
    assert pl.concat([part.rows for part in found]).equals(rows)
    assert {part.name for part in found} == {title}
    assert [part.is_last for part in found] == [False] * (len(found) - 1) + [True]
    assert prints == whole
    for one, other in pairwise(found):
        assert max(days(one)) < min(days(other))
    assert list(scratch.iterdir()) == []
    if name != "MIXEDUSDT":  # its rows are in no order
        assert (len(found) > 1) == (n_rows < 1_000)


def test_a_file_that_goes_back_in_time_comes_in_one_piece(tmp_path, scratch):
    frame = flawed.noisy(1)
    path = store(tmp_path / "files", A=pl.concat([frame[DAY:], frame[:DAY]])) / "A.parquet"
    (found,) = cut(path, scratch, 100)
    assert found.rows.height == frame.height


def test_a_time_that_is_put_on_midnight_is_of_the_next_day(tmp_path, scratch):
    frame = bars(2 * DAY)
    at = frame["ts"].dt.epoch("ms").to_numpy().copy()
    at[DAY] -= 1_500
    frame = frame.with_columns(ts=stamps(at))
    path = store(tmp_path / "files", A=frame) / "A.parquet"
    found = cut(path, scratch, 1)
    assert [part.rows.height for part in found] == [DAY, DAY]


def test_months_of_the_lake_too(tmp_path, scratch):
    key, frame = layout.Key("binance_spot", "ohlcv", "5m"), flawed.noisy(1, 80 * DAY)
    layout.write(frame, tmp_path / "lake", key, "A")
    layout.write(flawed.scaled(frame[:9], 1.1), tmp_path / "lake", key, "A", known_at=2**42)
    paths = layout.files(layout.folder(tmp_path / "lake", key))["A"]
    for as_of in (None, START_MS + 50 * DAY_MS):
        whole, prints = {}, {}
        rows, _ = bar_rows(paths, as_of, whole)
        found = list(stretches(paths, Cutting(1_000, scratch), as_of, prints))
        assert pl.concat([part.rows for part in found]).equals(rows)
        assert len(found) >= 2
        assert prints == whole


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (bars(9).drop("volume"), "no column volume"),
        (bars(9).drop("ts"), "no column ts"),
        (bars(9).with_columns(ts=pl.lit(None, pl.Datetime("ms", "UTC"))), "have no ts"),
        (bars(9).with_columns(ts=pl.lit("x")), "ts is String"),
        (bars(9).with_columns(symbol=pl.Series(["A"] * 8 + ["B"])), "names 2 coins"),
    ],
)
def test_what_is_no_file_of_bars_is_refused(tmp_path, scratch, frame, said):
    path = store(tmp_path / "files", A=frame) / "A.parquet"
    with pytest.raises(SchemaError, match=said):
        cut(path, scratch, 4)
    assert list(scratch.iterdir()) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path, scratch):
    path = tmp_path / "A.parquet"
    with pytest.raises(DataError, match=r"A\.parquet cannot be read"):
        cut(path, scratch, 4)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"A\.parquet cannot be read"):
        cut(path, scratch, 4)


def test_an_empty_file_comes_once(tmp_path, scratch):
    path = store(tmp_path / "files", A=bars(3)[:0]) / "A.parquet"
    (found,) = cut(path, scratch, 4)
    assert found.is_last
    assert found.rows.height == 0


def test_marks_need_no_volume(tmp_path, scratch):
    path = store(tmp_path / "files", A=bars(9).drop("volume")) / "A.parquet"
    assert np.sum([part.rows.height for part in cut(path, scratch, 4, needed=MARK)]) == 9
