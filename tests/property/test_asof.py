"""Whatever happened and became known in whatever order: a plain search says the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.lake.asof import latest

TIME = st.integers(0, 12)
ROWS = st.lists(st.tuples(TIME, TIME, st.integers(0, 6)), max_size=12)
"""When it happened, when it became known, and for how long it holds."""
STAMPS = np.arange(-2, 20)


def searched(rows, stamps):
    """Return the row at each stamp, by looking at every row."""
    found = []
    for t in stamps:
        known = [(at, known, i) for i, (at, known, _) in enumerate(rows) if at <= t and known <= t]
        best = max(known)[2] if known else -1
        found.append(best if best >= 0 and t - rows[best][0] <= rows[best][2] else -1)
    return found


def asked(rows, stamps=STAMPS):
    at, known, longest = (np.array([row[i] for row in rows], np.int64) for i in range(3))
    return latest(at, known, stamps, longest.astype(float))


@given(ROWS)
@settings(max_examples=300, deadline=None)
def test_it_is_what_a_search_finds(rows):
    assert asked(rows).tolist() == searched(rows, STAMPS.tolist())


@given(ROWS, TIME)
@settings(max_examples=200, deadline=None)
def test_a_row_that_is_not_known_yet_changes_nothing(rows, now):
    known = [row for row in rows if row[1] <= now]
    numbers = [i for i, row in enumerate(rows) if row[1] <= now]
    stamps = STAMPS[now >= STAMPS]
    then = [numbers[i] if i >= 0 else -1 for i in asked(known, stamps)]
    assert asked(rows, stamps).tolist() == then


@given(st.lists(st.tuples(TIME, TIME, st.just(5)), max_size=12, unique=True), st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_order_in_which_rows_stand_changes_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = asked(rows), asked(shuffled)
    assert [rows[i] if i >= 0 else None for i in one] == [
        shuffled[i] if i >= 0 else None for i in other
    ]
