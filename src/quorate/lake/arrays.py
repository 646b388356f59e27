"""Arrays as ``.npy`` files: blocks one after the other, each file synced before it counts.

In: blocks of a panel as they come. Out: a file a column in a folder, which NumPy reads too, and the
form of each. Only the block at hand is in memory.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.lake.described import Form, form, shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from quorate.lake.panel import Block


def append(
    k0: int, folder: Path, pieces: Iterable[Block]
) -> tuple[dict[str, Form], dict[str, str]]:
    """Write blocks one after the other; return the arrays, and which of them are the bars' own."""
    n_bars, same, rows = 0, {}, {}
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
                rows = {
                    name: form(each.dtype, each.shape[1:])
                    for name, each in arrays.items()
                    if name not in same
                }
                for name, row in rows.items():
                    streams[name] = files.enter_context((folder / f"{name}.npy").open("wb"))
                    _head(streams[name], row.dtype, (0, *row.shape))
            for name, stream in streams.items():
                _check(name, arrays[name], rows[name], block.n_bars)
                np.ascontiguousarray(arrays[name]).tofile(stream)
            n_bars += block.n_bars
        for name, stream in streams.items():
            _head(stream, rows[name].dtype, (n_bars, *rows[name].shape))
            _sync(stream)
    return {name: Form(row.dtype, (n_bars, *row.shape)) for name, row in rows.items()}, same


def _check(name: str, array: np.ndarray[Any, np.dtype[Any]], row: Form, n_bars: int) -> None:
    """Refuse an array of another form than that of the first block, or of another length."""
    wanted = Form(row.dtype, (n_bars, *row.shape))
    if form(array.dtype, array.shape) != wanted:
        raise ValueError(
            f"{name} of a block is {array.dtype} {array.shape}, it must be {wanted.dtype} "
            f"{wanted.shape}"
        )


def put(path: Path, array: np.ndarray[Any, np.dtype[Any]]) -> Form:
    """Write an array whole."""
    with path.open("wb") as stream:
        _head(stream, array.dtype.str, array.shape)
        np.ascontiguousarray(array).tofile(stream)
        _sync(stream)
    return form(array.dtype, array.shape)


def _named(block: Block) -> Iterator[tuple[str, np.ndarray[Any, np.dtype[Any]]]]:
    """Yield the arrays of a block by the names of their files."""
    for title, given in (("bars", block.bars), ("market", block.market)):
        for name, array in given._asdict().items():
            yield f"{title}.{name}", array
    yield "member", block.member
    yield "quote_usd", block.quote_usd


def _shared(arrays: dict[str, np.ndarray[Any, np.dtype[Any]]]) -> dict[str, str]:
    """Return the columns of the market that are views of the bars': they are written once."""
    pairs = {name: shared(name) for name in arrays}
    return {
        market: bars
        for market, bars in pairs.items()
        if bars is not None
        and arrays[market].shape[1] == 1
        and np.shares_memory(arrays[market], arrays[bars])
    }


def _head(stream: BinaryIO, dtype: str, shape: tuple[int, ...]) -> None:
    """Write the header; NumPy leaves room in it for a time axis that grows."""
    stream.seek(0)
    head = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, head)


def _sync(stream: BinaryIO) -> None:
    """Have the disk take what was written."""
    stream.flush()
    os.fsync(stream.fileno())
