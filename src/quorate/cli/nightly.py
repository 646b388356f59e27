"""``quorate nightly``: what is done every night at 02:00 UTC."""

from __future__ import annotations

import json as jsonlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from quorate.cli.commands import Config, Json, Out, Set, app, settings_of
from quorate.cli.market import Flat, Market
from quorate.cli.walking import Models, RulesOnly, kinds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from quorate.api import Plan
    from quorate.lake import Panel
    from quorate.settings import Settings

_VENDOR = "vendor="


@app.command
def nightly(  # noqa: PLR0913  (its options)
    *,
    market: Annotated[Market, Flat],
    at: Annotated[
        str | None, Parameter(help="Of which day, UTC, its 02:00; the latest if left out.")
    ] = None,
    pull: Annotated[
        str | None, Parameter(help="Fetch what is new from this venue, as ccxt spells it.")
    ] = None,
    pull_symbols: Annotated[
        list[str] | None,
        Parameter(help="What to fetch: BTC/USDT, BTC/USDT:USDT.", consume_multiple=True),
    ] = None,
    train_days: Annotated[int, Parameter(help="Days learned from.")] = 120,
    purge_days: Annotated[int, Parameter(help="Days between learning and test.")] = 4,
    test_days: Annotated[int, Parameter(help="Last days, tested by a fit before them.")] = 30,
    models: Models = None,
    rules_only: RulesOnly = False,
    registry: Annotated[
        Path | None, Parameter(help="Of the models; models.registry of the settings if left out.")
    ] = None,
    nights: Annotated[Path, Parameter(help="Folder of the records.")] = Path("nights"),
    cuts: Annotated[
        int,
        Parameter(help="At how many times the audit cuts the history.", validator=Number(gte=4)),
    ] = 12,
    out: Out = Path("runs"),
    config: Config = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Ingest, check, build features, train, audit, walk forward, compare, publish: once a night.

    Broken off, the same command goes on where it stopped; a step that fails keeps the champion.
    As of a past day it reads what was kept by then. Exit code 1 if a step failed.

    Example: quorate nightly --bars data/spot_5m --venue binance_spot --kind spot --at 2023-05-01
    """
    from rich.console import Console

    from quorate import api
    from quorate.api.warming import warm as compile_all
    from quorate.cli.night_rows import step_rows
    from quorate.cli.tables import wide_console

    trained = kinds(models, rules_only=rules_only)
    settings = settings_of(config, set_)
    market.check()
    plan = api.Plan(
        train_days=train_days,
        purge_days=purge_days,
        test_days=test_days,
        models=trained,
    )
    said = Console(stderr=True)
    compile_all(said.print)
    found = api.nightly(
        _loader(market, settings),
        settings,
        plan,
        at=at,
        out=out,
        nights=nights,
        registry=registry,
        ingest=None if pull is None else _ingest(market, pull, pull_symbols or (), plan),
        n_cuts=cuts,
        source=" ".join(market.words()),
        progress=lambda step: said.print(step if ": " in step else f"{step} ...", style="dim"),
    )
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1, allow_nan=False))
    else:
        console = wide_console()
        console.print(step_rows(found.steps))
        for remark in found.remarks:
            console.print(f"note: {remark}", highlight=False, soft_wrap=True)
        console.print(repr(found), highlight=False, soft_wrap=True)
    if not found.is_done:
        raise SystemExit(1)


def _loader(market: Market, settings: Settings) -> Callable[[datetime, datetime, datetime], Panel]:
    """Return how the bars of a night are loaded: of a lake, as it knew them then."""

    def load(start: datetime, end: datetime, known: datetime) -> Panel:
        first, after, then = (f"{each:%Y-%m-%dT%H:%M:%S}" for each in (start, end, known))
        if market.as_of is not None:
            _check_known(market.as_of, known)
        as_of = market.as_of or (then if _VENDOR in str(market.bars) else None)
        return replace(market, start=first, end=after, as_of=as_of).load(settings)

    return load


def _check_known(as_of: str, latest: datetime) -> None:
    """Refuse a moment of knowledge after the night's own; what is no moment the load refuses."""
    from datetime import UTC, datetime

    from quorate.errors import ConfigError

    try:
        known = datetime.fromisoformat(as_of)
    except ValueError:
        return
    if (known if known.tzinfo else known.replace(tzinfo=UTC)) > latest:
        raise ConfigError(
            f"--as-of {as_of} is after what the night knew, {latest:%Y-%m-%d %H:%M} UTC",
            hint="a night reads what was known then: leave --as-of out, or give an earlier moment",
        )


def _ingest(
    market: Market, venue: str, symbols: tuple[str, ...] | list[str], plan: Plan
) -> Callable[[], dict[str, Any]]:
    """Return what fetches the bars that the market's lake lacks."""
    from quorate.errors import ConfigError

    parts = market.bars.parts
    at = next((i for i, part in enumerate(parts) if part.startswith(_VENDOR)), None)
    if at is None:
        raise ConfigError(
            f"--pull writes into a lake, and {market.bars} is none",
            hint="give --bars LAKE/vendor=VENDOR/kind=ohlcv/interval=5m; `quorate data import` "
            "makes one",
        )
    if not symbols:
        raise ConfigError("--pull needs symbols", hint="give --pull-symbols BTC/USDT ETH/USDT")
    told = dict(part.split("=", 1) for part in parts[at:] if "=" in part)

    def fetch() -> dict[str, Any]:
        from datetime import UTC, datetime, timedelta

        from quorate import api
        from quorate.api.nights.work import days_of_night

        days = 1 + days_of_night([plan])  # the night's own begins at a midnight
        found = api.pull_venue(
            venue,
            list(symbols),
            kind=told.get("kind", "ohlcv"),
            interval=told.get("interval", "5m"),
            start=datetime.now(UTC) - timedelta(days=days),
            lake=Path(*parts[:at]),
            vendor=told["vendor"],
        )
        found.raise_if_failed()
        return {"n_new": found.n_new, "n_changed": found.n_changed}

    return fetch
