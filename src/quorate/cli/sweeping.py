"""``quorate sweep``: every combination of some settings over one market, in one pass."""

from __future__ import annotations

import json as jsonlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from quorate.cli.commands import Config, Json, Models, Out, Set, app, pairs, settings_of
from quorate.cli.market import Flat, Market
from quorate.cli.synthetic import Synthetic, ground, market_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.api import Panel, Sweep
    from quorate.report.sweeps import Told
    from quorate.settings import Settings

By = Literal["net", "sharpe", "psr", "dsr", "drawdown", "trades", "costs"]
Csv = Annotated[Path | None, Parameter(help="File for all rows of the table.")]


@app.command
def sweep(  # noqa: PLR0913  (its options)
    *,
    over: Annotated[
        list[str],
        Parameter(help="A setting and its values, section.name=1,2,3; may be given again."),
    ],
    market: Annotated[Market | None, Flat] = None,
    made: Annotated[Synthetic | None, Flat] = None,
    sort: Annotated[By, Parameter(help="The best by this first.")] = "sharpe",
    top: Annotated[
        int,
        Parameter(help="How many rows in the terminal, the best ones.", validator=Number(gte=1)),
    ] = 20,
    csv: Csv = None,
    page: Annotated[
        Path | None, Parameter(help="Where its page goes; beside the runs, named by the first.")
    ] = None,
    models: Models = None,
    config: Config = None,
    set_: Set = None,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """Try every combination of settings in one pass; the best come first, each is a trial.

    It runs over the bars that `quorate backtest` would, or over --demo. Settings of
    [features], [engines] and [regime] cannot be varied: all combinations share them.

    Example: quorate sweep --demo --over consensus.k=0.5,1,2
    """
    from rich.console import Console

    from quorate import api
    from quorate.api.choosing import luck_of
    from quorate.api.folder import store_place
    from quorate.api.models import fits_of
    from quorate.api.warming import warm as compile_all
    from quorate.cli.progress import bars
    from quorate.report.sweep_page import write
    from quorate.report.sweeps import tell

    base = settings_of(config, set_)
    fixed = pairs(set_)
    choices = api.grid(ranges(over, fixed))
    settings = [api.read_settings(config, fixed, each) for each in choices]
    check_csv(csv)
    fits = fits_of(models, base)
    panel, source = market_of(market, made, base)
    for each, setting in zip(choices, settings, strict=True):
        _bounded(each, setting, panel.bar_minutes)
    compile_all(Console(stderr=True).print)
    what = f"sweeping {len(settings)} setting{'' if len(settings) == 1 else 's'}"
    with bars(what, panel.n_coins, then="booking ...") as progress:
        found = api.sweep(panel, settings, models=fits, out=out, progress=progress)
    luck = luck_of(found, sort)
    told = tell(found.table, found.metrics, found.trials, sort, luck, few=found.few)
    if csv is not None:
        told.table[told.order].write_csv(csv)
    words = [*source, *(["--models", str(models)] if models else [])]
    again = command(words, fixed | choices[told.order[0]], config, out)
    store = str(store_place(_store(base), out))
    place = write(
        told,
        out / f"sweep-{found.table['run_id'][0]}.html" if page is None else page,
        data=panel.source.description,
        store=store,
        again=again,
        is_synthetic=panel.is_synthetic,
    )
    if json:
        said = as_dict(told, found, panel, again) | {"page": str(place)}
        print(jsonlib.dumps(said, indent=1, allow_nan=False))
        return
    _print(told, panel, settings, store=store, top=top, again=again)
    print(f"PAGE         {place}")


def check_csv(csv: Path | None) -> None:
    """Refuse a file in a folder that is not there, before anything is tried."""
    from quorate.errors import DataError

    if csv is not None and not csv.parent.is_dir():
        raise DataError(f"there is no folder {csv.parent}", hint="make it, or name another --csv")


def command(words: Sequence[str], given: dict[str, str], config: Path | None, out: Path) -> str:
    """Return the command of a run with some settings, as a shell takes it.

    Examples
    --------
    >>> command(["demo"], {"consensus.k": "1"}, None, Path("runs"))
    'quorate demo --set consensus.k=1'
    """
    said = ["quorate", *words, *(["--config", str(config)] if config else [])]
    said += [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    return shlex.join([*said, *(["--out", str(out)] if out != Path("runs") else [])])


def ranges(given: Sequence[str], fixed: dict[str, str]) -> dict[str, list[str]]:
    """Return what ``--over`` gave: the values of each setting, by name.

    Parameters
    ----------
    given : sequence of str
        ``section.name=value,value``.
    fixed : dict
        What ``--set`` gave.

    Raises
    ------
    ConfigError
        What is wrong, and what to write.

    Notes
    -----
    Units: as the settings.  Causal: none.  Missing: an empty value is refused.

    Examples
    --------
    >>> ranges(["consensus.k=0.5,1", "costs.impact=spec"], {})
    {'consensus.k': ['0.5', '1'], 'costs.impact': ['spec']}
    """
    from quorate import api
    from quorate.api.choices import SHARED
    from quorate.errors import ConfigError

    found: dict[str, list[str]] = {}
    for item in given:
        name, equals, text = item.partition("=")
        values = [value.strip() for value in text.split(",")]
        if not equals or "." not in name or not all(values):
            raise ConfigError(
                f"--over {item!r} is not a setting and its values",
                hint="write section.name=value,value",
            )
        section = name.partition(".")[0]
        if section in SHARED:
            free = [each for each in api.schema() if each not in SHARED]
            raise ConfigError(
                f"--over {name}: a sweep cannot vary [{section}], only {', '.join(free)}",
                hint=f"make a run of its own for each value, `quorate backtest --set {name}=...`, "
                "and hold them side by side with `quorate compare`",
            )
        if name in found:
            raise ConfigError(
                f"--over {name} is given twice", hint="write all of its values in one, after commas"
            )
        if name in fixed:
            raise ConfigError(f"--set and --over both give {name}", hint="leave out one of the two")
        found[name] = list(dict.fromkeys(values))
    return found


def as_dict(told: Told, found: Sweep, panel: Panel, backtest: str) -> dict[str, Any]:
    """Return all that a sweep says, ready for JSON.

    Parameters
    ----------
    told : Told
        From ``report.sweeps.tell``.
    found : Sweep
        What it was told of.
    panel : Panel
        What it ran over.
    backtest : str
        The command that makes a run of the best.

    Notes
    -----
    Units: fractions, per square root of a year, USD.  Causal: finished runs.  Missing: None.
    """
    from quorate.report.plain import plain
    from quorate.report.sweep_luck import as_dict as luck_as_dict
    from quorate.report.sweeps import MEASURES, settings_in
    from quorate.statistics.cautions import FEW_TRADES

    names = settings_in(told.table)
    rows = []
    for i in told.order:
        row = told.table.row(i, named=True)
        rows.append(
            {"settings": {name: row.pop(name) for name in names}}
            | row
            | {"is_scarce": row["n_trades"] < FEW_TRADES, "net": found.metrics[i]["net"]}
        )
    tree: dict[str, Any] = plain(
        {
            "is_synthetic": panel.is_synthetic,
            "data": panel.source.description,
            "sorted_by": MEASURES[told.by].column,
            "trials": {
                "booked": told.table.height,
                "n": told.trials.n,
                "n_effective": told.trials.counted,
                "daily_variance": told.trials.variance,
                "best_sharpe_by_luck": told.luck,
            },
            "best": {
                "settings": rows[0]["settings"],
                "is_told_apart_from_luck": told.judgement.is_told_apart,
                "judgement": told.judgement.sentence,
                "backtest": backtest,
            },
            "luck": luck_as_dict(told),
            "edges": [edge._asdict() | {"says": str(edge)} for edge in told.edges],
            "mattered": {
                "measure": told.measure.column,
                "settings": [
                    effect._asdict() | {"means": [mean._asdict() for mean in effect.means]}
                    for effect in told.effects
                ],
            },
            "rows": rows,
        }
    )
    return tree


def _bounded(varied: dict[str, str], settings: Settings, bar_minutes: int) -> None:
    """Refuse a combination that is out of bounds, by the values that it is made of."""
    from quorate.api.configure import configure
    from quorate.errors import ConfigError

    try:
        configure(settings, bar_minutes)
    except ConfigError as error:
        said = " ".join(f"{name}={value}" for name, value in varied.items())
        raise ConfigError(f"--over {said}: {error.message}", hint=error.hint) from error


def _store(settings: Settings) -> str:
    return str(settings["account"]["store"])


def _print(
    told: Told, panel: Panel, settings: Sequence[Settings], *, store: str, top: int, again: str
) -> None:
    from quorate.api.sweeping import BATCH
    from quorate.cli.sweep_rows import sweep_rows
    from quorate.cli.tables import summarised, wide_console
    from quorate.report.sweep_text import opening, text

    console = wide_console()
    n, passes = len(settings), -(-len(settings) // BATCH)
    if panel.is_synthetic:
        console.print(summarised("SYNTHETIC DATA: these prices were made up"))
    said = (
        f"{n:,d} setting{'' if n == 1 else 's'} in {passes} pass{'' if passes == 1 else 'es'} over"
    )
    where = ground(panel)
    end = " " if len(said) + len(where) < console.width else "\n"
    console.print(f"{said}{end}{where}\n", highlight=False)
    width = min(console.width, 100)
    console.print(
        summarised(opening(told, store=store, width=width)), soft_wrap=True, highlight=False
    )
    console.print()
    console.print(sweep_rows(told, top, console.width), crop=False)
    if top < n:
        console.print(f"the best {top} of {n:,d}: --top {n} shows all", highlight=False)
    ahead = "another --seed" if again.startswith("quorate demo") else "others, by --start and --end"
    said = text(told, again=again, ahead=ahead, width=width)
    console.print()
    console.print(summarised(said), soft_wrap=True, highlight=False)
