"""What a lake holds, and whether its files are what was written.

In: the lake's folder. Out: tables from its manifests; every file hashed if that is asked for.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from quorate.errors import DataError, StorageError
from quorate.lake import disk, inventory, layout
from quorate.lake.address import located

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

_THREADS: Final = 2
_SHOWN: Final = 3


def stock(lake: str | Path, *, symbols: bool = False) -> pl.DataFrame:
    """Tell what a lake holds, from its manifests alone.

    Parameters
    ----------
    lake : path
        The lake's folder, or ``s3://bucket/lake``.
    symbols : bool
        A row a symbol; a row a vendor, kind and interval when False.

    Returns
    -------
    polars.DataFrame
        ``vendor, kind, interval``, ``symbol`` or ``symbols``, ``first, last, rows, missing,
        gaps, corrections, known, files, size``, and ``stalest`` without ``symbols``.

    Raises
    ------
    DataError
        The folder is no lake, or a manifest cannot be read.

    Notes
    -----
    Units: UTC, bars, bytes.  Causal: what was written.  Missing: ``missing`` counts bars between
    the first and the last, ``gaps`` in how many runs they are missing; null for what has no
    interval, and ``gaps`` where months were written before they were counted.  Spec 13.
    """
    lines = inventory.symbols(located(lake))
    return lines if symbols else inventory.totals(lines)


def verify(lake: str | Path, progress: Callable[[int, int], None] | None = None) -> list[str]:
    """Hash every file of a lake against its manifest, and make whole what a kill broke off.

    Parameters
    ----------
    lake : path
        The lake's folder, or ``s3://bucket/lake``.
    progress : callable, optional
        Called with symbols done and symbols in all.

    Returns
    -------
    list of str
        What was made whole; empty if nothing had to be.

    Raises
    ------
    DataError
        Files are damaged or gone; the others were looked at too.

    Notes
    -----
    Units: none.  Causal: none.  Missing: a file that is gone is an error.  Spec 13.
    """
    places = inventory.places(located(lake))

    full: list[str] = []

    def one(place: Path) -> tuple[tuple[str, ...], str]:
        try:
            return layout.verify(place), ""
        except StorageError:
            raise  # not the symbol's fault, and the others' too
        except DataError as error:
            if disk.is_full(error):  # what was to be mended, not what is there
                full.append(error.message)
                return (), ""
            return (), error.message

    mended: list[str] = []
    broken: list[str] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for done, (made, wrong) in enumerate(pool.map(one, places), 1):
            mended += made
            broken += [wrong] * bool(wrong)
            if progress is not None:
                progress(done, len(places))
    if broken:
        more = [f"and {len(broken) - _SHOWN} more"] if len(broken) > _SHOWN else []
        raise DataError(
            f"{len(broken)} of {len(places)} symbols are not as written: "
            + "; ".join(broken[:_SHOWN] + more),
            hint="delete the named file and its manifest.json, then import or pull it again",
        )
    if full:
        raise DataError(
            f"{len(full)} of {len(places)} symbols could not be made whole: {full[0]}",
            hint="nothing is damaged: free disk space, then verify again",
        )
    return mended
