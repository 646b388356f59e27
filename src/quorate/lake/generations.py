"""A folder whose content is replaced whole, under the eyes of those who read it.

In: files, put into a new sub-folder. Out: a description beside it that names the sub-folder, itself
replaced in one step: before it the old version holds, after it the new one, whenever a process is
killed. One process writes at a time. A version is removed by the next writer, unless somebody has
it open: locks go with the processes that hold them, so one that was killed is in nobody's way.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from quorate.errors import DataError
from quorate.lake.disk import replace, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_VERSION = re.compile(r"version-[0-9a-f]{8}")


class Held:
    """A version that is open: it stays on disk as long as this lives.

    Raises
    ------
    FileNotFoundError
        The version is gone, or about to be.
    """

    def __init__(self, folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        weakref.finalize(self, os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FileNotFoundError(f"{folder} is being removed") from error
        except OSError:
            # a file system without locks: who reads is then told that the files have gone
            return


@contextmanager
def fresh(where: Path, file: str) -> Iterator[tuple[Path, Callable[[bytes], None]]]:
    """Give an empty version, and what makes it the one that holds.

    Parameters
    ----------
    where : Path
        The folder; made if missing, and gone again where nothing was swapped in.
    file : str
        The name of the description in it.

    Yields
    ------
    tuple of (Path, callable)
        The new version's folder. The files in it must be synced; the callable takes the description
        and swaps it in. A version that was not swapped in when the block is left is removed.

    Raises
    ------
    DataError
        Another process is writing here.
    OSError
        The disk refuses.

    Notes
    -----
    Units, Causal: none.  Missing: without a swap everything is as it was.
    """
    made = [each for each in (where, *where.parents) if not each.exists()]
    where.mkdir(parents=True, exist_ok=True)
    if made:
        sync_folder(where.parent)
    with _alone(where):
        folder = where / f"version-{secrets.token_hex(4)}"
        folder.mkdir()
        done = False

        def swap(description: bytes) -> None:
            nonlocal done
            sync_folder(folder)
            # from here on the new name may be the one on disk, whatever is raised
            done = True
            try:
                replace(where / file, description)
            except DataError:
                done = False
                raise
            _clear(where, {file, folder.name})

        try:
            yield folder, swap
        finally:
            if not done:
                shutil.rmtree(folder, ignore_errors=True)
                with suppress(OSError):  # somebody else put something there
                    for each in made:
                        each.rmdir()


def is_ours(path: Path, file: str, heads: tuple[str, ...]) -> bool:
    """Say whether a path is what a writer leaves: the description, a version, a part of either.

    Parameters
    ----------
    path : Path
        In the folder.
    file : str
        The name of the description.
    heads : tuple of str
        How the names of arrays and folders in a version begin.
    """
    if is_version(path):
        try:
            return all(
                each.name.startswith(heads) and (each.suffix == ".npy" or each.is_dir())
                for each in path.iterdir()
            )
        except FileNotFoundError:
            return True  # a writer has just removed it
        except NotADirectoryError:
            return False
    return path.name == file or path.name.startswith(f".{file}.")


def is_version(path: Path) -> bool:
    """Say whether a path has the name of a version."""
    return _VERSION.fullmatch(path.name) is not None


@contextmanager
def _alone(where: Path) -> Iterator[None]:
    """Keep other writers out."""
    handle = os.open(where, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataError(
                f"another process is keeping a panel in {where}",
                hint="wait until it is done, or name another folder",
            ) from error
        yield
    finally:
        os.close(handle)


def _clear(where: Path, wanted: set[str]) -> None:
    """Remove the versions, and parts of a description, that nobody reads."""
    for path in where.iterdir():
        if path.name in wanted:
            continue
        if _VERSION.fullmatch(path.name) and path.is_dir():
            _remove(path)
        elif path.name.startswith(".") and path.name[1:].startswith(tuple(wanted)):
            path.unlink(missing_ok=True)


def _remove(folder: Path) -> None:
    """Remove a version unless it is open; what cannot be removed now is left to the next writer."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        finally:
            os.close(handle)
