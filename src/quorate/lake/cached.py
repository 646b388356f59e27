"""Months of a lake in object storage, kept on this machine once they were fetched.

In: the hash that a manifest names. Out: the bytes that have it, or None. A file here is named by
its hash and is hashed each time it is read, so a damaged or strange one is fetched again; whoever
deletes the folder loses time only. It is ``quorate/lake`` in ``QUORATE_CACHE_DIR``, else in the
user's cache folder; what was not read for longest goes once it holds more than
``QUORATE_LAKE_CACHE_MB`` (10,000 MB if not set; 0 keeps nothing).
"""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from quorate.errors import ConfigError
from quorate.lake import disk

_MB: Final = 1_000_000
_USUAL_MB: Final = 10_000
_STEP: Final = 16  # parts of the bound that may be added between two looks at the whole
_lock = threading.Lock()
_added: dict[Path, int] = {}


def home() -> Path:
    """Return the user's folder of what can be made again."""
    chosen = os.environ.get("QUORATE_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    return (Path(chosen) if chosen else Path.home() / ".cache") / "quorate"


def bound() -> int:
    """Return how many bytes may be kept.

    Raises
    ------
    ConfigError
        ``QUORATE_LAKE_CACHE_MB`` is no whole number from 0 on.
    """
    said = os.environ.get("QUORATE_LAKE_CACHE_MB", "").strip()
    if said and not said.isdecimal():
        raise ConfigError(
            f"QUORATE_LAKE_CACHE_MB is {said!r}", hint="give megabytes: a whole number from 0 on"
        )
    return (int(said) if said else _USUAL_MB) * _MB


def found(sha256: str) -> bytes | None:
    """Return the bytes of a hash, None if they are not kept here."""
    path = _path(sha256)
    try:
        content = path.read_bytes()
        if disk.digest(content) != sha256:
            path.unlink()
            return None
        os.utime(path)  # the last to go
    except OSError:
        return None
    return content


def keep(sha256: str, content: bytes) -> None:
    """Keep bytes; a disk that refuses is no error, they are only fetched again."""
    most = bound()
    if len(content) > most:
        return
    path, temporary = _path(sha256), ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(path)
    except OSError:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        return
    with _lock:
        where = path.parents[1]
        added = _added.get(where, most) + len(content)  # the first of a process looks
        if added >= most // _STEP:
            _shrink(where, most)
            added = 0
        _added[where] = added


def _path(sha256: str) -> Path:
    return home() / "lake" / sha256[:2] / f"{sha256}.parquet"


def _shrink(where: Path, most: int) -> None:
    """Delete what was not read for longest, until the rest is within the bound."""
    kept = []
    for path in where.glob("*/*"):
        with suppress(OSError):  # another process shrinks too
            status = path.stat()
            kept.append((status.st_mtime_ns, status.st_size, path))
    whole = sum(size for _, size, _ in kept)
    for _, size, path in sorted(kept):
        if whole <= most:
            break
        with suppress(OSError):
            path.unlink()
        whole -= size
