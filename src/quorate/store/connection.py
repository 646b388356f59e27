"""How a database is reached: the engine, one transaction to read or to write, errors by name.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit is on the disk before it returns.
A writer takes the write lock when it begins, not at its first INSERT, so that two writers wait
for each other instead of failing half-way. What the databases raise becomes a ``StoreError``.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from quorate.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY_TIMEOUT_MS = 30_000

_ON_CONNECT = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # without it INSERT OR REPLACE deletes a row past the trigger that forbids it
    "PRAGMA recursive_triggers = ON",
    "PRAGMA trusted_schema = OFF",
)


def connect(where: str | Path) -> sa.Engine:
    """Return an engine for a file path (SQLite) or a URL (``sqlite://``, ``postgresql://``).

    Examples
    --------
    >>> connect("mysql://host/name")
    Traceback (most recent call last):
    ...
    quorate.errors.StoreError: the store cannot be in 'mysql'
      next: give a file path, sqlite:///path or postgresql://user@host/name
    """
    url = _url(where)
    name = url.get_backend_name()
    if name == "postgresql":
        return _postgresql(url)
    if name == "sqlite":
        return _sqlite(url)
    raise StoreError(
        f"the store cannot be in {name!r}",
        hint="give a file path, sqlite:///path or postgresql://user@host/name",
    )


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open one transaction that only reads, on one snapshot of the database."""
    with _mapped(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open one transaction that writes: all of it is kept, or nothing."""
    with (
        _mapped(),
        engine.connect().execution_options(quorate_writes=True) as connection,
        connection.begin(),
    ):
        yield connection


def lock(connection: sa.Connection, name: str) -> None:
    """Wait for the one lock of this name until the transaction ends (SQLite holds it already)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(name))))


def flushing(connection: sa.Connection) -> None:
    """Have this transaction on the disk when it is committed, whatever the server's setting is."""
    if connection.dialect.name == "postgresql":
        is_lazy = "current_setting('synchronous_commit') = 'off'"
        statement = f"SELECT set_config('synchronous_commit', 'on', true) WHERE {is_lazy}"
        connection.execute(sa.text(statement))


def _url(where: str | Path) -> sa.URL:
    if isinstance(where, Path) or "://" not in where:
        return sa.URL.create("sqlite", database=str(Path(where).expanduser()))
    try:
        return sa.make_url(where)
    except (exc.ArgumentError, ValueError) as error:
        raise StoreError(
            "the URL of the store cannot be read",  # not shown: it may hold a password
            hint="write it as postgresql://user@host/name or sqlite:///path",
        ) from error


def _postgresql(url: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "the driver of PostgreSQL is not installed", hint="pip install 'quorate[pg]'"
        ) from error


def _sqlite(url: sa.URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError("a store in memory would be lost", hint="give a file path")
    engine = sa.create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(dbapi: Any, _record: object) -> None:  # noqa: ANN401  (a driver's connection)
    dbapi.isolation_level = None  # the driver would begin by itself, and too late
    for pragma in _ON_CONNECT:
        dbapi.execute(pragma)
    mode = _wal(dbapi)
    if mode != "wal":
        raise StoreError(
            f"SQLite keeps its journal in mode {mode!r} here, WAL is needed",
            hint="put the store on a local disk, or use PostgreSQL",
        )


def _wal(dbapi: Any) -> str:  # noqa: ANN401
    """Turn the journal to WAL and return its mode; SQLite does not wait for others here itself."""
    last = time.monotonic() + BUSY_TIMEOUT_MS / 1e3
    while True:
        try:
            return str(dbapi.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > last:
                raise
        time.sleep(0.01)


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("quorate_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _mapped() -> Iterator[None]:
    """Raise what the database raises as a ``StoreError`` that says what to do."""
    try:
        yield
    except exc.IntegrityError:
        raise  # the caller knows which row it is about
    except exc.SQLAlchemyError as error:
        raise store_error(error) from error


def store_error(error: exc.SQLAlchemyError) -> StoreError:
    """Turn an error of the database into ours; ``retryable`` where waiting may help."""
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    found = StoreError(f"the store failed: {cause}", hint=_hint(cause.lower()))
    found.retryable = "locked" in cause or _is_unreachable(cause)
    return found


def _is_unreachable(cause: str) -> bool:
    return "connection" in cause or "failed to resolve" in cause


def _hint(cause: str) -> str:
    if "locked" in cause:
        return "another process holds the store: wait for it, or use PostgreSQL"
    if "full" in cause or "disk" in cause or "space" in cause:
        return "free some disk space; nothing of this step was written"
    if "not a database" in cause or "malformed" in cause:
        return "the file is damaged or no store: restore a copy, or give another path"
    if "unable to open" in cause or "readonly" in cause:
        return "check the path and its permissions"
    if _is_unreachable(cause):
        return "check that PostgreSQL runs and the URL is right"
    return "nothing of this step was written; see the cause above"
