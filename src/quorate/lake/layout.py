"""Where bars live on disk: Parquet files by vendor, kind, interval, symbol and month.

In: frames with a ``ts`` column (UTC, open time of a bar or time of a settlement). Out: files
``vendor=V/kind=K/interval=I/symbol=S/month=YYYY-MM/part.parquet``, each replaced in one step, so
that a reader, a kill or a full disk finds the old file or the new one and nothing in between.
``kinds`` says what a row is made of, ``versions`` what was known when, ``manifest`` what the files
hold and how a broken write is made whole, ``months`` puts them together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from quorate.errors import DataError
from quorate.lake import manifest, months, prefixes
from quorate.lake.address import is_object
from quorate.lake.kinds import KNOWN_AT, at_ms, bring, kind_of
from quorate.lake.manifest import PART
from quorate.lake.versions import seen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from quorate.lake.months import Stored
    from quorate.lake.reach import Reach

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
    >>> from pathlib import Path
    >>> folder(Path("lake"), Key("binance_spot", "ohlcv", "5m")).as_posix()
    'lake/vendor=binance_spot/kind=ohlcv/interval=5m'
    """
    for part in key:
        _check_name(part)
    return root / f"vendor={key.vendor}" / f"kind={key.kind}" / f"interval={key.interval}"


def files(where: Path, only: Sequence[str] | None = None) -> dict[str, tuple[Path, ...]]:
    """Return the files of each symbol under a key's folder or a plain folder.

    Parameters
    ----------
    where : Path
        Either a folder made by ``write`` (it holds ``symbol=S`` folders) or a plain folder of
        ``SYMBOL.parquet`` files; in object storage, the former.
    only : sequence of str, optional
        Look at no other symbols; one that has no file is left out.

    Returns
    -------
    dict[str, tuple[Path, ...]]
        Files in order of time, by symbol, symbols sorted; empty if there are none.

    Raises
    ------
    DataError
        If the folder does not exist or is a whole lake, or a file that a manifest names is gone.
    """
    if is_object(where):
        return prefixes.files(where, only)
    if where.is_file():
        raise DataError(
            f"{where} is a file, and a folder of them is read: the others say what its last bar is",
            hint=f"name {where.parent} and --symbols {where.stem}; a file of many coins goes "
            f"into a lake first: `quorate data import {where} --lake LAKE --vendor NAME`",
        )
    if not where.is_dir():
        raise DataError(
            f"{where} is not a folder, so no bars can be read from it",
            hint="check the path; a folder holds SYMBOL.parquet files or symbol=S folders",
        )
    if is_partitioned(where):
        found = {
            each.name.removeprefix("symbol="): tuple(sorted(each.glob(f"month=*/{PART}")))
            for each in sorted(where.glob("symbol=*"))
            if only is None or each.name.removeprefix("symbol=") in only
        }
        for symbol in found:
            place = where / f"symbol={symbol}"
            manifest.check_there(place, manifest.load(place) or {})
        return {symbol: paths for symbol, paths in found.items() if paths}
    found = {path.stem: (path,) for path in sorted(where.glob("*.parquet"))}
    if not found:
        _refuse_lake(where)
    return {symbol: paths for symbol, paths in found.items() if only is None or symbol in only}


def _refuse_lake(where: Path) -> None:
    """Refuse a lake, or a part of one above the interval."""
    levels = [where]
    for level in ("vendor=", "kind=", "interval="):
        below = [each for place in levels for each in sorted(place.glob(f"{level}*"))]
        levels = below or levels
    if not levels[0].name.startswith("interval=") or levels[0] == where:
        return
    first = min(levels, key=lambda each: (each.parent.name != "kind=ohlcv", str(each)))
    raise DataError(
        f"{where} is a lake, and one vendor's series of one kind and interval are read",
        hint=f"name the folder of one: `quorate data check {first}` (--bars {first}); there are "
        f"{len(levels)}, and `quorate data ls` lists them",
    )


def is_partitioned(where: Path) -> bool:
    """Return whether a folder was laid out by ``write``; nothing else is read from a bucket."""
    return is_object(where) or any(where.glob("symbol=*"))


def write(
    frame: pl.DataFrame,
    root: Path,
    key: Key,
    symbol: str,
    known_at: datetime | int | None = None,
) -> tuple[Path, ...]:
    """Store rows; return the files that changed. See ``store``, which also tells what was new.

    Examples
    --------
    >>> import tempfile, datetime as dt
    >>> from pathlib import Path
    >>> rows = pl.DataFrame({"ts": [dt.datetime(2023, 1, 31, 16), dt.datetime(2023, 2, 1)],
    ...                      "funding_rate": [1e-4, 2e-4]})
    >>> key = Key("demo", "funding", "8h")
    >>> with tempfile.TemporaryDirectory() as root:
    ...     [path.parent.name for path in write(rows, Path(root), key, "SYN-01")]
    ...     write(rows, Path(root), key, "SYN-01")
    ['month=2023-01', 'month=2023-02']
    ()
    """
    return store(frame, root, key, symbol, known_at).paths


