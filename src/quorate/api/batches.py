"""A symbol's file comes in parts of whole months, so that no file is too long for memory.

In: where a symbol is read from. Out: its rows, part after part, and how long its bars are. A file
of a million rows or more, whose times go up from one stretch of rows to the next, is read twice, a
stretch at a time: first the times alone, then all of it, cut where a month ends, for a month of the
lake is written once. Whatever else there is comes in one part: shorter files, one that is in no
order, several files of one symbol, files of many symbols.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quorate.api import incoming
from quorate.errors import DataError, SchemaError
from quorate.lake import disk, foreign
from quorate.lake.kinds import INSTANT, kind_of
from quorate.lake.sources import epoch_ms
from quorate.lake.spacing import Spacings, infer_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from quorate.api.incoming import Given, Source

LARGE_ROWS: Final = 1_000_000
STEP_ROWS: Final = 131_072
_CSV_ROW_BYTES: Final = 64
"""A line of a CSV file takes so many at least, where it has a time, four prices and a volume."""


class Part(NamedTuple):
    """Some rows of a symbol, and whether more will come."""

    found: foreign.Brought
    is_last: bool


class Opened(NamedTuple):
    """A symbol's rows, and the length of its bars in minutes, None where nothing tells it."""

    minutes: int | None
    parts: Iterable[Part]


def opened(source: Source, given: Given) -> Opened:
    """Return a symbol's rows, to be taken once.

    Parameters
    ----------
    source : Source
        Where it is read from.
    given : Given
        How.

    Returns
    -------
    Opened
        At least one part, in order of time if there are several.

    Raises
    ------
    DataError, SchemaError
        As ``foreign.read``; of a large file while its parts are taken too.

    Notes
    -----
    Units: minutes.  Causal: reads times only.  Missing: nothing is filled.  Memory: a stretch and a
    month of a large file, all of another.  Spec 13.
    """
    path = source.own[0] if len(source.own) == 1 and not source.parts else None
    is_timed = not kind_of(given.kind).is_timeless
    if path is not None and is_timed and _is_large(path):
        scan = _scanned(path)
        times = _times(path, scan, given)
        if times is not None:
            return Opened(times.minutes, _months(path, scan, given._replace(unit=times.unit)))
    found = incoming.read(source, given)
    minutes = None
    if kind_of(given.kind).is_bar and "ts" in found.rows.columns:
        at = epoch_ms(found.rows.select("ts"), source.symbol)
        minutes = infer_minutes(at, source.symbol, is_strict=False)
    return Opened(minutes, [Part(found, is_last=True)])


def interval(sources: Iterable[Source], given: Given) -> str:
    """Return the length of a bar: that of the first symbol which tells it."""
    wrong: SchemaError | None = None
    for source in sources:
        try:
            minutes = opened(source, given).minutes
        except SchemaError as error:
            wrong = wrong or error
            continue
        except incoming.UNREADABLE:
            continue  # told when its turn comes
        if minutes is not None:
            return incoming.interval_name(minutes)
    if wrong is not None:  # what keeps every file out is more than a length
        raise wrong
    raise DataError(
        "no file has two bars, so the interval cannot be inferred",
        hint="say it with --interval (interval= in Python)",
    )


class _Times(NamedTuple):
    """What is known of a large file by its times: the length of its bars, the unit of numbers."""

    minutes: int | None
    unit: str | None


def _is_large(path: Path) -> bool:
    """Return whether a file has so many rows that it is read in parts."""
    try:
        if path.suffix == ".parquet":
            scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            return int(scan.select(pl.len()).collect().item()) >= LARGE_ROWS
        return path.suffix == ".csv" and path.stat().st_size >= LARGE_ROWS * _CSV_ROW_BYTES
    except (pl.exceptions.PolarsError, OSError):
        return False  # told when it is read


def _scanned(path: Path) -> pl.LazyFrame:
    if path.suffix == ".parquet":
        return pl.scan_parquet(path, glob=False, hive_partitioning=False)
    return pl.scan_csv(path, infer_schema_length=None, glob=False)


def _batches(path: Path, scan: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield a file's rows in their order, so many at a time."""
    try:
        yield from scan.collect_batches(chunk_size=STEP_ROWS, maintain_order=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        if path.suffix == ".parquet":
            raise disk.unreadable(path, error) from error
        raise foreign.unreadable(path, error) from error


def _times(path: Path, scan: pl.LazyFrame, given: Given) -> _Times | None:
    """Return what the times say; None where they are in no order, or as only all of them tell."""
    try:
        schema = scan.collect_schema()
    except (pl.exceptions.PolarsError, OSError):
        return None
    column = foreign.time_column(list(schema), given.kind, given.names, str(path))
    if column is None:
        return None
    name, unit = f"{path}: {column}", given.unit
    dtype = schema[column]
    if dtype.is_integer() and unit is None:
        edges = scan.select(low=pl.col(column).min(), high=pl.col(column).max()).collect()
        unit = foreign.unit_of(pl.concat([edges["low"], edges["high"].alias("low")]), name)
    elif not (dtype.is_integer() or dtype.is_temporal()):
        return None
    spacings, last = Spacings(), None
    for rows in _batches(path, scan.select(column)):
        at = foreign.instants(rows[column], unit, name).alias("ts")
        if at.null_count() or (last is not None and at.len() and at.min() < last):  # type: ignore[operator]
            return None
        last = at.max() if at.len() else last
        spacings.add(epoch_ms(at.sort().to_frame(), name))
    is_bar = kind_of(given.kind).is_bar
    return _Times(spacings.minutes(path.stem, is_strict=False) if is_bar else None, unit)


def _months(path: Path, scan: pl.LazyFrame, given: Given) -> Iterator[Part]:
    """Yield a file's rows, whole months together."""
    held: foreign.Brought | None = None
    for batch in _batches(path, scan):
        found = foreign.bring(batch, given.kind, given.names, given.unit, str(path))
        rows = found.rows if held is None else pl.concat([held.rows, found.rows])
        if rows.is_empty():
            continue
        last = datetime.fromtimestamp(int(epoch_ms(rows, str(path)).max()) / 1e3, UTC)
        begun = datetime(last.year, last.month, 1, tzinfo=UTC)
        is_over = pl.col("ts") < pl.lit(begun).cast(INSTANT)
        over = rows.filter(is_over)
        if over.height:
            yield Part(foreign.Brought(over, found.left_out), is_last=False)
        held = foreign.Brought(rows.filter(~is_over), found.left_out)
    assert held is not None  # noqa: S101  (it has a million rows)
    yield Part(held, is_last=True)
