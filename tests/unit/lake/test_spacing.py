"""How long bars are follows from how far apart most of them stand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, store

from quorate.errors import SchemaError
from quorate.lake import sources, spacing


def read(folder, frame):
    store(folder, A=frame)
    return sources.read_bars([folder / "A.parquet"], drop_last=False)


def minutes_of(series):
    return spacing.infer_minutes(series.open_ms, series.file)


@pytest.mark.parametrize("minutes", [1, 5, 15, 60, 1440])
def test_the_bar_length_is_the_common_spacing(tmp_path, minutes):
    frame = pl.concat([bars(n=40, minutes=minutes)[:10], bars(n=40, minutes=minutes)[15:]])
    assert minutes_of(read(tmp_path, frame)) == minutes


def test_one_row_has_no_spacing(tmp_path):
    assert minutes_of(read(tmp_path, bars(n=1))) is None


def test_mixed_intervals_are_refused(tmp_path):
    later = START_MS + 24 * 300_000
    mixed = pl.concat([bars(n=24), bars(n=20, minutes=15, start_ms=later)])
    with pytest.raises(SchemaError, match="bars of 5 minutes, but 15 minutes apart"):
        minutes_of(read(tmp_path, mixed))
    mixed = pl.concat([bars(n=3), bars(n=40, minutes=60, start_ms=START_MS + 3_600_000)])
    with pytest.raises(SchemaError, match="bars of 60 minutes, but 5 minutes apart"):
        minutes_of(read(tmp_path, mixed))


def test_where_rules_judge_shorter_spacings_pass_and_order_does_not_matter():
    at = START_MS + np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) * 300_000
    odd = np.append(at, at[4] + 60_000)
    assert spacing.infer_minutes(odd[::-1], "A", is_strict=False) == 5
    with pytest.raises(SchemaError, match="but 1 minutes apart"):
        spacing.infer_minutes(np.sort(odd), "A")


@pytest.mark.parametrize("edges", [[1], [3, 4, 9], [10]])
def test_stretches_are_counted_as_the_whole(edges):
    at = np.delete(START_MS + 300_000 * np.arange(40), [5, 6, 20])
    at[12] += 240_000
    spacings = spacing.Spacings()
    for part in np.split(at, edges):
        spacings.add(part)
    assert spacings.minutes("A", is_strict=False) == spacing.infer_minutes(at, "A", is_strict=False)
    for count in (lambda: spacings.minutes("A"), lambda: spacing.infer_minutes(at, "A")):
        with pytest.raises(SchemaError, match="but 1 minutes apart at 2023-02-01 01:14:00Z"):
            count()


def test_nothing_has_no_spacing():
    spacings = spacing.Spacings()
    spacings.add(np.empty(0, np.int64))
    spacings.add(np.array([START_MS]))
    assert spacings.minutes("A") is None
