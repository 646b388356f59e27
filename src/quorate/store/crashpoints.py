"""Places where a process may die, by name, so that a test can have it die at each of them.

Outside tests a crash point is a call that does nothing. Three tests keep that true and the list
whole: every point is named in one place of the source and in ``POINTS``; nothing of the source
arms them; and a test that kills at each of them fails if one is never passed.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POINTS: Final = (
    "lease.taken",
    "claim.begun",
    "claim.written",
    "claim.committed",
    "journal.begun",
    "journal.fenced",
    "journal.rows",
    "journal.keys",
    "journal.committed",
    "snapshot.begun",
    "snapshot.written",
    "snapshot.committed",
    "desk.folded",
    "desk.recorded",
    "lease.released",
)
"""Every point there is, in the order in which a desk passes them first."""

_ARMED: Final[list[Callable[[str], None]]] = []


def crashpoint(name: str) -> None:
    """Be a place to die at: call what a test has armed, and nothing otherwise.

    Examples
    --------
    >>> crashpoint("journal.begun")
    """
    for strike in _ARMED:
        strike(name)


@contextmanager
def armed(strike: Callable[[str], None]) -> Iterator[None]:
    """Have a function called with the name of every point that is passed; for tests alone.

    Examples
    --------
    >>> passed = []
    >>> with armed(passed.append):
    ...     crashpoint("journal.rows")
    >>> passed
    ['journal.rows']
    """
    _ARMED.append(strike)
    try:
        yield
    finally:
        _ARMED.remove(strike)
