"""How a database gets the schema of this version: forward only, whole or not at all.

The plain case, a database that is up to date, reads one row; Alembic is loaded only to migrate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from quorate.errors import MigrationError
from quorate.store.connection import lock, reading, writing

if TYPE_CHECKING:
    from alembic.config import Config

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every schema there was, oldest first; the last is that of this version."""

_FOLDER = Path(__file__).resolve().parent / "migrations"


def upgrade(engine: sa.Engine) -> None:
    """Bring a database to the schema of this version, in one transaction.

    Raises
    ------
    MigrationError
        The database was written by a newer version; nothing was changed.
    """
    with reading(engine) as connection:
        if _behind(_revision(connection)) is False:
            return
    with writing(engine) as connection:
        lock(connection, "quorate.migrate")
        if _behind(_revision(connection)):
            _run(connection)


def configuration() -> Config:
    """Return the configuration of Alembic, made from the files of this package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _run(connection: sa.Connection) -> None:
    from alembic import command

    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


def _behind(revision: str | None) -> bool:
    """Say whether a database at this revision needs a migration."""
    if revision is not None and revision not in REVISIONS:
        raise MigrationError(
            f"the store has the schema {revision!r}, this version knows up to {REVISIONS[-1]!r}",
            hint="update quorate, or give the path of another store",
        )
    return revision != REVISIONS[-1]
