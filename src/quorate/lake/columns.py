"""A panel on disk, a column a file, for a history that does not fit in memory.

In: a panel, or its blocks as they are made. Out: a folder of ``.npy`` files, and a ``Panel`` whose
columns are read from there as ``blocks`` asks for them: only the block at hand is in memory,
however long the history. Files are read, not mapped: pages of a mapped file count as memory of the
process until the system wants them back.
"""

from __future__ import annotations

import math
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from quorate.core.types import Bars, Market, Venues
from quorate.errors import DataError
from quorate.lake import certificate, described, disk, room
from quorate.lake.arrays import append, put
from quorate.lake.described import FILE, Description, Form, Origin, broken, form
from quorate.lake.generations import Held, fresh, is_ours, is_version
from quorate.lake.panel import Block, Panel, Provenance, blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from quorate.lake.certificate import Certificate

_PLAIN = ("bar_minutes", "k0", "is_synthetic")
_NAMES = ("symbols", "venue_names", "kinds", "funding", "notes")
_BLOCK_CELLS = 100_000
SCRATCH = "scratch"
"""In the folder of a version that is being made: what it is made from."""


@dataclass(frozen=True)
class Column:
    """An array on disk, as far as ``blocks`` needs one: its shape, its type, and rows of it.

    Attributes
    ----------
    path : Path
        The ``.npy`` file.
    shape : tuple of int
        Time first; a venue axis of 1 may be added to that of the file.
    dtype : numpy.dtype
        Of its elements.
    offset : int
        Bytes before the first row.
    held : Held or None
        What keeps the file on disk while a newer version takes its place.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    held: Held | None = field(default=None, compare=False, repr=False)

    def __getitem__(self, rows: slice) -> np.ndarray[Any, np.dtype[Any]]:
        """Return consecutive rows as an array of the caller's own."""
        first, after, step = rows.indices(self.shape[0])
        if step != 1:
            raise ValueError(f"rows {rows} are not consecutive: a column on disk is read in order")
        after = max(first, after)
        width = int(np.prod(self.shape[1:]))
        count, start = (after - first) * width, self.offset + first * width * self.dtype.itemsize
        try:
            found = np.fromfile(self.path, self.dtype, count, offset=start)
        except OSError as error:
            raise _unread(self.path, error) from error
        if found.size < count:
            raise broken(self.path, f"it ends before row {after} of {self.shape[0]}")
        return found.reshape(after - first, *self.shape[1:])


