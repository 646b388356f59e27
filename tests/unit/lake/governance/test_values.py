"""Every flaw of a series without volume is found, counted, and treated as a run treats it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.unit.lake.builders import START_MS, bars, put, settlements, store, without

from quorate.errors import SchemaError
from quorate.lake import funding, sources
from quorate.lake.governance import Rule
from quorate.lake.governance.values import HOUR_MS, judge

AT = START_MS + 8 * HOUR_MS * np.arange(30)
RATE = np.full(30, 1e-4)


def told(found):
    """Return how many rows each rule concerned."""
    rows = found.findings.group_by("rule").agg(pl.col("n").sum()).sort("rule")
    return dict(rows.rows())


def judged(rows, kind="funding", **given):
    return judge(rows, "A", kind, "A.parquet", **given)


def test_whole_funding_has_no_finding():
    found = judged(settlements(AT, RATE))
    assert told(found) == {}
    assert (found.n_rows, found.at_ms.size, set(found.own_ms)) == (30, 30, {8 * HOUR_MS})


def swapped(rows):
    return pl.concat([rows[:10], rows[11:12], rows[10:11], rows[12:]])


FLAWS = {
    "a hole": (lambda rows: without(rows, 10, 3), {"VALUE_MISSING": 3}),
    "a hole at either end is none": (lambda rows: rows[3:-3], {}),
    "the same row twice": (lambda rows: pl.concat([rows[:11], rows[10:]]), {"VALUE_DOUBLED": 1}),
    "two rates of one time": (
        lambda rows: pl.concat([rows[:11], put(rows[10:], 0, funding_rate=2e-4)]),
        {"VALUE_CONFLICT": 1},
    ),
    "two rows in the wrong order": (swapped, {"VALUE_ORDER": 1}),
    "a rate that cannot be": (
        lambda rows: put(rows, 10, funding_rate=0.51),
        {"VALUE_IMPOSSIBLE": 1, "VALUE_MISSING": 1},
    ),
    "no number": (
        lambda rows: put(rows, 10, funding_rate=np.nan),
        {"VALUE_IMPOSSIBLE": 1, "VALUE_MISSING": 1},
    ),
    "a rate far out": (lambda rows: put(rows, 10, funding_rate=-0.011), {"VALUE_SUSPECT": 1}),
    "one of a hundred basis points": (lambda rows: put(rows, 10, funding_rate=0.01), {}),
}
REFUSED = {"VALUE_DOUBLED", "VALUE_CONFLICT", "VALUE_ORDER", "VALUE_IMPOSSIBLE"}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_of_funding_is_counted_and_fails_where_a_run_refuses_it(tmp_path, flaw):
    make, counts = FLAWS[flaw]
    rows = make(settlements(AT, RATE))
    assert told(judged(rows)) == counts
    paths = [store(tmp_path, A=rows) / "A.parquet"]
    if REFUSED.isdisjoint(counts):
        assert funding.read(paths).at_ms.size == rows.height
    else:
        with pytest.raises(SchemaError):
            funding.read(paths)


def test_stamps_near_the_minute_are_put_on_it_and_those_off_the_hour_are_told():
    late = AT.copy()
    late[5] += 9
    late[6] += 2_000
    late[7] += 2_001
    late[8] += 24 * 60_000
    found = judged(settlements(late, RATE))
    assert told(found) == {"VALUE_SNAPPED": 2, "VALUE_LATE": 2}
    assert (found.at_ms - AT)[5:9].tolist() == [0, 0, 2_001, 24 * 60_000]
    assert sources.on_minute(late).tolist() == found.at_ms.tolist()
    seconds = found.findings.filter(rule="VALUE_LATE").select("value", "bound").rows()
    assert seconds == [(2.001, 2.0), (1_440.0, 2.0)]


def test_another_interval_is_told_where_it_begins_and_holes_are_counted_by_it():
    hours = np.cumsum([0] + [8] * 9 + [4] * 6 + [12] + [4] * 3 + [2, 2, 4])
    found = judged(settlements(START_MS + HOUR_MS * hours, np.full(hours.size, 1e-4)))
    rows = found.findings.select("rule", "n", "value", "bound").rows()
    assert rows == [
        ("INTERVAL_CHANGED", 1, 4.0, 8.0),
        ("VALUE_MISSING", 2, 12.0, 4.0),
        ("VALUE_EXTRA", 1, 2.0, 4.0),
    ]
    changed = found.findings["at"].dt.epoch("ms")[0]
    assert changed == START_MS + HOUR_MS * 72


def test_a_span_tells_what_lies_in_it_by_rules_that_read_everything():
    rows = put(without(settlements(AT, RATE), 10, 6), 20, funding_rate=0.02)
    whole = judged(rows)
    part = whole.within(int(AT[12]), int(AT[20]))
    assert told(part) == {"VALUE_MISSING": 4}
    assert part.findings.select("n", "value", "bound").row(0) == (4, 56.0, 8.0)
    assert (part.n_rows, part.at_ms.tolist()) == (4, AT[16:20].tolist())
    one = pl.concat([rows[:5], rows[4:]])
    assert judged(one).within(int(AT[4]), int(AT[5])).n_rows == 2


def marks(n=60):
    return bars(n, minutes=60).drop("volume")


MARKS = {
    "whole": (lambda rows: rows, {}),
    "a hole": (lambda rows: without(rows, 10, 5), {"VALUE_MISSING": 5}),
    "a high below the close": (
        lambda rows: put(rows, 10, high=1.0),
        {"VALUE_IMPOSSIBLE": 1, "VALUE_MISSING": 1},
    ),
    "a jitter": (
        lambda rows: rows.with_columns(pl.col("ts") + pl.duration(milliseconds=7)),
        {"VALUE_SNAPPED": 60},
    ),
    "off the grid": (
        lambda rows: rows.with_columns(
            pl.when(pl.int_range(60) == 10)
            .then(pl.col("ts") + pl.duration(minutes=3))
            .otherwise(pl.col("ts"))
        ),
        {"MARK_OFF_GRID": 1, "VALUE_MISSING": 1},
    ),
    "a price that halves": (
        lambda rows: put(rows, 10, **dict.fromkeys(("open", "high", "low", "close"), 50.0)),
        {"VALUE_SUSPECT": 2},
    ),
}


@pytest.mark.parametrize("kind", ["mark", "index"])
@pytest.mark.parametrize("flaw", MARKS)
def test_a_flaw_of_marks_is_counted_and_fails_where_a_run_refuses_it(tmp_path, flaw, kind):
    make, counts = MARKS[flaw]
    rows = make(marks())
    assert told(judged(rows, kind)) == counts
    paths = [store(tmp_path, A=rows) / "A.parquet"]

    def read():
        return sources.snap(sources.read_bars(paths, drop_last=False, has_volume=False), 60)

    if {"VALUE_IMPOSSIBLE", "MARK_OFF_GRID"}.isdisjoint(counts):
        assert read().open_ms.size == rows.height
    else:
        with pytest.raises(SchemaError):
            read()


def test_the_last_mark_of_a_plain_file_is_left_out():
    found = judged(marks(), "mark", drop_last=True)
    assert told(found) == {"ROW_UNFINISHED": 1}
    assert (found.n_rows, found.at_ms.size) == (60, 59)
    assert told(judged(settlements(AT, RATE), drop_last=True)) == {}


def test_open_interest_is_counted_by_its_own_minutes_and_is_never_negative():
    at = START_MS + 300_000 * np.arange(40)
    rows = pl.DataFrame({"ts": settlements(at, at)["ts"], "open_interest": 5.0})
    found = judged(put(without(rows, 20, 4), 3, open_interest=-1.0), "open_interest")
    assert told(found) == {"VALUE_IMPOSSIBLE": 1, "VALUE_MISSING": 5}
    assert set(found.own_ms) == {300_000}


def test_funding_by_the_minute_is_counted_by_the_minute():
    at = START_MS + 60_000 * np.arange(20)
    found = judged(without(settlements(at, np.zeros(20)), 10, 2))
    assert told(found) == {"VALUE_MISSING": 2}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_few_rows_are_a_series(n):
    found = judged(settlements(AT[:n], RATE[:n]))
    assert (told(found), found.at_ms.size, found.own_ms.size) == ({}, n, n)


def test_what_is_no_such_series_is_refused():
    with pytest.raises(SchemaError, match="no column funding_rate; it has ts, rate"):
        judged(settlements(AT, RATE).rename({"funding_rate": "rate"}))
    with pytest.raises(SchemaError, match="column funding_rate is String"):
        judged(settlements(AT, RATE).cast({"funding_rate": pl.String}))


def test_every_rule_of_these_series_was_seen():
    seen = set().union(*(counts for _, counts in (*FLAWS.values(), *MARKS.values())))
    seen |= {"VALUE_LATE", "INTERVAL_CHANGED", "VALUE_EXTRA"}
    ours = {rule for rule in Rule if rule.startswith(("VALUE_", "MARK_", "INTERVAL_"))}
    assert seen == ours
