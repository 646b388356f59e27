"""One writer an account: a lock that dies with its holder, in the file system or the server.

A lease keeps two desks from starting by mistake; it is not what keeps a journal whole. A holder
may lose it without notice (a cut connection, a removed file) and go on: then the epoch, which is
checked in every transaction, refuses whichever of the two is the older.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import sqlalchemy as sa
from sqlalchemy import exc

from quorate.errors import LeaseError, StoreError
from quorate.store.connection import store_error
from quorate.store.crashpoints import crashpoint

if TYPE_CHECKING:
    from collections.abc import Iterator


class Lease(Protocol):
    """The right to write the journal of an account."""

    def is_held(self) -> bool:
        """Say whether it is still held; a loss may go unnoticed for a while."""

    def release(self) -> None:
        """Give it back; the second time does nothing."""


def take(engine: sa.Engine, account: str) -> Lease:
    """Take the lease of an account, at once or not at all.

    Raises
    ------
    LeaseError
        Another process, or another part of this one, holds it.
    """
    if engine.dialect.name == "postgresql":
        lease: Lease = _ServerLease(engine, account)
    else:
        lease = _FileLease(Path(str(engine.url.database)).resolve(), account)
    crashpoint("lease.taken")
    return lease


_KEEPALIVE: Final = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}
"""A host that vanishes without a word holds its lease half a minute, not the hours of a default."""


_SET: Final = sa.text("SELECT set_config(:name, :value, false)")


class _FileLease:
    """A lock on a file beside the database; the kernel drops it with the process."""

    def __init__(self, database: Path, account: str) -> None:
        name = hashlib.blake2b(account.encode(), digest_size=6).hexdigest()
        self._path = database.with_name(f"{database.name}.{name}.lease")
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"the lease of {account} cannot be made: {error.strerror}",
                hint="check the folder's permissions and the room on the disk",
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise _taken(account) from error
        self._is_open = True

    def is_held(self) -> bool:
        """Say whether the file that is locked is still the one that others would lock."""
        try:
            return self._is_open and os.path.samestat(os.fstat(self._file), self._path.stat())
        except OSError:
            return False

    def release(self) -> None:
        """Close the file, and so unlock it; it stays, or two could lock two files of one name."""
        if self._is_open:
            self._is_open = False
            os.close(self._file)
            crashpoint("lease.released")


class _ServerLease:
    """An advisory lock of PostgreSQL, on a connection of its own."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        self._key = sa.func.hashtextextended(f"quorate.journal:{account}", 0)
        lock = sa.func.pg_try_advisory_lock(self._key)
        is_free = False
        with _server_errors():
            self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                for name, value in _KEEPALIVE.items():
                    self._connection.execute(_SET, {"name": name, "value": value})
                is_free = bool(self._connection.scalar(sa.select(lock)))
            finally:
                if not is_free:
                    self._connection.close()
        if not is_free:
            raise _taken(account)
        self._is_open = True

    def is_held(self) -> bool:
        """Say whether the session that holds the lock still answers."""
        if not self._is_open or self._connection.invalidated:
            return False
        try:
            self._connection.execute(sa.text("SELECT 1"))
        except exc.SQLAlchemyError:
            return False
        return not self._connection.invalidated

    def release(self) -> None:
        """End the session, and with it the lock: a connection of the pool would keep it."""
        if self._is_open:
            self._is_open = False
            with contextlib.suppress(exc.SQLAlchemyError):  # a session that ended has no locks
                self._connection.execute(sa.select(sa.func.pg_advisory_unlock(self._key)))
            self._connection.invalidate()
            self._connection.close()
            crashpoint("lease.released")


@contextlib.contextmanager
def _server_errors() -> Iterator[None]:
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise store_error(error) from error


def _taken(account: str) -> LeaseError:
    return LeaseError(
        f"the journal of {account} is held by another process",
        hint="stop the other desk; if there is none, wait until its connection has ended",
    )
