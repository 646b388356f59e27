"""What an import reads: the files of a folder, and which symbols they hold.

In: a folder and how its files are to be read. Out: for each symbol its files, or its rows where a
file holds many; and the files that cannot be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quorate.errors import DataError, QuorateError, SchemaError
from quorate.lake import foreign, layout
from quorate.lake.address import is_object
from quorate.lake.kinds import kind_of
from quorate.lake.spelling import storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from quorate.lake.reach import Reached


UNREADABLE: Final = (QuorateError, pl.exceptions.PolarsError)
"""What a file that cannot be stored raises; it stops no other."""


class Given(NamedTuple):
    """How files are to be read and stored; ``reached`` is how far the lake went."""

    root: Path
    vendor: str
    kind: str
    names: Mapping[str, str]
    unit: str | None
    keep_last: bool
    known_at: int | None
    corrected_at: int
    reached: Reached | None = None


class Source(NamedTuple):
    """A symbol that is to be stored: files of its own, and its rows in files of many."""

    symbol: str
    own: tuple[Path, ...]
    parts: tuple[foreign.Brought, ...]
    shared: tuple[Path, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return the files that its rows are in."""
        return self.own + self.shared


def files(where: Path) -> list[Path]:
    """Return the files to bring in."""
    if is_object(where):
        raise DataError(
            f"{where} is in a bucket, and an import reads files of this machine",
            hint="copy them here; a lake in a bucket is read as it is",
        )
    if where.is_file():
        return [where]
    if not where.is_dir():
        raise DataError(f"{where} is neither a folder nor a file", hint="check the path")
    if layout.is_partitioned(where) or any(where.glob("vendor=*")):
        raise DataError(f"{where} is a lake already", hint="read it as it is: no import is needed")
    found = sorted(path for path in where.iterdir() if path.name.endswith(foreign.SUFFIXES))
    if not found:
        raise DataError(
            f"{where} holds no file to import",
            hint=f"a folder holds SYMBOL files that end in {', '.join(foreign.SUFFIXES)}",
        )
    return found


class Broken(NamedTuple):
    """A file that cannot be read, and why."""

    symbol: str
    file: str
    error: str


def sources(paths: Iterable[Path], given: Given) -> tuple[list[Source], list[Broken]]:
    """Return what each symbol is read from, and the files that cannot be."""
    alone: dict[str, list[Path]] = {}
    many: dict[str, list[tuple[Path, foreign.Brought]]] = {}
    broken = []
    for path in paths:
        try:
            if not _has_symbols(path, given):
                alone.setdefault(storable(foreign.stem(path)), []).append(path)
                continue
            for symbol, part in _apart(path, given):
                many.setdefault(storable(symbol), []).append((path, part))
        except UNREADABLE as error:
            broken.append(Broken(foreign.stem(path), path.name, said(error)))
    return [
        Source(
            symbol,
            tuple(alone.get(symbol, ())),
            tuple(part for _, part in many.get(symbol, ())),
            tuple(path for path, _ in many.get(symbol, ())),
        )
        for symbol in sorted({*alone, *many})
    ], broken


def said(error: Exception) -> str:
    """Return what an error says, in one line."""
    return error.message if isinstance(error, QuorateError) else str(error).splitlines()[0]


def _apart(path: Path, given: Given) -> list[tuple[str, foreign.Brought]]:
    """Return the rows of each symbol that a file holds."""
    found = foreign.read(path, given.kind, given.names, given.unit)
    if "symbol" not in found.rows.columns or found.rows["symbol"].null_count():
        raise SchemaError(
            f"{path}: a row has no symbol", hint="add the column: --map symbol=its name"
        )
    parts = found.rows.partition_by("symbol", as_dict=True, maintain_order=True)
    return [
        (str(symbol), foreign.Brought(rows, found.left_out)) for (symbol,), rows in parts.items()
    ]


def _has_symbols(path: Path, given: Given) -> bool:
    """Return whether a file holds many symbols, by its names of columns alone."""
    if kind_of(given.kind).is_timeless:
        return True
    return foreign.has_symbols(path, given.names)


def interval_name(minutes: int) -> str:
    """Return the name of a length: 5 is 5m, 1440 is 1d."""
    for unit, length in (("w", 10_080), ("d", 1_440), ("h", 60)):
        if minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m"


def read(source: Source, given: Given) -> foreign.Brought:
    """Return a symbol's rows in our names."""
    own = [foreign.read(path, given.kind, given.names, given.unit) for path in source.own]
    parts = [*own, *source.parts]
    if len(parts) == 1:
        return parts[0]
    left = tuple({name for part in parts for name in part.left_out})
    return foreign.Brought(pl.concat([part.rows for part in parts], how="diagonal_relaxed"), left)
