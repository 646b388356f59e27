"""Imports that were begun and not ended: how far the lake went before them.

In: a folder of the lake and what is imported into it. Out: the reach that its rows are dated by. An
import that a kill or a full disk broke off leaves some symbols whole and others short. Begun again
it must date the rest as the first attempt would have: as of the moment it was begun the lake had
none of it. So an import writes down how far the lake went, and takes that away when it is done. It
is known again by the place of what is imported, or by its files where they were moved meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import DataError
from quorate.lake import disk, objects
from quorate.lake.address import is_object
from quorate.lake.reach import Reached

if TYPE_CHECKING:
    from pathlib import Path

_END_BYTES: Final = 65_536


def since(target: Path, source: Path, now: Reached | None) -> Reached | None:
    """Return how far a folder of the lake went when an import of a source was first begun.

    Parameters
    ----------
    target : path
        The folder of a vendor, kind and interval.
    source : path
        What is imported: a file or a folder.
    now : Reached or None
        How far it goes now; written down where no import of the source was broken off.

    Raises
    ------
    DataError
        It cannot be written down, or what was is damaged.

    Notes
    -----
    Units: milliseconds.  Causal: as the first attempt.  Missing: None is an empty folder.
    Spec 13.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     target, source = Path(folder), Path("bars")
    ...     first = since(target, source, None)
    ...     again = since(target, source, Reached(5, {"BTC": 1}))
    ...     ended(target, source)
    ...     later = since(target, source, Reached(5, {"BTC": 1}))
    >>> first, again, later.told_ms
    (None, None, 5)
    """
    paths = _paths(target, source)
    for path in paths:
        held = _read(path)
        if held is not None:
            row, _ = _told(path, held)
            return None if row is None else Reached(int(row[0]), dict(row[1]))
    reached = None if now is None else [now.told_ms, dict(now.first_ms)]
    record = {"reached": reached, "names": [path.name for path in paths]}
    for path in paths:
        _write(path, json.dumps(record).encode())
    return now


def ended(target: Path, source: Path) -> None:
    """Say that an import of a source has ended, wherever its files were: nothing is missing."""
    paths = _paths(target, source)
    gone = dict.fromkeys(path.name for path in paths)
    for path in paths:
        held = _read(path)
        if held is not None:
            gone |= dict.fromkeys(_told(path, held)[1])
    for name in gone:
        if is_object(target):
            objects.drop([target / name])
        else:
            (target / name).unlink(missing_ok=True)


def _told(path: Path, held: bytes) -> tuple[Any, list[str]]:
    """Return how far the lake went, as it was written, and the records of the same import."""
    try:
        told = json.loads(held)
        if isinstance(told, dict):
            row, names = told["reached"], [str(each) for each in told["names"]]
        else:  # of before imports were known by their files too
            row, names = told, [path.name]
        if row is not None:
            int(row[0]), dict(row[1])
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise DataError(
            f"{path} cannot be read: {error}",
            hint="delete it: the import then dates what it brings late to now",
        ) from error
    return row, names


def _paths(target: Path, source: Path) -> list[Path]:
    """Return where an import of a source is written down: by its place, and by its files."""
    place = hashlib.blake2b(str(source.absolute()).encode(), digest_size=6).hexdigest()
    found = [target / f"unfinished-{place}.json"]
    files = [source] if source.is_file() else sorted(source.rglob("*")) if source.is_dir() else []
    content = hashlib.blake2b(digest_size=6)
    for path in files:
        if path.is_file():
            name = path.name if path == source else path.relative_to(source).as_posix()
            content.update(json.dumps([name, path.stat().st_size]).encode())
            content.update(_ends(path))
    return [*found, target / f"unfinished-files-{content.hexdigest()}.json"] if files else found


def _ends(path: Path) -> bytes:
    """Return a file's first and last bytes, which other rows change: of Parquet its statistics."""
    with path.open("rb") as stream:
        first = stream.read(_END_BYTES)
        stream.seek(max(path.stat().st_size - _END_BYTES, 0))
        return first + stream.read(_END_BYTES)


def _read(path: Path) -> bytes | None:
    if is_object(path):
        version = objects.found(path)
        return None if version is None else version.content
    return disk.found(path)


def _write(path: Path, held: bytes) -> None:
    if is_object(path):
        objects.replace(path, held)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{path.parent} cannot be made: {error.strerror or error}",
            hint="free disk space or check the folder's permissions, then import again",
        ) from error
    try:
        disk.replace(path, held)
    except OSError as error:
        raise disk.unsettled(path, error) from error
