"""What of each UTC day a coin's bars cover: traded, carried, missing.

In: believed bars and the findings. Out: one row a coin and day, from its first bar to its last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from quorate.core.types import Bar
from quorate.lake import grid
from quorate.lake.sources import MINUTE_MS

if TYPE_CHECKING:
    from quorate.core.types import IntVec
    from quorate.lake.governance.params import Params
    from quorate.lake.sources import Series

_DAY_MS = 86_400_000


def coverage(name: str, series: Series, bar_minutes: int, params: Params) -> pl.DataFrame:
    """Return how many bars of each day traded, are carried, or are missing.

    Parameters
    ----------
    name : str
        The coin.
    series : Series
        Its believed bars, at least one.
    bar_minutes : int
        Length of a bar.
    params : Params
        ``gap_minutes``.

    Returns
    -------
    polars.DataFrame
        ``symbol, day, n_traded, n_filled, n_missing``: together the bars from the first to the
        last one; a bar that lacks some of its parts is filled.

    Notes
    -----
    Units: bars.  Causal: a count of what there is.  Missing: days outside the coin's life have no
    row.  Spec 13.

    Examples
    --------
    >>> from quorate.lake.governance.params import Params
    >>> from quorate.lake.sources import Series
    >>> one = np.ones(3)
    >>> bars = Series("f", np.array([0, 300_000, 900_000]), one, one, one, one, one, one)
    >>> coverage("A", bars, 5, Params()).row(0)[2:]
    (3, 1, 0)
    """
    bar_ms = bar_minutes * MINUTE_MS
    at = series.open_ms
    n_gap = np.diff(at) // bar_ms - 1
    n_carried = np.minimum(n_gap, grid.most_carried(params.gap_minutes, bar_minutes))
    first, last = int(at[0]) // _DAY_MS, int(at[-1]) // _DAY_MS
    traded = np.bincount(grid.whole(series).open_ms // _DAY_MS - first, minlength=last - first + 1)
    whole = np.full(traded.size, _DAY_MS // bar_ms)
    whole[0] -= (at[0] % _DAY_MS) // bar_ms
    whole[-1] -= (_DAY_MS - bar_ms - at[-1] % _DAY_MS) // bar_ms
    carried = _spread(at[:-1] + bar_ms, n_carried, bar_ms, first, traded.size)
    if series.status is not None:
        partial = at[series.status == Bar.IMPUTED] // _DAY_MS - first
        carried = carried + np.bincount(partial, minlength=traded.size)
    return pl.DataFrame(
        {
            "symbol": name,
            "day": pl.Series(np.arange(first, last + 1).astype(np.int32)).cast(pl.Date),
            "n_traded": traded,
            "n_filled": carried,
            "n_missing": np.maximum(whole - traded - carried, 0),
        }
    )


def _spread(first_ms: IntVec, n: IntVec, bar_ms: int, day: int, n_days: int) -> IntVec:
    """Return how many of some runs of bars fall on each day."""
    nth = np.arange(int(n.sum())) - np.repeat(np.cumsum(n) - n, n)
    at = np.repeat(first_ms, n) + nth * bar_ms
    return np.bincount(at // _DAY_MS - day, minlength=n_days)
