"""What the files of one symbol hold, by month, and how a broken write is made whole.

In: the folder of a symbol. Out: ``manifest.json`` in it: rows, span, hash of each month's file. A
write puts the manifest to be beside it first (``manifest.next.json``), then the data, then renames:
whatever kills it, every file is named by its hash in one of the two, or it is damaged.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from quorate.errors import DataError
from quorate.lake import disk, locking, versions
from quorate.lake.kinds import KINDS, KNOWN_AT, epoch, interval_ms, is_increasing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from quorate.core.types import IntVec


PART: Final = "part.parquet"
NAME: Final = "manifest.json"
NEXT: Final = "manifest.next.json"
_FORM: Final = 1


class MonthFile(NamedTuple):
    """One month's file.

    ``rows`` counts versions, ``times`` those of different ``ts``; ``corrections`` the versions
    that say otherwise than the one before. Times in UTC milliseconds, ``size`` in bytes. ``gaps``
    counts runs of bars that are missing between the first and the last; None where no interval is
    kept, and in a manifest of before they were counted.
    """

    rows: int
    times: int
    first_ms: int
    last_ms: int
    known_from_ms: int
    known_to_ms: int
    corrections: int
    size: int
    sha256: str
    gaps: int | None = None


def bar_ms(place: Path) -> int | None:
    """Return the length of the bars in a symbol's folder; None of what is kept at no interval.

    Examples
    --------
    >>> from pathlib import Path
    >>> bar_ms(Path("vendor=v/kind=ohlcv/interval=5m/symbol=A"))
    300000
    >>> bar_ms(Path("vendor=v/kind=funding/interval=8h/symbol=A")) is None
    True
    """
    named = dict(part.partition("=")[::2] for part in place.parts[-4:])
    kind = KINDS.get(named.get("kind", ""))
    return interval_ms(named["interval"]) if kind is not None and kind.is_bar else None


def is_gap(step_ms: int | IntVec, length_ms: int) -> Any:  # noqa: ANN401  (as what is given)
    """Return whether a bar is missing between two, which may be seconds off the grid.

    Examples
    --------
    >>> is_gap(300_009, 300_000), is_gap(600_000, 300_000)
    (False, True)
    """
    return step_ms > 3 * length_ms // 2


def about(rows: pl.DataFrame, held: bytes, length_ms: int | None = None) -> MonthFile:
    """Return what a month's file holds; ``length_ms`` is that of its bars (``bar_ms``).

    Examples
    --------
    >>> import polars as pl
    >>> rows = pl.DataFrame({"ts": [5, 5, 6], "close": [1.0, 2.0, 2.0], "known_at": [7, 9, 8]})
    >>> found = about(rows, b"")
    >>> found.rows, found.times, found.known_to_ms, found.corrections
    (3, 2, 9, 1)
    """
    at, known = epoch(rows["ts"]), epoch(rows[KNOWN_AT])
    return MonthFile(
        rows=rows.height,
        times=rows.height if is_increasing(rows["ts"]) else rows["ts"].n_unique(),
        first_ms=int(at[0]),
        last_ms=int(at[-1]),
        known_from_ms=int(known.min()),
        known_to_ms=int(known.max()),
        corrections=versions.n_corrected(rows),
        size=len(held),
        sha256=disk.digest(held),
        gaps=None if length_ms is None else int(is_gap(np.diff(at), length_ms).sum()),
    )


def load(place: Path, name: str = NAME) -> dict[str, MonthFile] | None:
    """Return the months of a manifest; None where there is none.

    Raises
    ------
    DataError
        It is there and cannot be read.
    """
    path = place / name
    try:
        held = disk.found(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    return None if held is None else parsed(path, held)


def parsed(path: Path, held: bytes) -> dict[str, MonthFile]:
    """Return the months that a manifest's bytes name, or a ``DataError`` that names the file."""
    try:
        told = json.loads(held)
        if told["form"] != _FORM:
            raise DataError(
                f"{path} is of form {told['form']}, this version reads form {_FORM}",
                hint="use the version that wrote it",
            )
        return {month: MonthFile(**each) for month, each in told["months"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} cannot be read: {error}",
        hint="delete it and run `quorate data ls LAKE --verify`, which makes it from the files",
    )


def announce(place: Path, months: Mapping[str, MonthFile]) -> None:
    """Put the manifest to be beside the one that is; data may be replaced from then on."""
    disk.replace(place / NEXT, written(months))


def commit(place: Path) -> None:
    """Make the announced manifest the one that is."""
    try:
        (place / NEXT).replace(place / NAME)
    except OSError as error:
        raise DataError(
            f"{place / NAME} was not written: {error.strerror or error}",
            hint="free disk space or check the folder's permissions, then write again",
        ) from error
    disk.sync_folder(place)


