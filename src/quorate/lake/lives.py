"""Which coin a symbol of the primary venue means when, and every venue's bars of it.

In: a symbol that was judged on each venue. Out: its coins in order of time, and the bars of each on
every venue, in the units of the first one: all of them, or those of a span.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.lake.governance import identity
from quorate.lake.governance.identity import Units
from quorate.lake.grid import join, window
from quorate.lake.spec import EVER_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.lake.governance import Governed
    from quorate.lake.judging import Aside
    from quorate.lake.sources import Series


class Life(NamedTuple):
    """A coin of the primary venue: from when to when its symbol means it, and its unit."""

    symbol: str
    name: str
    span: tuple[int, int]
    units: Units


def lives(mine: Aside) -> list[Life]:
    """Return the coins of a symbol; one without bars where none is left."""
    coins, symbol = mine.coins, mine.judged.symbol
    if not coins:
        none = Units(np.empty(0, np.int64), np.empty(0))
        return [Life(symbol, symbol, EVER_MS, none)]
    begins = [EVER_MS[0], *(lying.first_ms for _, lying in coins[1:]), EVER_MS[1]]
    told = mine.judged.governed.findings
    return [
        Life(symbol, name, (begins[i], begins[i + 1]), identity.units(told, name))
        for i, (name, _) in enumerate(coins)
    ]


def aligned(coins: Sequence[Life], governed: Governed) -> list[Series | None]:
    """Return another venue's bars of each coin of a symbol, in the units of the first venue.

    Parameters
    ----------
    coins : sequence of Life
        What the symbol means on the first venue: its coins decide which bars are whose.
    governed : Governed
        The other venue's bars, all of them or those of a span.

    Returns
    -------
    list of Series or None
        One a coin; None where the other venue has no bar in its time.

    Notes
    -----
    Units: those of the first venue's first row, of its own time; a venue that changes its unit
    hours before or after the other is apart from it for so long.  Causal: by what is known at each
    bar.  Missing: None.
    """
    found = []
    for life in coins:
        series = joined(governed, life.span)
        if series is not None and life.units.at_ms.size:
            series = identity.scaled(series, life.units.of(series.open_ms))
        found.append(series)
    return found


def by_coin(
    aside: Sequence[Aside | None], coins: Sequence[Life], first_ms: int, end_ms: int
) -> list[tuple[Series | None, ...]]:
    """Return each coin's bars of a span by venue, in the unit of the first venue.

    Parameters
    ----------
    aside : sequence of Aside or None
        A symbol on every venue, the first one there.
    coins : sequence of Life
        What the symbol means on the first venue (``lives``).
    first_ms, end_ms : int
        Between which opens.
    """
    mine, *others = aside
    assert mine is not None  # noqa: S101  (the primary venue has every symbol)
    own: list[Series | None] = [lying.within(first_ms, end_ms) for _, lying in mine.coins]
    beside_them = [
        [None] * len(coins)
        if each is None
        else aligned(coins, each.within(first_ms, end_ms).governed)
        for each in others
    ]
    return list(zip(own or [None], *beside_them, strict=True))


def joined(governed: Governed, span: tuple[int, int]) -> Series | None:
    """Return a symbol's bars of all of its coins within a span, as stored; None without one.

    Units that were made one are undone, for each venue has its own first row.

    Examples
    --------
    >>> import polars as pl
    >>> from quorate.lake.governance import Governed
    >>> joined(Governed((), pl.DataFrame()), (0, 1)) is None
    True
    """
    parts = []
    for name, series in governed.coins:
        part, units = window(series, *span), identity.units(governed.findings, name)
        parts.append(
            identity.scaled(part, 1.0 / units.of(part.open_ms)) if units.at_ms.size else part
        )
    parts = [part for part in parts if part.open_ms.size > 0]
    return join(parts) if parts else None
