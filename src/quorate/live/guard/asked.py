"""Kills that were asked for and not carried out yet: none is forgotten, the highest goes first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.live.guard.record import Killed


class Asked:
    """What waits to be carried out.

    Notes
    -----
    Units: none.  Causal: in the order of asking within a level.  Missing: level 0.

    Examples
    --------
    >>> from quorate.live.guard.record import Killed, Level
    >>> waiting = Asked()
    >>> for level in (Level.CANCEL, Level.FLATTEN):
    ...     waiting.put(Killed(level=level, by="ann", why="drill", at_ms=5))
    >>> waiting.take(above=Level.CANCEL).level.name, int(waiting.level)
    ('FLATTEN', 2)
    """

    def __init__(self) -> None:
        self._waiting: list[Killed] = []
        self._come = asyncio.Event()

    @property
    def level(self) -> int:
        """The highest level that waits, 0 where nothing does."""
        return max((each.level for each in self._waiting), default=0)

    def put(self, killed: Killed) -> None:
        """Let a kill wait."""
        self._waiting.append(killed)
        self._come.set()

    def take(self, *, above: int = 0) -> Killed | None:
        """Return the highest of those above a level and let all of these wait no more."""
        found = [each for each in self._waiting if each.level > above]
        self._waiting = [each for each in self._waiting if each.level <= above]
        if not self._waiting:
            self._come.clear()
        return max(found, key=lambda each: each.level, default=None)

    async def wait(self) -> None:
        """Return once something waits."""
        await self._come.wait()
