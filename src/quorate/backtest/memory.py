"""Save a memory to a file and restore it, on the same bytes or not at all.

In: a ``Memory`` and the names on its axes. Out: one ``.npz`` without pickles: every array under
its dotted path, the names on the axes, and the version of the schema. A file of an older version
is brought up step by step by ``MIGRATIONS``; what cannot be, is rebuilt by folding the recorded
inputs again.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from quorate.backtest.axes import Array, Axes, check, leaves, rebuilt
from quorate.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.backtest.run import Memory

VERSION = 2
"""Of the schema: raise it, and register a step, when a field of a state changes its meaning."""

Content: TypeAlias = dict[str, Array]
"""All arrays of a file but the version: states by dotted path, names under ``axes.``."""


def _add_silences_and_urgency(content: Content) -> Content:
    """From 1 to 2: when a coin was last seen, taken as just now; schedules at an even pace."""
    shape = content["exchange.last_mark"].shape
    return {
        "exchange.priced_k": np.full(shape, -1, np.int64),
        "chain.paper.seen_k": np.full(shape[1], np.iinfo(np.int64).max // 2),
        "chain.account.orders.urgency": np.zeros(shape),
        **content,
    }


MIGRATIONS: dict[int, Callable[[Content], Content]] = {1: _add_silences_and_urgency}
"""From a version to the next: a function that takes all arrays and returns those of version + 1."""

_VERSION_KEY = "schema_version"
_UNREADABLE = (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, KeyError)
_AGAIN = "give another snapshot, or rebuild the memory by folding the recorded inputs again"


def save(memory: Memory, axes: Axes, path: Path) -> None:
    """Write a memory in one step: the file is the new one or still the old one, never half of it.

    Parameters
    ----------
    memory : Memory
        Between two bars.
    axes : Axes
        The names on its axes.
    path : Path
        By custom ``.npz``; its folder is made.

    Raises
    ------
    ValueError
        If the axes are not those of the memory.
    DataError
        If the disk refuses; ``path`` is then as it was.

    Notes
    -----
    Units, Causal: as the memory.  Missing: NaN keep their bytes.
    The same memory gives the same bytes.  DESIGN 1.
    """
    check(memory, axes)
    content: dict[str, Any] = {_VERSION_KEY: np.array([VERSION])}
    content |= {_axis_key(kind): np.array(names) for kind, names in axes._asdict().items()}
    content |= dict(leaves(memory))
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, **content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise DataError(
            f"{path} was not written: {error.strerror or error}",
            hint="free disk space or check the folder's permissions, then save again",
        ) from error
    _sync(path.parent)


def restore(path: Path, like: Memory, axes: Axes) -> Memory:
    """Read a memory that fits ``like`` in every array, migrated where it is of an older version.

    Parameters
    ----------
    path : Path
        From ``save``.
    like : Memory
        From ``run.begin`` with the parameters in force and the axes of the file; not changed.
    axes : Axes
        The names that must be on the file's axes, in this order (``axes_of`` reads them). For
        other axes restore on those of the file first, then ``remap``.

    Returns
    -------
    Memory
        Of its own writable arrays.

    Raises
    ------
    DataError
        If the file is damaged, of an unknown version, or its axes, paths, shapes or types are
        not those asked for.

    Notes
    -----
    Units, Causal: as the memory.  Missing: nothing is filled in.  DESIGN 1.
    """
    check(like, axes)
    content = _read(path)
    found = _axes(content, path)
    if found != axes:
        kind = next(k for k in Axes._fields if getattr(found, k) != getattr(axes, k))
        raise DataError(
            f"{path} has {getattr(found, kind)} as {kind}, not {getattr(axes, kind)}",
            hint="restore it on its own axes (axes_of), then remap it",
        )
    wanted = dict(leaves(like))
    if strange := sorted(wanted.keys() ^ content.keys()):
        raise DataError(f"{path} and this version differ in the arrays {strange}", hint=_AGAIN)
    for name, array in wanted.items():
        there = content[name]
        if there.shape != array.shape or there.dtype != array.dtype:
            raise DataError(
                f"{path} holds {name} as {there.dtype} {there.shape}, "
                f"it must be {array.dtype} {array.shape}",
                hint=f"begin with the windows it was saved with; else {_AGAIN}",
            )
    return rebuilt(like, {name: np.array(array, order="C") for name, array in content.items()})


def axes_of(path: Path) -> Axes:
    """Return the names on the axes of a saved memory.

    Raises
    ------
    DataError
        If the file is damaged or of an unknown version.

    Notes
    -----
    Units, Causal, Missing: none.  DESIGN 1.
    """
    return _axes(_read(path), path)


def _axis_key(kind: str) -> str:
    return f"axes.{kind}"


def _axes(content: Content, path: Path) -> Axes:
    """Take the names out of the content."""
    found = []
    for kind in Axes._fields:
        names = content.pop(_axis_key(kind), np.empty(0))
        if names.dtype.kind != "U" or names.ndim != 1:
            raise DataError(f"{path} has no list of names as {_axis_key(kind)}", hint=_AGAIN)
        found.append(tuple(str(name) for name in names))
    return Axes(*found)


def _read(path: Path) -> Content:
    """Read all arrays and bring them to the present version."""
    try:
        with path.open("rb") as stream:
            file = np.load(stream)
            content = {name: np.asarray(file[name]) for name in file.files}
        version = int(content.pop(_VERSION_KEY).item())
    except (*_UNREADABLE, AttributeError) as error:
        raise DataError(
            f"{path} is not a saved memory: {type(error).__name__}: {error}", hint=_AGAIN
        ) from error
    if version > VERSION:
        raise DataError(
            f"{path} is of version {version}, the newest known is {VERSION}",
            hint="restore it with the Quorate that saved it, or a later one",
        )
    for step in range(version, VERSION):
        if step not in MIGRATIONS:
            raise DataError(
                f"{path} is of version {version}, no step leads from {step} to {step + 1}",
                hint=_AGAIN,
            )
        content = MIGRATIONS[step](content)
    return content


def _sync(folder: Path) -> None:
    """Make the new name durable: it is kept in the folder's own block."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
