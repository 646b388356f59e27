"""``quorate data reconcile``: several vendors' bars become one series."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from quorate.cli.commands import Json
from quorate.cli.data import data


@data.command
def reconcile(  # noqa: PLR0913  (what is merged, and what is told of it)
    *folders: Annotated[Path, Parameter(help="Two or more of bars, the most trusted first.")],
    kind: Annotated[Literal["spot", "perp"], Parameter(help="What all of them hold.")],
    names: Annotated[
        list[str] | None,
        Parameter(help="The vendors' names; the folders' if left out.", consume_multiple=True),
    ] = None,
    symbols: Annotated[
        list[str] | None,
        Parameter(help="Which coins, BTC or BTCUSDT; all if left out.", consume_multiple=True),
    ] = None,
    to: Annotated[
        Path | None, Parameter(help="Write the merged series there, SYMBOL.parquet a coin.")
    ] = None,
    quote_usd: Annotated[
        Path | None,
        Parameter(help="Bars of the first vendor's quote in USD, for vendors in USD."),
    ] = None,
    assets: Annotated[
        Path | None, Parameter(help="Table of the asset of each symbol: a rename is no end.")
    ] = None,
    start: Annotated[
        str | None, Parameter(help="Count and write from this open on, UTC; rules read all.")
    ] = None,
    end: Annotated[str | None, Parameter(help="And before then, UTC.")] = None,
    quorum: Annotated[
        int, Parameter(help="So many must show a price; 1 takes what one vendor alone has.")
    ] = 2,
    json: Json = False,
) -> None:
    """Merge vendors of one kind: each bar from the one that most others confirm.

    A third vendor breaks ties; a bar on which no two agree, or that one alone has, is
    left out. Every bar of a merged file says which vendor it is from and how many
    agree. A coin without a bar that is confirmed is named and not written, and the
    exit code is 3.

    Example: quorate data reconcile data/one data/two --kind spot --to data/merged
    """
    from quorate import api
    from quorate.cli.data_rows import left_out_lines, reconciled_rows
    from quorate.cli.progress import bars
    from quorate.cli.tables import wide_console

    with bars("reconciling", unit="coins") as progress:
        found = api.reconcile_data(
            folders,
            kind=kind,
            names=names,
            symbols=symbols,
            to=to,
            quote_usd=quote_usd,
            assets=assets,
            start=start,
            end=end,
            quorum=quorum,
            progress=progress,
        )
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1, allow_nan=False))
        found.raise_if_refused()
        return
    console = wide_console()
    console.print(reconciled_rows(found, console.width), crop=False)
    for line in left_out_lines(found):
        console.print(line, markup=False)
    for vendor, claim in found.multiples:
        console.print(f"{vendor}: {claim.told()}", markup=False)
    for vendor, said in found.renames:
        console.print(f"{vendor}: {said}", markup=False)
    found.raise_if_refused()
