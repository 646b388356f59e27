"""``quorate torture``: the fault harness of the order core."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from quorate.cli.commands import Json, app

if TYPE_CHECKING:
    from quorate.api import Torture


@app.command
def torture(
    *,
    seeds: Annotated[int, Parameter(help="How many plays.")] = 20,
    first_seed: Annotated[int, Parameter(help="Seed of the first.")] = 1,
    days: Annotated[float, Parameter(help="Simulated days of all plays together.")] = 5.0,
    venue: Annotated[str, Parameter(help="At which exchange: binance, spot, bybit.")] = "binance",
    workers: Annotated[int | None, Parameter(help="Processes; one a core if left out.")] = None,
    schedule: Annotated[
        Path | None, Parameter(help="A file with one schedule, to play it again.")
    ] = None,
    full: Annotated[
        Path | None, Parameter(help="File of the whole programme; goes on where it stood.")
    ] = None,
    json: Json = False,
) -> None:
    """Play lives of a desk against the simulated exchange under faults, and check them.

    The real ccxt client, journal, resolver and controls, in virtual time; the same seeds give the
    same trace. A seed that fails prints the least schedule that still fails. Exit code 1 then.

    Example: quorate torture --seeds 20 --days 5
    """
    from quorate import api
    from quorate.cli.progress import bars

    text = None if schedule is None else schedule.read_text(encoding="utf-8")
    with bars("playing", unit="plays") as progress:
        found = api.torture(
            seeds,
            first_seed=first_seed,
            days=days,
            venue=venue,
            workers=workers,
            schedule=text,
            record=full,
            progress=progress,
        )
    if json:
        row = found._asdict() | {"failures": [each._asdict() for each in found.failures]}
        print(jsonlib.dumps(row))
    else:
        print(_said(found))
    if found.violations:
        raise SystemExit(1)


def _said(found: Torture) -> str:
    lines = [
        (
            f"{found.seeds} plays from seed {found.first_seed}, {found.days:g} days: "
            f"{found.n_orders:,} orders in {found.n_lives:,} lives"
        ),
        "  went wrong: " + ", ".join(f"{name} {count:,}" for name, count in found.faults.items()),
        f"  desks that had a reason not to trade in the end: {found.n_resting}",
        f"  invariants broken: {found.violations}",
    ]
    for each in found.failures:
        lines += [f"  seed {each.seed}: {each.invariant} {each.text}", f"    {each.schedule}"]
    return "\n".join([*lines, f"  trace {found.trace}"])
