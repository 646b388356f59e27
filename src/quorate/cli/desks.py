"""``quorate live`` and ``quorate replay``: a desk in dry run, and the proof of its days."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from quorate.cli.commanding import Account, StoreAt
from quorate.cli.commands import Config, Json, Set, app, settings_of
from quorate.cli.market import Flat

Stand = Annotated[Path, Parameter(help="Of its snapshots; gone on with if it is there.")]


@dataclass(frozen=True, kw_only=True)
class BarsOf:
    """Where bars come from."""

    symbols: Annotated[
        tuple[str, ...],
        Parameter(consume_multiple=True, help="BTC/USDT; perpetuals BTC/USDT:USDT."),
    ]
    lake: Annotated[str, Parameter(help="A folder, made if missing, or s3://bucket/lake.")] = "lake"
    url: Annotated[str | None, Parameter(help="Another server that speaks the venue's API.")] = None
    assume_funding: Annotated[
        float | None, Parameter(help="Per 8 h, a fraction, where the venue tells none.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class Stands:
    """What a desk is called and where it is kept."""

    store: StoreAt = "desk.sqlite"
    account: Account = "main"
    folder: Stand = Path("desk")
    hours: Annotated[float | None, Parameter(help="Stop by itself.", validator=Number(gt=0))] = None


@app.command
def live(
    venue: Annotated[str, Parameter(help="As ccxt spells it: binanceusdm, binance, bybit ...")],
    *,
    bars: Annotated[BarsOf, Flat],
    desk: Annotated[Stands | None, Flat] = None,
    models: Annotated[
        str | None, Parameter(help="A model set, or `champion`; rule engines alone if left out.")
    ] = None,
    config: Config = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Run a desk in dry run: it decides on every bar that closes, and no order leaves it.

    A new desk learns from 30 days of history first. Every bar is recorded with what was decided;
    `quorate replay DAY` proves it. It needs no key, and stops on Ctrl-C or SIGTERM.

    Example: quorate live binanceusdm --symbols BTC/USDT:USDT ETH/USDT:USDT
    """
    from quorate import api

    desk = Stands() if desk is None else desk
    found = api.dry_run(
        api.Market(venue, **asdict(bars)),
        name=desk.account,
        store=desk.store,
        folder=desk.folder,
        hours=desk.hours,
        settings=settings_of(config, set_),
        models=models,
        tell=(lambda _: None) if json else (lambda text: print(text, flush=True)),
    )
    if json:
        print(jsonlib.dumps(found, indent=1))


@app.command
def replay(
    day: Annotated[str, Parameter(help="UTC: 2026-11-28.")],
    *,
    store: StoreAt = "desk.sqlite",
    folder: Stand = Path("desk"),
    json: Json = False,
) -> None:
    """Decide a desk's recorded day again, and hold every decision against what was kept.

    Exit code 1 where a bar comes out otherwise.

    Example: quorate replay 2026-11-28
    """
    from quorate import api

    found = api.replay(day, store=store, folder=folder)
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1))
    elif found.is_same:
        print(f"{found.day}: {found.n_recorded} bars give the same decisions, byte for byte")
    else:
        print(f"{found.day}: the bar of {found.first_close} gives another decision than was kept")
    if not found.is_same:
        raise SystemExit(1)
