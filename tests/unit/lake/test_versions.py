"""What was known when: merging, seeing, and telling corrections."""

from __future__ import annotations

import polars as pl
import pytest

from quorate.errors import DataError
from quorate.lake.kinds import INSTANT
from quorate.lake.versions import corrections, merge, n_corrected, seen

NAN = float("nan")


def rows(*given, names=("close",)):
    """Return rows of (ts, values ..., known_at)."""
    frame = pl.DataFrame(given, schema=["ts", *names, "known_at"], orient="row")
    return frame.with_columns(
        pl.col("ts", "known_at").cast(INSTANT), pl.col(*names).cast(pl.Float64)
    )


def closes(frame):
    return frame.select(
        pl.col("ts").to_physical(), "close", pl.col("known_at").to_physical()
    ).rows()


def test_rows_after_those_stored_are_put_behind_them():
    done = merge(rows((1, 5.0, 2)), rows((2, 6.0, 3)))
    assert closes(done.rows) == [(1, 5.0, 2), (2, 6.0, 3)]
    assert done.n_added == 1


def test_the_same_values_add_nothing_whenever_they_were_seen_again():
    stored = rows((1, 5.0, 2), (2, NAN, 3), (3, None, 4))
    for given in (stored, rows((1, 5.0, 9), (2, NAN, 9), (3, None, 9))):
        done = merge(stored, given)
        assert done.n_added == 0
        assert done.rows.equals(stored)


def test_a_correction_is_put_beside_and_told():
    done = merge(rows((1, 5.0, 2)), rows((1, 6.0, 9)))
    assert closes(done.rows) == [(1, 5.0, 2), (1, 6.0, 9)]
    told = done.corrections
    assert told.select("column", "old", "new").rows() == [("close", "5.0", "6.0")]
    assert corrections(done.rows).equals(told)
    assert n_corrected(done.rows) == 1


def test_only_the_columns_that_changed_are_told():
    names = ("close", "volume")
    done = merge(rows((1, 5.0, 7.0, 2), names=names), rows((1, 5.0, 8.0, 9), names=names))
    assert done.corrections["column"].to_list() == ["volume"]


def test_a_value_that_goes_back_is_two_corrections():
    done = merge(rows((1, 5.0, 2)), rows((1, 6.0, 8), (1, 5.0, 9)))
    assert closes(done.rows) == [(1, 5.0, 2), (1, 6.0, 8), (1, 5.0, 9)]
    assert n_corrected(done.rows) == 2


def test_what_was_known_earlier_goes_before_and_stays_behind():
    done = merge(rows((1, 5.0, 9)), rows((1, 4.0, 2)))
    assert closes(done.rows) == [(1, 4.0, 2), (1, 5.0, 9)]
    assert done.corrections["old"].to_list() == ["4.0"]
    # the same, known earlier than we thought: it is news, and no correction
    done = merge(rows((1, 5.0, 9)), rows((1, 5.0, 2)))
    assert (done.n_added, n_corrected(done.rows)) == (1, 0)
    assert seen(done.rows, 3)["close"].to_list() == [5.0]


def test_two_values_of_one_moment_contradict_each_other():
    with pytest.raises(DataError, match="two different rows"):
        merge(rows((1, 5.0, 2)), rows((1, 6.0, 2)))
    with pytest.raises(DataError, match="two different rows"):
        merge(None, rows((1, 5.0, 2), (1, 6.0, 2)))
    assert merge(None, rows((1, 5.0, 2), (1, 5.0, 2))).n_added == 1


def test_a_column_that_the_new_rows_lack_says_nothing():
    stored = rows((1, 5.0, 70.0, 2), (2, 6.0, 80.0, 3), names=("close", "quote_volume"))
    done = merge(stored, rows((1, 5.0, 9), (2, 7.0, 9)))
    assert done.n_added == 1
    assert done.rows["quote_volume"].to_list() == [70.0, 80.0, 80.0]
    assert done.corrections["column"].to_list() == ["close"]


def test_an_optional_column_without_a_value_says_nothing_and_stays_a_column():
    names = ("close", "quote_volume")
    stored = rows((1, 5.0, 70.0, 2), names=names)
    assert merge(stored, rows((1, 5.0, None, 9), names=names)).n_added == 0
    done = merge(rows((1, 5.0, 2)), rows((1, 6.0, None, 9), names=names))
    assert done.rows["quote_volume"].to_list() == [None, None]
    # one that has a value somewhere is taken at its word
    done = merge(stored, rows((1, 5.0, None, 9), (2, 5.0, 1.0, 9), names=names))
    assert done.corrections.select("column", "old", "new").rows() == [
        ("quote_volume", "70.0", None)
    ]


def test_a_column_that_is_new_is_put_in_its_place():
    given = rows((1, 5.0, 70.0, 1.0, 9), names=("close", "volume", "quote_volume"))
    done = merge(rows((1, 5.0, 70.0, 2), names=("close", "volume")), given)
    assert done.rows.columns == ["ts", "close", "volume", "quote_volume", "known_at"]
    assert done.rows["quote_volume"].to_list() == [None, 1.0]


def test_history_without_dates_is_compared_with_the_latest():
    stored = rows((1, 5.0, 2), (1, 6.0, 9), (2, 7.0, 3))
    done = merge(stored, rows((1, 5.0, 2), (2, 7.0, 3), (3, 8.0, 4)), corrected_ms=50)
    assert closes(done.rows) == [*closes(stored)[:2], (1, 5.0, 50), (2, 7.0, 3), (3, 8.0, 4)]
    assert merge(done.rows, rows((1, 5.0, 2)), corrected_ms=60).n_added == 0


def test_as_of_a_moment_nothing_later_is_there():
    told = rows((1, 5.0, 2), (1, 6.0, 9), (2, 7.0, 3))
    assert seen(told)["close"].to_list() == [6.0, 7.0]
    assert seen(told, 9)["close"].to_list() == [6.0, 7.0]
    assert seen(told, 8)["close"].to_list() == [5.0, 7.0]
    assert seen(told, 2)["close"].to_list() == [5.0]
    assert seen(told, 1).is_empty()
