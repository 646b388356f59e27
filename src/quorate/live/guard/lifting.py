"""End a kill that is in force in a guard's folder: deliberately, by two people or after a while.

In: the folder, who, why, when. Out: whether it is lifted, and else what to do next. The rule is the
one of a desk after a halt (``live.controls.standing.arm``); nothing else ends a kill there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.errors import StoreError
from quorate.live.controls.standing import Armed, Standing, Trading, arm
from quorate.live.guard.record import Record, asked_by_file

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.live.guard.record import Killed


class Lifted(NamedTuple):
    """What became of the asking: whether the kill is lifted, else why not and what to do next."""

    killed: Killed
    is_lifted: bool
    text: str
    hint: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        killed = self.killed
        return {
            "level": killed.level.name.lower(),
            "by": killed.by,
            "why": killed.why,
            "at_ms": killed.at_ms,
            "is_lifted": self.is_lifted,
            "text": self.text,
            "hint": self.hint,
        }


def lift(folder: Path, *, by: str, why: str, at_ms: int) -> Lifted | None:
    """Lift the kill that is in force in a folder.

    Parameters
    ----------
    folder : path
        The guard's.
    by, why : str
        Who asks and why, kept for good.
    at_ms : int
        Now.

    Returns
    -------
    Lifted or None
        None where no kill is in force there. The file that asks for one counts too: the next guard
        to start would obey it.

    Raises
    ------
    StoreError
        If the disk refuses: then the kill stays in force.

    Notes
    -----
    Units: ms since 1970.  Causal: the asking and the lifting are in the record before they count.
    Missing: none.
    RELIABILITY 4.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from quorate.live.guard.record import Killed, Level
    >>> with TemporaryDirectory() as text:
    ...     _ = Record(Path(text)).mark(Killed(level=Level.CANCEL, by="ann", why="x", at_ms=5))
    ...     first = lift(Path(text), by="ann", why="flat", at_ms=10)
    ...     second = lift(Path(text), by="bob", why="flat", at_ms=20)
    >>> first.hint, second.text
    ('a second operator may arm now, the same one in 600 s', 'armed by bob, asked by ann: flat')
    """
    if not folder.is_dir():
        return None
    record = Record(folder)
    killed = record.in_force(at_ms) or asked_by_file(folder, at_ms)
    if killed is None:
        return None
    asking = record.arming()
    before = Standing(
        trading=Trading.HALTED,
        why=f"killed by {killed.by}: {killed.why}",
        asked_ms=None if asking is None else asking.at_ms,
        asked_by="" if asking is None else asking.by,
    )
    found = arm(before, operator=by, reason=why, n_differences=0, key_troubles=(), now_ms=at_ms)
    try:
        if isinstance(found, Armed):
            record.lift(by=by, why=found.standing.why, at_ms=at_ms)
            return Lifted(killed, is_lifted=True, text=found.standing.why, hint="")
        if asking is None and found.standing.asked_ms is not None:
            record.ask(by=by, why=why, at_ms=at_ms)
    except OSError as error:
        raise StoreError(
            f"the kill in {folder} stays in force, the disk refuses: {error.strerror}",
            hint="make room on the disk, then arm again",
        ) from error
    return Lifted(killed, is_lifted=False, text=found.text, hint=found.hint)


def told(killed: Killed, folder: Path) -> str:
    """Return what a guard says that starts with a kill in force: who, why, when, how to end it."""
    at = datetime.fromtimestamp(killed.at_ms / 1e3, tz=UTC)
    return (
        f"a kill is in force in {folder} and is carried out now: {killed.level.name.lower()}, "
        f"asked for by {killed.by} at {at:%Y-%m-%d %H:%M:%S} UTC: {killed.why}; "
        f"to end it: quorate arm --why ... --folder {folder}"
    )
