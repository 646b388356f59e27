"""The bytes of a file that is not complete yet, and whose they are.

In: bytes. Out: ``FILE`` as far as it came, and beside it ``FILE.of``, which names the version that
the bytes are of, so that a later run goes on with that version and no other.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from quorate.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


class Part(NamedTuple):
    """A file on its way."""

    path: Path

    @property
    def mark(self) -> Path:
        """Return the file that names the version."""
        return self.path.with_name(f"{self.path.name}.of")

    def size(self) -> int:
        """Return how many bytes are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def drop(self) -> int:
        """Forget the bytes; return how many there were."""
        try:
            n = self.size()
            self.path.unlink(missing_ok=True)
            self.mark.unlink(missing_ok=True)
        except OSError as error:
            raise _refused(self.path, error) from error
        return n

    def range_headers(self) -> dict[str, str]:
        """Return the headers that ask for the rest, if it is known which version these are of."""
        version = self.mark.read_text("utf-8") if self.mark.exists() else ""
        if not version or not self.size():
            return {}
        return {"Range": f"bytes={self.size()}-", "If-Range": version}

    def continues(self, headers: Mapping[str, str]) -> bool:
        """Return whether a 206 begins where the bytes end, in the same version."""
        spans = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
        version = self.mark.read_text("utf-8") if self.mark.exists() else ""
        same = version in {*_versions(headers), ""} or not _versions(headers)
        return spans is not None and int(spans[1]) == self.size() and same

    def begin(self, headers: Mapping[str, str]) -> None:
        """Note which version is to come."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.mark.write_text(next(iter(_versions(headers)), ""), "utf-8")
        except OSError as error:
            raise _refused(self.path, error) from error

    @contextmanager
    def appending(self) -> Iterator[Callable[[bytes], int]]:
        """Give a function that appends bytes and returns the file's length; sync at the end."""
        try:
            stream = self.path.open("ab", buffering=0)
        except OSError as error:
            raise _refused(self.path, error) from error

        def append(chunk: bytes) -> int:
            try:
                rest = memoryview(chunk)
                while rest:
                    rest = rest[stream.write(rest) or 0 :]
            except OSError as error:
                raise _refused(self.path, error) from error
            return stream.tell()

        with stream:
            yield append
            try:
                os.fsync(stream.fileno())
            except OSError as error:
                raise _refused(self.path, error) from error

    def finish(self, path: Path) -> None:
        """Give the whole file its name in one step."""
        try:
            self.path.replace(path)
            self.mark.unlink(missing_ok=True)
            handle = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(handle)  # the new name is kept in the folder's own block
            finally:
                os.close(handle)
        except OSError as error:
            raise _refused(path, error) from error


def _versions(headers: Mapping[str, str]) -> list[str]:
    """Return what names a version, the surest first; a weak tag says nothing about bytes."""
    tag = headers.get("ETag", "")
    kept = [tag] if tag and not tag.startswith("W/") else []
    return [*kept, *filter(None, [headers.get("Last-Modified", "")])]


def _refused(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path} was not written: {error.strerror or error}",
        hint="free disk space or check the folder's permissions, then run the same command again",
    )
