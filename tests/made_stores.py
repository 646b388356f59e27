"""New stores without a migration each: the file of one that was migrated is copied."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from quorate.store import open_store, opening


@contextlib.contextmanager
def copied(folder):
    """Let new SQLite stores begin as a copy of one that was migrated in ``folder``."""
    with open_store(folder / "made.sqlite") as made:
        made.runs.list()
    content, upgrade = (folder / "made.sqlite").read_bytes(), opening.upgrade

    def upgraded(engine):
        path = Path(str(engine.url.database))
        if engine.dialect.name == "sqlite" and not path.exists():
            path.write_bytes(content)
        upgrade(engine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "upgrade", upgraded)
        yield
