"""Faults meet the requests they are written for, and bend rows as they say."""

from __future__ import annotations

import pytest

from quorate.exchange.listing import Series
from quorate.exchange.script import Fault, Script, bent

ROWS = [(i, float(i)) for i in range(10)]
SERIES = Series(list(range(10)), ROWS)


def test_requests_are_counted_by_endpoint():
    script = Script(Fault("klines", "empty", first=2, times=2), Fault("time", "stall"))
    met = [
        [fault.trouble for fault in script.met(name)] for name in ("klines",) * 4 + ("time",) * 2
    ]
    assert met == [[], ["empty"], ["empty"], [], ["stall"], []]


@pytest.mark.parametrize(
    ("trouble", "size", "stamps"),
    [
        ("skip", 2, [6, 7, 8]),
        ("hole", 2, [4, 7, 8]),
        ("hole", 3, [4, 8]),
        ("overlap", 2, [2, 3, 4, 5, 6, 7, 8]),
        ("overlap", 99, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("repeat", 0, [0, 1, 2, 3, 4]),
        ("empty", 0, []),
        ("status", 500, [4, 5, 6, 7, 8]),
    ],
)
def test_pages_are_bent(trouble, size, stamps):
    page = bent(ROWS[4:9], SERIES, [Fault("klines", trouble, size=size)])
    assert [row[0] for row in page] == stamps


def test_a_page_without_rows_has_nothing_to_overlap():
    assert bent([], SERIES, [Fault("klines", "overlap", size=3)]) == []
