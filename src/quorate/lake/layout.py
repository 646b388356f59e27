"""Where bars live on disk: Parquet files by vendor, kind, interval, symbol and month.

In: frames with a ``ts`` column (UTC, open time of a bar or time of a settlement). Out: files
``vendor=V/kind=K/interval=I/symbol=S/month=YYYY-MM/part.parquet``, each replaced in one step, so
that a reader, a kill or a full disk finds the old file or the new one and nothing in between.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from quorate.errors import DataError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

PART = "part.parquet"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Key(NamedTuple):
    """What a series is, its symbol apart: ``Key("binance_spot", "ohlcv", "5m")``."""

    vendor: str
    kind: str
    interval: str


def folder(root: Path, key: Key) -> Path:
    """Return the folder which holds the symbols of a key.

    Examples
    --------
    >>> folder(Path("lake"), Key("binance_spot", "ohlcv", "5m")).as_posix()
    'lake/vendor=binance_spot/kind=ohlcv/interval=5m'
    """
    for part in key:
        _check_name(part)
    return root / f"vendor={key.vendor}" / f"kind={key.kind}" / f"interval={key.interval}"


def files(where: Path) -> dict[str, tuple[Path, ...]]:
    """Return the files of each symbol under a key's folder or a plain folder.

    Parameters
    ----------
    where : Path
        Either a folder made by ``write`` (it holds ``symbol=S`` folders) or a plain folder of
        ``SYMBOL.parquet`` files.

    Returns
    -------
    dict[str, tuple[Path, ...]]
        Files in order of time, by symbol, symbols sorted; empty if there are none.

    Raises
    ------
    DataError
        If the folder does not exist.
    """
    if not where.is_dir():
        raise DataError(
            f"{where} is not a folder, so no bars can be read from it",
            hint="check the path; a folder holds SYMBOL.parquet files or symbol=S folders",
        )
    if is_partitioned(where):
        found = {
            each.name.removeprefix("symbol="): tuple(sorted(each.glob(f"month=*/{PART}")))
            for each in sorted(where.glob("symbol=*"))
        }
        return {symbol: paths for symbol, paths in found.items() if paths}
    return {path.stem: (path,) for path in sorted(where.glob("*.parquet"))}


def is_partitioned(where: Path) -> bool:
    """Return whether a folder was laid out by ``write``."""
    return any(where.glob("symbol=*"))


def write(frame: pl.DataFrame, root: Path, key: Key, symbol: str) -> tuple[Path, ...]:
    """Store rows, month by month, each file replaced in one step.

    Rows already stored stay; a row with the same ``ts`` is replaced by the new one.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows with a ``ts`` column of UTC timestamps, in any order.
    root : Path
        The lake's folder; made if missing.
    key : Key
        Vendor, kind and interval.
    symbol : str
        The symbol, as the vendor spells it.

    Returns
    -------
    tuple[Path, ...]
        The files written.

    Raises
    ------
    SchemaError
        If ``ts`` is missing, no timestamp or null, or the columns differ from those stored.
    DataError
        If the disk refuses the bytes; the file is then as it was.

    Notes
    -----
    Units: as given.  Causal: stores what it is given.  Missing: nothing is filled.
    One writer per symbol at a time: two would not corrupt a file, but one may lose its rows.
    Spec 13.

    Examples
    --------
    >>> import tempfile, datetime as dt
    >>> rows = pl.DataFrame({"ts": [dt.datetime(2023, 1, 31, 23, 55), dt.datetime(2023, 2, 1)],
    ...                      "close": [1.0, 2.0]})
    >>> key = Key("demo", "ohlcv", "5m")
    >>> with tempfile.TemporaryDirectory() as root:
    ...     [path.parent.name for path in write(rows, Path(root), key, "SYN-01")]
    ['month=2023-01', 'month=2023-02']
    """
    _check_name(symbol)
    place = folder(root, key) / f"symbol={symbol}"
    rows = _utc(frame, symbol)
    written = []
    months = rows.with_columns(pl.col("ts").dt.strftime("%Y-%m").alias("month"))
    for (month,), part in sorted(months.partition_by("month", as_dict=True).items()):
        path = place / f"month={month}" / PART
        replace(path, _parquet(_merge(path, part.drop("month"))))
        written.append(path)
    return tuple(written)


def read(
    root: Path,
    key: Key,
    symbols: Sequence[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pl.DataFrame:
    """Return the stored rows of some symbols in ``[start, end)``, sorted by symbol and time.

    Parameters
    ----------
    root : Path
        The lake's folder.
    key : Key
        Vendor, kind and interval.
    symbols : sequence of str, optional
        Which symbols; all when left out.
    start, end : datetime, optional
        UTC bounds on ``ts``, the first included, the second not.

    Returns
    -------
    polars.DataFrame
        The stored columns and ``symbol``.

    Raises
    ------
    DataError
        If a symbol has no file under the key, or a file cannot be read.
    """
    found = files(folder(root, key))
    wanted = tuple(found) if symbols is None else tuple(symbols)
    absent = [symbol for symbol in wanted if symbol not in found]
    if absent or not wanted:
        raise DataError(
            f"no files for {', '.join(absent) or 'any symbol'} under {folder(root, key)}",
            hint=f"{len(found)} symbols are stored there: {', '.join(list(found)[:8])}",
        )
    low = "" if start is None else f"month={start:%Y-%m}"
    high = "month=9" if end is None else f"month={end:%Y-%m}"
    parts = []
    for symbol in wanted:
        kept = [path for path in found[symbol] if low <= path.parent.name <= high]
        parts += [frame(path).with_columns(pl.lit(symbol).alias("symbol")) for path in kept]
    if not parts:
        parts = [frame(found[wanted[0]][0]).clear().with_columns(pl.lit("").alias("symbol"))]
    rows = pl.concat(parts)
    if start is not None:
        rows = rows.filter(pl.col("ts") >= pl.lit(start, dtype=rows.schema["ts"]))
    if end is not None:
        rows = rows.filter(pl.col("ts") < pl.lit(end, dtype=rows.schema["ts"]))
    return rows.sort("symbol", "ts")


def frame(path: Path) -> pl.DataFrame:
    """Return one file's rows, or a ``DataError`` that names the file."""
    try:
        return pl.read_parquet(path, glob=False, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}",
            hint="the file is missing, cut short or of another format: fetch it again",
        ) from error


