"""The kill switch from Python: run a guard, ask it to kill, drill it at an exchange of ours.

In: a connection and a folder. Out: what a kill came to, with its times.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import ConfigError, QuorateError, VenueError
from quorate.hands import Verb, Word, in_force

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.live.guard.kill import Done

LEVELS: Final = ("block", "cancel", "flatten")


def guard(
    connection: str | Path,
    folder: str | Path = "guard",
    *,
    once: bool = True,
    page: Callable[[str], None] | None = None,
    store: str | Path | None = None,
    account: str = "main",
) -> Done | None:
    """Watch an account until a kill is asked for, and carry it out.

    Parameters
    ----------
    connection : path
        JSON for its owner only: ``venue``, ``api_key``, ``secret``, ``symbols``, perhaps ``url``.
    folder : path
        Where the guard is told and writes down what it does.
    once : bool
        Return after a kill.
    page : callable, optional
        Calls somebody; prints to the standard error when left out.
    store : str or path, optional
        Of the desk: a kill that is said there is obeyed too. The guard goes on without it.
    account : str
        Whose words those are.

    Returns
    -------
    Done or None
        What the kill came to.

    Raises
    ------
    ConfigError
        If the connection is not one, its key is refused or may not trade, or a symbol is not
        listed.

    Notes
    -----
    Units: none.  Causal: real time.  Missing: none.
    RELIABILITY 4.
    """
    from quorate.live.guard.watch import watch
    from quorate.venues.account.connection import read

    said = None if store is None else kills(store, account)
    watching = watch(
        read(Path(connection)), Path(folder), page=page or _print, once=once, kills=said
    )
    return asyncio.run(watching)


def kills(store: str | Path, account: str) -> Callable[[int], tuple[Word | None, int]]:
    """Return what reads a store's words on, and says which kill is in force by them."""
    from quorate.store import open_store

    def read_on(after: int) -> tuple[Word | None, int]:
        if "://" not in str(store) and not Path(store).exists():
            return None, after  # no desk has begun yet
        with open_store(store) as opened:
            rows = opened.words(account).read(after)
        killed = in_force(Word.of(row.said) for row in rows).killed
        return killed, rows[-1].seq if rows else after

    return read_on


def kill(
    folder: str | Path = "guard",
    *,
    level: str = "flatten",
    why: str,
    by: str = "",
    store: str | Path | None = None,
    account: str = "main",
) -> dict[str, Any]:
    """Ask the guard of a folder to kill, and wait for what it came to.

    Parameters
    ----------
    folder : path
        The guard's.
    level : str
        ``block``, ``cancel`` or ``flatten``; each does what the ones before it do.
    why : str
        Kept for good.
    by : str
        Who asks; the user of this process when left out.
    store : str or path, optional
        Of the desk, whose decision is then told too; the kill does not wait for it.
    account : str
        Whose desk.

    Returns
    -------
    dict
        ``is_safe``, ``orders``, ``positions``: what is certain and how long it took; ``level``,
        ``by``, ``why``: of the kill in force, whose first reason stays.

    Raises
    ------
    ConfigError
        If the level is none, or no reason is given.
    VenueError
        If no guard answers; the file that asks for it stays, and the next one to start obeys it.

    Notes
    -----
    Units: ms.  Causal: real time.  Missing: none.
    RELIABILITY 4.
    """
    from quorate.live.guard.record import SENTINEL, Level, ask_by_file
    from quorate.live.guard.watch import DONE

    place = Path(folder)
    if level not in LEVELS or not why.strip():
        raise ConfigError(
            f"a kill of level {level!r} because of {why!r}",
            hint=f"give a level, one of {', '.join(LEVELS)}, and why",
        )
    place.mkdir(parents=True, exist_ok=True)
    (place / DONE).unlink(missing_ok=True)
    ask_by_file(place, Level[level.upper()], by=by or _user(), why=why)
    if store is not None:
        from quorate.api.commanding import said  # a database is the last thing a kill needs

        try:
            said(Verb.KILL, "", (why, by), store, account)
        except QuorateError as error:
            _print(f"the guard is asked; the desk's store could not be told: {error}")
    found = awaited(
        place / DONE,
        420.0,
        lambda: not (place / SENTINEL).exists(),
        5.0,
        # what a lower kill before it came to is no answer
        lambda row: LEVELS.index(row["level"]) >= LEVELS.index(level),
    )
    if found is None:
        raise VenueError(
            f"no guard answers in {place}: the file {place / SENTINEL} asks for the kill",
            hint="start one, it obeys at once: quorate guard --connection FILE",
        )
    return found


def awaited(
    path: Path,
    seconds: float,
    is_alive: Callable[[], bool],
    grace_s: float,
    is_it: Callable[[dict[str, Any]], bool] = lambda _: True,
) -> dict[str, Any] | None:
    """Return the JSON of a file once it is whole and it; None once nobody is alive to write it.

    ``is_alive`` may be wrong for ``grace_s``: somebody may yet come to life.
    """
    began = time.monotonic()
    while (spent := time.monotonic() - began) < seconds:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            found = None
        if isinstance(found, dict) and is_it(found):
            return found
        if not is_alive() and spent > grace_s:
            return None
        time.sleep(0.02)
    return None


def _user() -> str:
    """Return who runs this process, "" where nobody's name is known: a kill waits for no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _print(text: str) -> None:
    sys.stderr.write(f"PAGE: {text}\n")
    sys.stderr.flush()
