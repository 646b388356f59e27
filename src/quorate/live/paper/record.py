"""What a paper account did and heard, line after line: replayed, it is the account again.

The engine is a pure fold of prices and requests in their order, so that the lines are all the state
there is. A line is on the disk before it takes effect; a last line that was torn never did.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from quorate.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Record:
    """The lines of one paper account.

    Parameters
    ----------
    path : path
        Made if missing, for its owner only.

    Notes
    -----
    Units: none.  Causal: in the order of writing.  Missing: none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     record = Record(Path(folder) / "paper.jsonl")
    ...     record.add({"kind": "began"})
    ...     list(record.lines())
    [{'kind': 'began'}]
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def add(self, row: dict[str, Any]) -> None:
        """Write a line and have it on the disk."""
        line = json.dumps(row, separators=(",", ":"), sort_keys=True) + "\n"
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line.encode())
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise StoreError(
                f"the paper account cannot write {self._path}: {error.strerror}",
                hint="free some space; nothing was done",
            ) from error

    def lines(self) -> Iterator[dict[str, Any]]:
        """Give every line; cut off a last one without its end.

        Raises
        ------
        StoreError
            A line in the middle cannot be read.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self._path, whole)
        for number, line in enumerate(content[:whole].splitlines(), 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise StoreError(
                    f"line {number} of {self._path} cannot be read: {error}",
                    hint="restore a copy, or begin a new paper account in another folder",
                ) from error