def replace(path: Path, content: bytes) -> None:
    """Put bytes in a file in one step: temporary file, fsync, rename, fsync of the folder.

    Raises
    ------
    DataError
        If the disk refuses; ``path`` is then as it was and the temporary file is gone.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise DataError(
            f"{path} was not written ({len(content)} bytes): {error.strerror or error}",
            hint="free disk space or check the folder's permissions, then write again",
        ) from error
    sync_folder(path.parent)


def sync_folder(where: Path) -> None:
    """Make a rename durable: the new name is kept in the folder's own block."""
    handle = os.open(where, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_name(name: str) -> None:
    """Refuse a name that would leave its folder or break the key=value pattern."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"name {name!r} cannot be a folder of the lake: use letters, digits, '.', '_', '-'"
        )


def _utc(rows: pl.DataFrame, symbol: str) -> pl.DataFrame:
    """Return the rows with ``ts`` in UTC milliseconds, or say what is wrong with it."""
    kind = rows.schema.get("ts")
    if not isinstance(kind, pl.Datetime):
        raise SchemaError(
            f"{symbol}: column ts is {kind}, it must be a timestamp",
            hint="cast it: pl.from_epoch('ts', time_unit='ms')",
        )
    stamp = pl.col("ts")
    stamp = stamp.dt.replace_time_zone("UTC") if kind.time_zone is None else stamp
    rows = rows.with_columns(stamp.dt.convert_time_zone("UTC").dt.cast_time_unit("ms"))
    if rows["ts"].null_count() > 0:
        raise SchemaError(
            f"{symbol}: {rows['ts'].null_count()} rows have no ts", hint="drop them, then write"
        )
    return rows


def _merge(path: Path, new: pl.DataFrame) -> pl.DataFrame:
    """Return stored and new rows, the new ones winning, sorted by time."""
    rows = new
    if path.exists():
        stored = frame(path)
        if stored.schema != new.schema:
            raise SchemaError(
                f"{path} has columns {dict(stored.schema)}, the new rows {dict(new.schema)}",
                hint="give the new rows the stored columns and types",
            )
        rows = pl.concat([stored, new])
    return rows.unique("ts", keep="last", maintain_order=True).sort("ts")


def _parquet(rows: pl.DataFrame) -> bytes:
    """Return rows as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    rows.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
