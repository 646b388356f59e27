"""Coins whose price a second venue does not confirm: nothing is opened the day after.

In: the days on which two venues of one kind disagree on too many bars (``reconcile.daily``). Out:
which bars of each coin may be entered. A day is known when it is over, so it is the next one that
is not trusted; what is open goes on to its own exit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import ByteMat
    from quorate.lake.grid import Grid

_DAY_MS = 86_400_000


def quarantined(days: pl.DataFrame) -> pl.DataFrame:
    """Return the coins and days on which a second venue disagrees: ``symbol, day``."""
    return days.filter(pl.col("quarantined")).select("symbol", "day")


def trusted(days: pl.DataFrame, symbols: Sequence[str], grid: Grid) -> ByteMat:
    """Return 0 on the bars that open on the day after a quarantined one, else 1.

    Parameters
    ----------
    days : polars.DataFrame
        ``symbol, day`` (``quarantined``).
    symbols : sequence of str
        The coin axis.
    grid : Grid
        The bars.

    Returns
    -------
    ByteMat
        Shape (time, coin).

    Notes
    -----
    Units: UTC days.  Causal: a bar reads the day before it.  Missing: a day that no second venue
    has is trusted.  Spec 13; METHODS 12.

    Examples
    --------
    >>> from datetime import date
    >>> from quorate.lake.grid import Grid
    >>> days = pl.DataFrame({"symbol": ["A"], "day": [date(1970, 1, 1)]})
    >>> trusted(days, ["A", "B"], Grid(86_400_000 - 3_600_000, 60, 3)).tolist()
    [[1, 1], [0, 1], [0, 1]]
    """
    mask = np.ones((grid.n_bars, len(symbols)), np.int8)
    day = (grid.first_ms + np.arange(grid.n_bars) * grid.bar_ms) // _DAY_MS
    for c, symbol in enumerate(symbols):
        known = days.filter(pl.col("symbol") == symbol)["day"].to_physical().to_numpy()
        if known.size:
            mask[np.isin(day, known + 1), c] = 0
    return mask
