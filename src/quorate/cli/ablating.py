"""``quorate ablate``: what each formula in force and each engine is worth, under walk-forward."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from quorate.cli.commands import Config, Json, Out, Set, app, settings_of
from quorate.cli.market import Flat, Market
from quorate.cli.synthetic import Synthetic, ground, market_of
from quorate.cli.walking import Edge
from quorate.cli.workers import Processes

if TYPE_CHECKING:
    from rich.table import Table

    from quorate.report.ablations import Ablated

_Days = Number(gte=1)


@app.command
def ablate(  # noqa: PLR0913  (its options)
    *,
    market: Annotated[Market | None, Flat] = None,
    made: Annotated[Synthetic | None, Flat] = None,
    train_days: Annotated[
        int, Parameter(help="Days that are learned from.", validator=_Days)
    ] = 120,
    purge_days: Annotated[
        int, Parameter(help="Days left out before a test.", validator=Number(gte=0))
    ] = 4,
    test_days: Annotated[int, Parameter(help="Days that are judged.", validator=_Days)] = 30,
    warm_days: Annotated[
        int, Parameter(help="Days watched before each test.", validator=_Days)
    ] = 20,
    edge: Edge = "slope",
    options: Annotated[bool, Parameter(help="Vary every setting that chooses a formula.")] = True,
    engines: Annotated[bool, Parameter(help="Leave out every engine in turn.")] = True,
    workers: Processes = 1,
    page: Annotated[
        Path | None, Parameter(help="Where its page goes; beside the runs, named by the first.")
    ] = None,
    config: Config = None,
    set_: Set = None,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """Compare the settings as they are with each named option, and with each engine left out.

    All are judged on the same windows of a walk forward, paired day by day, with intervals; a
    verdict allows for how many were compared. Each variant is booked as a trial.

    Example: quorate ablate --bars data/spot_5m --venue binance_spot --kind spot
    """
    from rich.console import Console

    from quorate import api
    from quorate.api.warming import warm as compile_all
    from quorate.cli.progress import bars
    from quorate.report.ablation_page import write
    from quorate.report.ablations import Ablated, as_dict, opening, text

    base = settings_of(config, set_)
    panel, _ = market_of(market, made, base)
    compile_all(Console(stderr=True).print)
    lesson = api.Lesson(train_days, purge_days, test_days, warm_days, edge)
    with bars("comparing variants", unit="variants") as progress:
        found = api.ablate(
            panel,
            base,
            lesson,
            options=options,
            engines=engines,
            workers=workers,
            out=out,
            progress=progress,
        )
    told = Ablated(found.table, found.base, found.n_compared, found.n_days, found.n_windows)
    place = write(
        told,
        out / f"ablate-{found.base['run_id']}.html" if page is None else page,
        data=panel.source.description,
        is_synthetic=panel.is_synthetic,
    )
    if json:
        said = {"is_synthetic": panel.is_synthetic, "data": panel.source.description}
        said |= as_dict(told) | {"page": str(place)}
        print(jsonlib.dumps(said, indent=1, allow_nan=False))
        return
    from quorate.cli.tables import summarised, wide_console

    console = wide_console()
    if panel.is_synthetic:
        console.print(summarised("SYNTHETIC DATA: these prices were made up"))
    console.print(f"{ground(panel)}\n", highlight=False)
    width = min(console.width, 100)
    console.print(summarised(opening(told, width)), soft_wrap=True, highlight=False)
    console.print()
    console.print(variant_rows(told, console.width), crop=False)
    console.print()
    console.print(summarised(text(told, width)), soft_wrap=True, highlight=False)
    print(f"PAGE         {place}")


def variant_rows(found: Ablated, width: int) -> Table:
    """Return a row a variant that was compared, the surest first."""
    from quorate.cli.tables import Column, fitted
    from quorate.report.formats import fall, number, percent

    rows = [row for row in found.table.iter_rows(named=True) if row["verdict"] != "not compared"]

    def texts(name: str, decimals: int = 2) -> list[str]:
        return [number(row[name], decimals) for row in rows]

    bounds = [f"{number(row['low'])} to {number(row['high'])}" for row in rows]
    columns = [
        Column("variant", [row["variant"] for row in rows], 0),
        Column("in force", [row["in_force"] or "votes" for row in rows], 1),
        Column("Sharpe", texts("sharpe"), 4, is_text=False),
        Column("difference", texts("difference"), 0, is_text=False),
        Column("95% interval", bounds, 0, is_text=False),
        Column("p", [percent(row["p_value"]) for row in rows], 0, is_text=False),
        Column("p all", [percent(row["p_holm"]) for row in rows], 0, is_text=False),
        Column(
            "windows\nbetter",
            [f"{row['windows_better']} of {found.n_windows}" for row in rows],
            3,
            is_text=False,
        ),
        Column("net", [fall(row["net_return"]) for row in rows], 5, is_text=False),
        Column("trades", texts("n_trades", 0), 2, is_text=False),
        Column("verdict", [row["verdict"] for row in rows], 0),
    ]
    styles = ["bold" if row["is_discovered"] else "" for row in rows]
    return fitted(columns, width, styles)
