"""``quorate walkforward``: learn from what is past, be judged on what follows, window by window."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from quorate.cli.commands import Config, Json, Out, Set, app, key_figures, settings_of
from quorate.cli.market import Flat, Market
from quorate.cli.runs import Run
from quorate.cli.workers import Crew

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.api import WalkForward

_Days = Number(gte=1)
Models = Annotated[
    list[str] | None,
    Parameter(
        help="Engines trained, linear and trees when left out; meta:RULE says when a rule pays.",
        consume_multiple=True,
    ),
]
RulesOnly = Annotated[
    bool, Parameter(negative="", help="Train no engine; calibrate those there are.")
]
PerRegime = Annotated[
    bool,
    Parameter(negative="", help="Train one of each for every regime, not one for all of them."),
]
Calibrate = Annotated[bool, Parameter(help="Fit what each engine's strength is worth.")]
Edge = Annotated[
    Literal["slope", "isotonic", "stated"],
    Parameter(help="What a score earns: fitted, or as the settings state it."),
]
EdgeZ = Annotated[float, Parameter(help="Standard errors that a fitted edge lies below its fit.")]


def kinds(models: Sequence[str] | None, *, rules_only: bool = False) -> tuple[str, ...]:
    """Return the words of the engines that are trained.

    Parameters
    ----------
    models : sequence of str, optional
        What ``--models`` gave.
    rules_only : bool
        Whether ``--rules-only`` was given.

    Raises
    ------
    ConfigError
        Both were.

    Notes
    -----
    Units: none.  Causal: none.  Missing: linear and trees.

    Examples
    --------
    >>> kinds(None), kinds(None, rules_only=True)
    (('linear', 'trees'), ())
    """
    from quorate.errors import ConfigError

    if rules_only and models:
        raise ConfigError("--rules-only trains no models", hint="leave out one of the two")
    return () if rules_only else tuple(models or ("linear", "trees"))


@app.command
def walkforward(  # noqa: PLR0913  (its options)
    *,
    market: Annotated[Market, Flat],
    train_days: Annotated[
        int, Parameter(help="Days that are learned from.", validator=_Days)
    ] = 120,
    purge_days: Annotated[
        int,
        Parameter(help="Days left out before a test; no shorter than a label.", validator=_Days),
    ] = 4,
    test_days: Annotated[int, Parameter(help="Days that are judged.", validator=_Days)] = 30,
    expanding: Annotated[
        bool, Parameter(negative="", help="Learn from the beginning on, not from the last days.")
    ] = False,
    models: Models = None,
    rules_only: RulesOnly = False,
    per_regime: PerRegime = False,
    calibrate: Calibrate = True,
    edge: Edge = "slope",
    edge_z: EdgeZ = 0.0,
    leaderboard: Annotated[
        bool, Parameter(help="Approve and withdraw engines, regime by regime, every Monday.")
    ] = True,
    crew: Annotated[Crew | None, Flat] = None,
    config: Config = None,
    set_: Set = None,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """Learn from past windows, trade the ones after them, and leave a run of the latter alone.

    Each window is fitted on --train-days, then --purge-days are left out, and --test-days are
    traded: engines, calibrations and the edge map change there, the account goes on.

    Example: quorate walkforward --bars data/spot_5m --venue binance_spot --kind spot
    """
    from rich.console import Console

    from quorate import api
    from quorate.api.warming import warm as compile_all
    from quorate.cli.progress import bars

    trained = kinds(models, rules_only=rules_only)
    workers = (crew or Crew()).asked()
    settings = settings_of(config, set_)
    market.check()
    panel = market.load(settings)
    plan = api.Plan(
        train_days=train_days,
        purge_days=purge_days,
        test_days=test_days,
        expanding=expanding,
        models=trained,
        per_regime=per_regime,
        calibrate=calibrate,
        edge=edge,
        edge_z=edge_z,
        leaderboard=leaderboard,
    )
    compile_all(Console(stderr=True).print)
    with bars("walking forward", panel.n_coins, then="booking and writing ...") as progress:
        found = api.walkforward(panel, settings, plan, workers=workers, out=out, progress=progress)
    if json:
        told = key_figures(found.result) | {
            "folds": jsonlib.loads(found.folds.write_json()),
            "seconds": found.result.facts["seconds"],
        }
        print(jsonlib.dumps(told, indent=1))
        return
    _print(found)


@app.command
def train(  # noqa: PLR0913  (its options)
    *,
    market: Annotated[Market, Flat],
    to: Annotated[Path, Parameter(help="Folder of the model set; replaced whole.")],
    days: Annotated[int, Parameter(help="Last days that are learned from.", validator=_Days)] = 120,
    models: Models = None,
    rules_only: RulesOnly = False,
    per_regime: PerRegime = False,
    calibrate: Calibrate = True,
    edge: Edge = "slope",
    edge_z: EdgeZ = 0.0,
    leaderboard: Annotated[
        bool, Parameter(help="Say who may vote where by what votes were worth.")
    ] = True,
    crew: Annotated[Crew | None, Flat] = None,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Learn from the last days of a market and leave a signed model set for runs after them.

    Then `quorate backtest --models FOLDER` takes it, from the day it was fitted on.

    Example: quorate train --bars data/spot_5m --venue binance_spot --kind spot --to models
    """
    from rich.console import Console

    from quorate import api
    from quorate.api.warming import warm as compile_all
    from quorate.cli.progress import bars

    workers = (crew or Crew()).asked()
    settings = settings_of(config, set_)
    plan = api.Plan(
        train_days=days,
        models=kinds(models, rules_only=rules_only),
        per_regime=per_regime,
        calibrate=calibrate,
        edge=edge,
        edge_z=edge_z,
        leaderboard=leaderboard,
    )
    market.check()
    panel = market.load(settings)
    compile_all(Console(stderr=True).print)
    with bars("watching", panel.n_coins, then="fitting and signing ...") as progress:
        found = api.train(panel, settings, plan, to=to, workers=workers, progress=progress)
    print(f"{found!r}\ndigest {found.digest}")
    for remark in found.fit.remarks:
        print(f"not learned: {remark}")
    print(f"out of sample from {found.until:%Y-%m-%d %H:%M} UTC: quorate backtest --models {to}")


