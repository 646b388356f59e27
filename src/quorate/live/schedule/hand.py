"""A run that somebody asks for: recorded as such, beside the planned ones.

In: a job and what does it. Out: the row of the run. It is no planned run, and takes none's place;
a planned run of the job waits for it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from quorate.errors import ConfigError
from quorate.live.schedule.runner import Clock, ended, guarded, working
from quorate.store.jobs import JobRun, JobState

if TYPE_CHECKING:
    from quorate.live.schedule.command import Command, Work
    from quorate.live.schedule.jobs import Job
    from quorate.store.jobs import JobBook


async def by_hand(
    job: Job,
    work: Work | Command,
    book: JobBook,
    *,
    who: str,
    folder: Path = Path("jobs"),
    clock: Clock | None = None,
) -> JobRun:
    """Run a job now.

    Parameters
    ----------
    job : Job
        Its limit holds.
    work : callable or Command
        What does it.
    book : JobBook
        Of the runs.
    who : str
        Who asks; told in the row.
    folder : Path
        Of what a command prints.
    clock : Clock, optional
        The machine's when left out.

    Returns
    -------
    JobRun
        Its row.

    Raises
    ------
    ConfigError
        A run of the job is going, and two may not.

    Notes
    -----
    Units: ms since 1970, UTC.  Causal: real time.  Missing: a run that is interrupted has failed,
    and is not begun again.
    Spec 15.
    """
    clock = clock or Clock()
    at_ms = clock.now_ms()
    rows = book.since({job.name: at_ms})
    going = [row for row in rows if row.state is JobState.STARTED]
    living = book.living({row.owner for row in going})
    if not job.may_overlap and any(row.owner in living for row in going):
        raise ConfigError(
            f"a run of {job.name} is going", hint="wait until it has ended: quorate jobs"
        )
    said = f"asked for by {who}"
    while not book.claim(job.name, at_ms, at_ms, reason=said, by_hand=True):
        at_ms += 1
    task = asyncio.create_task(guarded(working(work, job.name, folder), at_ms))
    stopped = "it was interrupted"
    try:
        await asyncio.wait({task}, timeout=job.deadline_s)
        stopped = f"over its limit of {job.deadline_s:,} s"
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        how = ended(task, clock.now_ms(), stopped=stopped)
        reason = "; ".join(filter(None, (said, how.reason)))
        book.end(job.name, at_ms, how.state, how.at_ms, reason, how.detail)
    return next(row for row in book.between(at_ms, at_ms + 1) if row.job == job.name)
