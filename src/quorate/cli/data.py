"""``quorate data import | ls | check | universe``: the lake, and whether bars can be trusted."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from quorate.cli.commands import Json, app

if TYPE_CHECKING:
    from quorate.api import Check, Imported

data = App(
    name="data",
    help="Bars: bring them in, whether they can be trusted, and who could be traded when.",
    help_format="plaintext",
)
app.command(data)


@data.command(name="import")
def bring_in(  # noqa: PLR0913  (what files of any naming need said)
    folder: Annotated[
        Path, Parameter(help="Of SYMBOL.parquet or .csv files, or one file with a column symbol.")
    ],
    *,
    lake: Annotated[
        Path, Parameter(help="The lake: a folder, made if missing, or s3://bucket/lake.")
    ],
    vendor: Annotated[str, Parameter(help="Whose data: binance_spot, okx_swap ...")],
    kind: Annotated[
        str, Parameter(help="ohlcv, mark, index, funding, open_interest or instruments.")
    ] = "ohlcv",
    interval: Annotated[
        str | None, Parameter(help="5m, 1h ...; found from the bars when left out.")
    ] = None,
    names: Annotated[
        list[str] | None,
        Parameter(name="--map", help="A column's name: ts='Open time'.", consume_multiple=True),
    ] = None,
    unit: Annotated[
        str | None, Parameter(help="Of times that are numbers: s, ms, us or ns; found if it can be")
    ] = None,
    known_at: Annotated[
        str | None,
        Parameter(help="When all rows became known, UTC; bars at their close if that is later."),
    ] = None,
    keep_last: Annotated[
        bool, Parameter(negative="", help="Also each symbol's last bar, which may be unfinished.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring Parquet or CSV files into the lake; what is there already adds nothing.

    Nothing is overwritten: a value that differs from the lake's is a correction, known from now
    on, and stands beside the old one. A file that cannot be read is named, the others go in, and
    the exit code is 3.

    Example: quorate data import data/spot_5m --lake lake --vendor binance_spot
    """
    from quorate import api
    from quorate.cli.progress import bars as bar

    with bar("importing", unit="rows") as progress:
        done = api.import_data(
            folder,
            lake,
            vendor=vendor,
            kind=kind,
            interval=interval,
            names=_mapping(names or []),
            unit=unit,
            known_at=known_at,
            keep_last=keep_last,
            progress=progress,
        )
    if json:
        print(jsonlib.dumps(done.as_dict(), indent=1, allow_nan=False))
    else:
        _tell_import(done)
    done.raise_if_failed()


def _mapping(names: list[str]) -> dict[str, str]:
    from quorate.errors import ConfigError

    wrong = [each for each in names if "=" not in each]
    if wrong:
        raise ConfigError(f"--map {wrong[0]} has no =", hint="write ours=theirs: ts=Time")
    return {ours: theirs for ours, _, theirs in (each.partition("=") for each in names)}


def _tell_import(done: Imported) -> None:
    from quorate.cli.lake_rows import correction_rows, import_lines
    from quorate.cli.tables import wide_console

    print("\n".join(import_lines(done)))
    console = wide_console()
    table = correction_rows(done, console.width)
    if table is not None:
        console.print(f"\n{done.corrections.height:,d} values corrected", style="bold")
        console.print(table, crop=False)


