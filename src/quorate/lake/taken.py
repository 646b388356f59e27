"""Which files of an archive are in the lake already: a line each, by symbol, never rewritten.

In: what was taken. Out: ``.pull/archive/VENDOR/KIND/INTERVAL/SYMBOL.jsonl`` beside the data. A line
is added after the rows are in the lake; a later line of the same file is a correction. A line cut
short by a kill is no line: its file is fetched, or found in the cache, and stored again.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, NamedTuple

from quorate.errors import DataError
from quorate.lake import disk, objects
from quorate.lake.address import is_object, located
from quorate.lake.cached import home

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from quorate.lake.layout import Key

_FOLDER = ".pull"
_TRIES = 5


class Taken(NamedTuple):
    """A file that was stored: its place in the archive, its bytes, its rows, when.

    ``tags`` are those of the list of the archive, for the file and for its checksum file.
    """

    key: str
    sha256: str
    size: int
    n_rows: int
    tags: tuple[str, ...]
    at: str


def cache(root: Path, key: Key) -> Path:
    """Return the folder of files on their way into the lake."""
    if is_object(root):  # a file on its way is of this machine
        told = hashlib.sha256(str(located(root)).encode()).hexdigest()[:16]
        return home() / "pull" / told / key.vendor / key.kind / key.interval
    return root / _FOLDER / "cache" / key.vendor / key.kind / key.interval


def lock(root: Path, key: Key, name: str) -> Path:
    """Return the folder that a pull holds while it brings a symbol's files."""
    return _path(root, key, name).with_suffix("")


def clear(root: Path, key: Key, names: Collection[str]) -> None:
    """Delete what lies in the cache of some symbols, all of which are in the lake.

    A kill between the record of a file and its deletion leaves it there; so does a day that was
    half there when its month came out.
    """
    for path in cache(root, key).glob("*.zip*"):
        if path.name.partition("-")[0] in names:
            path.unlink(missing_ok=True)


def read(root: Path, key: Key, symbol: str) -> dict[str, Taken]:
    """Return the files taken of a symbol, by their place in the archive, the last line of each.

    Parameters
    ----------
    root : Path
        The lake's folder.
    key : Key
        Vendor, kind and interval.
    symbol : str
        Which coin.

    Returns
    -------
    dict
        Empty if none was taken.

    Raises
    ------
    DataError
        A line that is not the last cannot be read.
    """
    path = _path(root, key, symbol)
    held = disk.found(path)
    if held is None:
        return {}
    found = {}
    lines = held.split(b"\n")
    for n, line in enumerate(lines, 1):
        try:
            made = json.loads(line) if line else None
            one = made and Taken(**{**made, "tags": tuple(made["tags"])})
        except (ValueError, TypeError, KeyError) as error:
            if n == len(lines):
                break  # cut short by a kill
            raise DataError(
                f"{path}, line {n}: {line[:80]!r} is no record of a file",
                hint="delete the file: what it names is then fetched and stored again",
            ) from error
        if one:
            found[one.key] = one
    return found


def add(root: Path, key: Key, symbol: str, files: Sequence[Taken]) -> None:
    """Note that files are in the lake.

    Raises
    ------
    DataError
        The disk or the bucket refuses.
    """
    path = _path(root, key, symbol)
    text = "".join(json.dumps(each._asdict()) + "\n" for each in files).encode()
    if is_object(path):
        _add_object(path, text)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_to_lines(path)
        with path.open("ab", buffering=0) as stream:
            rest = memoryview(text)
            while rest:  # a disk that is nearly full takes a part, and says so only at the next
                rest = rest[stream.write(rest) or 0 :]
            os.fsync(stream.fileno())
    except OSError as error:
        raise DataError(
            f"{path} was not written: {error.strerror or error}"
            f"{disk.lacking(error, path.parent, len(text))}",
            hint="free disk space or check the folder's permissions, then run again",
        ) from error


def _add_object(path: Path, text: bytes) -> None:
    """Put lines at the end of an object, after those of whoever was faster."""
    for _ in range(_TRIES):
        held = objects.found(path)
        if objects.swap(
            path, text if held is None else held.content + text, None if held is None else held.tag
        ):
            return
    raise DataError(
        f"{path} is being written by others, {_TRIES} times faster than by this pull",
        hint="wait until they are done, then run again",
    )


def _cut_to_lines(path: Path) -> None:
    """Take away the end of a line that a kill cut short, so that the next begins its own."""
    if path.exists():
        whole = path.read_bytes().rpartition(b"\n")
        if whole[2]:
            os.truncate(path, len(whole[0]) + len(whole[1]))


def _path(root: Path, key: Key, symbol: str) -> Path:
    where = root / _FOLDER / "archive" / key.vendor / key.kind / key.interval
    return where / f"{symbol}.jsonl"
