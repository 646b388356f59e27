"""What one unit of the quote currency is worth in USD, bar by bar.

In: one Parquet file of bars (``ts open high low close``) of USDT/USD or the like. Out: USD per unit
at every close of the panel's grid. A stablecoin is not a dollar: equity is told in USD through this
series, and nothing is entered while it is more than 1% off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.errors import DataError
from quorate.lake.sources import MINUTE_MS, PRICES, infer_minutes, read_bars

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.core.types import IntVec, Vec
    from quorate.lake.grid import Grid
    from quorate.lake.prints import Prints
    from quorate.lake.sources import Series

GRACE_MS = 3_600_000
"""How long after its next bar was due the last price of the series still counts as known."""
_LOW, _HIGH = 0.01, 100.0


def quote_usd(path: Path, grid: Grid, prints: Prints | None = None) -> Vec:
    """Return USD per unit of quote at each close of the grid.

    Parameters
    ----------
    path : Path
        A Parquet file of bars.
    grid : Grid
        The panel's bars.
    prints : Prints, optional
        What was read of the file is put there.

    Returns
    -------
    Vec
        Shape (time,); the close of the last bar that had closed by then.

    Raises
    ------
    DataError
        The file is missing, has fewer than two bars, or none that covers the panel.
    SchemaError
        Its rows are wrong (see ``sources``).

    Notes
    -----
    Units: USD per unit of quote.  Causal: a bar of the series counts from its own close.
    Missing: NaN where the last bar ended longer ago than one of its lengths and an hour; the
    decision takes an unknown price as a depeg.  METHODS 0b.11.
    """
    stamps = grid.first_ms + grid.bar_ms * (1 + np.arange(grid.n_bars))
    found = _at(path, stamps, prints)
    if np.isnan(found).all():
        raise DataError(
            f"{path} has no bar within the span of the panel",
            hint="give the series of the quote currency for the same days",
        )
    return np.ascontiguousarray(found)


def in_quote(series: Series, path: Path, bar_minutes: int) -> Series:
    """Return bars in dollars as bars in the quote currency, by what a unit of it is worth.

    Parameters
    ----------
    series : Series
        Prices in USD.
    path : Path
        A Parquet file of bars of the quote currency in USD.
    bar_minutes : int
        Length of a bar of ``series``.

    Returns
    -------
    Series
        Without the bars at whose close the quote currency's worth is not known.

    Raises
    ------
    DataError, SchemaError
        As ``quote_usd``; a file that covers none of the bars leaves none.

    Notes
    -----
    Units: quote; volumes stay coins.  Causal: as ``quote_usd``.  Missing: left out.  METHODS 12.
    """
    rate = _at(path, series.open_ms + bar_minutes * MINUTE_MS)
    known = np.isfinite(rate)
    columns = {name: getattr(series, name)[known] / rate[known] for name in PRICES}
    columns |= {name: getattr(series, name)[known] for name in ("volume", "taker_buy")}
    return series._replace(open_ms=series.open_ms[known], **columns)


def _at(path: Path, stamps: IntVec, prints: Prints | None = None) -> Vec:
    """Return USD per unit of quote at some times, NaN where it is not known."""
    if not path.is_file():
        raise DataError(
            f"{path} is not a file, so the quote currency cannot be read from it",
            hint="give one Parquet file of bars: ts, open, high, low, close",
        )
    series = read_bars([path], drop_last=False, has_volume=False, prints=prints)
    minutes = infer_minutes(series.open_ms, series.file)
    if minutes is None:
        raise DataError(f"{path} has fewer than two bars", hint="give a longer series")
    length = minutes * MINUTE_MS
    known_at = series.open_ms + length
    row = np.searchsorted(known_at, stamps, side="right") - 1
    known = (row >= 0) & (stamps - known_at[np.maximum(row, 0)] <= length + GRACE_MS)
    found = np.where(known, series.close[np.maximum(row, 0)], np.nan)
    wrong = found[(found < _LOW) | (found > _HIGH)]
    if wrong.size:
        raise DataError(
            f"{path} says one unit of quote is worth {wrong[0]} USD, outside [{_LOW}, {_HIGH}]",
            hint="give USD per unit of quote, about 1 for a stablecoin, not its inverse",
        )
    return found
