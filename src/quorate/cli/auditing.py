"""``quorate audit``: whether anything knows what it cannot know yet."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from quorate.cli.commands import Config, Json, Set, app, settings_of
from quorate.cli.market import Beside, Flat


@app.command
def audit(  # noqa: PLR0913  (its options)
    data: Annotated[
        Path | None,
        Parameter(help="Folder of SYMBOL.parquet bars; the synthetic market if left out."),
    ] = None,
    *,
    market: Annotated[Beside | None, Flat] = None,
    engine: Annotated[
        list[str] | None,
        Parameter(help="Of your own, file.py:name or package.module:name; may be given again."),
    ] = None,
    days: Annotated[int, Parameter(help="Days of the synthetic market.")] = 20,
    cuts: Annotated[int, Parameter(help="At how many times the history is cut.")] = 48,
    seed: Annotated[int, Parameter(help="Which times, and which noise.")] = 0,
    config: Config = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Hold what was known at many times against what the whole history says of it.

    Engines, features, decisions, the panel's making, labels, splits, fits and a trained
    pipeline are asked again with the history cut, its future replaced and rows shuffled:
    what differs by a byte is named. Exit code 1 if something was found.

    Example: quorate audit data/spot_5m --venue binance_spot --kind spot --engine mine.py:vote
    """
    from rich.console import Console

    from quorate import api
    from quorate.api.auditing import engine_of
    from quorate.api.warming import warm as compile_all
    from quorate.cli.progress import bars

    settings = settings_of(config, set_)
    beside = market or Beside()
    if data is not None:
        beside.check_bars(data)
    named = settings["engines"]
    voters = [
        *api.engines(named["extra"], named["exclude"], settings.path),  # type: ignore[arg-type]
        *(engine_of(spec) for spec in engine or ()),
    ]
    panel = api.demo(days) if data is None else beside.panel(data, settings)
    compile_all(Console(stderr=True).print)
    with bars("auditing", unit="steps") as progress:
        found = api.audit(
            panel, settings, engines=voters, n_cuts=cuts, seed=seed, progress=progress
        )
    if json:
        print(jsonlib.dumps(found.as_file(), indent=1, allow_nan=False))
    else:
        from quorate.cli.audit_rows import findings, headline, not_covered, part_rows
        from quorate.cli.tables import wide_console

        console = wide_console()
        console.print(headline(found))
        console.print(part_rows(found, console.width), crop=False)
        console.print(findings(found), soft_wrap=not console.is_terminal)
        console.print(not_covered(found), soft_wrap=not console.is_terminal)
    if not found.is_pass:
        raise SystemExit(1)
