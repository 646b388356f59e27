"""The months of one symbol: written together under a lock, read back checked.

In: rows of the kind's schema. Out: ``symbol=S/month=YYYY-MM/part.parquet`` and the manifest beside
them. A month that nothing is added to keeps its bytes.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.errors import DataError
from quorate.lake import disk, manifest, prefixes, reach, versions
from quorate.lake.address import is_object
from quorate.lake.drafts import writing
from quorate.lake.kinds import KNOWN_AT, epoch
from quorate.lake.locking import taking
from quorate.lake.locking import writing as locked
from quorate.lake.manifest import PART
from quorate.lake.prints import Print, of_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from quorate.lake.drafts import Draft
    from quorate.lake.prints import Prints
    from quorate.lake.reach import Reach

_TRIES: Final = 5
"""How often rows are merged anew because another writer was faster; only in object storage."""


class Stored(NamedTuple):
    """What a write did: the files replaced, the rows added, the values corrected.

    ``swept`` are temporary files of killed writers that it deleted. Of the rows added ``n_late``
    were dated to the write, and ``n_backdated`` are said to have been known before the end of what
    the lake had (``reach``).
    """

    paths: tuple[Path, ...]
    n_added: int
    corrections: pl.DataFrame
    swept: tuple[Path, ...] = ()
    n_late: int = 0
    n_backdated: int = 0


class PartlyStoredError(DataError):
    """The disk refused some months; ``stored`` is what stands in the lake all the same."""

    def __init__(self, error: DataError, stored: Stored) -> None:
        super().__init__(error.message, hint=error.hint)
        self.stored = stored


def put(
    place: Path,
    rows: pl.DataFrame,
    corrected_ms: int | None = None,
    within: Reach | None = None,
    *,
    is_bar: bool = True,
) -> Stored:
    """Store one symbol's rows, its months together.

    Parameters
    ----------
    place : Path
        The folder ``symbol=S``; made if missing.
    rows : polars.DataFrame
        From ``kinds.bring``.
    corrected_ms : int, optional
        See ``versions.merge``.
    within : Reach, optional
        How far the series went, of history that does not say when it was learned.
    is_bar : bool
        A bar that comes late was not known; a settlement was due all the same.

    Raises
    ------
    DataError
        Another writer is there, a stored file is damaged, rows contradict each other, or the disk
        or the bucket refuses. Each month's file is then the old one or the new one.
    PartlyStoredError
        The disk refused when files were being replaced.

    Notes
    -----
    Units: milliseconds.  Causal: see ``versions``.  Missing: nothing is filled.  Spec 13.
    """
    for _ in range(_TRIES):
        with suppress(prefixes.OvertakenError), writing(place) as draft:
            return _put(place, draft, rows, corrected_ms, within, is_bar=is_bar)
    raise DataError(
        f"{place} is being written by others, {_TRIES} times faster than by this import or pull",
        hint="wait until they are done, then write again: it will add what is missing",
    )


def _put(
    place: Path,
    draft: Draft,
    rows: pl.DataFrame,
    corrected_ms: int | None,
    within: Reach | None,
    *,
    is_bar: bool,
) -> Stored:
    """Store rows in a symbol that is open."""
    changed: dict[str, tuple[bytes, manifest.MonthFile]] = {}
    done: dict[str, Stored] = {}
    for month, part in by_month(rows):
        stored = None
        if month in draft.known:
            stored = disk.parsed(place / f"month={month}" / PART, draft.content(month))
        late = 0
        if within is not None and corrected_ms is not None and is_bar:
            part, late = reach.dated(part, stored, within, corrected_ms)  # noqa: PLW2901
        merged = versions.merge(stored, part, corrected_ms)
        if merged.n_added:
            back = 0
            if within is not None:
                before = reach.n_known(stored, within.told_ms)
                back = reach.n_known(merged.rows, within.told_ms) - before
            held = disk.parquet(merged.rows)
            changed[month] = held, manifest.about(merged.rows, held, manifest.bar_ms(place))
            path = place / f"month={month}" / PART
            done[month] = Stored((path,), merged.n_added, merged.corrections, (), late, back)
    swept = tuple(draft.swept)
    if changed:
        try:
            draft.replace(changed)
        except (DataError, OSError) as refused:
            if is_object(place):
                raise  # the manifest was not swapped: nothing counts
            error = disk.unsettled(place, refused) if isinstance(refused, OSError) else refused
            there = [done[m] for m, (_, each) in changed.items() if _stands(done[m], each)]
            # the cause is the disk itself, which ends a pull of many symbols at once
            cause = refused if isinstance(refused, OSError) else refused.__cause__
            raise PartlyStoredError(error, together(there, swept)) from cause
    return together([*done.values()], swept)


def _stands(month: Stored, each: manifest.MonthFile) -> bool:
    """Return whether a month's file is the one that was to be written."""
    held = disk.found(month.paths[0])
    return held is not None and disk.digest(held) == each.sha256


def together(done: Sequence[Stored], swept: tuple[Path, ...]) -> Stored:
    """Return what several months come to."""
    return Stored(
        tuple(path for each in done for path in each.paths),
        sum(each.n_added for each in done),
        pl.concat([versions.NONE, *(each.corrections for each in done)]),
        swept,
        sum(each.n_late for each in done),
        sum(each.n_backdated for each in done),
    )


