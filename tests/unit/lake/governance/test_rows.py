"""Rows as stored: order, doubles, the grid, impossible values, each counted exactly."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, stamps

from quorate.errors import SchemaError
from quorate.lake.governance import Params, Rule, rows

BAR_MS = 300_000


def tidy(frame, minutes=5, **kwargs):
    return rows.tidy(frame, "set/A.parquet", minutes, Params(), **kwargs)


def counts(findings):
    return {each.rule: int(each.n.sum()) for each in findings if each.at_ms.size}


def moved(frame, row, ms):
    at = frame["ts"].dt.epoch("ms").to_numpy().copy()
    at[row] += ms
    return frame.with_columns(stamps(at))


def test_rows_without_a_flaw_stay_as_they_are():
    series, findings = tidy(bars(24))
    assert findings == []
    assert series.open_ms.tolist() == [START_MS + i * BAR_MS for i in range(24)]
    assert np.isnan(series.taker_buy).all()


def test_reversed_rows_are_put_in_order_and_counted():
    frame = bars(24)
    series, findings = tidy(frame.reverse())
    assert counts(findings) == {Rule.ROW_ORDER: 23}
    assert series.close.tolist() == frame["close"].to_list()


def test_a_doubled_row_is_kept_once():
    frame = bars(24)
    series, findings = tidy(pl.concat([frame[:10], frame[9:]]))
    assert counts(findings) == {Rule.ROW_DOUBLED: 1}
    assert findings[0].at_ms.tolist() == [START_MS + 9 * BAR_MS]
    assert series.open_ms.size == 24


def test_of_two_rows_that_disagree_the_one_stored_later_counts():
    frame = bars(24)
    other = put(frame[9:10], 0, close=100.92)
    series, findings = tidy(pl.concat([frame, other]))
    assert counts(findings) == {Rule.ROW_ORDER: 1, Rule.ROW_CONFLICT: 1}
    assert series.close[9] == 100.92
    conflict = findings[1]
    assert (conflict.value[0], conflict.bound[0]) == (frame["close"][9], 100.92)


@pytest.mark.parametrize(("ms", "rule"), [(2_000, Rule.STAMP_SNAPPED), (-9, Rule.STAMP_SNAPPED)])
def test_jitter_within_the_tolerance_is_put_on_the_grid(ms, rule):
    series, findings = tidy(moved(bars(24), 7, ms))
    assert counts(findings) == {rule: 1}
    assert series.open_ms[7] == START_MS + 7 * BAR_MS
    assert findings[0].value[0] == abs(ms) / 1e3


def test_a_time_farther_off_is_left_out_and_fails_the_series():
    series, findings = tidy(moved(bars(24), 7, 2_001))
    assert counts(findings) == {Rule.STAMP_OFF_GRID: 1}
    assert series.open_ms.size == 23


@pytest.mark.parametrize(
    "values",
    [
        {"close": 0.0},
        {"close": float("nan")},
        {"high": 1.0},
        {"low": 1e9},
        {"volume": -1.0},
        {"high": float("inf")},
    ],
)
def test_an_impossible_row_is_left_out(values):
    series, findings = tidy(put(bars(24), 5, **values))
    assert counts(findings) == {Rule.ROW_IMPOSSIBLE: 1}
    assert START_MS + 5 * BAR_MS not in series.open_ms.tolist()


def test_takers_cannot_buy_more_than_was_traded():
    frame = bars(24).with_columns(taker_buy_volume=pl.lit(4.0))
    series, findings = tidy(put(frame, 3, taker_buy_volume=11.0))
    assert counts(findings) == {Rule.ROW_IMPOSSIBLE: 1}
    assert series.taker_buy.tolist() == [4.0] * 23


def test_the_last_row_may_be_unfinished():
    series, findings = tidy(bars(24), drop_last=True)
    assert counts(findings) == {Rule.ROW_UNFINISHED: 1}
    assert series.open_ms.size == 23


def test_a_missing_column_is_named():
    with pytest.raises(SchemaError, match="no column volume"):
        tidy(bars(3).drop("volume"))


def test_no_row_is_no_bar():
    series, findings = tidy(bars(3)[:0], drop_last=True)
    assert (series.open_ms.size, findings) == (0, [])


def test_of_two_times_that_snap_to_one_the_row_stored_later_counts():
    frame = bars(24)
    first, later = moved(frame[9:10], 0, 1), moved(put(frame[9:10], 0, close=100.92), 0, -1)
    series, findings = tidy(
        pl.concat([frame[:9], first, later, frame[10:]], how="vertical_relaxed")
    )
    assert counts(findings) == {Rule.STAMP_SNAPPED: 2, Rule.ROW_CONFLICT: 1}
    assert series.close[9] == 100.92


def test_an_impossible_row_does_not_push_out_a_good_one_of_its_time():
    frame = bars(24)
    bad = put(frame[9:10], 0, close=float("nan"))
    series, findings = tidy(pl.concat([frame[:10], bad, frame[10:]]))
    assert counts(findings) == {Rule.ROW_IMPOSSIBLE: 1}
    assert series.close[9] == frame["close"][9]


def test_an_unfinished_row_that_is_left_out_anyway_takes_no_finished_one_with_it():
    frame = bars(24)
    series, findings = tidy(put(frame, 23, high=1.0), drop_last=True)
    assert counts(findings) == {Rule.ROW_IMPOSSIBLE: 1}
    assert series.open_ms.size == 23
