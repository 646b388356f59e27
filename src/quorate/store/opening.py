"""The door to the store: open a database, bring it to the schema of this version, hand it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from quorate.errors import StoreError
from quorate.store.connection import connect, reading
from quorate.store.cycles import Cycles
from quorate.store.events import EventLog
from quorate.store.jobs import JobBook
from quorate.store.journal import Journal
from quorate.store.migrate import upgrade
from quorate.store.runs import RunBook
from quorate.store.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import sqlalchemy as sa


def utc_now() -> datetime:
    """Return the time of this machine in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Store:
    """An open store; close it, or use it in a ``with`` statement.

    Parameters
    ----------
    engine : Engine
        The pool of connections.
    runs : RunBook
        The runs and the trial ledger.
    events : EventLog
        The events of the runs.
    """

    engine: sa.Engine
    runs: RunBook
    events: EventLog

    def journal(self, account: str) -> Journal:
        """Return the journal of an account's orders; nothing is written until it is claimed."""
        return Journal(self.engine, account)

    def words(self, account: str) -> Words:
        """Return what people asked of an account's desk."""
        return Words(self.engine, account)

    def cycles(self, desk: str) -> Cycles:
        """Return the bars that a desk decided on."""
        return Cycles(self.engine, desk)

    def jobs(self) -> JobBook:
        """Return the runs of the jobs, as a new life sees them; close it before the store."""
        return JobBook(self.engine)

    def check(self) -> None:
        """Read the whole file and raise a ``StoreError`` if it is damaged (SQLite only)."""
        if self.engine.dialect.name != "sqlite":
            return
        with reading(self.engine) as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
        if found != "ok":
            raise StoreError(f"the store is damaged: {found}", hint="restore a copy")

    def close(self) -> None:
        """Let go of the runs that have not ended, and close every connection."""
        self.runs.close()
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(where: str | Path, *, clock: Callable[[], datetime] = utc_now) -> Store:
    """Open the store at a path or URL; make it, or migrate it, where that is needed.

    Parameters
    ----------
    where : str or Path
        A file (SQLite, made with its folder if absent), ``sqlite:///path``, or
        ``postgresql://user@host/name``.
    clock : callable
        Tells the time that runs begin and end at.

    Returns
    -------
    Store
        Ready, at the schema of this version.

    Raises
    ------
    MigrationError
        The database was written by a newer version.
    StoreError
        It cannot be opened, or is no store.

    Notes
    -----
    Units: none.  Causal: the clock is read when a run begins and ends, never for an event.
    Missing: none.
    Spec 10.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, open_store(Path(folder) / "store.db") as store:
    ...     run_id = store.runs.begin({"preset": "balanced"}, data_hash="d", code_hash="c")
    ...     store.runs.finish(run_id, "finished", {"sharpe": 1.5})
    ...     [(run.status, run.metrics) for run in store.runs.list()]
    [('finished', {'sharpe': 1.5})]
    """
    engine = connect(where)
    try:
        if engine.dialect.name == "sqlite":
            _make_folder(Path(str(engine.url.database)).parent)
        upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, RunBook(engine, clock), EventLog(engine))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder {folder} cannot be made: {error.strerror}", hint="give another path"
        ) from error
