"""Both databases: every store test that asks for ``where`` runs on SQLite and on PostgreSQL."""

import itertools
import secrets
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from quorate.store import open_store

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """Give the path or URL of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "store.db")
    server = request.getfixturevalue("postgres")
    name = f"quorate_{secrets.token_hex(6)}"
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
