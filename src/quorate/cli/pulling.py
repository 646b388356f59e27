"""``quorate data pull ...``: fetch market data into the lake."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from quorate.cli.commands import Json
from quorate.cli.data import data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.api import Pulls
    from quorate.lake.listings import Noted

pull = App(name="pull", help="Fetch market data that the lake lacks.", help_format="plaintext")
data.command(pull)

Kind = Literal["ohlcv", "mark", "index", "funding", "open_interest", "instruments"]


@pull.command
def venue(  # noqa: PLR0913  (its options)
    venue: Annotated[str, Parameter(help="As ccxt spells it: binance, binanceusdm, bybit ...")],
    *,
    symbols: Annotated[
        list[str] | None,
        Parameter(help="BTC/USDT; perpetuals BTC/USDT:USDT.", consume_multiple=True),
    ] = None,
    kind: Annotated[Kind, Parameter(help="What to fetch.")] = "ohlcv",
    interval: Annotated[str, Parameter(help="A bar's length; funding has none.")] = "5m",
    start: Annotated[str | None, Parameter(help="First open, UTC, included.")] = None,
    end: Annotated[str | None, Parameter(help="UTC, not included; now when left out.")] = None,
    lake: Annotated[
        Path, Parameter(help="The lake: a folder, made if missing, or s3://bucket/lake.")
    ] = Path("lake"),
    again: Annotated[
        bool, Parameter(negative="", help="Ask for the whole span, to see what has changed.")
    ] = False,
    at_once: Annotated[int, Parameter(help="Symbols asked for side by side.")] = 4,
    now: Annotated[
        str | None, Parameter(help="What time it is, UTC, where the venue does not tell.")
    ] = None,
    url: Annotated[
        str | None, Parameter(help="Another server that speaks the venue's API.")
    ] = None,
    json: Json = False,
) -> None:
    """Fetch a venue's public history into the lake, page by page.

    Stopped, killed or cut off, the next run fetches what the lake lacks of the span and no
    more, and tells which of the rows stored last the venue has changed since. No key is needed.

    Example: quorate data pull venue binance --symbols BTC/USDT --start 2023-01-01
    """
    from quorate import api
    from quorate.cli.progress import bars
    from quorate.errors import ConfigError

    if kind == "instruments":
        with bars("pulling", unit="instruments") as progress:
            noted = api.pull_instruments(
                venue, symbols or (), lake=lake, url=url, now=now, progress=progress
            )
        _tell_noted(noted, json=json)
        return
    if start is None or not symbols:
        raise ConfigError(
            "a history needs symbols and a start",
            hint="give --symbols BTC/USDT and --start 2023-01-01",
        )
    with bars("pulling", unit="rows") as progress:
        found = api.pull_venue(
            venue,
            symbols,
            kind=kind,
            interval=interval,
            start=start,
            end=end,
            lake=lake,
            again=again,
            n_at_once=at_once,
            url=url,
            now=now,
            progress=progress,
        )
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1, allow_nan=False))
    else:
        _tell(found)
    found.raise_if_failed()


def _tell(found: Pulls) -> None:
    from quorate.cli.pull_rows import changed_rows, empty_rows, pulled_rows
    from quorate.cli.tables import wide_console

    console = wide_console()
    console.print(pulled_rows(found, console.width), crop=False)
    for title, table in (
        ("The venue has nothing of", empty_rows(found, console.width)),
        ("Changed by the venue since they were stored", changed_rows(found, console.width)),
    ):
        if table is not None:
            console.print(f"\n{title}", style="bold")
            console.print(table, crop=False)


def _tell_noted(noted: Sequence[Noted], *, json: bool) -> None:
    from quorate.cli.pull_rows import noted_plain, noted_rows
    from quorate.cli.tables import wide_console

    if json:
        print(jsonlib.dumps(noted_plain(noted), indent=1, allow_nan=False))
    else:
        console = wide_console()
        console.print(noted_rows(noted, console.width), crop=False)
