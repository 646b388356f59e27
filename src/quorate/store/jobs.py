"""Every planned run of every job, a row each: begun once, by one process, and how it ended.

In: a job's name and the time a run was planned for. Out: rows. The key (job, planned time) is what
keeps two processes from running it twice; a lock that dies with its process (``owners``) tells a
run that is going from one whose process is gone.
"""

from __future__ import annotations

import json
import secrets
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from quorate.records import canonical_json
from quorate.store.connection import reading, writing
from quorate.store.owners import owner_of
from quorate.store.tables import job_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class JobState(StrEnum):
    """What became of a run."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    MISSED = "missed"
    LOST = "lost"


NEVER_RAN: Final = frozenset({JobState.SKIPPED, JobState.MISSED})


class JobRun(NamedTuple):
    """One run of a job.

    Parameters
    ----------
    job : str
        Its name.
    planned_ms : int
        When it was to begin; of a run by hand, when it was asked for.
    state : JobState
        What became of it.
    reason : str
        Why, in words; empty where there is nothing to say.
    by_hand : bool
        Whether somebody asked for it, rather than the schedule.
    started_ms, ended_ms : int or None
        By the clock of who ran it; None where it did not.
    attempt : int
        Which one, from 1; 0 of a run that never began.
    owner : str
        Whose life ran it.
    detail : Mapping
        What it came to, plain values.
    """

    job: str
    planned_ms: int
    state: JobState
    reason: str = ""
    by_hand: bool = False
    started_ms: int | None = None
    ended_ms: int | None = None
    attempt: int = 0
    owner: str = ""
    detail: Mapping[str, Any] = {}

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return self._asdict() | {"state": str(self.state), "detail": dict(self.detail)}


class JobBook:
    """The runs of a store's jobs, as one life of a process sees and writes them.

    Parameters
    ----------
    engine : Engine
        The store's database.

    Attributes
    ----------
    life : str
        What the runs of this life are owned by.

    Notes
    -----
    Units: ms since 1970, UTC.  Causal: reads no clock.  Missing: none.
    Spec 15.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from quorate.store import open_store
    >>> with TemporaryDirectory() as folder, open_store(Path(folder) / "store.db") as store:
    ...     book = store.jobs()
    ...     first, again = (book.claim("scan", 3_600_000, 3_600_250) for _ in range(2))
    ...     _ = book.end("scan", 3_600_000, JobState.DONE, 3_601_000)
    ...     [(run.job, str(run.state), run.attempt) for run in book.since({"scan": 0})]
    ...     first, again
    ...     book.close()
    [('scan', 'done', 1)]
    (True, False)
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._owner = owner_of(engine)
        self._is_held = False
        self.life = secrets.token_hex(8)

    def claim(
        self,
        job: str,
        planned_ms: int,
        at_ms: int,
        *,
        attempt: int = 1,
        reason: str = "",
        by_hand: bool = False,
    ) -> bool:
        """Begin a run, or say that somebody else did; it is on the disk when this returns.

        A later attempt takes a row that was lost in the one before, and no other.
        """
        self._hold()
        row = {
            "state": JobState.STARTED.value,
            "reason": reason,
            "by_hand": int(by_hand),
            "started_ms": at_ms,
            "ended_ms": None,
            "attempt": attempt,
            "owner": self.life,
            "detail": "{}",
        }
        if attempt > 1:
            lost = (job_run.c.state == JobState.LOST.value) & (job_run.c.attempt == attempt - 1)
            return self._update(_key(job, planned_ms) & lost, row)
        try:
            with writing(self._engine) as connection:
                connection.execute(job_run.insert(), row | {"job": job, "planned_ms": planned_ms})
        except IntegrityError:
            return False
        return True

    def end(
        self,
        job: str,
        planned_ms: int,
        state: JobState,
        at_ms: int,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> bool:
        """Write down how a run of this life ended, or say that the row is not its own any more."""
        mine = (job_run.c.state == JobState.STARTED.value) & (job_run.c.owner == self.life)
        row = {
            "state": JobState(state).value,
            "ended_ms": at_ms,
            "reason": reason,
            "detail": canonical_json(dict(detail or {})),
        }
        return self._update(_key(job, planned_ms) & mine, row)

    def record(self, runs: Iterable[JobRun]) -> None:
        """Write down runs that do not begin; a row that is there already stays as it is."""
        rows = [
            run._asdict()
            | {
                "state": run.state.value,
                "by_hand": int(run.by_hand),
                "detail": canonical_json(dict(run.detail)),
            }
            for run in runs
        ]
        if not rows:
            return
        is_server = self._engine.dialect.name == "postgresql"
        insert = postgresql.insert(job_run) if is_server else sqlite.insert(job_run)
        with writing(self._engine) as connection:
            connection.execute(insert.on_conflict_do_nothing(), rows)

    def lose(self, run: JobRun, at_ms: int, reason: str) -> bool:
        """Write down that nobody runs it any more, or say that its row went on meanwhile."""
        same = (job_run.c.state == JobState.STARTED.value) & (job_run.c.owner == run.owner)
        row = {"state": JobState.LOST.value, "ended_ms": at_ms, "reason": reason}
        return self._update(_key(run.job, run.planned_ms) & same, row)

    def withdraw(self, job: str, planned_ms: int) -> bool:
        """Take back a row that says a run was not begun: its time has not come yet."""
        never = job_run.c.state.in_([state.value for state in sorted(NEVER_RAN)])
        statement = job_run.delete().where(_key(job, planned_ms) & never)
        with writing(self._engine) as connection:
            return bool(connection.execute(statement).rowcount)

    def since(self, since_ms: Mapping[str, int]) -> list[JobRun]:
        """Return the runs of jobs that were planned at or after a time of each, by time.

        The last one before it is among them, and so is everything after the oldest that is going.
        """
        found: list[JobRun] = []
        started = job_run.c.state == JobState.STARTED.value
        with reading(self._engine) as connection:
            for job, at in since_ms.items():
                mine = job_run.c.job == job
                oldest = sa.select(sa.func.min(job_run.c.planned_ms)).where(mine & started)
                going = connection.scalar(oldest)
                floor = at if going is None else min(at, going)
                before = sa.select(sa.func.max(job_run.c.planned_ms)).where(
                    mine, job_run.c.planned_ms < floor, job_run.c.by_hand == 0
                )
                last = connection.scalar(before)
                query = job_run.select().where(
                    mine, job_run.c.planned_ms >= (floor if last is None else last)
                )
                rows = connection.execute(query.order_by(job_run.c.planned_ms))
                found += [_run(row) for row in rows.mappings()]
        return found

    def between(self, start_ms: int, end_ms: int) -> list[JobRun]:
        """Return every run that was planned in a span, its end left out, by time and name."""
        query = (
            job_run.select()
            .where(job_run.c.planned_ms >= start_ms, job_run.c.planned_ms < end_ms)
            .order_by(job_run.c.planned_ms, job_run.c.job)
        )
        with reading(self._engine) as connection:
            return [_run(row) for row in connection.execute(query).mappings()]

    def gone(self) -> list[JobRun]:
        """Return the runs that never ended and whose process is gone."""
        query = job_run.select().where(job_run.c.state == JobState.STARTED.value)
        with reading(self._engine) as connection:
            begun = [_run(row) for row in connection.execute(query).mappings()]
        living = self.living({run.owner for run in begun})
        return [run for run in begun if run.owner not in living]

    def living(self, owners: Iterable[str]) -> frozenset[str]:
        """Return which of some lives go on, this one among them."""
        return frozenset(self._owner.living(owners)) if owners else frozenset()

    def close(self) -> None:
        """End this life: what it has not ended is lost from here on."""
        self._owner.close()
        self._is_held = False

    def _hold(self) -> None:
        if not self._is_held:
            self._owner.add(self.life)  # before anybody can see a run of it
            self._is_held = True

    def _update(self, which: sa.ColumnElement[bool], row: Mapping[str, Any]) -> bool:
        with writing(self._engine) as connection:
            return bool(connection.execute(job_run.update().where(which), row).rowcount)


def _key(job: str, planned_ms: int) -> sa.ColumnElement[bool]:
    return (job_run.c.job == job) & (job_run.c.planned_ms == planned_ms)


def _run(row: sa.RowMapping) -> JobRun:
    said = dict(row) | {
        "state": JobState(row["state"]),
        "by_hand": bool(row["by_hand"]),
        "detail": json.loads(row["detail"]),
    }
    return JobRun(**said)
