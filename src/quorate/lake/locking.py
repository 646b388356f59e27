"""One writer a symbol: who comes second is told so, and who dies leaves no lock behind."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from quorate.errors import DataError
from quorate.lake import disk
from quorate.lake.address import is_object

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "lock"


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Hold a symbol's folder, made if missing, for one writer.

    Raises
    ------
    DataError
        Another process or thread is writing there, or the folder cannot be made.

    Notes
    -----
    The kernel drops the lock with the process, so a kill leaves none; the empty file stays, and was
    changed last when the lock was taken.
    """
    with taking(place) as is_free:
        if not is_free:
            raise DataError(
                f"{place} is being written by another import or pull",
                hint="wait until it is done, then write again: it will add what is missing",
            )
        yield


@contextmanager
def taking(place: Path, name: str = NAME) -> Iterator[bool]:
    """Hold a folder, made if missing, and say whether it was free; ``DataError`` as ``writing``.

    Of a folder in which several things are held each has a ``name`` of its own.
    In a bucket nothing is held and everything is free: there a manifest is put on condition.
    """
    if is_object(place):
        yield True
        return
    try:
        place.mkdir(parents=True, exist_ok=True)
        handle = os.open(place / name, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DataError(
            f"{place} was not written: {error.strerror or error}{disk.lacking(error, place, None)}",
            hint="free disk space or check the folder's permissions, then write again",
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_free = True
            os.utime(handle)  # since when: what is older is of no living writer
        except BlockingIOError:
            is_free = False
        yield is_free
    finally:
        os.close(handle)