@data.command
def ls(
    lake: Annotated[Path, Parameter(help="The lake: a folder, or s3://bucket/lake.")],
    *,
    symbols: Annotated[bool, Parameter(negative="", help="A line a symbol.")] = False,
    at: Annotated[
        str | None, Parameter(help="Say how far behind this time each is, UTC; or `now`.")
    ] = None,
    verify: Annotated[
        bool, Parameter(negative="", help="First hash every file; mend what a kill broke off.")
    ] = False,
    json: Json = False,
) -> None:
    """List what a lake holds: span, missing bars and gaps, how far behind, corrections, bytes.

    It is told from the manifests; no data file is read unless --verify is given. Without --at,
    behind means behind the newest of the list.

    Example: quorate data ls lake --symbols --at now
    """
    from datetime import UTC, datetime

    from quorate import api
    from quorate.cli.lake_rows import stock_rows
    from quorate.cli.progress import bars as bar
    from quorate.cli.tables import wide_console
    from quorate.lake.spec import instant_ms
    from quorate.report.plain import plain

    if verify:
        with bar("hashing", unit="symbols") as progress:
            mended = api.verify(lake, progress)
        for line in mended or ["every file is as it was written"]:
            print(line, file=sys.stderr)
    found = api.stock(lake, symbols=symbols)
    if json:
        print(jsonlib.dumps(plain(found.to_dicts()), indent=1, allow_nan=False))
        return
    moment = None
    if at is not None:
        now = datetime.now(UTC)
        moment = now if at == "now" else datetime.fromtimestamp(instant_ms(at) / 1e3, UTC)
    console = wide_console()
    console.print(stock_rows(found, console.width, moment), crop=False)


@data.command
def check(  # noqa: PLR0913  (what is checked, and how it is told)
    bars: Annotated[
        Path,
        Parameter(help="Folder of SYMBOL.parquet bars, funding or marks, or one of the lake."),
    ],
    *,
    other: Annotated[
        Path | None, Parameter(help="The same coins from a second vendor, to compare.")
    ] = None,
    kind: Annotated[
        Literal["spot", "perp"] | None,
        Parameter(help="What both hold: then the second disputes suspect prices, as in a run."),
    ] = None,
    symbols: Annotated[
        list[str] | None,
        Parameter(help="Which coins, BTC or BTCUSDT; all if left out.", consume_multiple=True),
    ] = None,
    bar_minutes: Annotated[
        int | None, Parameter(help="Make bars of this length of the files' shorter ones.")
    ] = None,
    start: Annotated[
        str | None, Parameter(help="Tell of what opens from then on, UTC; rules read all.")
    ] = None,
    end: Annotated[str | None, Parameter(help="And before then, UTC.")] = None,
    assets: Annotated[
        Path | None, Parameter(help="Table of the asset of each symbol: a rename is no end.")
    ] = None,
    by_day: Annotated[
        bool, Parameter(name="--by-day", negative="", help="Also every rule's counts by day.")
    ] = False,
    html: Annotated[
        Path | None, Parameter(help="Also a page: what is covered, day by day, and by whom.")
    ] = None,
    json: Json = False,
) -> None:
    """Hold bars, funding or marks against the rules, and bars against a second vendor.

    Nothing is changed on disk. The exit code is 3 if a rule that fails a coin found
    something: rows that contradict each other, that cannot be, or off the grid. Of
    funding, marks, index prices and open interest it tells what is missing by each
    coin's own interval.

    Example: quorate data check data/spot_5m --other data/swap_5m
    """
    from quorate import api
    from quorate.cli.progress import bars as bar

    with bar("checking", unit="coins") as progress:
        found = api.check_data(
            bars,
            other=other,
            kind=kind,
            symbols=symbols,
            bar_minutes=bar_minutes,
            start=start,
            end=end,
            assets=assets,
            progress=progress,
        )
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1, allow_nan=False))
    else:
        _tell(found, by_day=by_day, is_beside=other is not None)
    if html is not None:
        print(found.page(html), file=sys.stderr if json else sys.stdout)
    found.raise_if_failed()


def _tell(found: Check, *, by_day: bool, is_beside: bool) -> None:
    from quorate.cli.data_rows import coin_rows, day_rows, pair_rows, rule_rows, unpaired_line
    from quorate.cli.tables import wide_console

    console = wide_console()
    made = found.made()
    if made is not None:
        console.print(made[0].upper() + made[1:] + ".\n")
    console.print(coin_rows(found, console.width), crop=False)
    for title, table in (
        ("What the rules found", rule_rows(found, console.width)),
        ("Beside the second vendor", pair_rows(found, console.width)),
        ("By day", day_rows(found, console.width) if by_day else None),
    ):
        if table is not None:
            console.print(f"\n{title}", style="bold")
            console.print(table, crop=False)
    if is_beside and (alone := unpaired_line(found)):
        console.print(f"\n{alone}", markup=False)
    for said in found.same_assets():
        console.print(f"\n{said}", markup=False)


