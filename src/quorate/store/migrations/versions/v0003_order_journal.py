"""The journal of orders: its rows, what is unique in them, and snapshots of what they fold to."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"
branch_labels: Final = None
depends_on: Final = None

_WHOLE_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE_FORBID = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""

# the function is that of revision 0001
_POSTGRESQL = (
    (
        "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION quorate_append_only()"
    ),
    (
        "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION quorate_append_only()"
    ),
)

_APPEND_ONLY = ("journal", "journal_intents", "journal_fills")


def upgrade() -> None:
    """Make the five tables and the guards of those that are append-only."""
    _make_journal()
    _make_intents()
    _make_fills()
    _make_snapshots()
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in _APPEND_ONLY:
        if is_postgresql:
            for trigger in _POSTGRESQL:
                op.execute(trigger.format(table=table))
        else:
            # INSERT OR REPLACE fires the DELETE trigger: recursive triggers are on
            for verb in ("UPDATE", "DELETE"):
                op.execute(_SQLITE_FORBID.format(table=table, verb=verb))


def _make_journal() -> None:
    op.create_table(
        "journal_accounts",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("epoch", _WHOLE_NUMBER, nullable=False),
        sa.Column("claimed_at_ms", _WHOLE_NUMBER, nullable=False),
        sa.Column("n_rows", _WHOLE_NUMBER, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "journal",
        sa.Column("account", sa.Text, sa.ForeignKey("journal_accounts.account"), primary_key=True),
        sa.Column("seq", _WHOLE_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("epoch", _WHOLE_NUMBER, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at_ms", _WHOLE_NUMBER, nullable=False),
        sa.Column("intent_id", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("journal_intent", "journal", ["intent_id"])


def _make_intents() -> None:
    op.create_table(
        "journal_intents",
        sa.Column("intent_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("seq", _WHOLE_NUMBER, nullable=False),
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("quantity", sa.Text, nullable=False),
        sa.UniqueConstraint("venue", "client_id", name="journal_intents_client"),
        sa.UniqueConstraint("account", "seq", name="journal_intents_row"),
        sa.ForeignKeyConstraint(["account", "seq"], ["journal.account", "journal.seq"]),
        sqlite_strict=True,
    )


def _make_fills() -> None:
    op.create_table(
        "journal_fills",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("venue", sa.Text, primary_key=True),
        sa.Column("symbol", sa.Text, primary_key=True),
        sa.Column("trade_id", sa.Text, primary_key=True),
        sa.Column("seq", _WHOLE_NUMBER, nullable=False),
        sa.Column("intent_id", sa.Text),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("price", sa.Text, nullable=False),
        sa.Column("quantity", sa.Text, nullable=False),
        sa.Column("fee", sa.Text, nullable=False),
        sa.Column("fee_asset", sa.Text, nullable=False),
        sa.UniqueConstraint("account", "seq", name="journal_fills_row"),
        sa.ForeignKeyConstraint(["account", "seq"], ["journal.account", "journal.seq"]),
        sqlite_strict=True,
    )


def _make_snapshots() -> None:
    op.create_table(
        "journal_snapshots",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("seq", _WHOLE_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("version", _WHOLE_NUMBER, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["account", "seq"], ["journal.account", "journal.seq"]),
        sqlite_strict=True,
    )
