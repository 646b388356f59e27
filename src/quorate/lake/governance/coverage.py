"""What of each UTC day a coin's bars cover: traded, carried, missing.

In: believed bars and the findings. Out: one row a coin and day, from its first bar to its last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quorate.lake.grid import most_carried
from quorate.lake.sources import MINUTE_MS

if TYPE_CHECKING:
    from quorate.core.types import IntVec
    from quorate.lake.governance.findings import Schema
    from quorate.lake.governance.params import Params
    from quorate.lake.sources import Series

_DAY_MS = 86_400_000
DAYS: Final[Schema] = {
    "symbol": pl.String,
    "day": pl.Date,
    "n_traded": pl.Int64,
    "n_filled": pl.Int64,
    "n_missing": pl.Int64,
}
"""The columns of ``coverage``."""


def coverage(
    name: str,
    series: Series,
    bar_minutes: int,
    params: Params,
    span: tuple[int, int] | None = None,
) -> pl.DataFrame:
    """Return how many bars of each day traded, are carried, or are missing.

    Parameters
    ----------
    name : str
        The coin.
    series : Series
        Its believed bars, at least one: all of them, also outside the span.
    bar_minutes : int
        Length of a bar.
    params : Params
        ``gap_minutes``.
    span : (int, int), optional
        Open times to count between, milliseconds, the first included, the second not.

    Returns
    -------
    polars.DataFrame
        ``symbol, day, n_traded, n_filled, n_missing``: together the bars from the first to the
        last one, as far as they lie in the span.

    Notes
    -----
    Units: bars.  Causal: a count of what there is.  Missing: days outside the coin's life have no
    row; a hole that reaches into the span counts with what of it lies there.  Spec 13.

    Examples
    --------
    >>> from quorate.lake.governance.params import Params
    >>> from quorate.lake.sources import Series
    >>> one = np.ones(3)
    >>> bars = Series("f", np.array([0, 300_000, 900_000]), one, one, one, one, one, one)
    >>> coverage("A", bars, 5, Params()).row(0)[2:]
    (3, 1, 0)
    >>> coverage("A", bars, 5, Params(), (600_000, 3_600_000)).row(0)[2:]
    (1, 1, 0)
    """
    bar_ms = bar_minutes * MINUTE_MS
    at = series.open_ms
    low, end = int(at[0]), int(at[-1]) + bar_ms
    if span is not None:
        low, end = (
            max(low, -(-span[0] // bar_ms) * bar_ms),
            min(end, -(-span[1] // bar_ms) * bar_ms),
        )
    if end <= low:
        return pl.DataFrame(schema=DAYS)
    first, last = low // _DAY_MS, (end - bar_ms) // _DAY_MS
    inside = at[(at >= low) & (at < end)]
    traded = np.bincount(inside // _DAY_MS - first, minlength=last - first + 1)
    whole = np.full(traded.size, _DAY_MS // bar_ms)
    whole[0] -= (low % _DAY_MS) // bar_ms
    whole[-1] -= (_DAY_MS - bar_ms - (end - bar_ms) % _DAY_MS) // bar_ms
    n_gap = np.diff(at) // bar_ms - 1
    n_carried = np.minimum(n_gap, most_carried(params.gap_minutes, bar_minutes))
    from_ms = np.clip(at[:-1] + bar_ms, low, end)
    to_ms = np.clip(at[:-1] + bar_ms + n_carried * bar_ms, low, end)
    carried = _spread(from_ms, (to_ms - from_ms) // bar_ms, bar_ms, first, traded.size)
    return pl.DataFrame(
        {
            "symbol": name,
            "day": pl.Series(np.arange(first, last + 1).astype(np.int32)).cast(pl.Date),
            "n_traded": traded,
            "n_filled": carried,
            "n_missing": np.maximum(whole - traded - carried, 0),
        },
        schema_overrides=DAYS,
    )


def _spread(first_ms: IntVec, n: IntVec, bar_ms: int, day: int, n_days: int) -> IntVec:
    """Return how many of some runs of bars fall on each day."""
    nth = np.arange(int(n.sum())) - np.repeat(np.cumsum(n) - n, n)
    at = np.repeat(first_ms, n) + nth * bar_ms
    return np.bincount(at // _DAY_MS - day, minlength=n_days)
