"""Frames on disk instead of in memory, in a file that has no name.

In: frames of one schema, one after the other. Out: the same frames, as often as they are asked for.
The file belongs to the process alone: whatever ends it, kill included, nothing is left behind.
"""

from __future__ import annotations

import contextlib
import io
import weakref
from tempfile import TemporaryFile, gettempdir
from threading import Lock
from typing import IO, TYPE_CHECKING

import polars as pl

from quorate.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def _close(file: IO[bytes]) -> None:
    """Close a file that has no name; what a full disk kept from it is told already."""
    with contextlib.suppress(OSError):
        file.close()


class Spool:
    """Frames in the order in which they were put.

    Parameters
    ----------
    place : Path, optional
        A folder on the disk that is to hold them; the system's temporary folder when left out.
        Nothing is seen there.

    Notes
    -----
    Units: none.  Causal: nothing that was put is changed.  Missing: as in the frames.

    Examples
    --------
    >>> spool = Spool()
    >>> spool.put(pl.DataFrame({"a": [1, 2]}))
    >>> [frame["a"].to_list() for frame in spool.frames()]
    [[1, 2]]
    """

    def __init__(self, place: Path | None = None) -> None:
        self._place = place
        self._file: IO[bytes] | None = None
        self._pieces: list[tuple[int, int]] = []
        self._lock = Lock()

    def put(self, frame: pl.DataFrame) -> None:
        """Write a frame behind the others.

        Raises
        ------
        DataError
            The disk is full, or the place cannot be written.
        """
        piece = io.BytesIO()
        frame.write_ipc(piece, compression="lz4")
        try:
            with self._lock:
                if self._file is None:
                    self._file = TemporaryFile(dir=self._place)
                    weakref.finalize(self, _close, self._file)
                at = self._file.seek(0, io.SEEK_END)
                self._file.write(piece.getbuffer())
                self._file.flush()
        except OSError as error:
            n_there = sum(size for _, size in self._pieces)
            raise DataError(
                f"what was decided cannot be put on disk: {error.strerror or error}; "
                f"{n_there:,d} bytes are there, {piece.tell():,d} more were to come now",
                hint=f"free some space in {self._place or gettempdir()}, or name another "
                + ("place with --out" if self._place else "one in TMPDIR"),
            ) from error
        self._pieces.append((at, piece.tell()))

    def frames(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Read the frames back, one at a time, or some columns of them."""
        chosen = None if columns is None else list(columns)
        for at, size in self._pieces:
            yield pl.read_ipc(io.BytesIO(self._read(at, size)), columns=chosen)

    def _read(self, at: int, size: int) -> bytes:
        if self._file is None:
            return b""
        with self._lock:  # two readers may be at it
            self._file.seek(at)
            return self._file.read(size)
