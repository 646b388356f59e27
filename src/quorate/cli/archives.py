"""``quorate data pull archive``: bulk files, from where they are published into the lake."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from quorate.cli.commands import Json
from quorate.cli.pulling import pull

if TYPE_CHECKING:
    from quorate.lake.pulled import Pulled


@pull.command
def archive(  # noqa: PLR0913  (what one may say of a pull, each with its name)
    *,
    lake: Annotated[
        Path, Parameter(help="The lake: a folder, made if missing, or s3://bucket/lake.")
    ],
    market: Annotated[
        Literal["spot", "um", "cm"],
        Parameter(help="um: perpetuals in USDT; cm: perpetuals in coins."),
    ],
    kind: Annotated[
        Literal["ohlcv", "mark", "index", "funding"], Parameter(help="What to pull.")
    ] = "ohlcv",
    interval: Annotated[str, Parameter(help="1m to 1d; not for funding.")] = "5m",
    symbols: Annotated[
        list[str] | None,
        Parameter(
            help="BTCUSDT ...; all pairs in USDT, delisted ones too, if left out.",
            consume_multiple=True,
        ),
    ] = None,
    start: Annotated[str, Parameter(help="First day, UTC: 2023-01-31.")],
    end: Annotated[
        str | None, Parameter(help="First day left out; until today if left out.")
    ] = None,
    url: Annotated[
        str | None, Parameter(help="A mirror's address; Binance's own if left out.")
    ] = None,
    listing: Annotated[
        str | None, Parameter(help="Where a mirror lists its files; itself if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Pull Binance's public bulk archive into the lake.

    A second run brings what is new and what the vendor corrected; one that was stopped goes
    on where it was. The exit code is 3 if a file that is published could not be taken.

    Example: quorate data pull archive --lake lake --market spot --symbols BTCUSDT ETHUSDT
    --start 2023-01-01 --end 2023-03-01
    """
    from quorate import api
    from quorate.cli.progress import transfer

    with transfer("pulling") as progress:
        found = api.pull_archive(
            lake,
            market=market,
            kind=kind,
            interval=interval,
            symbols=symbols,
            start=start,
            end=end,
            url=url,
            listing=listing,
            progress=progress,
        )
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1, allow_nan=False))
    else:
        _tell(found)
    found.raise_if_failed()


def _tell(found: Pulled) -> None:
    from quorate.cli.archive_rows import correction_rows, failure_rows, missing_rows, symbol_rows
    from quorate.cli.tables import wide_console

    console = wide_console()
    console.print(symbol_rows(found, console.width), crop=False)
    for title, table in (
        ("Not published", missing_rows(found, console.width)),
        ("Changed since it was stored", correction_rows(found, console.width)),
        ("Not taken", failure_rows(found, console.width)),
    ):
        if table is not None:
            console.print(f"\n{title}", style="bold")
            console.print(table, crop=False)
    for note in found.notes:
        console.print(f"note: {note}", markup=False)
    console.print(f"\n{found.folder}", markup=False)
