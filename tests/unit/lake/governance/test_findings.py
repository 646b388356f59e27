"""Findings as rows, counted by rule and day."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quorate.lake.governance import BOUNDS, MEANINGS, Params, Rule, Severity, params
from quorate.lake.governance.findings import ABOUT, by_day, concat, found, frame, has_failed

DAY_MS = 86_400_000


def test_every_rule_has_a_severity_and_a_sentence():
    assert set(ABOUT) == set(Rule)
    assert all(about.says.endswith(".") for about in ABOUT.values())


def test_rows_are_in_order_of_time_and_counts_by_day():
    one = frame(
        "A",
        [
            found(Rule.GAP_FILLED, np.array([DAY_MS, 3 * DAY_MS]), n=np.array([2, 3])),
            found(Rule.ROW_DOUBLED, np.array([5, DAY_MS + 7])),
        ],
    )
    two = frame("B", [found(Rule.GAP_FILLED, np.array([DAY_MS + 9]), n=4)])
    rows = concat([two, one])
    assert rows["at"].is_sorted()
    assert by_day(rows).rows() == [
        ("A", dt.date(1970, 1, 1), "ROW_DOUBLED", "mended", 1),
        ("A", dt.date(1970, 1, 2), "GAP_FILLED", "mended", 2),
        ("A", dt.date(1970, 1, 2), "ROW_DOUBLED", "mended", 1),
        ("A", dt.date(1970, 1, 4), "GAP_FILLED", "mended", 3),
        ("B", dt.date(1970, 1, 2), "GAP_FILLED", "mended", 4),
    ]


@pytest.mark.parametrize("rule", list(Rule))
def test_only_a_rule_that_fails_a_series_fails_it(rule):
    rows = frame("A", [found(rule, np.array([0]))])
    assert has_failed(rows) == (ABOUT[rule].severity is Severity.FAILED)


def test_nothing_found_is_an_empty_frame():
    rows = frame("A", [])
    assert rows.is_empty()
    assert by_day(rows).is_empty()
    assert not has_failed(rows)


def test_every_parameter_has_bounds_and_a_meaning():
    assert set(BOUNDS) == set(MEANINGS) == set(Params._fields)
    assert params() == Params()
    for name, (low, high) in BOUNDS.items():
        for wrong in (low - 1.0, high + 1.0, float("nan")):
            with pytest.raises(ValueError, match=name):
                params(**{name: wrong})
