"""Files of an archive, brought and checked, become rows of the lake; each is noted as taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from quorate.errors import DataError
from quorate.lake import layout, manifest, objects, taken
from quorate.lake.address import is_object
from quorate.lake.pulled import Correction, Failure
from quorate.venues.archive.rows import rows
from quorate.venues.archive.unpack import csv_of

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.venues.archive.names import File


class Brought(NamedTuple):
    """A file that lies in the cache, whole; ``was_sha256`` of the one stored before, if any."""

    file: File
    path: Path
    sha256: str
    size: int
    tags: tuple[str, ...]
    was_sha256: str


class Stored(NamedTuple):
    """What came of some files."""

    files: list[taken.Taken]
    n_doubled: int
    corrections: list[Correction]
    failures: list[Failure]


def present(root: Path, key: layout.Key) -> dict[str, set[str]]:
    """Return the months, ``2023-01``, that the lake has of each symbol."""
    found: dict[str, set[str]] = {}
    if is_object(root):
        for place in objects.folders(layout.folder(root, key)):
            found[place.name.removeprefix("symbol=")] = set(manifest.load(place) or ())
        return found
    for path in layout.folder(root, key).glob("symbol=*/month=*"):
        if any(path.glob("*.parquet")):
            symbol = path.parent.name.removeprefix("symbol=")
            found.setdefault(symbol, set()).add(path.name.removeprefix("month="))
    return found


def store(root: Path, key: layout.Key, symbol: str, brought: list[Brought], at: str) -> Stored:
    """Write the rows of one symbol's files of one month, in one step, and note the files.

    Parameters
    ----------
    root : Path
        The lake's folder.
    key : Key
        Vendor, kind and interval.
    symbol : str
        Which coin.
    brought : list[Brought]
        Its files; they are deleted once their rows are in the lake, or if they cannot be read.
    at : str
        When, for the record.

    Returns
    -------
    Stored
        Files that cannot be read are failures, and the others are stored without them.

    Raises
    ------
    DataError
        The disk refuses, or the lake has other columns.

    Notes
    -----
    Units: as ``venues.archive.rows``.  Causal: rows are not combined.  Missing: nothing is filled.
    Spec 13.
    """
    kept, frames, failures = [], [], []
    for each in brought:
        try:
            frame = rows(csv_of(each.path, each.file.name), each.file)
        except DataError as error:
            failures.append(Failure(symbol, f"{each.file.name}.zip", error.message, error.hint))
            each.path.unlink(missing_ok=True)
        else:
            kept.append(each)
            frames.append(frame)
    found = [
        change
        for each, frame in zip(kept, frames, strict=True)
        if (change := _change(root, key, symbol, each, frame)) is not None
    ]
    full = [frame for frame in frames if not frame.is_empty()]
    if full:
        layout.store(pl.concat(full), root, key, symbol, corrected_at=datetime.fromisoformat(at))
    noted = [
        taken.Taken(each.file.key, each.sha256, each.size, frame.height, each.tags, at)
        for each, frame in zip(kept, frames, strict=True)
    ]
    if noted:
        taken.add(root, key, symbol, noted)
    for each in kept:
        each.path.unlink(missing_ok=True)
    n_doubled = sum(frame.height - frame["ts"].n_unique() for frame in frames)
    return Stored(noted, n_doubled, found, failures)


def _change(
    root: Path, key: layout.Key, symbol: str, each: Brought, new: pl.DataFrame
) -> Correction | None:
    """Compare a file with what the lake holds of its span; None if nothing is told by it."""
    low, high = (datetime.fromtimestamp(ms / 1e3, UTC) for ms in each.file.period.span_ms)
    months = present(root, key).get(symbol, set())
    old = new.clear()
    if f"{low:%Y-%m}" in months:
        last = high - timedelta(milliseconds=1)
        old = layout.read(root, key, [symbol], low, last + timedelta(milliseconds=1))
        old = old.select(new.columns)
    new = new.unique("ts", keep="last")
    both = old.join(new, on="ts", suffix="_new")
    values = [name for name in new.columns if name != "ts"]
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_new")) for name in values)
    n_changed = both.filter(differs).height
    n_gone, n_added = old.height - both.height, new.height - both.height
    is_other = each.was_sha256 not in {"", each.sha256}
    if not is_other and not n_changed and not n_gone:
        return None
    return Correction(
        symbol,
        f"{each.file.name}.zip",
        each.was_sha256,
        each.sha256,
        n_changed,
        n_added,
        n_gone,
    )
