"""Runs, the trial ledger and the events; what is append-only is kept so by triggers."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

_WHOLE_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE_FORBID = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END
"""

# INSERT OR REPLACE deletes the old row without asking the trigger above
_SQLITE_NO_REPLACE = """
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {place}) OR EXISTS (SELECT 1 FROM {table} WHERE {name})
BEGIN SELECT RAISE(ABORT, '{table} are append-only: this row is there'); END
"""

_POSTGRESQL_FUNCTION = """
CREATE FUNCTION quorate_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% are append-only', TG_TABLE_NAME; END $$
"""

_POSTGRESQL_FORBID = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION quorate_append_only()
"""

_POSTGRESQL_NO_TRUNCATE = """
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION quorate_append_only()
"""

_SAME = {
    "events": (
        "run_id = NEW.run_id AND seq = NEW.seq",
        "event_id = NEW.event_id AND run_id = NEW.run_id",
    ),
    "trials": ("number = NEW.number", "run_id = NEW.run_id"),
}


def upgrade() -> None:
    """Make the three tables and their guards."""
    _make_runs()
    _make_trials()
    _make_events()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("recipe", sa.Text, nullable=False),
        sa.Column("settings_json", sa.Text, nullable=False),
        sa.Column("settings_hash", sa.Text, nullable=False),
        sa.Column("data_hash", sa.Text, nullable=False),
        sa.Column("code_hash", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("finished_at", sa.Text),
        sa.Column("metrics_json", sa.Text),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("n_events", _WHOLE_NUMBER),
        sa.Column("events_head", sa.Text),
        sa.CheckConstraint("status IN ('running', 'finished', 'failed')", name="runs_status"),
        sqlite_strict=True,
    )


def _make_trials() -> None:
    op.create_table(
        "trials",
        sa.Column("number", _WHOLE_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.run_id"), nullable=False, unique=True),
        sa.Column("recipe", sa.Text, nullable=False),
        sa.Column("settings_hash", sa.Text, nullable=False),
        sa.Column("data_hash", sa.Text, nullable=False),
        sa.Column("code_hash", sa.Text, nullable=False),
        sa.Column("booked_at", sa.Text, nullable=False),
        sqlite_strict=True,
    )


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.run_id"), primary_key=True),
        sa.Column("seq", _WHOLE_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("timestamp", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("decision_id", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.UniqueConstraint("event_id", "run_id", name="events_event_id"),
        sqlite_strict=True,
    )
    op.create_index("events_decision", "events", ["decision_id"])


def _guard_sqlite() -> None:
    for table, (place, name) in _SAME.items():
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_FORBID.format(table=table, verb=verb))
        op.execute(_SQLITE_NO_REPLACE.format(table=table, place=place, name=name))


def _guard_postgresql() -> None:
    op.execute(_POSTGRESQL_FUNCTION)
    for table in _SAME:
        op.execute(_POSTGRESQL_FORBID.format(table=table))
        op.execute(_POSTGRESQL_NO_TRUNCATE.format(table=table))
