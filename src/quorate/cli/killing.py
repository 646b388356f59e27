"""``quorate guard | kill | drill``: the kill switch, asking it, and trying it."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from quorate.cli.commanding import Account, By, Folder, StoreAt
from quorate.cli.commands import Json, app

if TYPE_CHECKING:
    from quorate.api import Drills


@app.command
def guard(
    *,
    connection: Annotated[
        Path, Parameter(help="JSON for its owner only: venue, api_key, secret, symbols.")
    ],
    folder: Folder = Path("guard"),
    keep: Annotated[bool, Parameter(negative="", help="Go on watching after a kill.")] = False,
    store: StoreAt | None = None,
    account: Account = "main",
) -> None:
    """Watch an account until a kill is asked for: cancel, close, and read back until it is certain.

    A process of its own with a connection of its own, which needs nothing of the desk. It is told
    by ``quorate kill``, by a file KILL in its folder, by SIGUSR1, by POST /kill on 127.0.0.1 with
    the token of its folder, or by a kill in the desk's --store. It tries its venue at the start:
    exit code 2 where the key is refused or may not trade, or a symbol is not listed. Exit code 1
    if a kill ended and not everything is certain.

    Example: quorate guard --connection connection.json
    """
    from quorate import api

    done = api.guard(connection, folder, once=not keep, store=store, account=account)
    if done is not None and not done.is_safe:
        raise SystemExit(1)


@app.command
def kill(
    *,
    why: Annotated[str, Parameter(help="Kept for good.")],
    level: Annotated[
        Literal["block", "cancel", "flatten"],
        Parameter(help="How far; each does what the ones before it do."),
    ] = "flatten",
    folder: Folder = Path("guard"),
    by: By = "",
    store: StoreAt | None = None,
    account: Account = "main",
    json: Json = False,
) -> None:
    """Ask the guard to kill: block entries, cancel every order, close every position.

    Waits until the guard has read back that nothing is left, and says how long it took. Exit code
    1 if not everything is certain, 3 if no guard answers; then the next one to start obeys.

    Example: quorate kill --why "the feed is wrong"
    """
    from quorate import api

    found = api.kill(folder, level=level, why=why, by=by, store=store, account=account)
    print(jsonlib.dumps(found) if json else _said(found))
    if not found["is_safe"]:
        raise SystemExit(1)


@app.command
def drill(
    *,
    orders: Annotated[int, Parameter(help="Limit orders that are open.")] = 450,
    stops: Annotated[int, Parameter(help="Stops that wait.")] = 50,
    coins: Annotated[int, Parameter(help="Over how many coins, at most 10.")] = 10,
    failing: Annotated[
        float, Parameter(help="Share of the guard's requests that fail: 0.3.")
    ] = 0.0,
    wedged: Annotated[
        bool, Parameter(negative="", help="Keep the desk's own process busy meanwhile.")
    ] = False,
    times: Annotated[
        int, Parameter(help="How often: prints p50, p99 and the most of each time.")
    ] = 1,
    json: Json = False,
) -> None:
    """Try the kill switch against a simulated exchange, and print how long everything took.

    Three processes over real sockets: the exchange, this desk, the guard. Nothing of it is real.
    Exit code 1 if something was left.

    Example: quorate drill --failing 0.3 --times 20
    """
    from quorate import api
    from quorate.cli.progress import bars

    with bars("drilling", unit="drills") as progress:
        found = api.drills(
            times, orders, stops, coins, failing=failing, wedged=wedged, progress=progress
        )
    if json:
        print(jsonlib.dumps(found.drills[0]._asdict() if times == 1 else found.as_dict()))
    else:
        spoilt = f", {failing:.0%} of the requests fail" if failing else ""
        busy = ", the desk wedged" if wedged else ""
        print(f"{orders} orders and {stops} stops over {coins} coins{spoilt}{busy}")
        print(_drilled(found))
    if not found.is_safe:
        raise SystemExit(1)


_TIMES = (
    ("noticed_ms", "the guard acts after"),
    ("dispatched_ms", "every cancel sent"),
    ("empty_ms", "read empty twice"),
    ("flat_ms", "read flat twice"),
)


def _drilled(found: Drills) -> str:
    """Say what drills came to: one time of a single one, three of many."""
    is_many = len(found.drills) > 1
    lines = [f"  {len(found.drills)} drills{'p50':>17}{'p99':>12}{'max':>12}"] if is_many else []
    for name, text in _TIMES:
        spread = found.spread(name)
        lines.append(f"  {text:<22} {' '.join(map(_ms, spread if is_many else spread[:1]))}")
    lines.append(f"  {'everything certain':<22} {'yes' if found.is_safe else 'NO':>8}")
    return "\n".join(lines)


def _said(found: dict[str, object]) -> str:
    certain = "everything is certain" if found["is_safe"] else "NOT everything is certain"
    return (
        f"{found['level']}: {certain}\n  asked for by {found['by']}: {found['why']}\n"
        f"  orders {found['orders']}\n  positions {found['positions']}"
    )


def _ms(value: float | None) -> str:
    return "   never" if value is None else f"{value:8,.0f} ms"
