"""Opening: a new database is made, an old one is migrated, a newer one is refused."""

import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy as sa

from quorate.errors import MigrationError, StoreError
from quorate.store import open_store
from quorate.store.connection import connect, reading, writing
from quorate.store.migrate import REVISIONS, configuration
from quorate.store.tables import metadata


def test_a_store_is_made_with_its_folder_and_opens_again(tmp_path):
    path = tmp_path / "deep" / "er" / "store.db"
    with open_store(path) as store:
        run_id = store.runs.begin({}, data_hash="d", code_hash="c")
    with open_store(f"sqlite:///{path}") as store:
        assert store.runs.get(run_id).status == "abandoned"  # nobody makes it any more


def test_the_tables_are_what_the_migrations_make(store):
    """Columns, types, keys, checks and indexes: no difference that Alembic can see."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with reading(store.engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_known_revisions_are_the_files():
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(configuration())
    assert tuple(item.revision for item in script.walk_revisions())[::-1] == REVISIONS


def test_no_money_is_kept_in_a_type_that_loses_digits():
    for table in metadata.tables.values():
        for column in table.columns:
            assert isinstance(column.type, sa.Text | sa.BigInteger | sa.LargeBinary), column


def test_sqlite_keeps_what_was_committed(tmp_path):
    with open_store(tmp_path / "store.db") as store, reading(store.engine) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        strict = connection.exec_driver_sql(
            "SELECT strict FROM pragma_table_list WHERE name IN ('runs', 'trials', 'events')"
        ).scalars()
        assert list(strict) == [1, 1, 1]
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_a_writer_takes_the_lock_when_it_begins(tmp_path):
    path = tmp_path / "store.db"
    with open_store(path) as store, writing(store.engine):
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_newer_schema_is_refused_and_left_alone(where):
    with open_store(where) as store, writing(store.engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MigrationError, match="has the schema '9999', this version knows up to"):
        open_store(where)
    engine = connect(where)
    with reading(engine) as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9999"
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing_behind(where):
    engine = connect(where)
    with writing(engine) as connection:
        connection.execute(sa.text("CREATE TABLE events (other TEXT)"))
    with pytest.raises(StoreError, match="already exists"):
        open_store(where)
    with reading(engine) as connection:
        assert sa.inspect(connection).get_table_names() == ["events"]
    engine.dispose()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("mysql://host/name", "the store cannot be in 'mysql'"),
        ("sqlite://", "a store in memory would be lost"),
        (":memory:", "a store in memory would be lost"),
        ("postgresql://user:secret@host:port/name", "the URL of the store cannot be read"),
    ],
)
def test_addresses_that_are_no_store(address, message):
    with pytest.raises(StoreError, match=message) as caught:
        open_store(address)
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match="connection") as caught:
        open_store(f"postgresql://user:secret@/name?host={tmp_path}")
    assert caught.value.retryable
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "store.db"
    path.write_text("not a database, but long enough to be taken for one" * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_store(path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(tmp_path / "file" / "store.db")


def test_check_finds_damage(tmp_path):
    path = tmp_path / "store.db"
    with open_store(path) as store:
        for number in range(50):
            store.runs.begin({"number": number}, data_hash="d", code_hash="c")
        store.check()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * min(20_000, size - 4096 * 3))
    with pytest.raises(StoreError), open_store(path) as store:
        store.check()


def test_check_is_quiet_on_a_sound_store(store):
    store.check()


def test_the_driver_of_postgresql_is_not_needed_to_import_or_to_use_sqlite(tmp_path):
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "import quorate.store as s; s.open_store(sys.argv[1]).close()\n"
        "assert 'alembic' in sys.modules; print('ok')\n"
        "try: s.open_store('postgresql://u@/n')\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "store.db")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("ok\nthe driver of PostgreSQL is not installed")


def test_an_up_to_date_store_opens_without_alembic(tmp_path):
    path = tmp_path / "store.db"
    open_store(path).close()
    code = (
        "import sys; import quorate.store as s; s.open_store(sys.argv[1]).close()\n"
        "print('alembic' in sys.modules, 'psycopg' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    )
    assert done.stdout == "False False\n"
