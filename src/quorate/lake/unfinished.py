"""Imports that were begun and not ended: how far the lake went before them.

In: a folder of the lake and what is imported into it. Out: the reach that its rows are dated by. An
import that a kill or a full disk broke off leaves some symbols whole and others short. Begun again
it must date the rest as the first attempt would have: as of the moment it was begun the lake had
none of it. So an import writes down how far the lake went, and takes that away when it has ended.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from quorate.errors import DataError
from quorate.lake import disk, objects
from quorate.lake.address import is_object
from quorate.lake.reach import Reached

if TYPE_CHECKING:
    from pathlib import Path


def since(target: Path, source: Path, now: Reached | None) -> Reached | None:
    """Return how far a folder of the lake went when an import of a source was first begun.

    Parameters
    ----------
    target : path
        The folder of a vendor, kind and interval.
    source : path
        What is imported.
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
    path = _path(target, source)
    held = _read(path)
    if held is None:
        row = None if now is None else [now.told_ms, dict(now.first_ms)]
        _write(path, json.dumps(row).encode())
        return now
    try:
        row = json.loads(held)
        return None if row is None else Reached(int(row[0]), dict(row[1]))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise DataError(
            f"{path} cannot be read: {error}",
            hint="delete it: the import then dates what it brings late to now",
        ) from error


def ended(target: Path, source: Path) -> None:
    """Say that an import of a source has ended: nothing of it is missing."""
    path = _path(target, source)
    if is_object(path):
        objects.drop([path])
    else:
        path.unlink(missing_ok=True)


def _path(target: Path, source: Path) -> Path:
    name = hashlib.blake2b(str(source.absolute()).encode(), digest_size=6).hexdigest()
    return target / f"unfinished-{name}.json"


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
