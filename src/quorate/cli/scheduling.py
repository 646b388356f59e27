"""``quorate jobs`` and ``jobs run | serve``: what is done at which times, and what became of it."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from quorate.cli.commanding import By, StoreAt
from quorate.cli.commands import Json, app

scheduled = App(
    name="jobs",
    help="What a desk does at which times: next runs, last runs.",
    help_format="plaintext",
)
app.command(scheduled)

File = Annotated[Path, Parameter(help="TOML, a table a job, with its command.")]
Printed = Annotated[Path, Parameter(help="Folder of what commands print.")]


@scheduled.default
def jobs(
    *,
    file: Annotated[
        Path | None, Parameter(help="TOML, a table a job; the house's alone if left out.")
    ] = None,
    days: Annotated[
        float | None,
        Parameter(help="Every run of so many days, in place of the last.", validator=Number(gt=0)),
    ] = None,
    store: StoreAt = "desk.sqlite",
    json: Json = False,
) -> None:
    """List what is planned next and what became of the last runs, or every run of some days.

    Times are UTC. A planned run is a row, whether it began or not: done, failed, skipped, missed,
    lost with its process, each with why.

    Example: quorate jobs --days 7
    """
    from quorate import api
    from quorate.cli.job_rows import last_rows, run_rows
    from quorate.cli.tables import wide_console

    found = api.jobs(file, store=store, days=1.0 if days is None else days)
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1))
        return
    console = wide_console()
    if days is None:
        console.print(last_rows(found, console.width), crop=False)
    elif found.runs:
        console.print(run_rows(found.runs, console.width), crop=False)
    else:
        console.print(f"no run was planned in {days:g} days", highlight=False)
    if found.note:
        console.print(f"note: {found.note}", highlight=False)


@scheduled.command
def run(
    name: Annotated[str, Parameter(help="Of the job: nightly.")],
    *,
    file: File,
    by: By = "",
    folder: Printed = Path("jobs"),
    store: StoreAt = "desk.sqlite",
    json: Json = False,
) -> None:
    """Run a job's command now; its row says who asked.

    It takes no planned run's place; a planned run of the job waits for it. Exit code 1 if it fails.

    Example: quorate jobs run nightly --file jobs.toml
    """
    from quorate import api
    from quorate.cli.job_rows import run_rows
    from quorate.cli.tables import wide_console

    found = api.run_job(name, file, store=store, by=by, folder=folder)
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1))
    else:
        console = wide_console()
        console.print(run_rows((found,), console.width), crop=False)
    if found.state != "done":
        raise SystemExit(1)


@scheduled.command
def serve(
    *,
    file: File,
    folder: Printed = Path("jobs"),
    store: StoreAt = "desk.sqlite",
) -> None:
    """Run the commands of a file at their times until SIGTERM, where no desk does.

    Example: quorate jobs serve --file jobs.toml
    """
    from quorate import api

    api.serve_jobs(file, store=store, folder=folder, tell=lambda text: print(text, flush=True))