def store(
    frame: pl.DataFrame,
    root: Path,
    key: Key,
    symbol: str,
    known_at: datetime | int | None = None,
    *,
    corrected_at: datetime | int | None = None,
    within: Reach | None = None,
) -> Stored:
    """Store rows beside those stored, month by month, each file replaced in one step.

    No row is overwritten: one with the same ``ts`` and other values stands beside the old one,
    known later. Rows that say what was known already add nothing, and files keep their bytes.

    Parameters
    ----------
    frame : polars.DataFrame
        ``ts`` (UTC) and the columns of the kind (``kinds.KINDS``), in any order.
    root : Path
        The lake's folder; made if missing.
    key : Key
        Vendor, kind and interval.
    symbol : str
        The symbol, as the vendor spells it.
    known_at : datetime or int, optional
        When all rows became known, UTC or milliseconds: the time of the fetch. When left out the
        rows carry ``known_at``, or a bar was known at its close and another row at its time; none
        is known before then.
    corrected_at : datetime or int, optional
        For bulk history, which does not say when it was learned: a row that says otherwise than
        the latest stored one became known then.
    within : Reach, optional
        For bulk history too: how far the lake's symbols of this key went. A bar that closed by
        then, and that this symbol lacked behind its first, became known at ``corrected_at``.

    Returns
    -------
    Stored
        Files replaced, rows added, and every value that replaced another.

    Raises
    ------
    SchemaError
        The rows cannot be brought to the kind's columns (``kinds.bring``).
    DataError
        Someone else is writing this symbol, a stored file is damaged, two rows of one ``ts`` that
        say different things claim the same ``known_at``, or the disk or the bucket refuses the
        bytes.

    Notes
    -----
    Units: see ``kinds.KINDS``.  Causal: no clock is read.  Missing: nothing is filled.
    A kill or a full disk leaves each month's file old or new; the next write makes the manifest
    whole.  Spec 13.

    Examples
    --------
    >>> import tempfile, datetime as dt
    >>> from pathlib import Path
    >>> at = dt.datetime(2023, 2, 1)
    >>> key = Key("demo", "funding", "8h")
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for rate in (1e-4, 2e-4):
    ...         rows = pl.DataFrame({"ts": [at], "funding_rate": [rate]})
    ...         done = store(rows, Path(root), key, "SYN-01", corrected_at=dt.datetime(2023, 2, 9))
    ...     done.corrections.select("column", "old", "new").rows()
    [('funding_rate', '0.0001', '0.0002')]
    """
    _check_name(symbol)
    place = folder(root, key) / f"symbol={symbol}"
    rows = bring(frame, key.kind, key.interval, symbol, known_at)
    learned = None if corrected_at is None else at_ms(corrected_at)
    return months.put(place, rows, learned, within, is_bar=kind_of(key.kind).is_bar)


def read(
    root: Path,
    key: Key,
    symbols: Sequence[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    as_of: datetime | int | None = None,
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
    as_of : datetime or int, optional
        Only what was known then, UTC or milliseconds; the latest of each row when left out.

    Returns
    -------
    polars.DataFrame
        The columns of the kind and ``symbol``.

    Raises
    ------
    DataError
        If a symbol has no file under the key, or a file is damaged.

    Notes
    -----
    Units: see ``kinds.KINDS``.  Causal: with ``as_of``, nothing that was learned later.
    Missing: not filled; a column that a file lacks is null.  Spec 13.
    """
    told = history(root, key, symbols, start, end)
    limit = None if as_of is None else at_ms(as_of)
    parts = [seen(part, limit) for part in told.partition_by("symbol", maintain_order=True)]
    rows = (pl.concat(parts) if parts else told).drop(KNOWN_AT)
    return rows.drop("ts") if kind_of(key.kind).is_timeless else rows


def history(
    root: Path,
    key: Key,
    symbols: Sequence[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pl.DataFrame:
    """Return every version of the rows that ``read`` returns, with ``known_at``."""
    found = files(folder(root, key), symbols)
    wanted = tuple(found) if symbols is None else tuple(symbols)
    absent = [symbol for symbol in wanted if symbol not in found]
    if absent or not wanted:
        found = files(folder(root, key))
        raise DataError(
            f"no files for {', '.join(absent) or 'any symbol'} under {folder(root, key)}",
            hint=f"{len(found)} symbols are stored there: {', '.join(list(found)[:8])}",
        )
    low = "" if start is None else f"month={start:%Y-%m}"
    high = "month=9" if end is None else f"month={end:%Y-%m}"
    name = pl.lit("").alias("symbol")
    parts = [months.rows(found[wanted[0]][:1]).clear().with_columns(name)]
    for symbol in sorted(wanted):
        kept = [path for path in found[symbol] if low <= path.parent.name <= high]
        if kept:
            parts.append(months.rows(kept).with_columns(pl.lit(symbol).alias("symbol")))
    rows = pl.concat(parts, how="diagonal")
    if start is not None:
        rows = rows.filter(pl.col("ts").to_physical() >= at_ms(start))
    if end is not None:
        rows = rows.filter(pl.col("ts").to_physical() < at_ms(end))
    last = [each for each in (KNOWN_AT, "symbol") if each in rows.columns]
    return rows.select(pl.exclude(last), *last)


def verify(place: Path) -> tuple[str, ...]:
    """Hash every file of a symbol's folder, and make its manifest whole where it can be.

    Parameters
    ----------
    place : Path
        A folder ``symbol=S``.

    Returns
    -------
    tuple of str
        What was made whole, empty if nothing had to be.

    Raises
    ------
    DataError
        A file is damaged or gone, or someone is writing there.

    Notes
    -----
    Units: none.  Causal: none.  Missing: a missing file is an error.  Spec 13.
    """
    return months.verify(place)


def _check_name(name: str) -> None:
    """Refuse a name that would leave its folder or break the key=value pattern."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"name {name!r} cannot be a folder of the lake: use letters, digits, '.', '_', '-'"
        )


def spelt(paths: Sequence[Path]) -> str:
    """Return the symbol that files are of: their own name, or that of their folder in a lake.

    Examples
    --------
    >>> from pathlib import Path
    >>> spelt([Path("set/BTCUSD.parquet")])
    'BTCUSD'
    """
    last = paths[-1]
    return last.parts[-3].removeprefix("symbol=") if months.is_ours(last) else last.stem
