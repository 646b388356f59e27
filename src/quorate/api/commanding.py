"""What people ask of a desk from Python: write a word down, and read what is in force.

In: an account and what is asked. Out: what is in force after it. The desk and the guard read the
words from the store; nothing here needs them to run.
"""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import TYPE_CHECKING

from quorate.errors import ConfigError
from quorate.hands import Hands, Verb, Word, in_force
from quorate.store import open_store

if TYPE_CHECKING:
    from quorate.live.guard.lifting import Lifted
    from quorate.store import Store

STORE = Path("desk.sqlite")
ACCOUNT = "main"


def pause(*, why: str, by: str = "", store: str | Path = STORE, account: str = ACCOUNT) -> Hands:
    """Ask the desk to open nothing until ``resume``; what is held stays, exits go on.

    Parameters
    ----------
    why : str
        Kept for good.
    by : str
        Who asks; the user of this process when left out.
    store : str or path
        The desk's store.
    account : str
        Whose desk.

    Returns
    -------
    Hands
        What is in force now.

    Raises
    ------
    ConfigError, StoreError
        No reason is given, or the store cannot be written: then nothing was asked.

    Notes
    -----
    Units: none.  Causal: in force from the first bar that closes at or after it.  Missing: none.
    DESIGN 1, 6.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     now = pause(why="news", by="ann", store=Path(folder) / "desk.sqlite")
    >>> now.paused.why
    'news'
    """
    return said(Verb.PAUSE, "", (why, by), store, account)


def resume(*, why: str, by: str = "", store: str | Path = STORE, account: str = ACCOUNT) -> Hands:
    """Take a pause back; see ``pause``."""
    return said(Verb.RESUME, "", (why, by), store, account)


def flatten(
    coin: str, *, why: str, by: str = "", store: str | Path = STORE, account: str = ACCOUNT
) -> Hands:
    """Ask the desk to close a coin, and to keep it closed until ``unblock``; see ``pause``."""
    return said(Verb.FLATTEN, coin, (why, by), store, account)


def block(
    coin: str, *, why: str, by: str = "", store: str | Path = STORE, account: str = ACCOUNT
) -> Hands:
    """Ask the desk to open nothing in a coin until ``unblock``; see ``pause``."""
    return said(Verb.BLOCK, coin, (why, by), store, account)


def unblock(
    coin: str, *, why: str, by: str = "", store: str | Path = STORE, account: str = ACCOUNT
) -> Hands:
    """Take what ``block`` or ``flatten`` said of a coin back; see ``pause``."""
    return said(Verb.UNBLOCK, coin, (why, by), store, account)


def arm(*, why: str, by: str = "", store: str | Path = STORE, account: str = ACCOUNT) -> Hands:
    """Ask the desk to trade again after a kill, a halt or a start; see ``pause``.

    The desk decides: it arms when its books agree with the venue and, after a halt, when a second
    person asks or ten minutes after the first time (``live.controls.standing.arm``).
    """
    return said(Verb.ARM, "", (why, by), store, account)


def lift(folder: str | Path = "guard", *, why: str, by: str = "") -> Lifted | None:
    """Ask to end the kill that is in force in a guard's folder.

    A guard that starts while one is in force carries it out. The rule is a desk's after a halt: a
    second person lifts it at once, the same one ten minutes after the first asking. A kill in the
    desk's store is ended by ``arm`` and the desk itself; ``quorate arm`` asks for both.

    Parameters
    ----------
    folder : path
        The guard's.
    why : str
        Kept for good.
    by : str
        Who asks; the user of this process when left out. Nothing proves the name.

    Returns
    -------
    Lifted or None
        Whether it is lifted, else what to do next; None where no kill is in force there.

    Raises
    ------
    ConfigError, StoreError
        No reason is given, or the disk refuses: then the kill stays in force.

    Notes
    -----
    Units: none.  Causal: real time.  Missing: none.
    RELIABILITY 4.

    Examples
    --------
    >>> lift("no such folder", why="flat", by="ann") is None
    True
    """
    from quorate.live.guard.lifting import lift as lifted

    now_ms = time.time_ns() // 1_000_000
    word = Word(verb=Verb.ARM, by=said_by(by), why=why, at_ms=now_ms)
    return lifted(Path(folder), by=word.by, why=word.why, at_ms=now_ms)


def words(*, store: str | Path = STORE, account: str = ACCOUNT) -> tuple[Word, ...]:
    """Return every word that was ever said to a desk, in the order of writing.

    Raises
    ------
    StoreError, ChainError
        There is no such store, or a word was changed, removed or put in.

    Notes
    -----
    Units: ms since 1970.  Causal: what is on the disk.  Missing: none.
    DESIGN 1.
    """
    _require(store)
    with open_store(store) as opened:
        return _every(opened, account)


def said(verb: Verb, coin: str, who: tuple[str, str], store: str | Path, account: str) -> Hands:
    """Write a word down, and return what is in force after it; see ``pause``."""
    why, by = who
    word = Word(
        verb=verb,
        coin=coin,
        by=said_by(by),
        why=why,
        at_ms=time.time_ns() // 1_000_000,
    )
    with open_store(store) as opened:
        before = in_force(_every(opened, account))
        _refuse_idle(before, word)
        opened.words(account).append(word.as_dict())
        return in_force(_every(opened, account))


def _every(opened: Store, account: str) -> tuple[Word, ...]:
    return tuple(Word.of(row.said) for row in opened.words(account).read())


def _refuse_idle(before: Hands, word: Word) -> None:
    """Refuse to take back what was never asked: most often the name of the coin is wrong."""
    held = sorted({*before.blocked, *before.flat})
    if word.verb is Verb.UNBLOCK and word.coin not in held:
        raise ConfigError(
            f"{word.coin} is neither blocked nor flattened",
            hint=f"these are: {', '.join(held)}" if held else "nothing is",
        )
    if word.verb is Verb.RESUME and before.paused is None:
        raise ConfigError("the desk is not paused", hint="see what is in force: quorate words")


def said_by(who: str = "") -> str:
    """Return who asks, else who runs this process; a container may have no name for it."""
    try:
        return who or getpass.getuser()
    except (OSError, KeyError) as error:
        raise ConfigError("nobody's name is known here", hint="say who asks: --by") from error


def _require(store: str | Path) -> None:
    if "://" not in str(store) and not Path(store).exists():
        raise ConfigError(f"there is no store {store}", hint="give the desk's: --store")
