"""``quorate search``: Optuna over any settings, judged on whole histories with costs."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from quorate.cli.commands import Config, Json, Out, Set, app, pairs, settings_of
from quorate.cli.market import Flat, Market
from quorate.cli.sweeping import Csv, check_csv, command
from quorate.cli.synthetic import Synthetic, ground, market_of
from quorate.cli.walking import Edge
from quorate.cli.workers import Processes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.api import Panel, Search
    from quorate.report.searches import Searched


@app.command
def search(  # noqa: PLR0913  (its options)
    *,
    over: Annotated[
        list[str],
        Parameter(
            help="A setting and its range, section.name=low..high, :log or :step behind it, or "
            "values after commas; may be given again."
        ),
    ],
    trials: Annotated[int, Parameter(help="Settings tried in all.", validator=Number(gte=1))] = 40,
    market: Annotated[Market | None, Flat] = None,
    made: Annotated[Synthetic | None, Flat] = None,
    blocks: Annotated[int, Parameter(help="Blocks of time.", validator=Number(gte=2))] = 6,
    test_blocks: Annotated[
        int, Parameter(help="Blocks tested at once.", validator=Number(gte=1))
    ] = 2,
    warm_days: Annotated[
        int, Parameter(help="Days watched before each test.", validator=Number(gte=1))
    ] = 20,
    embargo_days: Annotated[
        float, Parameter(help="Days after a test that teach nothing.", validator=Number(gte=0))
    ] = 4.0,
    edge: Edge = "slope",
    penalty: Annotated[
        float,
        Parameter(
            help="Standard deviations over paths that the objective lies below their median.",
            validator=Number(gte=0),
        ),
    ] = 1.0,
    min_trades: Annotated[
        int,
        Parameter(help="Closed trades below which a path is not judged.", validator=Number(gte=1)),
    ] = 30,
    prune: Annotated[bool, Parameter(help="Stop trials that have fallen behind.")] = True,
    sampler_seed: Annotated[int, Parameter(help="The same seed tries the same settings.")] = 0,
    workers: Processes = 1,
    top: Annotated[
        int, Parameter(help="How many rows in the terminal.", validator=Number(gte=1))
    ] = 10,
    csv: Csv = None,
    page: Annotated[
        Path | None, Parameter(help="Where its page goes; beside the file of the search.")
    ] = None,
    config: Config = None,
    set_: Set = None,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """Search ranges of any settings for the best on histories that did not teach their tests.

    Each trial is booked, judged with costs on paths of combinatorial purged cross-validation, and
    stopped when it falls behind. The same command goes on where it was left.

    Example: quorate search --demo --days 90 --over consensus.k=0.25..2:log --trials 16
    """
    from rich.console import Console

    from quorate import api
    from quorate.api.folder import store_place
    from quorate.api.warming import warm as compile_all
    from quorate.cli.progress import bars
    from quorate.report.search_page import write

    base = settings_of(config, set_)
    fixed = pairs(set_)
    ranges = varied(over, fixed)
    check_csv(csv)
    panel, source = market_of(market, made, base)
    compile_all(Console(stderr=True).print)
    cross = api.Cross(
        n_blocks=blocks,
        n_test=test_blocks,
        embargo_days=embargo_days,
        warm_days=warm_days,
        edge=edge,
        penalty=penalty,
        min_trades=min_trades,
    )
    with bars(f"searching {trials} trials", unit="trials") as progress:
        found = api.search(
            panel,
            ranges,
            base,
            n_trials=trials,
            cross=cross,
            seed=sampler_seed,
            prune=prune,
            workers=workers,
            out=out,
            progress=progress,
        )
    store = str(store_place(str(base["account"]["store"]), out))
    told = told_of(found, store)
    if csv is not None:
        found.table.write_csv(csv)
    words = [("walkforward" if source[0] == "backtest" else source[0]), *source[1:]]
    given = fixed | {name: _written(value) for name, value in found.settings.items()}
    again = command(words, given, config, out)
    place = write(
        told,
        page or (out / "search.html" if found.path is None else found.path.with_suffix(".html")),
        data=panel.source.description,
        again=again,
        is_synthetic=panel.is_synthetic,
    )
    if json:
        from quorate.report.searches import as_dict

        said = {"is_synthetic": panel.is_synthetic, "data": panel.source.description}
        said |= as_dict(told) | {"again": again, "kept": str(found.path), "page": str(place)}
        print(jsonlib.dumps(said, indent=1, allow_nan=False))
        return
    _print(told, found, panel, top=top, again=again)
    print(f"PAGE         {place}")


def varied(given: Sequence[str], fixed: dict[str, str]) -> dict[str, str]:
    """Return what ``--over`` gave: the range or the values of each setting, by name.

    Parameters
    ----------
    given : sequence of str
        ``section.name=low..high`` or ``section.name=value,value``.
    fixed : dict
        What ``--set`` gave.

    Raises
    ------
    ConfigError
        What is wrong, and what to write.

    Notes
    -----
    Units: as the settings.  Causal: none.  Missing: an empty text is refused.

    Examples
    --------
    >>> varied(["consensus.k=0.5..2:log"], {})
    {'consensus.k': '0.5..2:log'}
    """
    from quorate.errors import ConfigError

    found: dict[str, str] = {}
    for item in given:
        name, equals, text = item.partition("=")
        if not equals or "." not in name or not text.strip():
            raise ConfigError(
                f"--over {item!r} is not a setting and its range",
                hint="write section.name=low..high, or section.name=value,value",
            )
        if name in found or name in fixed:
            twice = "--over gives it twice" if name in found else "--set gives it too"
            raise ConfigError(f"--over {name}: {twice}", hint="leave out one of the two")
        found[name] = text
    return found


def told_of(found: Search, store: str) -> Searched:
    """Return what is told of a search: its whole trials by their objective, the best first."""
    from quorate.api.spaces import Span
    from quorate.report.searches import Searched
    from quorate.report.sweeps import tell

    table = found.sweep.table
    values = table["objective"].to_list()
    order = sorted(range(table.height), key=lambda i: (-values[i], i))
    swept = found.sweep
    told = tell(table, swept.metrics, swept.trials, "sharpe", found.luck, order, few=swept.few)
    axes = tuple(
        (axis.name, axis.low, axis.high, axis.log)
        if isinstance(axis, Span)
        else (axis.name, None, None, False)
        for axis in found.space.axes
    )
    paths = found.outcomes[found.best].sharpes
    days = len(found.sweep.days)
    every = tuple(each.sharpes for each in found.outcomes)
    return Searched(told, found.table, paths, axes, found.cross._asdict(), days, store, every)


def _written(value: object) -> str:
    """Return a value so that ``--set`` reads the same again."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def _print(told: Searched, found: Search, panel: Panel, *, top: int, again: str) -> None:
    from quorate.cli.search_rows import search_rows
    from quorate.cli.tables import summarised, wide_console
    from quorate.report.searches import judged, opening, text

    console = wide_console()
    if panel.is_synthetic:
        console.print(summarised("SYNTHETIC DATA: these prices were made up"))
    console.print(f"{judged(told)}, over {ground(panel)}\n", highlight=False)
    width = min(console.width, 100)
    console.print(summarised(opening(told, width)), soft_wrap=True, highlight=False)
    console.print()
    console.print(search_rows(told, top, console.width), crop=False)
    n = told.told.table.height
    if top < n:
        console.print(f"the best {top} of {n:,d} whole trials: --top {n} shows all")
    console.print()
    said = text(told, again=again, width=width)
    console.print(summarised(said), soft_wrap=True, highlight=False)
    print(f"KEPT         {found.path}: the same command goes on, with more --trials too")