def write(panel: Panel, where: Path, pieces: Iterable[Block] | None = None) -> Panel:
    """Put a panel on disk and return it as it is read from there.

    Parameters
    ----------
    panel : Panel
        The panel; of one whose blocks are given, everything but bars, market, membership and the
        worth of the quote currency.
    where : Path
        A folder of its own; made if missing. A panel that is there is replaced in one step, when
        the new one is on disk whole: until then there is room for both.
    pieces : iterable of Block, optional
        Consecutive blocks from the panel's first bar on; those of the panel when left out.

    Returns
    -------
    Panel
        As ``read`` returns it: the same blocks to the byte.

    Raises
    ------
    ValueError
        A block does not follow on the one before it, or the arrays do not agree with each other.
    DataError
        The disk refuses the bytes, or another process writes here; what was there still is.

    Notes
    -----
    Units: as the panel.  Causal: as the panel.  Missing: as the panel.  DESIGN 5 rule 8.
    Who has the old panel open goes on reading it; it is removed by the next ``write`` after that.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from quorate.lake.synthetic import synthetic
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stored = write(synthetic(n_coins=2, days=1), Path(folder))
    ...     [block.n_bars for block in blocks(stored, 200)], stored.bars.close.shape
    ([200, 88], (288, 2))
    """
    if pieces is None:
        pieces = blocks(panel, max(1, _BLOCK_CELLS // max(1, panel.n_coins)))
    size = panel.n_bars, len(panel.venue_names), panel.n_coins
    with begun(where, lambda: room.panel_bytes(*size)) as (_, finish):
        return finish(panel, pieces)


@contextmanager
def begun(
    where: Path, needed: Callable[[], int | None] = lambda: None
) -> Iterator[tuple[Path, Callable[[Panel, Iterable[Block]], Panel]]]:
    """Begin to write a panel whose blocks are not made yet.

    Parameters
    ----------
    where : Path
        As ``write``.
    needed : callable, optional
        Returns about how many bytes it all takes on the way, once that is known: for the message of
        a full disk.

    Yields
    ------
    tuple of (Path, callable)
        A folder to make for what is needed on the way, which goes with the version that it is in,
        killed or not; and ``write``'s second half: of a panel and its blocks it returns the panel.

    Raises
    ------
    ValueError, DataError
        As ``write``.

    Notes
    -----
    Units, Causal, Missing: as ``write``.  Other writers are kept out from the beginning.
    """
    try:
        with fresh(where, FILE) as (folder, swap):
            scratch = folder / SCRATCH

            def finish(panel: Panel, pieces: Iterable[Block]) -> Panel:
                arrays, same = append(panel.k0, folder, pieces)
                arrays |= {
                    f"venues.{name}": put(folder / f"venues.{name}.npy", array)
                    for name, array in panel.venues._asdict().items()
                }
                arrays["delisted_k"] = put(folder / "delisted_k.npy", panel.delisted_k)
                if panel.certificate is not None:
                    certificate.write(panel.certificate, folder / certificate.FOLDER)
                about = _described(panel, folder.name, arrays, same)
                if scratch.is_dir():
                    shutil.rmtree(scratch)
                swap(about.model_dump_json(indent=1).encode())
                return _opened(folder, about)

            yield scratch, finish
    except OSError as error:
        raise DataError(
            f"the panel was not written to {where}: {error.strerror or error}"
            f"{disk.lacking(error, where, needed())}",
            hint="free disk space or name another folder, then write again",
        ) from error


def read(where: Path) -> Panel:
    """Return a panel that ``write`` put on disk; its bars stay there until a block is asked for.

    Parameters
    ----------
    where : Path
        The folder.

    Returns
    -------
    Panel
        ``bars``, ``market`` and ``member`` hold a ``Column`` each, which is good for ``blocks`` and
        all that is built on it; the rest is in memory.

    Raises
    ------
    DataError
        There is no panel, or its files are not whole.

    Notes
    -----
    Units: as the panel.  Causal: as the panel.  Missing: as the panel.
    """
    about = described.read(where)
    while True:
        try:
            return _opened(where / about.version, about)
        except DataError:
            now = described.read(where)
            if now.version == about.version:
                raise
            about = now  # it was written anew between the two looks


def has_only_ours(where: Path) -> bool:
    """Say whether a folder holds nothing but what ``write`` leaves, finished or not."""
    arrays = ("bars.", "market.", "venues.", "member.", "delisted_k.", "quote_usd.")
    heads = (*arrays, certificate.FOLDER, SCRATCH)
    found = list(where.iterdir())
    return all(is_ours(path, FILE, heads) for path in found) and (
        not found or any(map(is_version, found))
    )


def holds(where: Path) -> bool:
    """Say whether a folder holds a panel that ``write`` put there to its end."""
    return (where / FILE).is_file()


def kept(where: Path) -> Panel:
    """Return a panel of disk that says it came from there, so that a run of it finds it again.

    Parameters
    ----------
    where : Path
        The folder.

    Returns
    -------
    Panel
        As ``read`` returns it, of the same digest; ``source.made`` names the folder.

    Raises
    ------
    DataError
        As ``read``.

    Notes
    -----
    Units: as the panel.  Causal: as the panel.  Missing: as the panel.  The digest is that of what
    was put on disk: a file that was written to since, at its old length, is not noticed.
    """
    return of_folder(read(where), where)


def of_folder(panel: Panel, where: Path) -> Panel:
    """Return a panel that says it was kept in a folder."""
    made = {"call": "kept", "path": str(where.absolute())}
    return changed(panel, source=panel.source._replace(made=made))


def array(path: Path) -> Column:
    """Return an array that ``numpy.save`` wrote; it stays on disk, rows are read as asked for.

    Parameters
    ----------
    path : Path
        The ``.npy`` file, time first, C-contiguous.

    Raises
    ------
    DataError
        There is no such array.

    Notes
    -----
    Units: as the file.  Causal: as the file.  Missing: as the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "weights.npy"
    ...     np.save(path, np.arange(6.0).reshape(3, 2))
    ...     array(path)[1:3].tolist()
    [[2.0, 3.0], [4.0, 5.0]]
    """
    return _column(path, of_market=False)


def _described(
    panel: Panel, version: str, arrays: dict[str, Form], same: dict[str, str]
) -> Description:
    """Say what is written; refuse what could not be read again."""
    facts: dict[str, Any] = {name: getattr(panel, name) for name in _PLAIN}
    facts |= {name: tuple(getattr(panel, name)) for name in _NAMES}
    try:
        return Description(
            version=version,
            lacks=tuple(sorted(panel.lacks)),
            source=Origin(**panel.source._asdict()),
            same=same,
            arrays=arrays,
            **facts,
        )
    except ValidationError as error:
        said = error.errors(include_url=False)[0]["msg"]
        raise ValueError(f"this is not a panel that can be read again: {said}") from error


def _opened(folder: Path, about: Description) -> Panel:
    """Return the panel of one version, every file checked against what is said of it."""
    try:
        held = Held(folder)
    except OSError as error:
        raise broken(folder, error.strerror or str(error)) from error

    def column(name: str) -> Any:  # noqa: ANN401  (it stands where an array would)
        path = folder / f"{about.same.get(name, name)}.npy"
        found = _column(path, of_market=name.startswith("market."), held=held)
        wanted = about.arrays.get(name)
        if wanted is not None and wanted != form(found.dtype, found.shape):
            raise broken(
                path,
                f"it holds {found.dtype} {found.shape}, {FILE} says {wanted.dtype} {wanted.shape}",
            )
        return found

    plain: dict[str, Any] = {name: getattr(about, name) for name in (*_PLAIN, *_NAMES)}
    return Panel(
        **plain,
        bars=Bars(*(column(f"bars.{name}") for name in Bars._fields)),
        market=Market(*(column(f"market.{name}") for name in Market._fields)),
        venues=Venues(*(column(f"venues.{name}")[:] for name in Venues._fields)),
        quote_usd=column("quote_usd")[:],
        member=column("member"),
        delisted_k=column("delisted_k")[:],
        source=Provenance(**about.source.model_dump()),
        lacks=frozenset(about.lacks),
        certificate=_certificate(folder / certificate.FOLDER),
    )


def _certificate(where: Path) -> Certificate | None:
    return certificate.read(where) if where.is_dir() else None


def _column(path: Path, *, of_market: bool, held: Held | None = None) -> Column:
    """Read a file's header and check that the file is as long as it says."""
    try:
        with path.open("rb") as stream:
            np.lib.format.read_magic(stream)
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
            offset, size = stream.tell(), os.fstat(stream.fileno()).st_size
    except (OSError, ValueError) as error:
        raise broken(path, str(error)) from error
    if size != offset + math.prod(shape) * dtype.itemsize:
        raise broken(path, f"it has {size} bytes, which is not what its header says")
    if is_fortran:
        raise broken(path, "it is in Fortran order, its rows are scattered")
    if of_market and len(shape) == 2:
        shape = (shape[0], 1, shape[1])
    return Column(path, shape, dtype, offset, held)


def _unread(path: Path, error: OSError) -> DataError:
    """Say why rows cannot be read: a newer version took the place of the one that was open."""
    where = path.parent.parent
    if not path.exists() and holds(where) and described.read(where).version != path.parent.name:
        return DataError(
            f"the panel in {where} was written anew since it was opened, its rows have gone",
            hint="load it again and start over",
        )
    return broken(path, error.strerror or str(error))
