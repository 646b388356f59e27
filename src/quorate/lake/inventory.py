"""What a lake holds, told from its manifests alone: no data file is opened.

In: the lake's folder. Out: a row a symbol, or a row a vendor, kind and interval.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import polars as pl

from quorate.errors import DataError
from quorate.lake import manifest, prefixes
from quorate.lake.address import is_object
from quorate.lake.kinds import INSTANT, KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polars._typing import PolarsDataType

    from quorate.lake.manifest import MonthFile

SYMBOLS: Final[dict[str, PolarsDataType]] = {
    "vendor": pl.String,
    "kind": pl.String,
    "interval": pl.String,
    "symbol": pl.String,
    "first": INSTANT,
    "last": INSTANT,
    "rows": pl.Int64,
    "missing": pl.Int64,
    "gaps": pl.Int64,
    "corrections": pl.Int64,
    "known": INSTANT,
    "files": pl.Int64,
    "size": pl.Int64,
}
"""``rows`` of different ``ts``; ``missing`` bars between first and last, in so many ``gaps``, null
where no interval is kept, ``gaps`` also of months written before they were counted; ``last``
is the last ``ts``, ``known`` when the newest value became known; bytes."""
_THREADS: Final = 8  # in a bucket a manifest is waited for
KEY: Final = ("vendor", "kind", "interval")


def places(root: Path) -> list[Path]:
    """Return the folder of every symbol of a lake.

    Raises
    ------
    DataError
        The folder is missing or is no lake.
    """
    if is_object(root):
        found = prefixes.places(root)
    else:
        found = sorted(root.glob("vendor=*/kind=*/interval=*/symbol=*"))
    if not found:
        raise DataError(
            f"{root} is no lake: it has no folder vendor=V/kind=K/interval=I/symbol=S",
            hint="`quorate data import FOLDER --lake LAKE ...` makes one",
        )
    return found


def symbols(root: Path) -> pl.DataFrame:
    """Return a row a symbol of a lake.

    Parameters
    ----------
    root : Path
        The lake's folder.

    Returns
    -------
    polars.DataFrame
        The columns ``SYMBOLS``, sorted by vendor, kind, interval and symbol.

    Raises
    ------
    DataError
        The folder is no lake, or a manifest cannot be read.

    Notes
    -----
    Units: bytes, UTC milliseconds.  Causal: what was written.  Missing: a symbol that a broken
    write left without a manifest has 0 rows.  Spec 13.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        lines = list(pool.map(_line, places(root)))
    return pl.DataFrame(lines, schema=SYMBOLS, orient="row").sort(*KEY, "symbol")


def totals(lines: pl.DataFrame) -> pl.DataFrame:
    """Return a row a vendor, kind and interval: how many symbols have a row, and their sums.

    ``freshest`` and ``stalest`` are the last times of the symbol that goes on longest and of the
    one that ended first.
    """
    return (
        lines.group_by(KEY, maintain_order=True)
        .agg(
            (pl.col("rows") > 0).sum().cast(pl.UInt32).alias("symbols"),
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("last").min().alias("stalest"),
            pl.col("known").max(),
            pl.col("rows", "corrections", "files", "size").sum(),
            # a sum of nothing but nulls is 0, and 0 would say that no bar is missing
            pl.when(pl.col("missing").is_not_null().any())
            .then(pl.col("missing").sum())
            .alias("missing"),
            # a symbol whose gaps nobody counted makes the sum unknown
            pl.when(
                (pl.col("gaps").is_null() == pl.col("missing").is_null()).all()
                & pl.col("gaps").is_not_null().any()
            )
            .then(pl.col("gaps").sum())
            .alias("gaps"),
        )
        .select(*KEY, "symbols", *list(SYMBOLS)[4:], "stalest")
    )


def _line(place: Path) -> tuple[object, ...]:
    """Return one symbol's row."""
    names = [part.partition("=")[2] for part in place.parts[-4:]]
    known = manifest.load(place) or {}
    months = [known[month] for month in sorted(known)]
    if not months:
        return (*names, None, None, 0, None, None, 0, None, 0, 0)
    first, last = min(m.first_ms for m in months), max(m.last_ms for m in months)
    times = sum(m.times for m in months)
    kind = KINDS.get(names[1])
    length = manifest.bar_ms(place)
    is_timeless = kind is not None and kind.is_timeless
    return (
        *names,
        None if is_timeless else first,
        None if is_timeless else last,
        times,
        None if length is None else max((last - first) // length + 1 - times, 0),
        None if length is None else _gaps(months, length),
        sum(m.corrections for m in months),
        max(m.known_to_ms for m in months),
        len(months),
        sum(m.size for m in months),
    )


def _gaps(months: Sequence[MonthFile], length_ms: int) -> int | None:
    """Return how many runs of bars are missing, those between two months too."""
    found = [each.gaps for each in months]
    between = sum(
        bool(manifest.is_gap(after.first_ms - before.last_ms, length_ms))
        for before, after in pairwise(months)
    )
    return None if None in found else sum(n for n in found if n is not None) + between