@app.command
def cpcv(  # noqa: PLR0913  (its options)
    *,
    market: Annotated[Market, Flat],
    models: Models = None,
    blocks: Annotated[int, Parameter(help="Blocks of time.", validator=Number(gte=2))] = 6,
    test_blocks: Annotated[
        int, Parameter(help="Blocks predicted at once.", validator=Number(gte=1))
    ] = 2,
    cost_bps: Annotated[
        float | None,
        Parameter(
            help="What a traded vote costs, in and out; 15 or the taker fees if left out.",
            validator=Number(gte=0),
        ),
    ] = None,
    crew: Annotated[Crew | None, Flat] = None,
    config: Config = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Hold models against whole histories that they did not see, to choose between them.

    A model learns from the future of its tests here, purged: what would have been earned is
    told by `quorate walkforward`. Nothing is booked, for nothing is traded.

    Example: quorate cpcv --bars data/spot_5m --venue binance_spot --kind spot --models linear
    """
    from rich.console import Console

    from quorate import api
    from quorate.api.validating import paths_told
    from quorate.api.warming import warm as compile_all
    from quorate.cli.progress import bars

    workers = (crew or Crew()).asked()
    settings = settings_of(config, set_)
    market.check()
    panel = market.load(settings)
    asked = kinds(models)
    compile_all(Console(stderr=True).print)
    with bars("watching", panel.n_coins, then="fitting and predicting ...") as progress:
        found = api.cpcv(
            panel,
            settings,
            models=asked,
            n_blocks=blocks,
            n_test=test_blocks,
            cost_bps=cost_bps,
            workers=workers,
            progress=progress,
        )
    if json:
        told = paths_told(found, panel, settings, asked)
        print(jsonlib.dumps(told, indent=1, allow_nan=False))
        return
    from quorate.cli.tables import wide_console
    from quorate.cli.walk_rows import path_rows

    console = wide_console()
    n_paths = found.table["path"].n_unique()
    many = "" if n_paths == 1 else "s"
    console.print(f"over {n_paths} path{many} of {blocks} blocks, {test_blocks} predicted at once")
    console.print(path_rows(found.spread, console.width), crop=False)


@app.command
def leaderboard(
    run: Run,
    *,
    week: Annotated[
        str | None, Parameter(help="A day: the last board made by then; the last when left out.")
    ] = None,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """List what each engine was worth in each regime by a walk forward, and who might vote.

    Below the last week's: what each engine added to a majority of the others, in all orders
    (they add up to what all made) and as the last to join.

    Example: quorate leaderboard 20260101 --week 2026-01-12
    """
    from quorate import api

    found = api.leaderboard(run, week, out=out)
    if json:
        told = {
            "week": found.week.isoformat(),
            "weeks": [each.isoformat() for each in found.weeks],
            "cells": found.table.to_dicts(),
            "worth": None if found.worth is None else found.worth.to_dicts(),
        }
        print(jsonlib.dumps(told, indent=1))
        return
    from quorate.cli.tables import wide_console
    from quorate.cli.walk_rows import cell_rows, worth_rows

    console = wide_console()
    judged = f"{len(found.weeks)} weeks; this one is judged on labels that had ended by"
    console.print(f"{judged} {found.week:%Y-%m-%d %H:%M} UTC", highlight=False, soft_wrap=True)
    console.print(cell_rows(found.table, console.width), crop=False)
    n_unknown = found.table["p_value"].null_count()
    console.print(f"and {n_unknown} cells with too little evidence, left as they were\n")
    if found.worth is not None:
        console.print("what each adds, on the votes that the approvals were chosen by")
        console.print(worth_rows(found.worth, console.width), crop=False)


def _print(found: WalkForward) -> None:
    from quorate.cli.tables import summarised, wide_console
    from quorate.cli.walk_rows import fold_rows, spread_rows, time_rows

    console = wide_console()
    console.print(fold_rows(found.folds, console.width), crop=False)
    console.print()
    console.print(spread_rows(found.result.metrics, console.width), crop=False)
    said = (each for text in found.folds["remarks"] for each in text.split("; ") if each)
    for remark in dict.fromkeys(said):
        console.print(f"not learned: {remark}", highlight=False, soft_wrap=True)
    console.print()
    console.print(time_rows(found.result.facts["seconds"], console.width), crop=False)
    console.print()
    console.print(summarised(found.result.summary()), soft_wrap=True, highlight=False)
