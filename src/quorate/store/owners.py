"""Whose process makes a run: what tells one that is being made from one that was killed.

In: a database, the runs that begin and end here. Out: which of the runs that never ended are still
being made. A lock says so that dies with its process: on a file beside an SQLite database, in the
server of a PostgreSQL one. Nothing has to be written by who is killed, and no clock decides.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import sqlalchemy as sa
from sqlalchemy import exc

from quorate.errors import StoreError
from quorate.store.connection import store_error

if TYPE_CHECKING:
    from collections.abc import Iterable

_SUFFIX: Final = ".owner"
_KEY: Final = "quorate.run:"


class Owner(Protocol):
    """The runs that this store began, held until they end or the process does."""

    def add(self, run_id: str) -> None:
        """Hold a run, before it is booked."""

    def remove(self, run_id: str) -> None:
        """Let go of a run that has ended."""

    def living(self, run_ids: Iterable[str]) -> set[str]:
        """Return which of some runs anybody holds, this process among them."""

    def close(self) -> None:
        """Let go of all; the second time does nothing."""


def owner_of(engine: sa.Engine) -> Owner:
    """Return what holds the runs of a store; nothing is made before the first."""
    if engine.dialect.name == "postgresql":
        return _ServerOwner(engine)
    return _FileOwner(Path(str(engine.url.database)).resolve())


class _FileOwner:
    """A locked file of an open store: the runs that it makes, a line each."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(f"{database.name}.{secrets.token_hex(6)}{_SUFFIX}")
        self._file: int | None = None
        self._own: set[str] = set()

    def add(self, run_id: str) -> None:
        """Hold a run, before it is booked."""
        self._own.add(run_id)
        try:
            if self._file is None:
                self._file = self._opened()
            os.write(self._file, f"{run_id}\n".encode())
        except OSError as error:
            raise StoreError(
                f"the run {run_id} cannot be held: {error.strerror}",
                hint="check the folder's permissions and the room on the disk",
            ) from error

    def remove(self, run_id: str) -> None:
        """Let go of a run that has ended: the store says so, its line may stay."""
        self._own.discard(run_id)

    def living(self, run_ids: Iterable[str]) -> set[str]:
        """Return which of some runs anybody holds, this process among them."""
        asked, held = set(run_ids), set(self._own)
        for path in self._others():
            with contextlib.suppress(OSError):  # gone since: its store was closed
                file = os.open(path, os.O_RDONLY)
                try:
                    if not _is_free(file):
                        held |= set(path.read_text(encoding="utf-8").splitlines())
                finally:
                    os.close(file)
        return asked & held

    def close(self) -> None:
        """Remove the file while it is locked, then let go."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        self._swept()
        while True:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                # who sweeps may have removed it between the two
                if os.path.samestat(os.fstat(file), self._path.stat()):
                    return file
            os.close(file)

    def _swept(self) -> None:
        """Remove the files of processes that are gone."""
        for path in self._others():
            with contextlib.suppress(OSError):
                file = os.open(path, os.O_RDWR)
                try:
                    if _is_free(file):
                        path.unlink(missing_ok=True)
                finally:
                    os.close(file)

    def _others(self) -> list[Path]:
        found = self._database.parent.glob(f"{self._database.name}.*{_SUFFIX}")
        return sorted(path for path in found if path != self._path)


def _is_free(file: int) -> bool:
    """Share the lock of a file for as long as it is open, or say that its owner has it alone."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _ServerOwner:
    """Advisory locks of PostgreSQL, one a run, on a connection of their own."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self._one_at_a_time = threading.Lock()
        self._own: set[str] = set()

    def add(self, run_id: str) -> None:
        """Hold a run, before it is booked."""
        self._own.add(run_id)
        lock = sa.select(sa.func.pg_advisory_lock(_key(run_id)))
        try:
            with self._one_at_a_time:
                if self._connection is None:
                    opened = self._engine.connect()
                    self._connection = opened.execution_options(isolation_level="AUTOCOMMIT")
                self._connection.execute(lock)
        except exc.SQLAlchemyError as error:
            raise store_error(error) from error

    def remove(self, run_id: str) -> None:
        """Let go of a run that has ended."""
        self._own.discard(run_id)
        if self._connection is not None:
            # a session that ended holds nothing
            with self._one_at_a_time, contextlib.suppress(exc.SQLAlchemyError):
                self._connection.execute(sa.select(sa.func.pg_advisory_unlock(_key(run_id))))

    def living(self, run_ids: Iterable[str]) -> set[str]:
        """Return which of some runs anybody holds, this process among them."""
        asked = set(run_ids)
        found = asked & self._own
        try:
            with self._engine.connect() as connection:
                for run_id in sorted(asked - found):
                    lock = sa.func.pg_try_advisory_xact_lock_shared(_key(run_id))
                    if not connection.scalar(sa.select(lock)):
                        found.add(run_id)
        except exc.SQLAlchemyError as error:
            raise store_error(error) from error
        return found

    def close(self) -> None:
        """End the session, and with it its locks: a connection of the pool would keep them."""
        if self._connection is not None:
            with contextlib.suppress(exc.SQLAlchemyError):
                self._connection.execute(sa.select(sa.func.pg_advisory_unlock_all()))
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def _key(run_id: str) -> sa.Function[int]:
    return sa.func.hashtextextended(_KEY + run_id, 0)
