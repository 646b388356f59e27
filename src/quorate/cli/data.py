"""``quorate data check | universe``: whether bars can be trusted, who could be traded when."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from quorate.cli.commands import Json, app

if TYPE_CHECKING:
    from quorate.api import Check

data = App(
    name="data",
    help="Bars: whether they can be trusted, and who could be traded when.",
    help_format="plaintext",
)
app.command(data)


@data.command
def check(
    bars: Annotated[Path, Parameter(help="Folder of SYMBOL.parquet bars, or of the lake.")],
    *,
    other: Annotated[
        Path | None, Parameter(help="The same coins from a second vendor, to compare.")
    ] = None,
    symbols: Annotated[
        list[str] | None,
        Parameter(help="Which coins, BTC or BTCUSDT; all if left out.", consume_multiple=True),
    ] = None,
    by_day: Annotated[
        bool, Parameter(name="--by-day", negative="", help="Also every rule's counts by day.")
    ] = False,
    html: Annotated[
        Path | None, Parameter(help="Also a page: what is covered, day by day, and by whom.")
    ] = None,
    json: Json = False,
) -> None:
    """Hold bars against the rules of governance, and against a second vendor.

    Nothing is changed on disk. The exit code is 3 if a rule that fails a coin found
    something: rows that contradict each other, that cannot be, or off the grid.

    Example: quorate data check data/spot_5m --other data/swap_5m
    """
    from quorate import api
    from quorate.cli.progress import bars as bar

    with bar("checking", unit="coins") as progress:
        found = api.check_data(bars, other=other, symbols=symbols, progress=progress)
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1, allow_nan=False))
    else:
        _tell(found, by_day=by_day)
    if html is not None:
        print(found.page(html), file=sys.stderr if json else sys.stdout)
    found.raise_if_failed()


def _tell(found: Check, *, by_day: bool) -> None:
    from quorate.cli.data_rows import coin_rows, day_rows, pair_rows, rule_rows
    from quorate.cli.tables import wide_console

    console = wide_console()
    console.print(coin_rows(found, console.width), crop=False)
    for title, table in (
        ("What the rules found", rule_rows(found, console.width)),
        ("Beside the second vendor", pair_rows(found, console.width)),
        ("By day", day_rows(found, console.width) if by_day else None),
    ):
        if table is not None:
            console.print(f"\n{title}", style="bold")
            console.print(table, crop=False)


@data.command
def universe(
    bars: Annotated[
        Path, Parameter(help="Folder of SYMBOL.parquet bars, or one file with a column symbol.")
    ],
    *,
    at: Annotated[str, Parameter(help="The day, UTC: 2023-01-31.")],
    until: Annotated[
        str | None,
        Parameter(help="Also what looking only at who was left on this day would have claimed."),
    ] = None,
    min_age_days: Annotated[int, Parameter(help="Days since the first bar.")] = 90,
    turnover_days: Annotated[int, Parameter(help="Days that turnover is the median of.")] = 30,
    min_turnover: Annotated[float, Parameter(help="Least turnover a day, in quote.")] = 1e6,
    json: Json = False,
) -> None:
    """Say of every coin whether it could be traded on a day, by the days before it.

    Dead coins belong into the folder: whoever died was in until its last day. With --until
    equal parts of the universe are held to that day, by everyone and by its survivors.

    Example: quorate data universe data/daily.parquet --at 2022-05-12 --until 2023-12-30
    """
    from quorate import api
    from quorate.cli.data_rows import survivorship_line, universe_counts, universe_rows
    from quorate.cli.tables import wide_console
    from quorate.errors import ConfigError
    from quorate.lake.universe import rules
    from quorate.report.plain import plain

    try:
        given = rules(
            min_age_days=min_age_days, turnover_days=turnover_days, min_turnover=min_turnover
        )
    except ValueError as error:
        raise ConfigError(
            str(error), hint="`quorate data universe --help` has the defaults"
        ) from error
    found = api.universe(bars, at, rules=given)
    held = None if until is None else api.survivorship(bars, at, until, given)
    if json:
        coins = plain(found.to_dicts())
        told = coins if held is None else {"coins": coins, "survivorship": plain(held.as_dict())}
        print(jsonlib.dumps(told, indent=1, allow_nan=False))
        return
    console = wide_console()
    console.print(universe_rows(found, console.width), crop=False)
    console.print(universe_counts(found))
    if held is not None:
        console.print(survivorship_line(held, at, until))
