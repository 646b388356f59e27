"""``quorate models ls | show | publish | stage | rollback`` and ``promote``: who may vote."""

from __future__ import annotations

import json as jsonlib
from datetime import UTC, datetime
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from quorate.cli.commands import Config, Json, Out, Set, app, settings_of

if TYPE_CHECKING:
    from quorate.api import Registry
    from quorate.research.evidence import Evidence
    from quorate.research.versions import Version

models = App(
    name="models",
    help="Model sets that were published: versions, stages, the champion.",
    help_format="plaintext",
)
app.command(models)

Place = Annotated[
    Path | None,
    Parameter(name="--registry", help="Its folder; models.registry of the settings if left out."),
]
Which = Annotated[str, Parameter(help="A version: v0003.")]
Why = Annotated[str, Parameter(help="Why, in words; it stays in the history.")]
Day = Annotated[int, Parameter(help="Which look: 14, 21 or 28; with --max-days 90 also 60, 90.")]
MaxDays = Annotated[
    int | None,
    Parameter(help="How long the plan lasts, 28 or 90; chosen before, and kept by the registry."),
]
Challengers = Annotated[
    int | None,
    Parameter(help="How many are looked at side by side; the registry counts if left out."),
]
Start = Annotated[
    str | None, Parameter(help="First day that counts, UTC; what the plan says if left out.")
]
At = Annotated[
    datetime | None,
    Parameter(
        help="When, UTC, for a past that is played again: 2024-02-10T02:00; now if left out."
    ),
]


