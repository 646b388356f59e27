"""As of a time there is one answer: an import changes none that was given, or says how many rows.

Imports in any order, of any hours of a few symbols, through the front door; what a reader sees as
of every hour is written down before each and held against what he sees after it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.lake.builders import bars, store

import quorate
from quorate.lake import layout, reach

KEY = layout.Key("v_spot", "ohlcv", "1h")
HOUR = timedelta(hours=1)
START = bars(1)["ts"][0]
N = 60
SYMBOLS = ("A", "B", "C")
FILE = st.tuples(st.integers(0, 20), st.integers(4, N - 20), st.integers(0, N), st.integers(0, 9))
IMPORTS = st.lists(
    st.dictionaries(st.sampled_from(SYMBOLS), FILE, min_size=1), min_size=2, max_size=4
)
# B ends within a day of A: its last bar is left out, and comes with the longer files
ENDED = [{"A": (0, 50, 0, 0), "B": (0, 45, 0, 0)}, {"A": (0, 60, 0, 0), "B": (0, 46, 0, 0)}]
# B was not in the folder the second time; its hours lack when A's are there, and come then
STALE = [ENDED[0], {"A": (0, 60, 0, 0)}, {"A": (0, 60, 0, 0), "B": (0, 60, 0, 0)}]
# a hole is filled; an earlier history comes, and a new symbol
HOLES = [{"A": (9, 50, 20, 9)}, {"A": (9, 50, 0, 0)}, {"A": (0, 50, 0, 0), "C": (5, 40, 0, 0)}]


def hours(first, n, hole, width):
    """Return hours from one on, without some of them."""
    rows = bars(N, 60).with_row_index("t").filter(pl.col("t").is_between(first, first + n - 1))
    return rows.filter(~pl.col("t").is_between(hole, hole + width - 1)).drop("t")


def seen(lake):
    """Return what is there as of every hour, by symbol and open."""
    told = layout.history(lake, KEY)
    return {
        hour: set(told.filter(pl.col("known_at") <= START + hour * HOUR)["symbol", "ts"].rows())
        for hour in range(N + 1)
    }


@settings(max_examples=6, deadline=None)
@example(imports=ENDED)
@example(imports=STALE)
@example(imports=HOLES)
@given(imports=IMPORTS)
def test_an_import_changes_no_answer_or_says_by_how_many_rows(imports):
    with TemporaryDirectory() as folder:
        lake, before, told = Path(folder) / "lake", {}, None
        for nth, files in enumerate(imports):
            plain = store(Path(folder) / f"{nth}", **{s: hours(*f) for s, f in files.items()})
            at = datetime(2024, 1, 1 + nth, tzinfo=UTC)
            done = quorate.import_data(
                plain, lake, vendor=KEY.vendor, kind=KEY.kind, interval="1h", corrected_at=at
            )
            if not done.coins["error"].eq("").all():
                return  # a file without a row left
            after = seen(lake)
            if told is not None:
                new = after[told] - before[told]
                assert len(new) == done.n_backdated
                # it is history only of a symbol that is new, or from before its first hour
                firsts = {s: min(ts for each, ts in before[N] if each == s) for s, _ in before[N]}
                assert all(s not in firsts or ts < firsts[s] for s, ts in new)
                for hour in range(told + 1):
                    assert after[hour] - before[hour] <= new
                    assert before[hour] <= after[hour]
            reached = reach.reached(layout.folder(lake, KEY), 3_600_000)
            before = after
            begin = round(START.timestamp() * 1e3)
            told = None if reached is None else (reached.told_ms - begin) // 3_600_000
