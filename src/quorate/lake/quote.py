"""What one unit of the quote currency is worth in USD, bar by bar.

In: one Parquet file of bars (``ts open high low close``) of USDT/USD or the like. Out: USD per unit
at every close of the panel's grid. A stablecoin is not a dollar: equity is told in USD through this
series, and nothing is entered while it is more than 1% off.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from quorate.errors import DataError
from quorate.lake import asof
from quorate.lake.grid import take
from quorate.lake.sources import MINUTE_MS, PRICES, read_bars
from quorate.lake.spacing import infer_minutes

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
    found = Rate(path, prints).at(stamps)
    if np.isnan(found).all():
        raise DataError(
            f"{path} has no bar within the span of the panel",
            hint="give the series of the quote currency for the same days",
        )
    return np.ascontiguousarray(found)


class Rate:
    """What a unit of the quote currency is worth in USD, read when it is first asked for.

    Parameters
    ----------
    path : Path
        A Parquet file of bars.
    prints : Prints, optional
        What was read of the file is put there.

    Notes
    -----
    Units: USD per unit of quote.  Causal: as ``quote_usd``.  Missing: as ``quote_usd``.  Memory:
    the file while it is read, 16 bytes a row of it from then on.
    """

    def __init__(self, path: Path, prints: Prints | None = None) -> None:
        self._path, self._prints = path, prints
        self._lock = threading.Lock()
        self._read: tuple[IntVec, Vec, int] | None = None

    def at(self, stamps: IntVec) -> Vec:
        """Return it at some times, NaN where it is not known.

        Raises
        ------
        DataError, SchemaError
            As ``quote_usd``; a file that covers none of the times says nothing.
        """
        with self._lock:
            if self._read is None:
                self._read = self._loaded()
        known_at, close, length = self._read
        row = asof.latest(known_at, known_at, stamps, length + GRACE_MS)
        found = np.where(row < 0, np.nan, close[row])
        wrong = found[(found < _LOW) | (found > _HIGH)]
        if wrong.size:
            raise DataError(
                f"{self._path} says one unit of quote is worth {wrong[0]} USD, outside "
                f"[{_LOW}, {_HIGH}]",
                hint="give USD per unit of quote, about 1 for a stablecoin, not its inverse",
            )
        return found

    def in_quote(self, series: Series, bar_minutes: int) -> Series:
        """Return bars in dollars as bars in the quote currency, by what a unit of it is worth.

        Parameters
        ----------
        series : Series
            Prices in USD.
        bar_minutes : int
            Length of a bar of ``series``.

        Returns
        -------
        Series
            Without the bars at whose close the quote currency's worth is not known.

        Raises
        ------
        DataError, SchemaError
            As ``at``.

        Notes
        -----
        Units: quote; volumes stay coins.  Causal: as ``at``.  Missing: left out.  METHODS 12.
        """
        rate = self.at(series.open_ms + bar_minutes * MINUTE_MS)
        known = np.isfinite(rate)
        kept = take(series, known)
        return kept._replace(**{name: getattr(kept, name) / rate[known] for name in PRICES})

    def _loaded(self) -> tuple[IntVec, Vec, int]:
        """Return when each price was known, the prices, and the length of a bar."""
        path = self._path
        if not path.is_file():
            raise DataError(
                f"{path} is not a file, so the quote currency cannot be read from it",
                hint="give one Parquet file of bars: ts, open, high, low, close",
            )
        series = read_bars([path], drop_last=False, has_volume=False, prints=self._prints)
        minutes = infer_minutes(series.open_ms, series.file)
        if minutes is None:
            raise DataError(f"{path} has fewer than two bars", hint="give a longer series")
        length = minutes * MINUTE_MS
        return series.open_ms + length, series.close, length
