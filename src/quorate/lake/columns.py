"""A panel on disk, a column a file, for a history that does not fit in memory.

In: a panel, or its blocks as they are made. Out: a folder of ``.npy`` files, and a ``Panel`` whose
columns are read from there as ``blocks`` asks for them: only the block at hand is in memory,
however long the history. Files are read, not mapped: pages of a mapped file count as memory of the
process until the system wants them back.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.core.types import Bars, Market, Venues
from quorate.errors import DataError
from quorate.lake.disk import replace
from quorate.lake.panel import Block, Panel, Provenance, blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

_ABOUT = "panel.json"
_PLAIN = ("bar_minutes", "k0", "is_synthetic")
_NAMES = ("symbols", "venue_names", "kinds", "funding", "notes")
_BLOCK_CELLS = 100_000


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
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int

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
            raise _broken(self.path, error.strerror or str(error)) from error
        if found.size < count:
            raise _broken(self.path, f"it ends before row {after} of {self.shape[0]}")
        return found.reshape(after - first, *self.shape[1:])


def write(panel: Panel, where: Path, pieces: Iterable[Block] | None = None) -> Panel:
    """Put a panel on disk and return it as it is read from there.

    Parameters
    ----------
    panel : Panel
        The panel; of one whose blocks are given, everything but bars, market, membership and the
        worth of the quote currency.
    where : Path
        A folder of its own; made if missing. What says that a panel is there is written last.
    pieces : iterable of Block, optional
        Consecutive blocks from the panel's first bar on; those of the panel when left out.

    Returns
    -------
    Panel
        As ``read`` returns it: the same blocks to the byte.

    Raises
    ------
    ValueError
        A block does not follow on the one before it.
    DataError
        The disk refuses the bytes, or the panel is read from this very folder.

    Notes
    -----
    Units: as the panel.  Causal: as the panel.  Missing: as the panel.  DESIGN 5 rule 8.

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
    if _is_read_from(panel, where):
        raise DataError(
            f"the panel is read from {where} and cannot be written over itself",
            hint="name another folder",
        )
    if pieces is None:
        pieces = blocks(panel, max(1, _BLOCK_CELLS // max(1, panel.n_coins)))
    try:
        where.mkdir(parents=True, exist_ok=True)
        (where / _ABOUT).unlink(missing_ok=True)
        same = _append(panel.k0, where, pieces)
        for name, array in panel.venues._asdict().items():
            np.save(where / f"venues.{name}.npy", array)
        np.save(where / "delisted_k.npy", panel.delisted_k)
    except OSError as error:
        raise DataError(
            f"the panel was not written to {where}: {error.strerror or error}",
            hint="free disk space or name another folder, then write again",
        ) from error
    about = {name: getattr(panel, name) for name in (*_PLAIN, *_NAMES)}
    about |= {"lacks": sorted(panel.lacks), "source": panel.source._asdict(), "same": same}
    replace(where / _ABOUT, json.dumps(about, indent=1).encode())
    return read(where)


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
    try:
        about = json.loads((where / _ABOUT).read_bytes())
        venues = Venues(*(np.load(where / f"venues.{name}.npy") for name in Venues._fields))
        delisted_k = np.load(where / "delisted_k.npy")
        quote_usd = np.load(where / "quote_usd.npy")
    except (OSError, ValueError) as error:
        raise _broken(where, str(error)) from error
    absent = {*_PLAIN, *_NAMES, "same", "source", "lacks"} - set(about)
    if absent:
        raise _broken(where, f"{_ABOUT} has no {', '.join(sorted(absent))}")

    def column(name: str) -> Any:  # noqa: ANN401  (it stands where an array would)
        return _column(
            where / f"{about['same'].get(name, name)}.npy", of_market=name.startswith("market.")
        )

    plain: dict[str, Any] = {name: about[name] for name in _PLAIN}
    return Panel(
        **plain | {name: tuple(about[name]) for name in _NAMES},
        bars=Bars(*(column(f"bars.{name}") for name in Bars._fields)),
        market=Market(*(column(f"market.{name}") for name in Market._fields)),
        venues=venues,
        quote_usd=quote_usd,
        member=column("member"),
        delisted_k=delisted_k,
        source=Provenance(**about["source"]),
        lacks=frozenset(about["lacks"]),
    )


def has_only_ours(where: Path) -> bool:
    """Say whether a folder holds nothing but what ``write`` leaves, finished or not."""
    names = {path.name for path in where.iterdir()}
    heads = ("bars.", "market.", "venues.", "member.", "delisted_k.", "quote_usd.")
    ours = {name for name in names if name.startswith(heads) and name.endswith(".npy")}
    return names <= ours | {_ABOUT} and (not names or any(n.startswith("bars.") for n in names))


def holds(where: Path) -> bool:
    """Say whether a folder holds a panel that ``write`` put there to its end."""
    return (where / _ABOUT).is_file()


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
    panel = read(where)
    made = {"call": "kept", "path": str(where.absolute())}
    return changed(panel, source=panel.source._replace(made=made))


def _is_read_from(panel: Panel, where: Path) -> bool:
    given: Any = panel.bars.close
    return isinstance(given, Column) and given.path.parent.resolve() == where.resolve()


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


def _append(k0: int, where: Path, pieces: Iterable[Block]) -> dict[str, str]:
    """Write blocks one after the other; return which columns of the market are the bars' own."""
    n_bars, same, shapes = 0, {}, {}
    with ExitStack() as files:
        streams: dict[str, BinaryIO] = {}
        for block in pieces:
            if block.k0 != k0 + n_bars:
                raise ValueError(
                    f"the block begins at bar {block.k0}, it must follow on bar {k0 + n_bars - 1}"
                )
            arrays = dict(_named(block))
            if not streams:
                same = _shared(arrays)
                shapes = {name: each for name, each in arrays.items() if name not in same}
                for name, array in shapes.items():
                    streams[name] = files.enter_context((where / f"{name}.npy").open("wb"))
                    _head(streams[name], array, 0)
            for name, stream in streams.items():
                np.ascontiguousarray(arrays[name]).tofile(stream)
            n_bars += block.n_bars
        for name, stream in streams.items():
            _head(stream, shapes[name], n_bars)
    return same


def _named(block: Block) -> Iterator[tuple[str, np.ndarray[Any, np.dtype[Any]]]]:
    """Yield the arrays of a block by the names of their files."""
    for title, given in (("bars", block.bars), ("market", block.market)):
        for name, array in given._asdict().items():
            yield f"{title}.{name}", array
    yield "member", block.member
    yield "quote_usd", block.quote_usd


def _shared(arrays: dict[str, np.ndarray[Any, np.dtype[Any]]]) -> dict[str, str]:
    """Return the columns of the market that are views of the bars': they are written once."""
    pairs = {f"market.{name}": f"bars.{name}" for name in Market._fields if name in Bars._fields}
    return {
        market: bars
        for market, bars in pairs.items()
        if arrays[market].shape[1] == 1 and np.shares_memory(arrays[market], arrays[bars])
    }


def _head(stream: BinaryIO, array: np.ndarray[Any, np.dtype[Any]], n_bars: int) -> None:
    """Write the header; NumPy leaves room in it for a time axis that grows."""
    stream.seek(0)
    head = {"descr": array.dtype.str, "fortran_order": False, "shape": (n_bars, *array.shape[1:])}
    np.lib.format.write_array_header_1_0(stream, head)


def _column(path: Path, *, of_market: bool) -> Column:
    """Read a file's header and check that the file is as long as it says."""
    try:
        with path.open("rb") as stream:
            np.lib.format.read_magic(stream)
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
            offset, size = stream.tell(), path.stat().st_size
    except (OSError, ValueError) as error:
        raise _broken(path, str(error)) from error
    if size != offset + int(np.prod(shape)) * dtype.itemsize:
        raise _broken(path, f"it has {size} bytes, which is not what its header says")
    if is_fortran:
        raise _broken(path, "it is in Fortran order, its rows are scattered")
    if of_market and len(shape) == 2:
        shape = (shape[0], 1, shape[1])
    return Column(path, shape, dtype, offset)


def _broken(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} cannot be read as a stored panel: {why}",
        hint="it is missing, cut short or was not written to its end: write the panel again",
    )
