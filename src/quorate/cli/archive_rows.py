"""The tables of ``quorate data pull``: what came, what is not there, what changed, what failed.

In: ``lake.pulled.Pulled``. Out: tables of rich; None where there is nothing to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from quorate.cli.tables import Column, fitted

if TYPE_CHECKING:
    from rich.table import Table

    from quorate.lake.pulled import Pulled


def symbol_rows(found: Pulled, width: int) -> Table:
    """Return a row a symbol: files taken now and before, rows and bytes."""
    rows = found.symbols
    return _fitted(
        [
            Column("symbol", rows["symbol"].to_list(), 0),
            Column("files taken", _counts(rows["n_taken"]), 4, is_text=False),
            Column("here before", _counts(rows["n_known"]), 3, is_text=False),
            Column("rows", _counts(rows["n_rows"]), 5, is_text=False),
            Column("doubled", _counts(rows["n_doubled"]), 2, is_text=False),
            Column(
                "MB", [f"{n / 1e6:.1f}" if n else "" for n in rows["n_bytes"]], 1, is_text=False
            ),
        ],
        width,
    )


def missing_rows(found: Pulled, width: int) -> Table | None:
    """Return a row a span that is not published."""
    rows = found.missing
    return _table(
        [
            Column("symbol", rows["symbol"].to_list(), 0),
            Column("first day", [str(day) for day in rows["first"]], 0),
            Column("last day", [str(day) for day in rows["last"]], 0),
        ],
        width,
    )


def correction_rows(found: Pulled, width: int) -> Table | None:
    """Return a row a file whose rows are others than those stored before."""
    rows = found.corrections
    why = ["by the month's own file" if not was else "by the vendor" for was in rows["was_sha256"]]
    return _table(
        [
            Column("file", rows["file"].to_list(), 0),
            Column("rows changed", _counts(rows["n_changed"]), 4, is_text=False),
            Column("added", _counts(rows["n_added"]), 3, is_text=False),
            Column("gone, kept here", _counts(rows["n_gone"]), 2, is_text=False),
            Column("", why, 1),
        ],
        width,
    )


def failure_rows(found: Pulled, width: int) -> Table | None:
    """Return a row a file that was not taken."""
    rows = found.failures
    return _table(
        [Column("file", rows["file"].to_list(), 0), Column("why", rows["why"].to_list(), 0)], width
    )


def _table(columns: list[Column], width: int) -> Table | None:
    return _fitted(columns, width) if columns[0].cells else None


def _fitted(columns: list[Column], width: int) -> Table:
    kept = [each for each in columns if any(each.cells)] or columns[:1]
    return fitted(kept, width, [""] * len(kept[0].cells))


def _counts(numbers: pl.Series) -> list[str]:
    return [f"{n:,d}" if n else "" for n in numbers]
