"""Bytes of one file: read as Parquet or refused by name, replaced in one step.

In: a path, and what is to stand there. Out: the old file or the new one, whatever happens between.
A path of object storage is read there (``objects``).
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from quorate.errors import DataError
from quorate.lake import objects
from quorate.lake.address import is_object

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)


def frame(path: Path) -> pl.DataFrame:
    """Return one file's rows, or a ``DataError`` that names the file."""
    try:
        return pl.read_parquet(path, glob=False, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error


def found(path: Path) -> bytes | None:
    """Return one file's bytes, None where there is none; other errors are the disk's own."""
    if is_object(path):
        held = objects.found(path)
        return None if held is None else held.content
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def content(path: Path) -> bytes:
    """Return one file's bytes, or a ``DataError`` that names the file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def parsed(path: Path, held: bytes) -> pl.DataFrame:
    """Return the rows that a file's bytes hold, or a ``DataError`` that names the file."""
    try:
        return pl.read_parquet(io.BytesIO(held), hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error


def copied(path: Path, to: Path) -> tuple[int, str]:
    """Copy one file and return its bytes and their digest, or a ``DataError`` that names the file.

    Raises
    ------
    OSError
        The copy cannot be written.
    """
    try:
        source = path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from error
    digest, n_bytes = hashlib.sha256(), 0
    with source, to.open("wb") as copy:
        while held := source.read(_PIECE):
            digest.update(held)
            n_bytes += copy.write(held)
    return n_bytes, digest.hexdigest()


def scanned(path: Path, copy: Path) -> pl.LazyFrame:
    """Return the rows of a file's copy as they are asked for, or a ``DataError`` that names it."""
    try:
        return pl.scan_parquet(copy, glob=False, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error


def collected(path: Path, rows: pl.LazyFrame) -> pl.DataFrame:
    """Return rows of a file, or a ``DataError`` that names it."""
    try:
        return rows.collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> DataError:
    """Return the error for a file that is no Parquet file any more, or none yet."""
    return DataError(
        f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}",
        hint="the file is missing, cut short or of another format: fetch it again",
    )


def parquet(rows: pl.DataFrame) -> bytes:
    """Return rows as the bytes of a Parquet file: equal rows, equal bytes.

    LZ4 without column statistics: twice the speed of zstd for half as many bytes again, and a
    month is read whole.
    """
    buffer = io.BytesIO()
    rows.rechunk().write_parquet(buffer, compression="lz4", statistics=False)
    return buffer.getvalue()


def digest(held: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    return hashlib.sha256(held).hexdigest()


def replace(path: Path, held: bytes) -> None:
    """Put bytes in a file in one step: temporary file, fsync, rename, fsync of the folder.

    Raises
    ------
    DataError
        If the disk refuses; ``path`` is then as it was and the temporary file is gone.
    OSError
        If only its folder cannot be made durable; ``path`` is then new.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(held)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise DataError(
            f"{path} was not written ({len(held)} bytes): {error.strerror or error}"
            f"{lacking(error, path.parent, len(held))}",
            hint="free disk space or check the folder's permissions, then write again",
        ) from error
    sync_folder(path.parent)


def is_full(error: BaseException | None) -> bool:
    """Return whether an error, or its cause, is a disk without room.

    Examples
    --------
    >>> is_full(OSError(errno.ENOSPC, "")), is_full(OSError(errno.EIO, "")), is_full(None)
    (True, False, False)
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__
    return False


def lacking(error: OSError, where: Path, n_bytes: int | None) -> str:
    """Return how much a disk that is full lacks, to end a message; nothing for another error.

    Parameters
    ----------
    error : OSError
        What was raised when something was written.
    where : Path
        The folder that it was written to, there or not.
    n_bytes : int, optional
        What it needs, where that is known.

    Notes
    -----
    Units: bytes.  Causal: none.  Missing: what the disk does not say is left out.

    Examples
    --------
    >>> lacking(PermissionError(13, "Permission denied"), Path(), 12)
    ''
    """
    if error.errno not in _FULL:
        return ""
    place = next((each for each in (where, *where.parents) if each.is_dir()), where)
    needed = "" if n_bytes is None else f"it needs {amount(n_bytes)} "
    try:
        free = amount(shutil.disk_usage(place).free)
    except OSError:
        return f"; {needed}in {place}" if needed else ""
    if not needed:
        return f"; in {place} {free} are free"
    return f"; {needed}in {place}, where {free} are free"


def amount(n_bytes: int) -> str:
    """Return an amount of bytes for people.

    Examples
    --------
    >>> amount(12), amount(3 * 2**19)
    ('12 bytes', '1.5 MiB')
    """
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if n_bytes >= unit:
            return f"{n_bytes / unit:,.1f} {name}"
    return f"{n_bytes} bytes"


def unsettled(path: Path, error: OSError) -> DataError:
    """Return the error for what stands there, and may be gone after a loss of power."""
    return DataError(
        f"{path} was written, but its folder is not durable: {error.strerror or error}"
        f"{lacking(error, path.parent, None)}",
        hint="free disk space or check the disk, then write again",
    )


def sync_folder(where: Path) -> None:
    """Make a rename durable: the new name is kept in the folder's own block."""
    handle = os.open(where, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def staged(where: Path) -> Iterator[Path]:
    """Give a folder to write into, whose files stand in another one when all of them are written.

    Parameters
    ----------
    where : Path
        The other one; made if missing, and gone again where nothing came to stand in it.

    Raises
    ------
    DataError
        If the disk refuses.

    Notes
    -----
    Units: none.  Causal: none.  Missing: where what is done with it fails, no file of ``where``
    changes.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with staged(Path(folder) / "made") as place:
    ...         replace(place / "a", b"1")
    ...     [each.name for each in (Path(folder) / "made").iterdir()]
    ['a']
    """
    made = [each for each in (where, *where.parents) if not each.exists()]
    place = None
    try:
        where.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=".staged.", dir=where))
        yield place
        for each in sorted(place.iterdir()):
            each.replace(where / each.name)
        sync_folder(where)
    except OSError as error:
        raise DataError(
            f"{where} was not written: {error.strerror or error}{lacking(error, where, None)}",
            hint="free disk space or check the folder's permissions, then write again",
        ) from error
    finally:
        if place is not None:
            shutil.rmtree(place, ignore_errors=True)
        for each in made:
            with suppress(OSError):  # it holds something
                each.rmdir()