@data.command
def universe(  # noqa: PLR0913  (who is in, and how what they made is measured)
    bars: Annotated[
        Path, Parameter(help="Folder of SYMBOL.parquet bars, or one file with a column symbol.")
    ],
    *,
    at: Annotated[str, Parameter(help="The day, UTC: 2023-01-31.")],
    until: Annotated[
        str | None,
        Parameter(help="Also what looking only at who was left on this day would have claimed."),
    ] = None,
    min_age_days: Annotated[
        int | None, Parameter(help="Days since the first bar; [universe] has the default.")
    ] = None,
    turnover_days: Annotated[
        int | None, Parameter(help="Days that turnover is the median of.")
    ] = None,
    min_turnover: Annotated[float | None, Parameter(help="Least turnover a day, in quote.")] = None,
    max_spread_bps: Annotated[
        float | None, Parameter(help="Largest spread, of bars that carry one, bps.")
    ] = None,
    assets: Annotated[
        Path | None, Parameter(help="Table of the asset of each symbol: a rename is no end.")
    ] = None,
    as_of: Annotated[
        str | None,
        Parameter(help="Only what the lake knew then, UTC; when that day began if left out."),
    ] = None,
    rebalance_days: Annotated[
        int, Parameter(help="With --until: every how many days parts are made equal again.")
    ] = 1,
    cost_bps: Annotated[
        float, Parameter(help="With --until: paid on what is bought and sold for that, bps.")
    ] = 10.0,
    haircut: Annotated[
        float | None,
        Parameter(help="With --until: lost when a coin ends; exchange.delisting_haircut else."),
    ] = None,
    json: Json = False,
) -> None:
    """Say of every coin whether it could be traded on a day, by the days before it.

    Dead coins belong into the folder: whoever died was in until its last day. With --until
    equal parts of the universe are held to that day, by everyone and by its survivors, after
    costs: return, Sharpe ratio, drawdown, and by how much looking at survivors flatters.

    Example: quorate data universe data/daily.parquet --at 2022-05-12 --until 2023-12-30
    """
    from quorate import api
    from quorate.cli.data_rows import (
        survivorship_line,
        survivorship_rows,
        universe_counts,
        universe_rows,
    )
    from quorate.cli.tables import wide_console
    from quorate.errors import ConfigError
    from quorate.lake.universe import rules
    from quorate.report.plain import plain

    said = {
        "min_age_days": min_age_days,
        "turnover_days": turnover_days,
        "min_turnover": min_turnover,
        "max_spread_bps": max_spread_bps,
    }
    numbers = api.read_settings()["universe"] | {n: v for n, v in said.items() if v is not None}
    costs = {"rebalance_days": rebalance_days, "cost_bps": cost_bps, "haircut": haircut}
    held = None
    try:
        given = rules(**numbers)  # type: ignore[arg-type]
        found = api.universe(bars, at, rules=given, assets=assets, as_of=as_of)
        if until is not None:
            held = api.survivorship(bars, at, until, given, assets=assets, as_of=as_of, **costs)  # type: ignore[arg-type]
    except ValueError as error:
        raise ConfigError(
            str(error), hint="`quorate data universe --help` has the defaults"
        ) from error
    if json:
        coins = plain(found.to_dicts())
        told = coins if held is None else {"coins": coins, "survivorship": plain(held.as_dict())}
        print(jsonlib.dumps(told, indent=1, allow_nan=False))
        return
    console = wide_console()
    console.print(universe_rows(found, console.width), crop=False)
    console.print(universe_counts(found))
    if held is not None:
        console.print(survivorship_line(held, at, str(held.days["day"][-1])))
        console.print(survivorship_rows(held, console.width), crop=False)
