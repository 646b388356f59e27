"""From when on the last bars of a plain folder's files may still have been forming.

In: files, by symbol. Out: a time. A vendor's files are stored together, if not at one moment: coin
by coin, which may take hours. So the last bar of a file is finished where another file of the
folder goes on for a day after it has closed; a coin that ended before that keeps its last. Of one
that ended within the day nothing tells whether its last bar is whole: it is left out, and is there
once the files go on for longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quorate.errors import SchemaError
from quorate.lake import layout
from quorate.lake.address import is_object
from quorate.lake.sources import epoch_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ALWAYS: Final = -(2**62)
"""Any last bar may have been forming."""
NEVER: Final = 2**62
"""No last bar may have been."""
_DAY_MS: Final = 86_400_000
_TAIL: Final = 100
"""Of so many rows some two are neighbours."""


def reach_ms(bar_ms: int | None) -> int:
    """Return how long before the folder's last open a bar opens that has closed for a day.

    Parameters
    ----------
    bar_ms : int, optional
        Length of a bar; a day, the longest there is, where it is not known.

    Returns
    -------
    int
        The bar's length, and a day in which a folder is stored.

    Notes
    -----
    Units: milliseconds.  Causal, Missing: no data are read.

    Examples
    --------
    >>> reach_ms(3_600_000) // 3_600_000, reach_ms(None) // 3_600_000
    (25, 48)
    """
    return min(bar_ms or _DAY_MS, _DAY_MS) + _DAY_MS


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
    ends = [end for paths in files.values() for path in paths if (end := _end(path)) is not None]
    if not ends:
        return ALWAYS
    # of several lengths the longest: its bars take longest to be whole
    return max(at for at, _ in ends) - reach_ms(max(bar_ms for _, bar_ms in ends))


def of_folder(
    folder: Path | None, files: Mapping[str, Sequence[Path]], *, drop_last: bool | None
) -> int:
    """Return from when on a last bar of a folder may have been forming, as a spec says it.

    Parameters
    ----------
    folder : Path, optional
        Plain, or of the lake, which holds no bar that may have been.
    files : mapping
        All of it, by symbol.
    drop_last : bool, optional
        ``PanelSpec.drop_last``: False where all files are finished.

    Returns
    -------
    int
        As ``since``; ``NEVER`` where every last bar is kept.

    Notes
    -----
    Units, Causal, Missing: as ``since``.

    Examples
    --------
    >>> of_folder(None, {}, drop_last=None) == of_folder(None, {}, drop_last=False) == NEVER
    True
    """
    is_plain = folder is not None and not layout.is_partitioned(folder)
    if folder is None or not (is_plain if drop_last is None else drop_last):
        return NEVER
    return since(files) if is_plain else ALWAYS


def _end(path: Path) -> tuple[int, int] | None:
    """Return when a file's last row opens, and how near its last rows are, 0 for a row alone.

    Rows in no order are no later than their latest.
    """
    if is_object(path):
        return None
    try:
        rows = pl.scan_parquet(path, glob=False, hive_partitioning=False).select("ts").tail(_TAIL)
        at = epoch_ms(rows.collect(), str(path))
    except (pl.exceptions.PolarsError, OSError, SchemaError):
        return None  # told when it is read
    apart = np.diff(np.sort(at))
    near = apart[apart > 0]
    return (int(at[-1]), int(near.min()) if near.size else 0) if at.size else None
