"""When jobs are planned, held against an oracle that looks at every minute by definition."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quorate.errors import ConfigError
from quorate.live.schedule.jobs import (
    HOUSE,
    Job,
    check_schedule,
    last_planned,
    next_planned,
    planned,
)

MINUTE_MS = 60_000
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def ms(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1000


def said(text, low, high):
    """Return what a field of a cron text says, by definition."""
    if text == "*":
        return set(range(low, high + 1))
    if text.startswith("*/"):
        return set(range(low, high + 1, int(text[2:])))
    return {int(each) for each in text.split(",")}


def is_planned(cron, at_ms):
    at = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    texts = cron.split()
    minute, hour, day, month, weekday = (
        said(text, *span) for text, span in zip(texts, FIELDS, strict=True)
    )
    is_day, is_weekday = at.day in day, at.isoweekday() % 7 in weekday
    both = texts[2].startswith("*") or texts[4].startswith("*")
    of_day = is_day and is_weekday if both else is_day or is_weekday
    return at.minute in minute and at.hour in hour and at.month in month and of_day


def by_minutes(cron, after_ms, until_ms):
    first = after_ms // MINUTE_MS + 1
    return [
        minute * MINUTE_MS
        for minute in range(first, until_ms // MINUTE_MS + 1)
        if is_planned(cron, minute * MINUTE_MS)
    ]


def field(low, high, steps):
    listed = st.lists(st.integers(low, high), min_size=1, max_size=3)
    return st.one_of(
        st.just("*"),
        st.sampled_from(steps).map("*/{}".format),
        listed.map(lambda each: ",".join(map(str, each))),
    )


CRONS = st.tuples(
    field(0, 59, (5, 15, 30)),
    field(0, 23, (2, 6)),
    st.sampled_from(("*", "*", "1", "28,29", "29,30,31")),
    st.sampled_from(("*", "*", "2", "12,1")),
    st.sampled_from(("*", "*", "1", "0,6")),
).map(" ".join)
ENDS = (ms(2023, 12, 31), ms(2024, 2, 28), ms(2023, 2, 27), ms(2024, 3, 30), ms(2016, 12, 31))
"""Ends of years and months, a day before the clocks of Europe go forward, a leap second."""


@settings(max_examples=40, deadline=None)
@given(CRONS, st.sampled_from(ENDS), st.integers(0, 2 * 86_400_000), st.integers(0, 26 * 3_600_000))
@example("0 2 * * *", ms(2024, 3, 30), 0, 49 * 3_600_000)
@example("*/5 * * * *", ms(2016, 12, 31, 23, 59), 59_000, 2_000)
def test_what_is_planned_is_what_every_minute_says(cron, base, start, length):
    after, until = base + start, base + start + length
    found = by_minutes(cron, after, until)
    assert planned(cron, after, until) == found
    if found:
        assert next_planned(cron, after) == found[0]
        assert last_planned(cron, until) == found[-1]


@pytest.mark.parametrize("job", HOUSE, ids=lambda job: job.name)
def test_the_house_keeps_the_times_of_the_spec(job):
    a_day = {"cycle": 288, "health": 96, "carry": 24, "nightly": 1, "attribution": 1}
    start = ms(2024, 3, 30, 12)
    for day in range(3):  # clocks change in Europe on the 31st
        found = planned(job.cron, start + day * 86_400_000, start + (day + 1) * 86_400_000)
        assert len(found) == a_day[job.name]
    at = datetime.fromtimestamp(found[0] / 1000, tz=UTC)
    wanted = {"nightly": (2, 0), "attribution": (23, 55)}
    assert (at.hour, at.minute) == wanted.get(job.name, (at.hour, at.minute))


def test_a_time_is_the_last_one_from_its_own_millisecond_on():
    at = ms(2024, 1, 1)
    assert last_planned("0 0 * * *", at) == at
    assert last_planned("0 0 * * *", at - 1) == at - 86_400_000
    assert next_planned("0 0 * * *", at - 1) == at
    assert next_planned("0 0 * * *", at) == at + 86_400_000


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"cron": "* * * * * *"}, "it has five fields"),
        ({"cron": "0 25 * * *"}, "Bad hour"),
        ({"name": "a b"}, "is no name of a job"),
        ({"late_s": 0}, "late_s of the job scan is 0"),
        ({"attempts": 0}, "attempts of the job scan is 0"),
    ],
)
def test_what_is_no_job_is_refused(more, why):
    with pytest.raises(ConfigError, match=why):
        Job(**({"name": "scan", "cron": "0 * * * *"} | more))


def test_two_jobs_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="two jobs are called cycle"):
        check_schedule((*HOUSE, HOUSE[0]))
