"""Which files cover a span."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from quorate.venues.archive.names import series
from quorate.venues.archive.plan import months, ranges

BARS = series("spot", "ohlcv", "5m")
DAYS = st.dates(date(2019, 1, 1), date(2026, 12, 31))


def plan(start, end, today, what=BARS):
    return months(what, "BTCUSDT", start, end, today)


def test_months_that_are_over_have_a_file_and_the_one_that_is_not_has_days():
    found = plan(date(2023, 1, 20), date(2023, 3, 5), date(2023, 3, 3))
    assert [m.whole and m.whole.period.text for m in found] == ["2023-01", "2023-02", None]
    assert [len(m.days) for m in found] == [12, 28, 2]
    assert found[2].days[-1].name == "BTCUSDT-5m-2023-03-02"


def test_on_the_first_day_of_a_month_the_one_before_is_over():
    found = plan(date(2023, 2, 1), date(2023, 3, 1), date(2023, 3, 1))
    assert [m.whole.period.text for m in found] == ["2023-02"]


def test_nothing_of_today_is_asked_for():
    assert plan(date(2023, 3, 3), date(2023, 3, 9), date(2023, 3, 3)) == []


def test_funding_has_no_days_and_the_running_month_stands_there_to_be_told():
    found = plan(date(2023, 1, 5), date(2023, 2, 4), date(2023, 2, 3), series("um", "funding", ""))
    assert [(m.start, m.end, m.whole is None, m.days) for m in found] == [
        (date(2023, 1, 5), date(2023, 2, 1), False, ()),
        (date(2023, 2, 1), date(2023, 2, 3), True, ()),
    ]


@given(DAYS, st.integers(1, 900), DAYS)
def test_every_day_before_today_is_covered_once(start, n, today):
    found = plan(start, start + timedelta(days=n), today)
    days = [day.period.first for month in found for day in month.days]
    end = min(start + timedelta(days=n), today)
    assert days == [start + timedelta(days=i) for i in range((end - start).days)]
    for month in found:
        assert (month.whole is not None) == is_over(month, today)
    wholes = [month.whole.period.first for month in found if month.whole]
    assert len(set(wholes)) == len(wholes)


def is_over(month, today):
    return (month.start.year, month.start.month) < (today.year, today.month)


def test_days_become_ranges_across_months():
    days = [date(2023, 1, 31), date(2023, 2, 1), date(2023, 2, 3)]
    assert ranges(days) == [(days[0], days[1]), (days[2], days[2])]
    assert ranges([]) == []