@models.command
def ls(
    *,
    registry: Place = None,
    verify: Annotated[
        bool, Parameter(negative="", help="Hold every file against the signed index; 3 if not so.")
    ] = False,
    config: Config = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """List the versions of the registry: stage, until when fitted, age, recipe, metrics.

    Example: quorate models ls --verify
    """
    from quorate.cli.model_rows import champion_line, version_rows
    from quorate.cli.tables import wide_console
    from quorate.errors import RegistryError
    from quorate.report.plain import plain

    found = _registry(registry, config, set_)
    table = found.table()
    if json:
        rows = [row | {"metrics": jsonlib.loads(row["metrics"])} for row in table.to_dicts()]
        print(jsonlib.dumps(plain(rows), indent=1, allow_nan=False))
    else:
        console = wide_console()
        console.print(version_rows(table, console.width), crop=False)
        console.print(champion_line(table, found.max_age_days), highlight=False)
    if verify and (differ := found.differences()):
        raise RegistryError(
            f"{found.folder} is not what its index says: {'; '.join(differ)}",
            hint="restore what is named from a backup; a version that is refused does not vote",
        )


@models.command
def show(
    version: Which,
    *,
    registry: Place = None,
    config: Config = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Show a version: what it is made of, its recipe beside its parent's, every move it made.

    Example: quorate models show v0003
    """
    from quorate.cli.model_rows import move_rows, told, version_lines
    from quorate.cli.tables import wide_console

    found = _registry(registry, config, set_)
    index = found.index
    one = index.version(version)
    if json:
        print(jsonlib.dumps(told(index, one), indent=1, allow_nan=False))
        return
    console = wide_console()
    for line in version_lines(index, one, found.folder):
        console.print(line, highlight=False, soft_wrap=True)
    console.print(move_rows(index, one, console.width), crop=False)


@models.command
def publish(  # noqa: PLR0913  (its options)
    folder: Annotated[Path, Parameter(help="Of a model set, from `quorate train`; copied.")],
    *,
    audit: Annotated[Path, Parameter(help="File that quorate audit --json made of its bars.")],
    why: Why,
    metrics_of: Annotated[
        str | None, Parameter(help="A run whose net return, Sharpe ratio ... are kept beside it.")
    ] = None,
    parent: Annotated[
        str | None, Parameter(help="The version that it was made to beat: v0003.")
    ] = None,
    at: At = None,
    registry: Place = None,
    out: Out = Path("runs"),
    config: Config = None,
    set_: Set = None,
) -> None:
    """Publish a model set as a candidate; without an audit that passes that is impossible.

    A refit of a recipe that is at work takes the old fit's place: for that the registry also
    asks for checks of its data and a test that it is not worse, from Python.

    Example: quorate models publish models --audit audit.json --why "first"
    """
    from quorate import api
    from quorate.cli.model_rows import KEPT

    found = _registry(registry, config, set_)
    metrics = {}
    if metrics_of is not None:
        net = api.read(metrics_of, out=out).metrics["net"]
        metrics = {name: net.get(name) for name in KEPT}
    made = found.publish(folder, audit, why=why, metrics=metrics, parent=parent, at=_utc(at))
    _say(made, found)


@models.command
def stage(  # noqa: PLR0913  (its options)
    version: Which,
    to: Annotated[str, Parameter(help="candidate, shadow, canary, champion or retired.")],
    *,
    why: Why,
    champion_run: Annotated[
        str | None, Parameter(help="With --challenger-run: the runs that are looked at.")
    ] = None,
    challenger_run: Annotated[
        str | None,
        Parameter(help="The challenger: its run, over the same bars; to shadow a walk forward."),
    ] = None,
    sweep: Annotated[
        str | None, Parameter(help="To shadow: a run of the sweep it was chosen in, for PBO.")
    ] = None,
    cpcv: Annotated[
        Path | None, Parameter(help="To shadow: the file that quorate cpcv --json made.")
    ] = None,
    canary_run: Annotated[
        str | None, Parameter(help="To champion: its run over the days since it is canary.")
    ] = None,
    override: Annotated[
        str, Parameter(help="Why it goes on without all figures; it stays on record.")
    ] = "",
    day: Day = 28,
    max_days: MaxDays = None,
    challengers: Challengers = None,
    start: Start = None,
    at: At = None,
    registry: Place = None,
    out: Out = Path("runs"),
    config: Config = None,
    set_: Set = None,
) -> None:
    """Move a version to another stage: up a step at a time, on a verdict, or down.

    To shadow: the figures of research, of a walk forward of the recipe, its sweep and its
    cross-validation; with that move the plan of the looks that follow is fixed. To canary: a
    look that promotes. To champion: both that and the figures of the canary. The first champion
    needs no verdict: there is nobody to be held against. Rule engines alone become the first canary
    as they are; a recipe that learns shows the figures of research.

    Example: quorate models stage v0002 shadow --why better --challenger-run 20260101
    """
    from quorate import api
    from quorate.api.figures import canaried, researched
    from quorate.api.promoting import asked_of
    from quorate.errors import ConfigError

    found = _registry(registry, config, set_)
    moment = _utc(at)
    evidence: list[Evidence] = []
    is_first = to == "canary" and found.index.champion is None
    if (to == "shadow" or is_first) and challenger_run is not None:
        shown = researched(
            found,
            version,
            challenger_run,
            champion_run=champion_run,
            sweep=sweep,
            cpcv=cpcv,
            out=out,
        )
        evidence.append(shown)
    elif (champion_run is None) != (challenger_run is None):
        raise ConfigError("one run is named", hint="give --champion-run and --challenger-run")
    elif champion_run is not None and challenger_run is not None:
        looked = api.promote(
            champion_run,
            challenger_run,
            day=day,
            start=start,
            max_days=max_days,
            challengers=challengers,
            out=out,
            registry=found,
            at=moment,
        )
        evidence.append(looked.look)
    if canary_run is not None:
        evidence.append(canaried(found, version, canary_run, control=champion_run, out=out))
    plan = asked_of(max_days, start, challengers)
    made = found.stage(
        version, to, why=why, evidence=evidence, plan=plan, override=override, at=moment
    )
    _say(made, found)


@models.command
def rollback(
    *,
    why: Why,
    to: Annotated[
        str | None, Parameter(help="Which earlier champion; the one before if left out.")
    ] = None,
    at: At = None,
    registry: Place = None,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Make the champion before this one champion again, at once and whole.

    Example: quorate models rollback --why "slippage twice of what it was"
    """
    found = _registry(registry, config, set_)
    _say(found.roll_back(to, why=why, at=_utc(at)), found)


@app.command
def promote(  # noqa: PLR0913  (its options)
    champion: Annotated[str, Parameter(help="The champion's run: a folder, id or its beginning.")],
    challenger: Annotated[str, Parameter(help="The challenger's, over the same bars.")],
    *,
    day: Day,
    start: Start = None,
    max_days: MaxDays = None,
    challengers: Challengers = None,
    at: At = None,
    registry: Place = None,
    out: Out = Path("runs"),
    config: Config = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Say whether a challenger may take the champion's place: PROMOTE, REJECT or EXTEND.

    By its net return for risk, with bounds that allow for all planned looks; and all seven
    metrics must be shown to be no worse than their margins allow. The registry keeps the plan and
    each look: another plan, or another result of the same look, is refused.

    Example: quorate promote 20260101 20260102 --day 28
    """
    from quorate import api

    found = api.promote(
        champion,
        challenger,
        day=day,
        start=start,
        max_days=max_days,
        challengers=challengers,
        out=out,
        registry=_registry(registry, config, set_),
        at=_utc(at),
    )
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1, allow_nan=False))
        return
    from quorate.report.promotion_text import WIDTH, text

    print(text(found, get_terminal_size((WIDTH, 24)).columns))


def _registry(place: Path | None, config: Path | None, set_: list[str] | None) -> Registry:
    from quorate import api

    return api.registry(place, settings_of(config, set_))


def _utc(at: datetime | None) -> datetime | None:
    """Return a moment of the command line; one without a zone is UTC."""
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC)


def _say(version: Version, found: Registry) -> None:
    """Tell where a version stands now, and who is champion."""
    from quorate.cli.model_rows import champion_line

    print(f"{version.name} is {version.stage}; {found.folder / version.name}")
    print(champion_line(found.table(), found.max_age_days))
