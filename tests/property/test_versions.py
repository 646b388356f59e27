"""Whatever is stored in whatever order, every moment reads what a plain dictionary says."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.errors import DataError
from quorate.lake import layout
from quorate.lake.kinds import INSTANT

KEY = layout.Key("demo", "funding", "event")
MONTH_MS = 31 * 86_400_000
TIMES = st.sampled_from([0, 1, 2, MONTH_MS, MONTH_MS + 1])
VALUES = st.sampled_from([0.0, 1.0, 2.0])
MOMENTS = st.integers(0, 12)
ASKED = (*range(14), MONTH_MS, MONTH_MS + 1, MONTH_MS + 13)
ROW = st.tuples(TIMES, VALUES, MOMENTS)
WRITES = st.lists(st.lists(ROW, min_size=1, max_size=5), min_size=1, max_size=8)


def frame(rows):
    made = pl.DataFrame(rows, schema=["ts", "funding_rate", "known_at"], orient="row")
    return made.with_columns(pl.col("ts", "known_at").cast(INSTANT))


def at(told, ts, moment):
    """Return what was known of a time at a moment, None if nothing was."""
    known = [(known_at, value) for known_at, value in told.get(ts, {}).items()]
    found = [each for each in known if each[0] <= moment]
    return max(found)[1] if found else None


def put_in(told, rows):
    """Write into the dictionary as the lake says it writes; False if it must refuse."""
    # nothing is known before its own time, whatever is said
    rows = [(ts, value, max(known_at, ts)) for ts, value, known_at in rows]
    made = {ts: dict(each) for ts, each in told.items()}
    if len({(ts, known_at) for ts, _, known_at in rows}) < len(set(rows)):
        return False  # one frame says two things of one moment
    for ts, value, known_at in sorted(rows, key=lambda row: (row[0], row[2])):
        if at(made, ts, known_at) == value:
            continue
        if known_at in made.get(ts, {}):
            return False
        made.setdefault(ts, {})[known_at] = value
    told.clear()
    told.update(made)
    return True


def read(root, moment):
    rows = layout.read(root, KEY, as_of=moment)
    return dict(rows.select(pl.col("ts").to_physical(), "funding_rate").rows())


@settings(max_examples=60, deadline=None)
@given(writes=WRITES)
def test_any_order_of_writes_reads_as_a_dictionary_at_every_moment(writes):
    told = {}
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for rows in writes:
            if put_in(told, rows):
                layout.write(frame(rows), root, KEY, "A")
            else:
                with pytest.raises(DataError, match="two different rows"):
                    layout.write(frame(rows), root, KEY, "A")
        if told:
            for moment in ASKED:
                expected = {ts: at(told, ts, moment) for ts in told}
                assert read(root, moment) == {
                    ts: value for ts, value in expected.items() if value is not None
                }


@settings(max_examples=30, deadline=None)
@given(writes=st.lists(st.dictionaries(TIMES, VALUES, min_size=1), min_size=1, max_size=8))
def test_fetches_one_after_the_other_read_as_if_every_one_had_been_kept(writes):
    """The time of the fetch is when it was known: nothing is lost by not storing it twice."""
    kept = {}
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for moment, values in enumerate(writes, MONTH_MS + 2):
            rows = pl.DataFrame(
                {"ts": list(values), "funding_rate": list(values.values())}
            ).with_columns(pl.col("ts").cast(INSTANT))
            layout.write(rows, root, KEY, "A", known_at=moment)
            for ts, value in values.items():
                kept.setdefault(ts, {})[moment] = value
        for moment in range(MONTH_MS + 1, MONTH_MS + 3 + len(writes)):
            expected = {ts: at(kept, ts, moment) for ts in kept}
            assert read(root, moment) == {
                ts: value for ts, value in expected.items() if value is not None
            }
