"""Files for their owner alone, written whole or not at all.

In: paths. Out: bytes of plain files of ours that nobody else may read; and files replaced in one
step, so that a crash at any moment leaves the old one or the new one.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quorate.errors import SecretsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHERS: Final = 0o077
_MOST: Final = 1 << 20


def read(path: Path, *, others: int = _OTHERS) -> bytes:
    """Return the content of a private file.

    Parameters
    ----------
    path : Path
        No link is followed, and what is checked is what is read.
    others : int
        Which bits of its mode must not be set.

    Raises
    ------
    SecretsError
        It cannot be read, is no plain file of this user, or others may read it.

    Notes
    -----
    Units: none.  Causal: none.  Missing: an error; look whether it is there first.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise SecretsError(
            f"{path} cannot be read: {error.strerror}", hint="look who owns it, and where it is"
        ) from error
    with os.fdopen(handle, "rb") as stream:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_uid not in (os.getuid(), 0):
            raise SecretsError(
                f"{path} is not a plain file of this user", hint="move it away and look at it"
            )
        if about.st_mode & others:
            raise SecretsError(
                f"others may use {path}: its mode is {stat.S_IMODE(about.st_mode):o}",
                hint=f"chmod 600 {path}; if others had access, replace the keys in it",
            )
        return stream.read(_MOST)


def check_folder(folder: Path, *, make: bool = False) -> None:
    """Refuse a folder that is not this user's alone.

    Parameters
    ----------
    folder : Path
        Mode 0700.
    make : bool
        Make it where it is missing.

    Raises
    ------
    SecretsError
        It is no folder, another user's, or others may look into it.
    """
    try:
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.lstat()
    except OSError as error:
        raise SecretsError(
            f"the folder {folder} cannot be used: {error.strerror}",
            hint="secrets.folder names another one",
        ) from error
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
        raise SecretsError(
            f"{folder} is not a folder of this user", hint="secrets.folder names another one"
        )
    if about.st_mode & _OTHERS:
        raise SecretsError(
            f"others may look into {folder}: its mode is {stat.S_IMODE(about.st_mode):o}",
            hint=f"chmod 700 {folder}",
        )


def replace(path: Path, held: bytes) -> None:
    """Put a file in the place of another: temporary file, fsync, rename, fsync of the folder.

    Raises
    ------
    SecretsError
        It cannot be written; what was there is there.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(held)
            stream.flush()
            os.fsync(handle)
        os.replace(temporary, path)  # noqa: PTH105  (a crash test counts the calls of ``os``)
        temporary = ""
        _sync(path.parent)
    except OSError as error:
        raise SecretsError(
            f"{path} cannot be written: {error.strerror}; what was there is there",
            hint="look at the folder and at the room on its disk",
        ) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file while something is read, changed and written."""
    import fcntl

    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
