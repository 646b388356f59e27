"""``quorate ls``, ``report``, ``decisions``, ``explain``, ``compare``, ``control``: after a run."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated

from cyclopts import Parameter

from quorate.cli.commands import Config, Json, Out, Set, app, settings_of

Run = Annotated[str, Parameter(help="A run folder, or an id below --out, or its beginning.")]


@app.command
def report(run: Run, *, out: Out = Path("runs")) -> None:
    """Write the page of an old run again.

    Example: quorate report 20260101
    """
    from quorate import api

    print(api.render(run, out=out))


@app.command
def decisions(
    run: Run,
    *,
    symbol: Annotated[str | None, Parameter(help="Only of this coin.")] = None,
    reason: Annotated[str | None, Parameter(help="Only for this reason, e.g. ENTRY.")] = None,
    action: Annotated[str | None, Parameter(help="Only buy, sell or wait.")] = None,
    exchange: Annotated[
        bool,
        Parameter(name="--exchange", negative="", help="Also what the exchange closed by itself."),
    ] = False,
    limit: Annotated[int, Parameter(help="How many rows, the last ones.")] = 20,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """List the decisions that a run kept, with the ids that `quorate explain` takes.

    Stops, liquidations and delistings are no decisions: the exchange closes by itself. They
    are listed with --exchange, or for their reason, and have "exchange" in place of an id.

    Example: quorate decisions 20260101 --reason ENTRY
    """
    from quorate import api
    from quorate.backtest.kept import by_engine
    from quorate.report.plain import plain

    found = api.decisions(
        run, symbol=symbol, reason=reason, action=action, exchange=exchange, out=out
    )
    if json:
        rows = [
            plain(row | {"engine_votes": by_engine(row["engine_votes"] or ())})
            for row in found.tail(limit).iter_rows(named=True)
        ]
        print(jsonlib.dumps(rows, indent=1))
        return
    from quorate.cli.tables import decision_counts, decision_rows, wide_console

    console = wide_console()
    console.print(decision_rows(found.tail(limit), console.width), crop=False)
    console.print(decision_counts(found))
    by_exchange = int((found["by"] == "exchange").sum())
    kept = found.height - by_exchange
    counts = [
        *([f"{kept:,d} kept decisions"] if kept or not by_exchange else []),
        *([f"{by_exchange:,d} exits by the exchange"] if by_exchange else []),
    ]
    console.print(f"the last {min(limit, found.height)} of {' and '.join(counts)}")


@app.command
def explain(
    run: Run,
    what: Annotated[str, Parameter(help="The id of a decision or its beginning, or a coin.")],
    at: Annotated[str | None, Parameter(help="With a coin: a time in UTC.")] = None,
    *,
    recorded: Annotated[
        bool, Parameter(name="--recorded", negative="", help="Only what was recorded.")
    ] = False,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """Explain one decision, from what the engines saw to what came of it.

    Any bar of any coin can be explained: the run is folded again up to it and
    compared with what was recorded.

    Example: quorate explain 20260101 SYN-BTC 2024-02-07T12:00
    """
    from rich.console import Console

    from quorate import api
    from quorate.cli.progress import bars
    from quorate.cli.tables import highlighted

    with bars("folding the run again") as progress:
        found = api.explain(run, what, at, out=out, recorded=recorded, progress=progress)
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1, allow_nan=False))
        return
    Console(soft_wrap=True).print(highlighted(str(found)))


@app.command
def compare(
    *runs: Annotated[str, Parameter(help="Run folders or ids; the first is the measure.")],
    page: Annotated[
        Path | None, Parameter(help="Where the page goes; beside the runs, named by them.")
    ] = None,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """Hold runs side by side: what went in, what came out, and whether the difference is luck.

    Example: quorate compare 20260101 20260102
    """
    from quorate import api
    from quorate.api.finding import find

    found = api.compare(*runs, out=out)
    if json:
        print(jsonlib.dumps(found.as_dict(), indent=1, allow_nan=False))
        return
    from quorate.report.compare_text import WIDTH, text

    print(text(found, get_terminal_size((WIDTH, 24)).columns))
    places = [find(run, out) for run in runs]
    name = f"compare-{'-'.join(place.name for place in places)}.html"
    print(f"\npage: {found.write(page or places[0].parent / name)}")


@app.command
def control(
    run: Run,
    *,
    n: Annotated[int, Parameter(name="--markets", help="How many; 19 can say 5%, 99 1%.")] = 19,
    seed: Annotated[int, Parameter(help="Of the first market.")] = 0,
    block_minutes: Annotated[
        int | None, Parameter(help="Bars are drawn in blocks so long; 15 when left out.")
    ] = None,
    out: Out = Path("runs"),
    json: Json = False,
) -> None:
    """Run the same on shuffled bars, and say how often luck does as well.

    It runs the settings of a run again, once a market; its page shows it from then on.

    Example: quorate control 20260101
    """
    from quorate import api
    from quorate.cli.progress import bars
    from quorate.report.control import sentence

    with bars("shuffling and simulating") as progress:
        found = api.control(
            run, n=n, seed=seed, block_minutes=block_minutes, out=out, progress=progress
        )
    tree = found.as_dict()
    if json:
        print(jsonlib.dumps(tree, indent=1, allow_nan=False))
        return
    returns = found.table["net_return"]
    low, high = (float(v) for v in (returns.min(), returns.max()))  # type: ignore[arg-type]
    print(sentence(tree))
    print(
        f"net return {found.net_return:+.2%}, on shuffled bars {low:+.2%} to {high:+.2%} "
        f"(p {found.p_return:.1%}); {found.n_found} of them would have been believed"
    )
    print(f"page: {found.folder / 'report.html' if found.folder else ''}")


@app.command(name="ls")
def list_runs(
    *, config: Config = None, set_: Set = None, out: Out = Path("runs"), json: Json = False
) -> None:
    """List the runs, newest last; every run ever made is booked, the failed ones too.

    Read is the store that the settings name (account.store), else the one in --out. The last line
    names the ledger of trials, which has the runs of every folder.

    Example: quorate ls --json
    """
    from quorate import api
    from quorate.api import ledger

    rows = api.runs(out, settings_of(config, set_))
    if json:
        print(jsonlib.dumps([row.as_dict() for row in rows], indent=1))
        return
    from quorate.cli.tables import run_rows, wide_console

    console = wide_console()
    if rows:
        console.print(run_rows(rows, console.width), crop=False)
    else:
        console.print(f"no runs in {out}: `quorate demo` makes one")
    # a path is no prose: it is not wrapped
    print(f"the runs of every folder: quorate ls --set account.store={ledger.place()}")
