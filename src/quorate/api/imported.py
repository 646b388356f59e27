"""What an import did: what was new, corrected, left out and refused.

In: counts and tables of an import. Out: the same as plain values, and a refusal where a file was
not stored.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quorate.errors import DataError
from quorate.lake.kinds import INSTANT
from quorate.report.plain import plain

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

_SHOWN: Final = 3
COINS: Final[dict[str, PolarsDataType]] = {
    "symbol": pl.String,
    "file": pl.String,
    "n_rows": pl.Int64,
    "n_added": pl.Int64,
    "n_corrected": pl.Int64,
    "first": INSTANT,
    "last": INSTANT,
    "error": pl.String,
}


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes
    ----------
    lake, folder : str
        The lake, and the folder in it that holds the symbols: what ``load`` and ``check_data``
        read.
    vendor, kind, interval : str
        Of all of them.
    coins : polars.DataFrame
        A row a symbol: ``symbol, file, n_rows`` (read, the unfinished bar apart)``, n_added,
        n_corrected`` (values)``, first, last, error``. Of one with an error ``n_added`` is what
        stands in the lake all the same: the months that a full disk had taken.
    corrections : polars.DataFrame
        ``symbol, ts, column, old, new, known_at``: values that replaced others.
    left_out : tuple[str, ...]
        Columns of the files that the kind has no place for.
    n_unfinished : int
        Last bars that were left out: they may still have been forming.
    n_doubled : int
        Rows that stood there more than once, and were kept once.
    n_late : int
        Bars that the lake had lacked though it went on for longer: they became known by this
        import, and nobody who reads as of a time before it sees them.
    n_backdated : int
        Rows that are new and are taken to have been known by the end of what the lake had: those of
        new symbols, from before a symbol's first, settlements, and what ``known_at`` says. What is
        read as of a time before that is another thing now.
    swept : tuple[str, ...]
        Temporary files that a killed import had left, which were deleted.
    """

    lake: str
    folder: str
    vendor: str
    kind: str
    interval: str
    coins: pl.DataFrame
    corrections: pl.DataFrame
    left_out: tuple[str, ...]
    n_unfinished: int
    n_doubled: int = 0
    n_late: int = 0
    n_backdated: int = 0
    swept: tuple[str, ...] = ()

    @property
    def n_added(self) -> int:
        """Return how many rows are new."""
        return int(self.coins["n_added"].sum())

    @property
    def failed(self) -> pl.DataFrame:
        """Return the symbols and files that were not stored, and why."""
        return self.coins.filter(pl.col("error") != "").select("symbol", "file", "error")

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        names = ("lake", "folder", "vendor", "kind", "interval", "n_unfinished", "n_doubled")
        return {
            **{name: getattr(self, name) for name in (*names, "n_late", "n_backdated")},
            "n_added": self.n_added,
            "left_out": list(self.left_out),
            "swept": list(self.swept),
            "coins": plain(self.coins.to_dicts()),
            "failed": plain(self.failed.to_dicts()),
            "corrections": plain(self.corrections.to_dicts()),
        }

    @staticmethod
    def _cure(failed: pl.DataFrame) -> str:
        """Say what to do: a disk without room is nothing that a file could be corrected of."""
        is_full = failed["error"].str.contains(os.strerror(errno.ENOSPC), literal=True)
        if is_full.all():
            return "free disk space and import again: it goes on where it was stopped"
        if is_full.any():
            return "free disk space, correct the other files, and import again"
        return "correct these and import again"

    def raise_if_failed(self) -> None:
        """Say which files were not stored.

        Raises
        ------
        DataError
            Some were not; the others are in the lake.
        """
        failed = self.failed
        if failed.is_empty():
            return
        said = [f"{file}: {error}" for _, file, error in failed.rows()[:_SHOWN]]
        more = []
        if failed.height > _SHOWN:
            more = [f"and {failed.height - _SHOWN} more, each of them in `failed` of --json"]
        others = "the others are in the lake; " if failed.height < self.coins.height else ""
        n_partly = int(self.coins.filter(pl.col("error") != "")["n_added"].sum())
        if n_partly:
            others += f"of these {n_partly:,d} rows are; "
        what = "stored whole" if n_partly else "stored"
        raise DataError(
            f"{failed.height} of {self.coins.height} were not {what}: " + "; ".join(said + more),
            hint=f"{others}{self._cure(failed)}",
        )
