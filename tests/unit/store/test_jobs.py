"""Runs of jobs in both databases: one row each, begun by one, lost with the process that ran it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from quorate.errors import StoreError
from quorate.store import migrate, open_store
from quorate.store.connection import connect, writing
from quorate.store.jobs import JobRun, JobState

HOUR = 3_600_000
NOON = 1_709_121_600_000


@pytest.fixture
def lives(store):
    """Give the books of many lives, one a call; all are closed in the end."""
    opened = []

    def another():
        opened.append(store.jobs())
        return opened[-1]

    yield another
    for each in opened:
        each.close()


@pytest.fixture
def book(lives):
    return lives()


def test_a_run_is_begun_and_ended_once(lives, book):
    other = lives()
    assert book.claim("scan", NOON, NOON + 5, reason="caught up")
    assert not other.claim("scan", NOON, NOON + 6)
    assert not other.end("scan", NOON, JobState.DONE, NOON + 7)
    assert book.end("scan", NOON, JobState.FAILED, NOON + 9, "no answer", {"n": 3})
    assert not book.end("scan", NOON, JobState.DONE, NOON + 10)
    assert not book.claim("scan", NOON, NOON + 11, attempt=2)  # it was not lost
    assert book.between(NOON, NOON + 1) == [
        JobRun(
            "scan", NOON, JobState.FAILED, "no answer", started_ms=NOON + 5, ended_ms=NOON + 9,
            attempt=1, owner=book.life, detail={"n": 3},
        )
    ]  # fmt: skip


def test_of_many_that_claim_at_once_one_begins(lives):
    books = [lives() for _ in range(4)]

    def claim(n):
        return books[n % 4].claim("scan", NOON + n // 4, NOON)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(claim, range(40)))
    assert [sum(found[i : i + 4]) for i in range(0, 40, 4)] == [1] * 10


def test_what_a_process_ran_that_is_gone_is_lost_and_begun_again_once(lives, book):
    dead = lives()
    assert dead.claim("night", NOON, NOON)
    assert book.claim("scan", NOON, NOON)
    assert book.gone() == []
    assert book.living([dead.life, "nobody"]) == {dead.life}
    dead.close()
    [run] = book.gone()
    assert (run.job, run.owner) == ("night", dead.life)
    assert book.lose(run, NOON + 1, "the process is gone")
    assert not book.lose(run, NOON + 2, "told twice")
    assert not book.claim("night", NOON, NOON + 3, attempt=3)
    assert book.claim("night", NOON, NOON + 3, attempt=2)
    assert not lives().claim("night", NOON, NOON + 3, attempt=2)
    assert not dead.end("night", NOON, JobState.DONE, NOON + 4)
    [run] = book.since({"night": NOON})
    assert (run.attempt, run.owner, run.ended_ms, run.state) == (2, book.life, None, "started")


def test_what_never_began_is_written_once_and_can_be_taken_back(book):
    skipped = JobRun("scan", NOON, JobState.SKIPPED, "before")
    missed = [JobRun("scan", NOON + n * HOUR, JobState.MISSED, "late") for n in range(1, 4)]
    book.record([skipped, *missed])
    book.record([JobRun("scan", NOON, JobState.MISSED, "another"), missed[0]])
    book.record([])
    assert book.between(0, NOON + 9 * HOUR) == [skipped, *missed]
    assert not book.claim("scan", NOON, NOON)
    assert book.withdraw("scan", NOON + HOUR)
    assert book.claim("scan", NOON + HOUR, NOON)
    assert not book.withdraw("scan", NOON + HOUR)
    assert not book.withdraw("scan", NOON + 8 * HOUR)


def test_the_last_run_before_and_all_since_what_is_going_are_read(book):
    book.record(JobRun("scan", NOON + n * HOUR, JobState.MISSED, "late") for n in range(6))
    book.record([JobRun("other", NOON, JobState.MISSED, "late")])
    book.claim("scan", NOON + 2 * HOUR + 1, NOON, by_hand=True)
    book.end("scan", NOON + 2 * HOUR + 1, JobState.DONE, NOON)

    def read(since):
        return [(run.planned_ms - NOON) / HOUR for run in book.since({"scan": since})]

    assert read(NOON + 5 * HOUR) == [4, 5]
    assert read(NOON + 9 * HOUR) == [5]
    assert read(NOON + 3 * HOUR) == [2, 2 + 1 / HOUR, 3, 4, 5]
    book.claim("scan", NOON + HOUR + 1, NOON, by_hand=True)
    assert read(NOON + 9 * HOUR)[:3] == [1, 1 + 1 / HOUR, 2]
    assert book.since({"none": 0}) == []


def test_no_state_that_nobody_knows(book, store):
    book.claim("scan", NOON, NOON)
    with (
        pytest.raises((StoreError, sa.exc.IntegrityError)),
        writing(store.engine) as connection,
    ):
        connection.execute(sa.text("UPDATE job_run SET state = 'perhaps'"))


def test_a_store_of_before_gets_the_table(where):
    from alembic import command

    config, engine = migrate.configuration(), connect(where)
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
    engine.dispose()
    with open_store(where) as store:
        book = store.jobs()
        assert book.claim("scan", NOON, NOON)
        book.close()
