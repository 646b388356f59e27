"""From when on the last bars of a plain folder's files may still have been forming.

In: files, by symbol. Out: a time. A vendor's files are stored together, if not at one moment: coin
by coin, which may take hours. So the last bar of a file is finished where another file of the
folder goes on for more than a day after it has closed; a coin that ended long ago keeps its last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quorate.errors import SchemaError
from quorate.lake.address import is_object
from quorate.lake.sources import epoch_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ALWAYS: Final = -(2**62)
"""Any last bar may have been forming."""
REACH_MS: Final = 2 * 86_400_000
"""A bar is a day at most, and a folder is stored within another."""


def since(files: Mapping[str, Sequence[Path]]) -> int:
    """Return from when on a last bar of some plain files may have been forming.

    Parameters
    ----------
    files : mapping
        All of a folder's, by symbol, whichever are asked for.

    Returns
    -------
    int
        A bar that opens after it may have been; ``ALWAYS`` where nothing says when files end.

    Notes
    -----
    Units: milliseconds.  Causal: a fact of the files, known when they were stored.  Missing: a file
    that cannot be read says nothing, nor does object storage.  Memory: a row group a file.
    Spec 13; METHODS 12.

    Examples
    --------
    >>> since({}) == ALWAYS
    True
    """
    last = [at for paths in files.values() for path in paths if (at := _last(path)) is not None]
    return max(last) - REACH_MS if last else ALWAYS


def _last(path: Path) -> int | None:
    """Return when a file's last row opens: rows in no order are no later than their latest."""
    if is_object(path):
        return None
    try:
        rows = pl.scan_parquet(path, glob=False, hive_partitioning=False).select("ts").tail(1)
        at = epoch_ms(rows.collect(), str(path))
    except (pl.exceptions.PolarsError, OSError, SchemaError):
        return None  # told when it is read
    return int(at[0]) if at.size else None
