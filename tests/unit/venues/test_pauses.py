"""How long a server wants to be left alone."""

from __future__ import annotations

import pytest

from quorate.venues.pauses import asked_wait

AT_TEN = "Fri, 01 Jan 2038 10:00:00 GMT"


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [
        ("0", 0.0),
        (" 30 ", 30.0),
        ("1.5", 1.5),
        ("Fri, 01 Jan 2038 10:02:00 GMT", 120.0),
        ("Fri, 01 Jan 2038 12:02:00 +0200", 120.0),
        ("Fri, 01 Jan 2038 09:00:00 GMT", 0.0),  # over already
        ("soon", None),
        ("-5", None),
        ("\u0663", None),
        ("nan", None),
        ("", None),
    ],
)
def test_seconds_and_dates_by_the_servers_own_clock(asked, wait_s):
    assert asked_wait(429, {"Retry-After": asked, "date": AT_TEN}) == wait_s


@pytest.mark.parametrize("date", ["", "today", "Fri, 01 Jan 2038 10:00:00 -0000"])
def test_a_date_beside_none_says_nothing(date):
    asked = {"Retry-After": "Fri, 01 Jan 2038 10:02:00 GMT", "Date": date}
    assert asked_wait(503, asked) is None
    assert asked_wait(418, asked) == 120.0