def settle(place: Path) -> dict[str, MonthFile]:
    """Return the manifest of a symbol, made whole if a write was broken off.

    Only for whoever holds the lock of the symbol.

    Raises
    ------
    DataError
        A file is damaged or gone.
    """
    known = load(place)
    if (place / NEXT).exists():
        known = _finish(place, known or {})
    elif known is None:
        known = _adopt(place)
    check_there(place, known)
    return known


def sweep(place: Path) -> tuple[Path, ...]:
    """Delete the temporary files that killed writers left, and return them.

    Only for whoever holds the lock of the symbol. A file that is younger than the lock was taken is
    left alone: on a disk whose locks do not hold it may be another writer's.

    Raises
    ------
    DataError
        The disk refuses.
    """
    try:
        taken_ns = (place / locking.NAME).stat().st_mtime_ns
        found = [*place.glob(".*.*"), *place.glob(f"month=*/.{PART}.*")]
        old = sorted(path for path in found if path.stat().st_mtime_ns <= taken_ns)
        for path in old:
            path.unlink()
    except OSError as error:
        raise DataError(
            f"what a killed write left in {place} cannot be removed: {error.strerror or error}",
            hint="check the folder's permissions; files that begin with a dot may be deleted",
        ) from error
    for path in old:
        with suppress(OSError):  # a month that never came to be; others have their file
            path.parent.rmdir()
    return tuple(old)


def hashes(place: Path) -> dict[str, set[str]] | None:
    """Return the hashes that a month's file may have; None of a lake of before manifests.

    Two, while a writer is between data and manifest, or was killed there.
    """
    named = [each for each in (load(place, NEXT), load(place)) if each is not None]
    found: dict[str, set[str]] = {}
    for months in named:
        for month, each in months.items():
            found.setdefault(month, set()).add(each.sha256)
    return found if named else None


def month_of(path: Path) -> str:
    """Return the month of a file's folder."""
    return path.parent.name.removeprefix("month=")


def damaged(path: Path) -> DataError:
    """Return the error for a file whose bytes are not those that were written."""
    return DataError(
        f"{path} is damaged: its bytes are not those that its manifest names",
        hint="delete the file and its manifest.json, then import or pull that month again",
    )


def unknown(path: Path) -> DataError:
    """Return the error for a file that nobody wrote here."""
    return DataError(
        f"{path} is in no manifest",
        hint="if you put it there, run `quorate data ls LAKE --verify`, which takes it in",
    )


def _finish(place: Path, known: Mapping[str, MonthFile]) -> dict[str, MonthFile]:
    """Take of each month what its file is: as announced or as it was."""
    announced = load(place, NEXT) or {}
    found = {}
    for path in sorted(place.glob(f"month=*/{PART}")):
        month = month_of(path)
        digest = disk.digest(disk.content(path))
        meant = [
            months[month]
            for months in (announced, known)
            if month in months and months[month].sha256 == digest
        ]
        if not meant:
            raise damaged(path)
        found[month] = meant[0]
    check_there(place, known)
    if not found:
        (place / NEXT).unlink()
        return {}
    announce(place, found)
    commit(place)
    return found


def _adopt(place: Path) -> dict[str, MonthFile]:
    """Make a manifest of files that have none."""
    found = strays(place, {})
    if found:
        announce(place, found)
        commit(place)
    return found


def strays(place: Path, known: Mapping[str, MonthFile]) -> dict[str, MonthFile]:
    """Return what is in the files that a manifest does not name, if they are of the lake.

    Raises
    ------
    DataError
        Nothing says when the rows of one became known, or it cannot be read.
    """
    found = {}
    for path in sorted(place.glob(f"month=*/{PART}")):
        if month_of(path) in known:
            continue
        held = disk.content(path)
        found[month_of(path)] = about(of_lake(path, held), held, bar_ms(place))
    return found


def of_lake(path: Path, held: bytes) -> pl.DataFrame:
    """Return the rows of a file that no manifest names, if they are such as the lake keeps."""
    rows = disk.parsed(path, held)
    if KNOWN_AT not in rows.columns:
        raise DataError(
            f"{path} has no column {KNOWN_AT}, so nothing says when its rows became known",
            hint="import it into a lake of its own: `quorate data import FOLDER --lake L`",
        )
    return rows


def check_there(place: Path, known: Mapping[str, MonthFile]) -> None:
    """Refuse a symbol that has lost a file."""
    for month in known:
        if not (place / f"month={month}" / PART).is_file():
            raise absent(place, month)


def absent(place: Path, month: str) -> DataError:
    """Return the error for a file that the manifest names and that is not there."""
    return DataError(
        f"{place / f'month={month}' / PART} is gone, its manifest names it",
        hint="bring the file back, or delete manifest.json and import or pull that month again",
    )


def written(months: Mapping[str, MonthFile]) -> bytes:
    """Return the bytes of a manifest: equal months, equal bytes."""
    told = {"form": _FORM, "months": {name: months[name]._asdict() for name in sorted(months)}}
    return json.dumps(told, indent=0).encode()
