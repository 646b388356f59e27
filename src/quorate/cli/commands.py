"""``quorate demo | backtest | warm | doctor``: make a run, and what it takes to make one."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from quorate.cli.market import Flat, Market

if TYPE_CHECKING:
    from quorate.api import Panel, Result
    from quorate.research.fits import Fits
    from quorate.settings import Settings


def version() -> str:
    """Return the version; its import waits until it is asked for."""
    from quorate.version import VERSION

    return VERSION


app = App(
    name="quorate",
    version=version,
    help_format="plaintext",
    # a list that is left out and one that is empty are the same here: no --empty-LIST
    default_parameter=Parameter(negative_iterable=()),
    suppress_keyboard_interrupt=False,  # ``cli.run`` says what an interrupt left
    help="Engines vote, a quorum decides, costs and risk shape it, every step explains itself.",
)

Json = Annotated[bool, Parameter(name="--json", help="Print JSON for machines.")]
Set = Annotated[
    list[str] | None,
    Parameter(name="--set", help="A setting, section.name=value; may be given again."),
]
Out = Annotated[Path, Parameter(help="Folder of runs; its store is quorate.sqlite in it.")]
Stress = Annotated[
    bool, Parameter(name="--stress", negative="", help="Also with all costs half as high again.")
]
Models = Annotated[
    Path | None,
    Parameter(help="Folder of a model set, which votes too; or champion, that of the registry."),
]
Config = Annotated[
    Path | None, Parameter(help="Settings file; quorate.toml here, if there is one, when left out.")
]


@app.command
def demo(
    *,
    days: Annotated[int, Parameter(help="Days of the synthetic market.")] = 45,
    seed: Annotated[int, Parameter(help="The same seed makes the same market.")] = 7,
    models: Models = None,
    config: Config = None,
    set_: Set = None,
    stress: Stress = False,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """Run the whole system on a synthetic market, offline, and write a report to open.

    Example: quorate demo
    """
    from quorate import api
    from quorate.api.models import fits_of

    settings = settings_of(config, set_)
    fits = fits_of(models, settings)
    _backtest(api.demo(days, seed), settings, out, fits, json=json, kind="demo", stress=stress)


@app.command
def backtest(
    *,
    market: Annotated[Market, Flat],
    models: Models = None,
    config: Config = None,
    set_: Set = None,
    stress: Stress = False,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """Run the whole system over real bars and leave a run folder with its report.

    Example: quorate backtest --bars data/spot_5m --venue binance_spot --kind spot
    """
    from quorate.api.models import fits_of

    settings = settings_of(config, set_)
    market.check()
    fits = fits_of(models, settings)  # refused before any bar is read
    panel = market.load(settings)
    _backtest(panel, settings, out, fits, json=json, kind="backtest", stress=stress)


@app.command
def keep(
    *,
    market: Annotated[Market, Flat],
    to: Annotated[Path, Parameter(help="A folder of its own; made if missing.")],
) -> None:
    """Put bars on disk as runs read them: long histories of many coins in little memory.

    Then `quorate backtest --bars FOLDER` reads them block by block.

    Example: quorate keep --bars data/spot_5m --venue binance_spot --kind spot --to data/kept
    """
    market.check()
    panel = market.load(keep_in=to)
    print(f"{panel!r}\nkept in {to}: quorate backtest --bars {to}")


@app.command
def warm() -> None:
    """Compile the kernels ahead of the first run; there is nothing to do the second time.

    Example: quorate warm
    """
    from quorate.api.warming import warm as compile_all

    compile_all(print)


@app.command
def doctor(
    *,
    config: Config = None,
    set_: Set = None,
    all_: Annotated[
        bool, Parameter(name="--all", negative="", help="The settings left at their defaults too.")
    ] = False,
    json: Json = False,
) -> None:
    """Print the settings that differ from the defaults, where each came from, and check them.

    With --all, and with --json, every setting is there.

    Example: quorate doctor --config quorate.toml
    """
    from quorate import api

    settings = settings_of(config, set_)
    found = api.doctor(settings)
    rows = [(each.setting, each.value, each.origin, each.meaning) for each in found.settings]
    if json:
        names = ("setting", "value", "origin", "meaning")
        print(jsonlib.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=1))
        return
    from rich.console import Console

    from quorate.cli.tables import setting_rows

    given = [row for row in rows if row[2] != "default"]
    if all_ or given:
        Console().print(setting_rows(rows if all_ else given))
    print(
        f"{len(given) or 'none'} of {len(rows)} settings given, the rest are defaults"
        f"{'' if all_ else ': --all shows them'}\n"
        f"{len(found.engines)} engines vote; settings are within their bounds."
    )
    if found.complaints:
        from quorate.errors import EngineError

        raise EngineError(
            f"engines of your own that do not conform: {'; '.join(found.complaints)}",
            hint="docs/how-to/write-an-engine.md says what is asked of an engine",
        )


def settings_of(config: Path | None, given: list[str] | None) -> Settings:
    """Return the settings in force; name the file that was read, if one was, on standard error."""
    from quorate import api

    settings = api.read_settings(config, pairs(given))
    if settings.path is not None:
        print(f"settings: read from {settings.path}", file=sys.stderr)
    return settings


def pairs(given: list[str] | None) -> dict[str, str]:
    """Return what ``--set`` gave, by name."""
    from quorate.errors import ConfigError

    found = {}
    for item in given or []:
        name, equals, value = item.partition("=")
        if not equals or "." not in name:
            raise ConfigError(f"--set {item!r} is not a setting", hint="write section.name=value")
        found[name] = value
    return found


def key_figures(result: Result) -> dict[str, Any]:
    """Return what a machine wants of a run at once; the rest is in its folder.

    Notes
    -----
    Units: fractions, per square root of a year, USD.  Causal: a finished run.  Missing: None.
    """
    from quorate.report.plain import known

    net = result.metrics["net"]
    paid = sum(float(usd) for line, usd in result.metrics["lines_usd"].items() if line != "GROSS")
    names = ("sharpe", "sharpe_low", "sharpe_high", "max_drawdown")
    return {
        "run_id": result.run_id,
        "folder": str(result.folder),
        "net_return": result.net_return,
        **{name: None if net.get(name) is None else known(net[name]) for name in names},
        "n_trades": result.trades.height,
        "costs_usd": round(paid, 8),
        **({"stress": result.metrics["stress"]} if "stress" in result.metrics else {}),
    }


def _backtest(
    panel: Panel,
    settings: Settings,
    out: Path,
    models: Fits | None,
    *,
    json: bool,
    kind: str,
    stress: bool,
) -> None:
    from rich.console import Console

    from quorate import api
    from quorate.api.warming import warm as compile_all
    from quorate.cli.progress import bars

    compile_all(Console(stderr=True).print)
    then = "attributing, booking and writing ..."
    with bars("simulating", panel.n_coins, then=then) as progress:
        result = api.run(
            panel, settings, models=models, out=out, progress=progress, kind=kind, stress=stress
        )
    if json:
        print(jsonlib.dumps(key_figures(result), indent=1, allow_nan=False))
        return
    from quorate.cli.tables import summarised

    Console(soft_wrap=True, highlight=False).print(summarised(result.summary()))


@app.command
def bench(
    *words: Annotated[str, Parameter(help="Only rows that contain one of these.")],
    data: Annotated[
        Path | None, Parameter(help="Folder of SYMBOL.parquet bars, for the rows of sweeps.")
    ] = None,
    check: Annotated[
        bool, Parameter(negative="", help="Only goals that are held; fail if one no longer is.")
    ] = False,
) -> None:
    """Measure Quorate in turn with other systems, from a checkout (`make peers` first).

    Example: quorate bench --check
    """
    from quorate import api

    if not api.bench(words, data=data, check=check):
        raise SystemExit(1)
