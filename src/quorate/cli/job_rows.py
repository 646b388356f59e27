"""Jobs in the terminal: a row a job, or a row a run."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quorate.cli.tables import Column, fitted
from quorate.report.formats import number
from quorate.store.jobs import JobState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from quorate.api.scheduling import Jobs
    from quorate.store.jobs import JobRun

_STYLES = {
    JobState.FAILED: "red",
    JobState.MISSED: "yellow",
    JobState.SKIPPED: "dim",
    JobState.LOST: "red",
    JobState.STARTED: "cyan",
}


def last_rows(found: Jobs, width: int) -> Table:
    """Return a row a job: when it is next, what became of its last run, how many of each."""
    last = {run.job: run for run in found.runs}
    counts = {
        job.job: Counter(str(run.state) for run in found.runs if run.job == job.job)
        for job in found.planned
    }
    runs = [last.get(job.job) for job in found.planned]
    columns = [
        Column("job", [job.job for job in found.planned], 0),
        Column("next (UTC)", [_at(job.next_ms) for job in found.planned], 0),
        Column("cron", [job.cron for job in found.planned], 2),
        Column("last", ["" if run is None else _at(run.planned_ms) for run in runs], 4),
        Column("outcome", ["" if run is None else str(run.state) for run in runs], 0),
        Column("seconds", [_took(run) for run in runs], 3, is_text=False),
        Column("a day", [_counted(counts[job.job]) for job in found.planned], 5),
        Column("why", ["" if run is None else run.reason for run in runs], 6),
        Column("does", [job.does for job in found.planned], 1),
    ]
    styles = ["" if run is None else _STYLES.get(run.state, "") for run in runs]
    return fitted(columns, width, styles)


def run_rows(runs: Sequence[JobRun], width: int) -> Table:
    """Return a row a run, by the time it was planned for."""
    columns = [
        Column("planned (UTC)", [_at(run.planned_ms) for run in runs], 0),
        Column("job", [run.job for run in runs], 0),
        Column("outcome", [str(run.state) for run in runs], 0),
        Column("by hand", ["yes" if run.by_hand else "" for run in runs], 2),
        Column("started", [_clock(run.started_ms) for run in runs], 4),
        Column("ended", [_clock(run.ended_ms) for run in runs], 3),
        Column("seconds", [_took(run) for run in runs], 5, is_text=False),
        Column("attempt", [str(run.attempt or "") for run in runs], 1, is_text=False),
        Column("why", [run.reason for run in runs], 6),
    ]
    return fitted(columns, width, [_STYLES.get(run.state, "") for run in runs])


def _at(ms: int | None) -> str:
    return "" if ms is None else f"{datetime.fromtimestamp(ms / 1000.0, tz=UTC):%Y-%m-%d %H:%M}"


def _clock(ms: int | None) -> str:
    return "" if ms is None else f"{datetime.fromtimestamp(ms / 1000.0, tz=UTC):%H:%M:%S}"


def _took(run: JobRun | None) -> str:
    if run is None or run.started_ms is None or run.ended_ms is None:
        return ""
    return number((run.ended_ms - run.started_ms) / 1000.0, 1)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{n:,} {state}" for state, n in counts.most_common())
