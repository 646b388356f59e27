"""One coin's bars on a venue, laid on a part of the grid as they are on the whole of it.

In: bars on the shelf, and the panel's grid. Out: ``Laid`` of any rows of the grid. What stands
before them goes along: the last bar, which may be carried, and the last one that moved, for a
venue that prints a frozen price after that is believed for a day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.core.types import Bar
from quorate.lake.grid import NEVER, lay, moves
from quorate.lake.lives import aligned
from quorate.lake.silence import silent

if TYPE_CHECKING:
    from quorate.core.types import ByteVec, IntVec
    from quorate.lake.governance import Params
    from quorate.lake.grid import Grid, Laid
    from quorate.lake.judging import Aside
    from quorate.lake.lives import Life
    from quorate.lake.sources import Mask, Series

_DAY_MS = 86_400_000
_NONE: IntVec = np.empty(0, np.int64)


class Laying:
    """Lays one coin's bars on one venue.

    Parameters
    ----------
    aside : Aside or None
        The symbol's bars there; None where the venue does not have it.
    nth : int or None
        Which of the symbol's coins this is on the primary venue; None on another one.
    life : Life
        From when to when the symbol means the coin.
    grid : Grid
        That of the panel.
    rules : Params
        ``gap_minutes`` and ``frozen_hours``.

    Notes
    -----
    Units, Causal, Missing: as ``grid.lay``.  Memory: the rows asked for, and a day before them.
    """

    def __init__(
        self, aside: Aside | None, nth: int | None, life: Life, grid: Grid, rules: Params
    ) -> None:
        self._aside, self._nth, self._life, self.grid = aside, nth, life, grid
        self._limits = {"gap_minutes": rules.gap_minutes, "frozen_hours": rules.frozen_hours}
        self._reach_ms = round(rules.frozen_hours / 24.0 * _DAY_MS) + _DAY_MS
        self._at: tuple[int, int] | None = None
        self._laid: Laid | None = None

    @property
    def bar_minutes(self) -> int:
        """Return the length of a bar."""
        return self.grid.bar_minutes

    def lay(self, t: int, n: int) -> Laid:
        """Return n rows of the grid from the t-th on; those before it have a t below 0.

        ``first``, ``last`` and ``since`` are of these rows.
        """
        if self._laid is None or self._at != (t, n):
            part = self.grid.part(t, n)
            series = self._series(part.first_ms, part.end_ms)
            self._laid = lay([series], part, **self._limits)
            self._at = t, n
        return self._laid

    def _series(self, first_ms: int, end_ms: int) -> Series | None:
        """Return the bars of a span, and those before it that say what they are worth."""
        low = first_ms
        while (before := self._before(low)) is not None:
            part = self._bars(before - self._reach_ms, low)
            moving = np.flatnonzero(_is_priced(part)) if part is not None else _NONE
            if part is not None:
                low = int(part.open_ms[moving[-1] if moving.size else 0])
            if moving.size or part is None:
                break
        return self._bars(low, end_ms)

    def _bars(self, first_ms: int, end_ms: int) -> Series | None:
        if self._aside is None:
            return None
        if self._nth is None:
            low, high = max(first_ms, self._life.span[0]), min(end_ms, self._life.span[1])
            (found,) = aligned([self._life], self._aside.within(low, high).governed)
            return found
        if not self._aside.coins:
            return None
        series = self._aside.coins[self._nth][1].within(first_ms, end_ms)
        return series if series.open_ms.size else None

    def _before(self, at_ms: int) -> int | None:
        if self._aside is None or (self._nth is not None and not self._aside.coins):
            return None
        mine = self._aside.coins if self._nth is None else [self._aside.coins[self._nth]]
        found = [at for _, each in mine if (at := each.before(at_ms)) is not None]
        last = max(found, default=-NEVER)
        return last if found and last >= self._life.span[0] else None


def _is_priced(series: Series) -> Mask:
    """Return which bars moved and are worth something: since then a coin is silent or frozen."""
    moving = moves(series)
    return moving if series.status is None else moving & (series.status != Bar.ABSENT)


class Membership:
    """When a coin of the panel is a member: asked of one part of the grid after the other.

    Parameters
    ----------
    laying : Laying
        On the primary venue.

    Notes
    -----
    Units: rows.  Causal: bars up to each.  Missing: none.  METHODS 12.
    """

    def __init__(self, laying: Laying) -> None:
        self._laying = laying
        self._first = NEVER
        self._since = -NEVER

    def members(self, t: int, n: int) -> ByteVec:
        """Return 1 from a coin's first bar on, but while it is silent for a day or longer."""
        laid = self._laying.lay(t, n)
        if t == 0:
            self._since = int(laid.since[0])
        if laid.first[0] < n:
            self._first = min(self._first, t + int(laid.first[0]))
        if self._first >= t + n:
            return np.zeros(n, np.int8)
        # a coin whose first bars are worth nothing is silent from the first of them on
        since = self._since if self._since > -NEVER else self._first
        is_silent, latest = silent(laid.status[:, 0], since - t, self._laying.bar_minutes)
        self._since = latest + t
        member: ByteVec = ((np.arange(t, t + n) >= self._first) & ~is_silent).astype(np.int8)
        return member
