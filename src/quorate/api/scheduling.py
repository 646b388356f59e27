"""The jobs of a desk from Python: what is planned, what became of it, one now, all of them.

In: a file of jobs, a store. Out: rows. The desk does its jobs itself; ``serve_jobs`` does those
that are commands where there is no desk.
"""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.api.commanding import STORE, said_by
from quorate.errors import ConfigError
from quorate.live.schedule.due import GONE
from quorate.live.schedule.files import read_jobs
from quorate.live.schedule.hand import by_hand
from quorate.live.schedule.jobs import next_planned
from quorate.live.schedule.runner import Runner
from quorate.store import open_store
from quorate.store.jobs import JobRun, JobState

if TYPE_CHECKING:
    from collections.abc import Callable

_DAY_MS = 86_400_000
_FAR_MS = 100 * 365 * _DAY_MS
FOLDER = Path("jobs")


class PlannedJob(NamedTuple):
    """A job: its cron text in UTC, when it is next, what it does, whether a command does it."""

    job: str
    cron: str
    next_ms: int | None
    does: str
    has_command: bool


class Jobs(NamedTuple):
    """What is planned, and the runs of some days by time.

    Parameters
    ----------
    planned : tuple of PlannedJob
        In the order of the schedule.
    runs : tuple of JobRun
        One that is going and whose process is gone is told as lost.
    note : str
        What keeps the runs from being known; else empty.
    """

    planned: tuple[PlannedJob, ...]
    runs: tuple[JobRun, ...]
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "planned": [job._asdict() for job in self.planned],
            "runs": [run.as_dict() for run in self.runs],
            "note": self.note,
        }


def jobs(
    file: str | Path | None = None,
    *,
    store: str | Path = STORE,
    days: float = 1.0,
    now_ms: int | None = None,
) -> Jobs:
    """Return what is planned next, and what became of the last runs.

    Parameters
    ----------
    file : path, optional
        TOML, a table a job; the house's jobs alone when left out.
    store : str or path
        The desk's store.
    days : float
        So many days back.
    now_ms : int, optional
        The time, ms since 1970; the machine's when left out.

    Returns
    -------
    Jobs

    Raises
    ------
    ConfigError, StoreError
        The file cannot be read or says what is not known; the store cannot be opened.

    Notes
    -----
    Units: ms since 1970, UTC.  Causal: what is on the disk.  Missing: without a store there are no
    runs, and a note says so.
    Spec 15.

    Examples
    --------
    >>> found = jobs(store="no-such.sqlite", now_ms=0)
    >>> [(job.job, job.next_ms) for job in found.planned][:2]
    [('cycle', 300000), ('health', 900000)]
    >>> found.note
    'there is no store no-such.sqlite'
    """
    schedule, commands = read_jobs(None if file is None else Path(file))
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    planned = tuple(
        PlannedJob(job.name, job.cron, next_planned(job.cron, now), job.does, job.name in commands)
        for job in schedule
    )
    if "://" not in str(store) and not Path(store).exists():
        return Jobs(planned, (), f"there is no store {store}")
    with open_store(store) as opened:
        book = opened.jobs()
        gone = {(run.job, run.planned_ms) for run in book.gone()}
        runs = book.between(now - round(days * _DAY_MS), now + _FAR_MS)
        book.close()
    lost = JobState.LOST
    found = tuple(
        run._replace(state=lost, reason=GONE) if (run.job, run.planned_ms) in gone else run
        for run in runs
    )
    return Jobs(planned, found, "")


def run_job(
    name: str,
    file: str | Path,
    *,
    store: str | Path = STORE,
    by: str = "",
    folder: str | Path = FOLDER,
) -> JobRun:
    r"""Run the command of a job now; its row says who asked.

    Parameters
    ----------
    name : str
        Of the job.
    file : path
        TOML, a table a job, with its ``command``.
    store : str or path
        The desk's store.
    by : str
        Who asks; the user of this process when left out.
    folder : path
        Of what commands print.

    Returns
    -------
    JobRun
        Its row.

    Raises
    ------
    ConfigError, StoreError
        No such job, none with a command, or one is going; the store cannot be written.

    Notes
    -----
    Units: ms since 1970, UTC.  Causal: real time.  Missing: none.
    Spec 15.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     file = Path(place) / "jobs.toml"
    ...     _ = file.write_text('[hello]\ncron = "0 * * * *"\ncommand = ["true"]')
    ...     found = run_job("hello", file, store=Path(place) / "d.sqlite", by="ann", folder=place)
    >>> str(found.state), found.reason
    ('done', 'asked for by ann')
    """
    schedule, commands = read_jobs(Path(file))
    job = next((job for job in schedule if job.name == name), None)
    if job is None:
        raise ConfigError(
            f"there is no job {name}", hint=f"there are {', '.join(job.name for job in schedule)}"
        )
    if name not in commands:
        raise ConfigError(f"{file} gives the job {name} no command", hint=f"add one to [{name}]")
    who = said_by(by)
    with open_store(store) as opened:
        book = opened.jobs()
        try:
            return asyncio.run(by_hand(job, commands[name], book, who=who, folder=Path(folder)))
        finally:
            book.close()


def serve_jobs(
    file: str | Path,
    *,
    store: str | Path = STORE,
    folder: str | Path = FOLDER,
    tell: Callable[[str], None] = print,
) -> None:
    """Run the commands of a file at their times, until SIGTERM or an interrupt.

    Parameters
    ----------
    file : path
        TOML, a table a job; jobs of the house without a command are the desk's, and left out.
    store : str or path
        The desk's store.
    folder : path
        Of what commands print.
    tell : callable
        Called with what an operator has to know.

    Raises
    ------
    ConfigError, StoreError
        No job has a command; the store cannot be opened.

    Notes
    -----
    Units: UTC.  Causal: real time.  Missing: a run is never begun twice, by however many processes.
    Spec 15.
    """
    schedule, commands = read_jobs(Path(file))
    mine = [job for job in schedule if job.name in commands]
    if not mine:
        raise ConfigError(f"no job of {file} has a command", hint="add one: [nightly] command")

    with open_store(store) as opened:
        book = opened.jobs()
        runner = Runner(mine, dict(commands), book, folder=Path(folder), tell=tell)

        async def main() -> None:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, runner.stop)
            tell(f"at their times, UTC: {', '.join(job.name for job in mine)}")
            await runner.run()

        try:
            asyncio.run(main())
        finally:
            book.close()
