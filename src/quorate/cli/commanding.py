"""``quorate pause | resume | flatten | block | unblock | arm | words``: a desk by hand."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from quorate.cli.commands import Json, app
from quorate.cli.market import Flat

if TYPE_CHECKING:
    from quorate.hands import Hands, Word
    from quorate.live.guard.lifting import Lifted

Why = Annotated[str, Parameter(help="Kept for good.")]
By = Annotated[str, Parameter(help="Who asks; the user of this process when left out.")]
StoreAt = Annotated[str, Parameter(name="--store", help="The desk's store: a file or a URL.")]
Account = Annotated[str, Parameter(help="Whose desk.")]
Folder = Annotated[Path, Parameter(help="The guard's own folder, on a local disk.")]
Coin = Annotated[str, Parameter(help="As the panel spells it: BTCUSDT.")]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Whose words are read and written, and where: the options of every command here."""

    store: StoreAt = "desk.sqlite"
    account: Account = "main"


@dataclass(frozen=True, kw_only=True)
class Asked(Desk):
    """The options of what is asked of a desk: nothing is without a reason."""

    why: Why
    by: By = ""


@app.command
def pause(
    *,
    asked: Annotated[Asked, Flat],
    json: Json = False,
) -> None:
    """Open nothing until ``resume``; what is held stays, and exits go on.

    A recorded input of the decision, in force from the next bar that closes.

    Example: quorate pause --why "the exchange announced maintenance"
    """
    from quorate import api

    _show(api.pause(**asdict(asked)), json=json)


@app.command
def resume(
    *,
    asked: Annotated[Asked, Flat],
    json: Json = False,
) -> None:
    """Take a pause back.

    Example: quorate resume --why "maintenance is over"
    """
    from quorate import api

    _show(api.resume(**asdict(asked)), json=json)


@app.command
def flatten(
    coin: Coin,
    *,
    asked: Annotated[Asked, Flat],
    json: Json = False,
) -> None:
    """Close a coin, and keep it closed until ``unblock``.

    A recorded input of the decision: it exits at the next bar, through the usual execution. When
    the desk itself cannot be trusted, ``quorate kill`` does it without the desk.

    Example: quorate flatten LUNAUSDT --why "the peg is gone"
    """
    from quorate import api

    _show(api.flatten(coin, **asdict(asked)), json=json)


@app.command
def block(
    coin: Coin,
    *,
    asked: Annotated[Asked, Flat],
    json: Json = False,
) -> None:
    """Open nothing in a coin until ``unblock``; what is held stays, and exits go on.

    Example: quorate block BTCUSDT --why "a fork is due"
    """
    from quorate import api

    _show(api.block(coin, **asdict(asked)), json=json)


@app.command
def unblock(
    coin: Coin,
    *,
    asked: Annotated[Asked, Flat],
    json: Json = False,
) -> None:
    """Take back what ``block`` or ``flatten`` said of a coin.

    Example: quorate unblock BTCUSDT --why "the fork is over"
    """
    from quorate import api

    _show(api.unblock(coin, **asdict(asked)), json=json)


@app.command
def arm(
    *,
    asked: Annotated[Asked, Flat],
    folder: Folder = Path("guard"),
    json: Json = False,
) -> None:
    """Ask the desk to trade again after a start, a halt or a kill, and end the guard's kill.

    The desk decides: its books must agree with the venue, and after a halt a second person has to
    ask, or the same one ten minutes later. The kill in force in the guard's folder is lifted by the
    same rule. Names are not proved. Exit code 1 while a kill is in force in that folder.

    Example: quorate arm --by bob --why "looked at the fills, they are right"
    """
    from quorate import api

    lifted = api.lift(folder, why=asked.why, by=asked.by)
    # where a guard runs without a desk there is no store, and nobody to tell
    has_desk = lifted is None or "://" in asked.store or Path(asked.store).exists()
    hands = api.arm(**asdict(asked)) if has_desk else None
    if json:
        said = {} if hands is None else hands.as_dict()
        print(jsonlib.dumps(said | {"guard": None if lifted is None else lifted.as_dict()}))
    else:
        if hands is None:
            print(f"there is no store {asked.store}: no desk was asked")
        else:
            _show(hands, json=False)
            if hands.killed is not None:
                print("  the kill in the store ends when the desk arms itself")
        if lifted is not None:
            print(_lifted(lifted, folder))
    if lifted is not None and not lifted.is_lifted:
        raise SystemExit(1)


def _lifted(lifted: Lifted, folder: Path) -> str:
    """Say whether the guard's kill is over, which it was, and what to do next."""
    killed = lifted.killed
    at = datetime.fromtimestamp(killed.at_ms / 1000.0, tz=UTC)
    what = (
        f"{killed.level.name.lower()}, asked for by {killed.by} at {at:%Y-%m-%d %H:%M:%S} UTC: "
        f"{killed.why}"
    )
    if lifted.is_lifted:
        return f"lifted in {folder}: {what}\n  {lifted.text}"
    return f"STILL IN FORCE in {folder}: {what}\n  next: {lifted.hint}"


@app.command
def words(*, desk: Annotated[Desk, Flat] = Desk(), json: Json = False) -> None:
    """Print every word that was said to a desk; with --json a line each, as a backtest takes them.

    Example: quorate words --json > words.jsonl
    """
    from quorate import api
    from quorate.hands import in_force

    said = api.words(**asdict(desk))
    if json:
        for word in said:
            print(jsonlib.dumps(word.as_dict()))
        return
    for word in said:
        print(_line(word))
    _show(in_force(said), json=False)


def _show(hands: Hands, *, json: bool) -> None:
    """Print what is in force."""
    if json:
        print(jsonlib.dumps(hands.as_dict()))
        return
    held = [word for word in (hands.killed, hands.paused) if word is not None]
    held += [*hands.flat.values(), *hands.blocked.values()]
    print("in force:" if held else "nothing is in force")
    for word in held:
        print(f"  {_line(word)}")


def _line(word: Word) -> str:
    at = datetime.fromtimestamp(word.at_ms / 1000.0, tz=UTC)
    what = f"{word.verb} {word.coin}".strip()
    return f"{at:%Y-%m-%d %H:%M:%S} UTC  {what:<18} {word.by}: {word.why}"