def rows(paths: Sequence[Path]) -> pl.DataFrame:
    """Return every version in some months of one symbol, each file checked by its hash.

    Raises
    ------
    DataError
        A file is damaged, gone or cannot be read.
    """
    return _together([part for part, _ in _checked(paths)])


def seen(
    paths: Sequence[Path], as_of_ms: int | None = None, prints: Prints | None = None
) -> pl.DataFrame:
    """Return the rows in some months of one symbol as a reader of some moment saw them.

    Parameters
    ----------
    paths : sequence of Path
        Months in order of time.
    as_of_ms : int, optional
        The moment; the latest of each row when left out.
    prints : Prints, optional
        What was read of each file is put there: its bytes, or as of a moment the rows seen then,
        so that a correction which comes later leaves it.

    Raises
    ------
    DataError
        As ``rows``.

    Notes
    -----
    Units: milliseconds.  Causal: as ``versions.seen``.  Missing: a row not yet known is absent.
    """
    return _together(list(each_seen(paths, as_of_ms, prints)))


def each_seen(
    paths: Sequence[Path], as_of_ms: int | None = None, prints: Prints | None = None
) -> Iterator[pl.DataFrame]:
    """Yield the rows of ``seen`` month after month."""
    for path, (part, read) in zip(paths, _checked(paths), strict=True):
        own = versions.seen(part, as_of_ms)  # versions of one row are in one month
        if prints is not None:
            at = epoch(own["ts"])
            span = (int(at[0]), int(at[-1])) if at.size else None
            digest = read.digest if as_of_ms is None else of_rows(own.drop(KNOWN_AT))
            prints[path] = Print(read.n_bytes, digest, at.size, span)
        yield own.drop(KNOWN_AT)


def _checked(paths: Sequence[Path]) -> Iterator[tuple[pl.DataFrame, Print]]:
    """Yield what each month holds, from bytes that its manifest names."""
    contents: Iterator[tuple[bytes, str]]
    if is_object(paths[0]):
        contents = ((held, disk.digest(held)) for held in prefixes.contents(paths))
    else:
        contents = _on_disk(paths)
    for path, (held, digest) in zip(paths, contents, strict=True):
        found = disk.parsed(path, held)
        if KNOWN_AT not in found.columns:  # of before there were manifests
            found = found.with_columns(pl.col("ts").alias(KNOWN_AT))
        yield found, Print(len(held), digest)


def _on_disk(paths: Sequence[Path]) -> Iterator[tuple[bytes, str]]:
    place = paths[0].parent.parent
    named = manifest.hashes(place)
    for path in paths:
        held = disk.content(path)
        digest = disk.digest(held)
        if named is not None and not _is_named(path, digest, named):
            # a writer went by in between: the second look agrees, unless the file is damaged
            named, held = manifest.hashes(place) or {}, disk.content(path)
            digest = disk.digest(held)
            if not _is_named(path, digest, named):
                is_known = manifest.month_of(path) in named
                raise manifest.damaged(path) if is_known else manifest.unknown(path)
        yield held, digest


def _together(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(parts, how="diagonal") if len(parts) > 1 else parts[0]


def _is_named(path: Path, digest: str, named: dict[str, set[str]]) -> bool:
    return digest in named.get(manifest.month_of(path), ())


def verify(place: Path) -> tuple[str, ...]:
    """Hash every file of a symbol; make its manifest whole where it can be, and say what was."""
    if is_object(place):
        return prefixes.verify(place)
    with locked(place):
        before = manifest.load(place)
        is_broken = (place / manifest.NEXT).exists()
        known = manifest.settle(place)
        mended = [f"{place / manifest.NAME} made whole"] * (is_broken or known != (before or {}))
        for month, each in known.items():
            path = place / f"month={month}" / PART
            if disk.digest(disk.content(path)) != each.sha256:
                raise manifest.damaged(path)
        mended += [f"{path} removed, which a killed write left" for path in manifest.sweep(place)]
        strays = manifest.strays(place, known)
        if strays:
            manifest.announce(place, known | strays)
            manifest.commit(place)
            mended += [f"{place / f'month={month}' / PART} taken in" for month in strays]
    return tuple(mended)


def sweep(where: Path) -> tuple[Path, ...]:
    """Delete what killed writers left of the symbols of a folder that nobody is writing now."""
    if is_object(where):
        return ()  # ``verify`` does: objects have no lock
    left = {path.parent.parent for path in where.glob(f"symbol=*/month=*/.{PART}.*")}
    left |= {path.parent for path in where.glob("symbol=*/.*.*")}
    swept: list[Path] = []
    for place in sorted(left):
        with taking(place) as is_free:
            if is_free:
                swept += manifest.sweep(place)
    return tuple(swept)


def is_ours(path: Path) -> bool:
    """Return whether a file is a month of the lake.

    Examples
    --------
    >>> from pathlib import Path
    >>> is_ours(Path("symbol=A/month=2024-01/part.parquet")), is_ours(Path("part.parquet"))
    (True, False)
    """
    return path.name == PART and path.parent.name.startswith("month=")


def by_month(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the rows of each month, which are sorted by ``ts``, without a copy."""
    at = epoch(rows["ts"])
    start = 0
    while start < rows.height:
        first = datetime.fromtimestamp(at[start] / 1e3, UTC)
        after = datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)
        end = int(np.searchsorted(at, round(after.timestamp() * 1e3)))
        yield f"{first:%Y-%m}", rows.slice(start, end - start)
        start = end
