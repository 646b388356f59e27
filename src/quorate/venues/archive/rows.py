"""The CSV of an archive file becomes rows of the lake.

In: bytes, and the file they are of. Out: ``ts open high low close`` and what else the kind has.
Headers come and go between years, and spot's times are in microseconds from 2025 on: a time is
read as the unit in which it lies between 2009 and 2100, of which there is never more than one, and
every row must lie in the month or day that the file is named for.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quorate.errors import SchemaError

if TYPE_CHECKING:
    from quorate.venues.archive.names import File

_BARS: Final[dict[str, type[pl.DataType]]] = {
    "open_time": pl.Int64,
    "open": pl.Float64,
    "high": pl.Float64,
    "low": pl.Float64,
    "close": pl.Float64,
    "volume": pl.Float64,
    "close_time": pl.Int64,
    "quote_volume": pl.Float64,
    "count": pl.Int64,
    "taker_buy_volume": pl.Float64,
    "taker_buy_quote_volume": pl.Float64,
    "ignore": pl.String,
}
_FUNDING: Final[dict[str, type[pl.DataType]]] = {
    "calc_time": pl.Int64,
    "funding_interval_hours": pl.Int64,
    "last_funding_rate": pl.Float64,
}
_LOW_MS: Final = 1_230_768_000_000
_HIGH_MS: Final = 4_102_444_800_000
"""2009-01-01 and 2100-01-01 in milliseconds; a thousandfold in microseconds, and no overlap."""
_LATE_MS: Final = 2_000
"""A settlement may be stamped this far beside its month (METHODS 12 on grids)."""
_HINT: Final = "the vendor changed its files, or this one is broken: leave it out, and tell us"


def rows(content: bytes, file: File) -> pl.DataFrame:
    """Return a file's rows as the lake keeps them.

    Parameters
    ----------
    content : bytes
        The CSV, with or without a header line.
    file : File
        Which file it is.

    Returns
    -------
    polars.DataFrame
        ``ts`` (UTC, ms) and ``open high low close volume quote_volume trades taker_buy_volume``,
        or for mark and index ``open high low close``, or ``funding_rate interval_hours``.

    Raises
    ------
    SchemaError
        Another number or another naming of columns, a value that is no number, a time that is
        none or outside the file's month or day.

    Notes
    -----
    Units: prices in quote, volumes in coins (those of coin margins are turned from contracts),
    rates a fraction per settlement.  Causal: bars by their open time, as the vendor has them.
    Missing: nothing is filled; a file without rows gives none.  Spec 13, METHODS 12.
    """
    schema = _FUNDING if file.series.kind == "funding" else _BARS
    raw = _parsed(content, schema, file)
    at = _times(raw.to_series(0), file)
    if file.series.kind == "funding":
        return raw.select(
            at,
            funding_rate=pl.col("last_funding_rate"),
            interval_hours=pl.col("funding_interval_hours").cast(pl.Float64),
        )
    prices = ["open", "high", "low", "close"]
    if file.series.kind != "ohlcv":
        return raw.select(at, *prices)
    raw = _in_coins(raw, file) if file.series.market == "cm" else raw
    return raw.select(
        at, *prices, "volume", "quote_volume", pl.col("count").alias("trades"), "taker_buy_volume"
    )


def _parsed(content: bytes, schema: dict[str, type[pl.DataType]], file: File) -> pl.DataFrame:
    """Return the CSV's columns under the names of the schema, its header checked and left out."""
    first = content.partition(b"\n")[0].strip()
    has_header = first[:1].isalpha()
    n_lines = content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
    n_commas = content.count(b",")
    if n_lines and (
        first.count(b",") != len(schema) - 1 or n_commas != n_lines * (len(schema) - 1)
    ):
        raise SchemaError(
            f"{file.name}.csv has {n_commas} commas in {n_lines} lines, which are not "
            f"{len(schema)} columns (the first line has {first.count(b',') + 1})",
            hint=_HINT,
        )
    if has_header and first.decode("ascii", "replace").lower().split(",") != list(schema):
        raise SchemaError(
            f"{file.name}.csv calls its columns {first.decode('ascii', 'replace')}, and not "
            f"{','.join(schema)}",
            hint=_HINT,
        )
    if n_lines <= has_header:
        return pl.DataFrame(schema=schema)
    try:
        raw = pl.read_csv(
            io.BytesIO(content), has_header=False, skip_rows=int(has_header), schema=schema
        )
    except pl.exceptions.PolarsError as error:
        raise SchemaError(
            f"{file.name}.csv cannot be read: {str(error).splitlines()[0]}", hint=_HINT
        ) from error
    empty = [name for name in schema if name != "ignore" and raw[name].null_count()]
    if empty:
        raise SchemaError(f"{file.name}.csv lacks values of {', '.join(empty)}", hint=_HINT)
    return raw


def _times(stamp: pl.Series, file: File) -> pl.Series:
    """Return the times as UTC milliseconds, each in the unit it can only be in."""
    value = stamp.to_numpy()
    is_ms = (value >= _LOW_MS) & (value < _HIGH_MS)
    is_us = (value >= _LOW_MS * 1000) & (value < _HIGH_MS * 1000)
    at = np.where(is_us, value // 1000, value)
    low, high = file.period.span_ms
    late = _LATE_MS if file.series.kind == "funding" else 0
    bad = ~(is_ms | is_us) | (at < low - late) | (at >= high + late)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise SchemaError(
            f"{file.name}.csv: time {value[row]} in row {row} ({int(bad.sum())} such rows) is "
            f"neither in milliseconds nor in microseconds within {file.period.text}",
            hint=_HINT,
        )
    return pl.Series("ts", at).cast(pl.Datetime("ms", "UTC"))


def _in_coins(raw: pl.DataFrame, file: File) -> pl.DataFrame:
    """Return bars of coin margins with volumes in coins and in dollars.

    Their ``volume`` counts contracts and their ``quote_volume`` coins. A contract is worth a power
    of ten dollars, the one that makes the mean price of the trades a price of the bars.
    """
    traded = raw.filter((pl.col("volume") > 0) & (pl.col("quote_volume") > 0))
    size = 1.0
    if not traded.is_empty():
        worth = np.median((traded["close"] * traded["quote_volume"] / traded["volume"]).to_numpy())
        size = 10.0 ** round(float(np.log10(worth)))
        if not 0.8 < worth / size < 1.25:
            raise SchemaError(
                f"{file.name}.csv: a contract seems to be worth {worth:.6g} dollars, which is no "
                "power of ten",
                hint=_HINT,
            )
    return raw.with_columns(
        volume=pl.col("quote_volume"),
        quote_volume=pl.col("volume") * size,
        taker_buy_volume=pl.col("taker_buy_quote_volume"),
    )
