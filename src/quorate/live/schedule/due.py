"""What is to be done of a schedule now: pure, so that every clock and every crash can be tried.

In: jobs, the rows of their runs, the time. Out: actions. Every planned run comes to one row: those
before a job's first row are none of its own, between it and now each has one or gets one here.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.live.schedule.jobs import Missed, last_planned, next_planned, planned
from quorate.store.jobs import NEVER_RAN, JobState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from quorate.live.schedule.jobs import Job
    from quorate.store.jobs import JobRun

BEFORE: Final = "planned before the schedule began"
GONE: Final = "the process that ran it is gone"
IN_ITS_PLACE: Final = "a later run takes its place"
_NONE: Final[Mapping[tuple[str, int], int]] = MappingProxyType({})


class Do(StrEnum):
    """What is to be done, in the order in which it is."""

    WITHDRAW = "withdraw"
    LOSE = "lose"
    STOP = "stop"
    SKIP = "skip"
    MISS = "miss"
    START = "start"


class Due(NamedTuple):
    """One thing to do of one run, and why; ``attempt`` of one that is to be begun."""

    do: Do
    job: str
    planned_ms: int
    reason: str = ""
    attempt: int = 1


def due(
    schedule: Sequence[Job],
    runs: Iterable[JobRun],
    now_ms: int,
    *,
    going: Mapping[tuple[str, int], int] = _NONE,
    living: frozenset[str] = frozenset(),
) -> list[Due]:
    """Return what is to be done now.

    Parameters
    ----------
    schedule : sequence of Job
        In the order in which runs of one time begin.
    runs : iterable of JobRun
        Of each job all from some row on; before it everything is settled. Empty of a new job.
    now_ms : int
        The time, as the clock has it; it may have been set either way.
    going : mapping
        What this process runs, and for how many ms, by a clock that nobody sets.
    living : frozenset of str
        The lives that go on; what any other began is lost.

    Returns
    -------
    list of Due
        Once they are carried out, and what they began has ended, it is empty until a time comes.

    Notes
    -----
    Units: ms since 1970, UTC.  Causal: pure; nothing is begun before its time, and nothing twice
    but what was lost.  Missing: a job without a row up to now gets one at its last time before
    now, and begins with the next.  A row that a clock ahead of time wrote of a run that never
    began is withdrawn once the clock is set back.
    Spec 15.

    Examples
    --------
    >>> from quorate.live.schedule.jobs import Job
    >>> scan = Job(name="scan", cron="0 * * * *")
    >>> [first] = due([scan], [], 7_200_000)
    >>> str(first.do), first.planned_ms, first.reason
    ('skip', 7200000, 'planned before the schedule began')
    """
    rows = list(runs)
    by_job: dict[str, list[JobRun]] = {job.name: [] for job in schedule}
    for row in rows:
        by_job.setdefault(row.job, []).append(row)
    deadlines = {job.name: job.deadline_s for job in schedule}
    found = [action for row in rows for action in _of_row(row, now_ms, going, living)]
    for (name, at), ms in going.items():
        if name in deadlines and ms > deadlines[name] * 1000:
            found.append(Due(Do.STOP, name, at, f"over its limit of {deadlines[name]:,} s"))
    for job in schedule:
        found += _of_job(job, by_job[job.name], now_ms)
    order = list(Do)
    return sorted(found, key=lambda action: order.index(action.do))


def wake_ms(schedule: Sequence[Job], now_ms: int) -> int | None:
    """Return when a run is planned next; None where none is.

    Examples
    --------
    >>> from quorate.live.schedule.jobs import HOUSE
    >>> wake_ms(HOUSE, 1)
    300000
    """
    times = [next_planned(job.cron, now_ms) for job in schedule]
    return min((at for at in times if at is not None), default=None)


def _of_row(
    row: JobRun,
    now_ms: int,
    going: Mapping[tuple[str, int], int],
    living: frozenset[str],
) -> Iterator[Due]:
    key = (row.job, row.planned_ms)
    if row.state is JobState.STARTED and key not in going and row.owner not in living:
        yield Due(Do.LOSE, *key, GONE)
    if _is_ahead(row, now_ms):
        yield Due(Do.WITHDRAW, *key, "the clock was set back before its time")


def _is_ahead(row: JobRun, now_ms: int) -> bool:
    return row.state in NEVER_RAN and not row.by_hand and row.planned_ms > now_ms


def _of_job(job: Job, rows: Sequence[JobRun], now_ms: int) -> list[Due]:
    own = {row.planned_ms: row for row in rows if not row.by_hand}
    past = [at for at in own if at <= now_ms]
    if not past:
        first = last_planned(job.cron, now_ms)
        return [] if first is None else [Due(Do.SKIP, job.name, first, BEFORE)]
    times = planned(job.cron, min(past) - 1, now_ms)
    waiting = [at for at in times if at not in own or _may_again(job, own[at])]
    is_busy = any(row.state is JobState.STARTED for row in rows)
    if job.missed is Missed.SKIP:
        begin, rest = _on_time(job, waiting, now_ms, is_busy=is_busy)
    elif job.missed is Missed.LATEST:
        begin, rest = _newest(job, waiting, max(past, default=0))
    else:
        begin, rest = waiting, []
    found = [action for action in rest if action.planned_ms not in own]
    if not job.may_overlap:
        begin = [] if is_busy else begin[:1]
    return found + [_start(job, at, own.get(at), now_ms) for at in begin]


def _may_again(job: Job, row: JobRun) -> bool:
    return row.state is JobState.LOST and row.attempt < job.attempts


def _on_time(
    job: Job, waiting: Sequence[int], now_ms: int, *, is_busy: bool
) -> tuple[list[int], list[Due]]:
    """Return the runs that may still begin, and what becomes of those that are late."""
    begin: list[int] = []
    rest: list[Due] = []
    for at in waiting:
        late_s = (now_ms - at) // 1000
        if now_ms - at <= job.late_s * 1000:
            begin.append(at)
        elif is_busy:
            rest.append(Due(Do.SKIP, job.name, at, "the run before it was still going"))
        else:
            said = f"{late_s:,} s late, {job.late_s:,} s are allowed"
            rest.append(Due(Do.MISS, job.name, at, said))
    return begin, rest


def _newest(job: Job, waiting: Sequence[int], last: int) -> tuple[list[int], list[Due]]:
    """Return the newest run, unless a later one has a row already; the others are missed."""
    begin = [at for at in waiting[-1:] if at >= last]
    rest = [Due(Do.MISS, job.name, at, IN_ITS_PLACE) for at in waiting if at not in begin]
    return begin, rest


def _start(job: Job, at: int, row: JobRun | None, now_ms: int) -> Due:
    said: list[str] = []
    if now_ms - at > job.late_s * 1000:
        said.append(f"caught up, {(now_ms - at) // 1000:,} s late")
    if row is not None:
        said.append("begun again: it was lost")
    attempt = 1 if row is None else row.attempt + 1
    return Due(Do.START, job.name, at, "; ".join(said), attempt)
