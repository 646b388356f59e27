"""What is due: every planned run comes to one row, whatever clocks and processes do."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.live.schedule.lives import World
from tests.unit.live.schedule.test_jobs import by_minutes, ms

from quorate.live.schedule.due import BEFORE, IN_ITS_PLACE, Do, due
from quorate.live.schedule.jobs import HOUSE, Job, Missed
from quorate.store.jobs import JobRun, JobState

HOUR = 3_600_000
NOON = ms(2024, 2, 28, 12)
SCHEDULE = (
    Job(name="fast", cron="*/5 * * * *", late_s=60, deadline_s=240),
    Job(name="wide", cron="*/15 * * * *", late_s=120, deadline_s=7200, may_overlap=True),
    Job(name="newest", cron="0 * * * *", missed=Missed.LATEST, deadline_s=7200, attempts=2),
    Job(name="each", cron="30 */2 * * *", missed=Missed.EVERY, deadline_s=7200, attempts=3),
)
JOBS = {job.name: job for job in SCHEDULE}

MOVES = st.one_of(
    st.tuples(st.just("pass"), st.integers(1_000, 20 * 60_000)),
    st.tuples(st.just("pass"), st.sampled_from((15_000, 300_000, 2 * HOUR, 26 * HOUR))),
    st.tuples(st.just("set"), st.sampled_from((-1_000, -90_000, -3 * HOUR, 1_000, 90_000, HOUR))),
    st.tuples(st.just("end"), st.booleans()),
    st.tuples(st.just("die"), st.just(0)),
)


def lived(moves, start=NOON + 7):
    world = World(SCHEDULE, start)
    world.tick()
    for what, given_ in moves:
        if what == "pass":
            world.passes(given_)
        elif what == "set":
            world.passes(0, set_by=given_)
        elif what == "end":
            world.end(ok=given_)
        else:
            world.dies()
        world.tick()
    return world


def check_every_row(moves):
    world = lived(moves)
    world.end_all()
    for name, job in JOBS.items():
        rows = world.of(name)
        past = [at for at in rows if at <= world.now_ms]
        # the oracle: every minute since the first row, by definition
        assert past == by_minutes(job.cron, past[0] - 1, world.now_ms)
        assert all(row.state is not JobState.STARTED for row in rows.values())
        begun = Counter(at for n, at, _ in world.begun if n == name)
        assert max(begun.values(), default=0) <= job.attempts
        for at, row in rows.items():
            assert begun[at] == row.attempt
            assert row.reason or row.state not in {JobState.SKIPPED, JobState.MISSED}
        late = [now - at for n, at, now in world.begun if n == name]
        if job.missed is Missed.SKIP:
            assert max(late, default=0) <= job.late_s * 1000
        if job.missed is Missed.EVERY:
            never = [at for at in past[1:] if not begun[at]]
            assert never == []


@settings(max_examples=8, deadline=None)
@given(st.lists(MOVES, max_size=12))
def test_every_planned_run_has_one_row_and_none_runs_twice(moves):
    check_every_row(moves)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(MOVES, max_size=40))
def test_the_same_over_many_longer_lives(moves):
    check_every_row(moves)


@settings(max_examples=5, deadline=None)
@given(st.lists(MOVES, max_size=10))
def test_it_comes_to_rest_and_knows_only_its_arguments(moves):
    world = lived(moves)
    rows = list(world.rows.values())
    for _ in range(2):
        again = due(
            SCHEDULE, rows, world.now_ms, going=world.going, living=frozenset({str(world.life)})
        )
        assert again == []


def states(world, job):
    return Counter((str(row.state), row.reason) for row in world.of(job).values())


def test_a_process_dead_for_a_day_leaves_nothing_unexplained():
    world = lived([])
    world.end_all()
    world.dies()
    world.passes(24 * HOUR)
    world.end_all()
    assert [key for key, n in states(world, "fast").items() if n > 280] == []  # each says how late
    missed = [row for row in world.of("fast").values() if row.state is JobState.MISSED]
    assert len(missed) == 287
    assert missed[0].reason == "86,100 s late, 60 s are allowed"
    assert states(world, "newest") == {
        ("skipped", BEFORE): 1,
        ("missed", IN_ITS_PLACE): 23,
        ("done", ""): 1,
    }
    each = [row for row in world.of("each").values() if row.state is JobState.DONE]
    assert [row.planned_ms for row in each] == by_minutes("30 */2 * * *", NOON, NOON + 24 * HOUR)
    assert each[0].reason == "caught up, 84,600 s late"


def test_a_machine_suspended_for_two_hours_goes_on_with_the_next_run():
    world = lived([])
    world.end_all()
    world.passes(2 * HOUR + 5_000)
    world.end_all()
    assert sum(row.state is JobState.MISSED for row in world.of("fast").values()) == 23
    last = list(world.of("fast").values())[-1]
    assert (last.planned_ms, last.state) == (NOON + 2 * HOUR, JobState.DONE)


def test_a_leap_second_that_is_repeated_begins_nothing_twice():
    """POSIX has no number for 23:59:60: the second before midnight, or after it, comes twice."""
    midnight = ms(2017, 1, 1)
    world = World(SCHEDULE, midnight - 10_000)
    world.tick()
    for now in (midnight - 500, midnight, midnight + 400, midnight - 600, midnight, midnight + 900):
        world.now_ms = now
        world.tick()
        world.end()
    fast = [at for name, at, _ in world.begun if name == "fast"]
    assert fast == [midnight]


def test_a_clock_hours_ahead_that_is_set_back_costs_no_run():
    world = lived([("pass", 59_000), ("set", 8 * HOUR)])
    world.end_all()
    n_missed = sum(row.state is JobState.MISSED for row in world.of("fast").values())
    assert n_missed > 90
    world.passes(0, set_by=-8 * HOUR)
    world.end_all()
    assert not any(row.state is JobState.MISSED for row in world.of("fast").values())
    for _ in range(9 * 12):
        world.passes(300_000)
        world.end_all()
    states_ = Counter(str(row.state) for row in world.of("fast").values())
    assert set(states_) == {"done", "skipped"}
    assert states_["skipped"] == 1


def test_a_run_waits_for_the_one_before_it_and_is_skipped_when_it_waited_too_long():
    world = lived([("pass", 300_000 - 7)])  # 12:05:00
    assert world.begun == [("fast", NOON + 300_000, NOON + 300_000)]
    world.passes(230_000)
    world.tick()
    assert len(world.begun) == 1
    world.passes(70_000)  # over its limit of 240 s
    world.tick()
    assert world.of("fast")[NOON + 300_000].state is JobState.FAILED
    assert [at for _, at, _ in world.begun] == [NOON + 300_000, NOON + 600_000]


def test_who_waits_longer_than_allowed_is_skipped_for_that():
    slow = Job(name="slow", cron="*/5 * * * *", late_s=60, deadline_s=3600)
    rows = [
        JobRun("slow", NOON, JobState.STARTED, started_ms=NOON, attempt=1, owner="a"),
    ]
    life = frozenset({"a"})
    assert due([slow], rows, NOON + 360_000, living=life) == []
    [found] = due([slow], rows, NOON + 361_000, living=life)
    assert (found.do, found.reason) == (Do.SKIP, "the run before it was still going")


def test_what_is_run_by_hand_is_no_planned_run_but_is_waited_for():
    scan = Job(name="scan", cron="0 * * * *", missed=Missed.LATEST)
    first = JobRun("scan", NOON, JobState.SKIPPED, BEFORE)
    hand = JobRun("scan", NOON + 1_000, JobState.STARTED, by_hand=True, attempt=1, owner="b")
    now = NOON + HOUR
    assert due([scan], [first, hand], now, living=frozenset({"b"})) == []
    [found] = due([scan], [first, hand], now)
    assert found.do is Do.LOSE
    [found] = due([scan], [first, hand._replace(state=JobState.DONE)], now)
    assert (found.do, found.planned_ms, found.reason) == (Do.START, now, "")


def test_a_night_that_was_lost_is_begun_again_unless_a_later_one_was():
    night = next(job for job in HOUSE if job.name == "nightly")
    at = ms(2024, 3, 1, 2)
    rows = [
        JobRun("nightly", at - 86_400_000, JobState.SKIPPED, BEFORE),
        JobRun("nightly", at, JobState.LOST, attempt=1, owner="a"),
    ]
    [found] = due([night], rows, at + 20 * 60_000)
    assert (found.do, found.attempt, found.reason) == (Do.START, 2, "begun again: it was lost")
    later = JobRun("nightly", at + 86_400_000, JobState.DONE, attempt=1)
    assert due([night], [*rows, later], at + 86_400_000 + HOUR) == []
    assert due([night], [rows[0], rows[1]._replace(attempt=3)], at + HOUR) == []


@pytest.mark.parametrize("missed", list(Missed))
def test_a_new_job_begins_with_its_next_time(missed):
    job = Job(name="new", cron="0 0 29 2 *", missed=missed)
    [found] = due([job], [], NOON)
    assert (found.do, found.planned_ms, found.reason) == (Do.SKIP, ms(2020, 2, 29), BEFORE)
