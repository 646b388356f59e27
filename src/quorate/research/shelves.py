"""The folders of versions: a model set and the audit it passed, put in place whole, never changed.

In: a version, its fits, its audit. Out: a folder of the version's name; fits, read back and held
against the index; and where folders and index differ, in words.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from quorate.errors import DataError, ModelFileError
from quorate.lake import disk, locking
from quorate.research import model_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from quorate.research.fits import Fits
    from quorate.research.versions import Index, Version

AUDIT: Final = "audit.json"
_FOLDER: Final = re.compile(r"v(\d{4,})")
_TEMPORARY: Final = ".new-"
_WAIT_S: Final = 20.0


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a registry for one writer; wait for another one a while, then ``DataError``."""
    end = time.monotonic() + _WAIT_S
    while True:
        with locking.taking(folder) as is_free:
            if is_free:
                yield
                return
        if time.monotonic() > end:
            raise DataError(
                f"another process has been writing to {folder} for {_WAIT_S:g} s",
                hint="wait until it is done, then do it again",
            )
        time.sleep(0.02)


def names(folder: Path) -> list[str]:
    """Return the folders that are called as versions are, in order."""
    return sorted(path.name for path in folder.iterdir() if _FOLDER.fullmatch(path.name))


def next_number(folder: Path, index: Index) -> int:
    """Return a number that no version and no folder has had."""
    taken = [int(name[1:]) for name in names(folder)]
    return 1 + max((*taken, *(each.number for each in index.versions)), default=0)


def put(folder: Path, version: Version, fits: Fits, audit: Mapping[str, Any]) -> str:
    """Put the files of a set and its audit in the folder of a version, whole or not at all.

    Parameters
    ----------
    folder : Path
        Of the registry; who calls holds its lock.
    version : Version
        Whose folder it is; there must be none of its name.
    fits : Fits
        Of the set, with the files they were read from.
    audit : Mapping
        Plain values.

    Returns
    -------
    str
        SHA-256 of what was written of the audit, in hex.

    Raises
    ------
    ModelFileError
        The set was replaced meanwhile.
    DataError
        The disk refuses.

    Notes
    -----
    Units: none.  Causal: none.  Missing: none.
    """
    made = folder / f"{_TEMPORARY}{version.name}"
    shutil.rmtree(made, ignore_errors=True)
    for path in fits.files:
        disk.replace(made / path.name, disk.content(path))
    told = json.dumps({"digest": version.audit, **audit}, indent=1, sort_keys=True).encode()
    disk.replace(made / AUDIT, told)
    # what was copied is what was read, even if the source was replaced meanwhile
    model_set.read(made, digest=version.digest)
    try:
        for path in made.iterdir():
            path.chmod(0o444)
        made.rename(folder / version.name)
        disk.sync_folder(folder)
    except OSError as error:
        raise DataError(
            f"{folder / version.name} was not written: {error.strerror or error}",
            hint="free disk space or check the folder's permissions, then publish again",
        ) from error
    return disk.digest(told)


def fits(folder: Path, version: Version, trusted: Iterable[bytes] | None = None) -> Fits:
    """Return the fits of a version, whole; ``ModelFileError`` as ``model_set.read``."""
    return model_set.read(folder / version.name, digest=version.digest, trusted=trusted)


def differences(folder: Path, index: Index) -> tuple[str, ...]:
    """Return in words where the folders of a registry are not what its signed index says.

    Parameters
    ----------
    folder : Path
        Of the registry.
    index : Index
        As it was read.

    Notes
    -----
    Units: none.  Causal: none.  Missing: told.
    """
    found = []
    for version in index.versions:
        try:
            fits(folder, version)
        except ModelFileError as error:
            found.append(f"{version.name}: {error.message}")
        path = folder / version.name / AUDIT
        try:
            record = disk.digest(path.read_bytes())
        except OSError as error:
            found.append(f"{version.name}: {path} cannot be read: {error.strerror}")
            continue
        if record != version.record:
            found.append(
                f"{version.name}: {path} has the SHA-256 {record[:16]}, the index says "
                f"{version.record[:16]}"
            )
    listed = {version.name for version in index.versions}
    found += [
        f"{name} is in no index: a publish was cut off there, or an older index was restored"
        for name in names(folder)
        if name not in listed
    ]
    return tuple(found)
