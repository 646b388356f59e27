"""Instruments and their series, held in memory and answered by time.

In: frames with ``ts`` and the columns of the lake. Out: rows between two times, as a venue would
give them at its present time, the last one perhaps still forming.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[float, ...]
NEVER_MS: Final = 4_133_404_800_000
"""The delivery date of what is never delivered."""

INTERVALS: Final = {
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "6h": 21_600_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": 86_400_000,
    "3d": 259_200_000,
    "1w": 604_800_000,
}


class ListedInstrument(NamedTuple):
    """What is listed.

    Notes
    -----
    Units: decimal text in quote (``tick``, ``min_notional``) and base (``lot``); times UTC in
    milliseconds; ``status`` in the venue's own words.
    """

    base: str
    quote: str = "USDT"
    tick: str = "0.01"
    lot: str = "0.001"
    min_notional: str = "5"
    status: str = "TRADING"
    listed_ms: int = 0
    ends_ms: int = NEVER_MS
    funding_hours: int = 8

    @property
    def symbol(self) -> str:
        """The name without a separator, as most venues write it."""
        return self.base + self.quote


class Span(NamedTuple):
    """Which rows are asked for: times included at both ends, None where open."""

    start_ms: int | None
    end_ms: int | None
    limit: int


class Series(NamedTuple):
    """Rows in order of time and their times."""

    stamps: list[int]
    rows: list[Row]


class Listing:
    """A venue's instruments, its series and its clock.

    Parameters
    ----------
    *instruments : ListedInstrument
        Listed from the start.
    now_ms : int
        The venue's time; move it by setting ``now_ms``.

    Notes
    -----
    Units: milliseconds.  Causal: no row that begins after ``now_ms`` is given.
    Missing: an unknown series is empty.

    Examples
    --------
    >>> listing = Listing(ListedInstrument("BTC"), now_ms=120_000)
    >>> bars = pl.DataFrame({"ts": [0, 60_000, 120_000], "close": [1.0, 2.0, 3.0]})
    >>> listing.put("ohlcv", "BTCUSDT", "1m", bars)
    >>> listing.select("ohlcv", "BTCUSDT", "1m", Span(60_000, None, 1))
    [(60000, 2.0)]
    """

    def __init__(self, *instruments: ListedInstrument, now_ms: int) -> None:
        self.instruments = {each.symbol: each for each in instruments}
        self.now_ms = now_ms
        self._series: dict[tuple[str, str, str], Series] = {}

    def list(self, instrument: ListedInstrument) -> None:
        """List an instrument, or change what is said of it."""
        self.instruments[instrument.symbol] = instrument

    def put(self, kind: str, symbol: str, interval: str, frame: pl.DataFrame) -> None:
        """Add rows to a series; a row whose time is there already is replaced.

        Parameters
        ----------
        kind, symbol, interval : str
            Which series; funding has the interval ``""``.
        frame : polars.DataFrame
            ``ts`` first (a timestamp or milliseconds), then numbers.
        """
        stamp = pl.col("ts")
        at = stamp.dt.epoch("ms") if isinstance(frame.schema["ts"], pl.Datetime) else stamp
        known = dict(zip(*self.series(kind, symbol, interval), strict=True))
        known.update({row[0]: row for row in frame.with_columns(at).rows()})
        stamps = sorted(known)
        self._series[kind, symbol, interval] = Series(stamps, [known[each] for each in stamps])

    def series(self, kind: str, symbol: str, interval: str) -> Series:
        """Return a series as it is held."""
        return self._series.get((kind, symbol, interval), Series([], []))

    def select(self, kind: str, symbol: str, interval: str, span: Span) -> Sequence[Row]:
        """Return the first rows of a span, or the last ones where it has no start."""
        stamps, rows = self.series(kind, symbol, interval)
        end_ms = self.now_ms if span.end_ms is None else min(span.end_ms, self.now_ms)
        high = bisect_right(stamps, end_ms)
        if span.start_ms is None:
            return rows[max(high - span.limit, 0) : high]
        low = bisect_left(stamps, span.start_ms)
        return rows[low : min(low + span.limit, high)]


def text(value: float) -> str:
    """Return a number as a venue writes it: decimal, no exponent, every digit.

    Examples
    --------
    >>> text(1e-05), text(23296.36)
    ('0.00001', '23296.36')
    """
    return f"{Decimal(repr(value)):f}"
