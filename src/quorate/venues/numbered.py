"""Pages that are counted from the newest on, and venues of which no other page can be had.

In: a function that asks for a page by its number, or for a few rows from a time on. Out: every row
from a time on; or a refusal, where a venue gives its newest rows whatever time is asked for: what
came would pass for the whole.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.errors import NotOfferedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from quorate.venues.paging import Row

_ENOUGH: Final = 3
"""Rows of a page that say on which end of it a venue begins to count."""


class Numbering(NamedTuple):
    """What the number of a page is called, and how many rows it has at most."""

    parameter: str
    limit: int


NUMBERED: Final = {
    ("bitget", "funding"): Numbering("pageNo", 100),
    ("mexc", "funding"): Numbering("page_num", 100),
}
"""Venues that take a page's number where others take a time."""


class Pages:
    """A history whose pages are numbered, the newest first.

    Parameters
    ----------
    turn : callable
        Gives the rows of a page, counted from 1.

    Notes
    -----
    Units: milliseconds.  Causal: none.  Missing: rows that come meanwhile move others to the next
    page, where they come a second time; none is lost.  Memory: every row that was asked for.
    """

    def __init__(self, turn: Callable[[int], Awaitable[Sequence[Row]]]) -> None:
        self._turn = turn
        self._rows: dict[int, Row] = {}
        self._n_turned = 0
        self._is_whole = False

    async def since(self, at_ms: int) -> list[Row]:
        """Return every row from a time on, oldest first."""
        while not self._is_whole and min(self._rows, default=at_ms + 1) > at_ms:
            self._n_turned += 1
            found = {int(row[0]): row for row in await self._turn(self._n_turned) if row[0]}
            self._is_whole = found.keys() <= self._rows.keys()  # none, or the last one once more
            self._rows = found | self._rows
        return [self._rows[at] for at in sorted(self._rows) if at >= at_ms]


def refuse_newest(name: str, page: Collection[int], few: Collection[int]) -> None:
    """Refuse a venue that gives the newest rows of all, whatever time is asked for.

    Parameters
    ----------
    name : str
        What was asked for, for messages.
    page : collection of int
        The times of a page that begins late.
    few : collection of int
        Those of fewer rows, asked for from the same time on and before the page begins.

    Raises
    ------
    NotOfferedError
        They are the last ones of the page: what lies before it cannot be had.

    Examples
    --------
    A market that was listed late gives its first rows, or none:

    >>> refuse_newest("venue X", [5, 6, 7, 8], [5, 6])
    """
    ordered = sorted(page)
    if len(ordered) < _ENOUGH or not few or min(few) <= ordered[0]:
        return
    first = datetime.fromtimestamp(ordered[0] / 1e3, UTC)
    raise NotOfferedError(
        f"{name}: the venue gives its newest {len(ordered)} rows whatever start is asked for",
        hint=f"pull from {first:%Y-%m-%dT%H:%M:%S}Z on, and often enough that nothing is lost "
        "between; what lies before take from an archive or another venue",
    )
