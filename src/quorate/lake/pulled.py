"""What a pull brought, what it could not bring, and what the vendor corrected."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quorate.errors import DataError, QuorateError
from quorate.venues.archive.plan import ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

_SHOWN: Final = 3


class Progress(NamedTuple):
    """How far a pull has come. ``of_bytes`` is 0 where the archive does not list its sizes."""

    n_files: int
    of_files: int
    n_bytes: int
    of_bytes: int


class Missing(NamedTuple):
    """Days of a symbol that the archive has not published, both ends included."""

    symbol: str
    first: date
    last: date


class Correction(NamedTuple):
    """A file whose rows are others than those stored before.

    ``was_sha256`` is empty where the file is another one than before: a month's, which took the
    place of its days. ``n_gone`` rows are in it no more; they stay in the lake.
    """

    symbol: str
    file: str
    was_sha256: str
    now_sha256: str
    n_changed: int
    n_added: int
    n_gone: int


class Failure(NamedTuple):
    """A file that was not taken, and what to do."""

    symbol: str
    file: str
    why: str
    hint: str


@dataclass
class Count:
    """One symbol's share of a pull."""

    symbol: str
    n_taken: int = 0
    n_known: int = 0
    n_rows: int = 0
    n_doubled: int = 0
    n_bytes: int = 0


_SCHEMAS: Final[dict[str, dict[str, type[pl.DataType]]]] = {
    "symbols": {
        "symbol": pl.String,
        "n_taken": pl.Int64,
        "n_known": pl.Int64,
        "n_rows": pl.Int64,
        "n_doubled": pl.Int64,
        "n_bytes": pl.Int64,
    },
    "missing": {"symbol": pl.String, "first": pl.Date, "last": pl.Date},
    "corrections": {
        "symbol": pl.String,
        "file": pl.String,
        "was_sha256": pl.String,
        "now_sha256": pl.String,
        "n_changed": pl.Int64,
        "n_added": pl.Int64,
        "n_gone": pl.Int64,
    },
    "failures": {
        "symbol": pl.String,
        "file": pl.String,
        "why": pl.String,
        "hint": pl.String,
    },
}


@dataclass(frozen=True)
class Pulled:
    """What a pull did.

    Attributes
    ----------
    folder : str
        The folder of the lake that holds the symbols.
    symbols : polars.DataFrame
        A row a symbol: ``symbol, n_taken, n_known`` (files taken now, and before), ``n_rows,
        n_doubled`` (rows stored now, and times that stood twice), ``n_bytes``.
    missing : polars.DataFrame
        What is not published: ``symbol, first, last``, days with both ends included.
    corrections : polars.DataFrame
        What the vendor changed since: the fields of ``Correction``.
    failures : polars.DataFrame
        What was not taken: ``symbol, file, why, hint``.
    notes : tuple of str
        What else there is to know.
    """

    folder: str
    symbols: pl.DataFrame
    missing: pl.DataFrame
    corrections: pl.DataFrame
    failures: pl.DataFrame
    notes: tuple[str, ...] = field(default=())

    def raise_if_failed(self) -> None:
        """Refuse a pull that lacks files it should have.

        Raises
        ------
        DataError
            Which, why, and what to do.
        """
        rows = self.failures.to_dicts()
        if not rows:
            return
        said = "; ".join(f"{row['file']}: {row['why']}" for row in rows[:_SHOWN])
        more = f"; and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
        raise DataError(f"not taken: {said}{more}", hint=rows[0]["hint"])

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        tables = {name: getattr(self, name).to_dicts() for name in _SCHEMAS}
        for row in tables["missing"]:
            row |= {"first": row["first"].isoformat(), "last": row["last"].isoformat()}
        return {"folder": self.folder, **tables, "notes": list(self.notes)}


@dataclass
class Tally:
    """What a pull has done so far; ``told`` hears of every step."""

    told: Callable[[Progress], None]
    counts: dict[str, Count] = field(default_factory=dict)
    missing: dict[str, set[date]] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    progress: Progress = field(default=Progress(0, 0, 0, 0))

    def step(
        self, n_files: int = 0, of_files: int = 0, n_bytes: int = 0, of_bytes: int = 0
    ) -> None:
        """Go on by so much, and tell it."""
        more = (n_files, of_files, n_bytes, of_bytes)
        self.progress = Progress(*(a + b for a, b in zip(self.progress, more, strict=True)))
        self.told(self.progress)

    def miss(self, symbol: str, start: date, end: date) -> None:
        """Note that days ``[start, end)`` of a symbol are not published."""
        days = (start + timedelta(days=n) for n in range((end - start).days))
        self.missing.setdefault(symbol, set()).update(days)

    def fail(self, symbol: str, file: str, error: QuorateError) -> None:
        """Note that a file was not taken."""
        self.failures.append(Failure(symbol, file, error.message, error.hint))

    def pulled(self, folder: str) -> Pulled:
        """Return it all as tables."""
        missing = [
            Missing(symbol, first, last)
            for symbol, days in self.missing.items()
            for first, last in ranges(days)
        ]
        return Pulled(
            folder,
            _table("symbols", list(self.counts.values())),
            _table("missing", missing),
            _table("corrections", self.corrections),
            _table("failures", self.failures),
            tuple(self.notes),
        )


def _table(name: str, rows: Sequence[object]) -> pl.DataFrame:
    """Return records as the table of that name, sorted."""
    schema = _SCHEMAS[name]
    made = {each: [getattr(row, each) for row in rows] for each in schema}
    return pl.DataFrame(made, schema=schema).sort(list(schema)[:2])
