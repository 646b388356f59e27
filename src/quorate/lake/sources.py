"""One symbol's files become arrays that are checked row by row.

In: Parquet files with ``ts open high low close volume`` (``taker_buy_volume`` where known), ``ts``
the open time. Out: ``Series`` of float64 columns, sorted, unique, finite and consistent, or
an error which names the file, the row's time, the value, the bound and what to do next. Nothing
is repaired here: a wrong row is the vendor's to explain, not ours to guess.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from quorate.errors import DataError, SchemaError
from quorate.lake import disk, months
from quorate.lake.prints import Print

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.core.types import ByteVec, IntVec, Vec
    from quorate.lake.prints import Prints

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

PRICES = ("open", "high", "low", "close")
COLUMNS = ("open_ms", *PRICES, "volume", "taker_buy")
MINUTE_MS = 60_000
SNAP_MS = 2_000  # a stamp this close to the grid is put on it, METHODS 12
MARK = ("ts", *PRICES)
BAR = (*MARK, "volume")


class Series(NamedTuple):
    """The bars of one symbol on one venue, one value a row; ``taker_buy`` NaN where unknown.

    ``has_taker`` says whether its files have that column, whatever stands in it. ``status`` says of
    bars made of shorter ones what they are worth (``core.types.Bar``; ``resampling``); None where
    every bar is one of the files.
    """

    file: str
    open_ms: IntVec
    open: Vec
    high: Vec
    low: Vec
    close: Vec
    volume: Vec
    taker_buy: Vec
    has_taker: bool = True
    status: ByteVec | None = None


def read_bars(
    paths: Sequence[Path],
    *,
    drop_last: bool,
    has_volume: bool = True,
    as_of_ms: int | None = None,
    prints: Prints | None = None,
) -> Series:
    """Return one symbol's bars, checked.

    Parameters
    ----------
    paths : sequence of Path
        The symbol's files in order of time.
    drop_last : bool
        Leave the last row out: it may still have been forming when it was stored.
    has_volume : bool
        False for mark prices, whose volume is then 0.
    as_of_ms : int, optional
        Only what was known then (files of the lake); the latest of each row when left out.
    prints : Prints, optional
        What was read of each file is put there.

    Returns
    -------
    Series
        Rows in order of time; empty if the files hold no row (or only the dropped one).

    Raises
    ------
    SchemaError
        If a column is missing or of another type, rows are unsorted or doubled, or a value is
        out of bounds: prices finite and positive, ``low <= open, close <= high``,
        ``0 <= taker_buy_volume <= volume``.

    Notes
    -----
    Units: prices in quote, volumes in coins, times in milliseconds.  Causal: rows are not
    combined.  Missing: a null or NaN is an error; a missing row stays missing.
    Spec 13.
    """
    rows, name = stored(paths, BAR if has_volume else MARK, as_of_ms, prints)
    return checked(rows, name, drop_last=drop_last, has_volume=has_volume)


def checked(rows: pl.DataFrame, name: str, *, drop_last: bool, has_volume: bool = True) -> Series:
    """Return rows as bars that were checked (``read_bars``).

    Raises
    ------
    SchemaError
        As ``read_bars``.
    """
    if drop_last:
        rows = rows.head(max(rows.height - 1, 0))
    series = as_series(rows, name, has_volume=has_volume)
    check_order(series.open_ms, name)
    _check_values(series)
    return series


def as_series(rows: pl.DataFrame, name: str, *, has_volume: bool = True) -> Series:
    """Return rows as arrays, in the order and with the values in which they stand.

    Parameters
    ----------
    rows : polars.DataFrame
        ``ts`` and prices, ``volume``, and ``taker_buy_volume`` where known.
    name : str
        The file, for messages.
    has_volume : bool
        False for mark prices, whose volume is then 0.

    Raises
    ------
    SchemaError
        If a column is missing or no number, or a time is missing.

    Notes
    -----
    Units: prices in quote, volumes in coins, times in milliseconds.  Causal: rows are not
    combined.  Missing: NaN.  Spec 13.
    """
    needed = BAR if has_volume else MARK
    check_columns(rows, needed, name)
    at = epoch_ms(rows, name)
    columns = {column: floats(rows, column, name) for column in needed[1:]}
    volume = columns.get("volume", np.zeros(at.size))
    has_taker = "taker_buy_volume" in rows.columns
    taker = floats(rows, "taker_buy_volume", name) if has_taker else np.full(at.size, np.nan)
    opened, high, low, close = (columns[price] for price in PRICES)
    return Series(name, at, opened, high, low, close, volume, taker, has_taker)


def bar_rows(
    paths: Sequence[Path], as_of_ms: int | None = None, prints: Prints | None = None
) -> tuple[pl.DataFrame, str]:
    """Return one symbol's bars as they are stored, file after file, and a name for messages.

    Of files of the lake it is the latest of each row, or what was known as of a moment. What was
    read of each file is put into ``prints``.

    Raises
    ------
    SchemaError
        If a column is missing, or a file holds several coins.
    DataError
        If a file cannot be read.

    Notes
    -----
    Units: as stored.  Causal: rows are not combined.  Missing: as stored.  Spec 13.
    """
    return stored(paths, BAR, as_of_ms, prints)


def snap(series: Series, bar_minutes: int) -> Series:
    """Return the series with open times on the grid of its bar length.

    Raises
    ------
    SchemaError
        If a time is more than 2 s off the grid, or two rows fall on one bar.

    Examples
    --------
    >>> one = np.ones(2)
    >>> late = Series("f", np.array([300_009, 599_998]), one, one, one, one, one, one)
    >>> snap(late, 5).open_ms.tolist()
    [300000, 600000]
    """
    bar_ms = bar_minutes * MINUTE_MS
    near = (series.open_ms + bar_ms // 2) // bar_ms * bar_ms
    off = np.abs(series.open_ms - near)
    fail_if(
        off > SNAP_MS,
        series.open_ms,
        off / 1e3,
        f"{series.file}: seconds off the grid of {bar_minutes} minutes",
        "at most 2; check the bar length and that ts is the open time in UTC",
    )
    check_order(near, series.file)
    return series._replace(open_ms=near)


def on_minute(at_ms: IntVec) -> IntVec:
    """Return times with those within 2 s of a whole minute put on it: settlements are stamped late.

    Examples
    --------
    >>> on_minute(np.array([60_009, 90_000])).tolist()
    [60000, 90000]
    """
    near = (at_ms + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
    return np.where(np.abs(at_ms - near) <= SNAP_MS, near, at_ms)


def instant(at_ms: int) -> str:
    """Return milliseconds since 1970 as a UTC time for a message.

    Examples
    --------
    >>> instant(1_679_661_600_000)
    '2023-03-24 12:40:00Z'
    """
    return f"{datetime.fromtimestamp(at_ms / 1e3, UTC):%Y-%m-%d %H:%M:%S}Z"


def epoch_ms(rows: pl.DataFrame, name: str) -> IntVec:
    """Return the ``ts`` column as milliseconds since 1970; integers are taken as such."""
    stamp = rows["ts"]
    if stamp.null_count() > 0:
        raise SchemaError(f"{name}: {stamp.null_count()} rows have no ts", hint="drop those rows")
    if isinstance(stamp.dtype, pl.Datetime):
        stamp = stamp.dt.epoch("ms")
    if not stamp.dtype.is_integer():
        raise SchemaError(
            f"{name}: ts is {stamp.dtype}, it must be a UTC timestamp or integer milliseconds",
            hint="cast the column, then load again",
        )
    return stamp.cast(pl.Int64).to_numpy(writable=True)


def stored(
    paths: Sequence[Path],
    needed: tuple[str, ...],
    as_of_ms: int | None = None,
    prints: Prints | None = None,
) -> tuple[pl.DataFrame, str]:
    """Return the rows of the files, one after the other, and a short name for messages."""
    if not paths:
        raise DataError("no file to read", hint="give at least one Parquet file")
    last = paths[-1]
    if months.is_ours(last):
        name = "/".join(last.parts[-3:-1])
        rows = months.seen(paths, as_of_ms, prints)
        check_columns(rows, needed, name)
        return rows, name
    if as_of_ms is not None:
        raise DataError(
            f"{last} does not say when its rows became known, so there is no as-of of it",
            hint="import the folder into a lake (`quorate data import`), and read that",
        )
    parts = []
    for path in paths:
        held = disk.content(path)
        part = disk.parsed(path, held)
        check_columns(part, needed, str(path))
        if prints is not None:
            at = epoch_ms(part, str(path))
            span = (int(at.min()), int(at.max())) if at.size else None
            prints[path] = Print(len(held), disk.digest(held), at.size, span)
        parts.append(part)
    one_coin(
        last, max((part["symbol"].n_unique() for part in parts if "symbol" in part), default=0)
    )
    return (pl.concat(parts) if len(parts) > 1 else parts[0]), "/".join(last.parts[-3:])


def one_coin(path: Path, n_coins: int) -> None:
    """Refuse a file that names more than one coin."""
    if n_coins > 1:
        raise SchemaError(
            f"{path}: column symbol names {n_coins} coins; a file is read as one coin",
            hint="bring it into a lake, which takes such files: `quorate data import FOLDER --lake "
            "LAKE --vendor NAME`; or write one file SYMBOL.parquet a coin; days of many coins "
            f"in one file are read by `quorate data universe {path} --at DAY --until DAY`",
        )


def check_columns(rows: pl.DataFrame, needed: tuple[str, ...], name: str) -> None:
    """Refuse rows that lack a column."""
    absent = [column for column in needed if column not in rows.columns]
    if absent:
        raise SchemaError(
            f"{name}: no column {', '.join(absent)}; it has {', '.join(rows.columns)}",
            hint="rename or add the column",
        )


def floats(rows: pl.DataFrame, column: str, name: str) -> Vec:
    """Return a column as float64, NaN for null."""
    values = rows[column]
    if not values.dtype.is_numeric():
        raise SchemaError(
            f"{name}: column {column} is {values.dtype}, it must be a number",
            hint="cast the column, then load again",
        )
    # A NaN is reported with its row's time by the checks.
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy(writable=True)


def check_order(at: IntVec, name: str) -> None:
    """Refuse rows that are out of order or doubled."""
    step = np.diff(at)
    if step.size == 0 or bool((step > 0).all()):
        return
    row = int(np.flatnonzero(step <= 0)[0]) + 1
    what = "twice in ts" if step[row - 1] == 0 else f"after {instant(int(at[row - 1]))} in ts"
    raise SchemaError(
        f"{name}: row {row} at {instant(int(at[row]))} stands {what}; times must increase",
        hint="sort the rows by ts and keep one row a bar",
    )


def _check_values(series: Series) -> None:
    """Refuse prices and volumes that cannot be."""
    at, name = series.open_ms, series.file
    for column in PRICES:
        price = getattr(series, column)
        good = (price > 0.0) & (price < np.inf)
        fail_if(~good, at, price, f"{name}: {column}", "a finite price above 0")
    top, bottom = np.maximum(series.open, series.close), np.minimum(series.open, series.close)
    fail_if(series.high < top, at, series.high, f"{name}: high", "at least open and close")
    fail_if(series.low > bottom, at, series.low, f"{name}: low", "at most open and close")
    good = (series.volume >= 0.0) & (series.volume < np.inf)
    fail_if(~good, at, series.volume, f"{name}: volume", "finite and at least 0")
    taker = series.taker_buy
    bad = (taker < 0.0) | (taker > series.volume * (1.0 + 1e-9))
    fail_if(bad, at, taker, f"{name}: taker_buy_volume", "within 0 and volume")


def fail_if(
    bad: np.ndarray[tuple[int], np.dtype[np.bool_]], at: IntVec, values: Vec, what: str, bound: str
) -> None:
    """Raise for the first bad row, saying how many there are."""
    if not bad.any():
        return
    row = int(np.flatnonzero(bad)[0])
    raise SchemaError(
        f"{what} is {values[row]:.10g} at {instant(int(at[row]))} "
        f"({int(bad.sum())} such rows); it must be {bound}",
        hint="look at the vendor's row; fetch the file again, or leave the symbol out",
    )
