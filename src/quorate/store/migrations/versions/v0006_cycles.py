"""The bars that a desk decided on, with what it knew: append-only, chained."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"
branch_labels: Final = None
depends_on: Final = None

_WHOLE_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE = (
    "CREATE TRIGGER cycles_no_{verb} BEFORE {verb} ON cycles "
    "BEGIN SELECT RAISE(ABORT, 'cycles is append-only'); END"
)

# the function is that of revision 0001
_POSTGRESQL = (
    (
        "CREATE TRIGGER cycles_append_only BEFORE UPDATE OR DELETE ON cycles "
        "FOR EACH ROW EXECUTE FUNCTION quorate_append_only()"
    ),
    (
        "CREATE TRIGGER cycles_no_truncate BEFORE TRUNCATE ON cycles "
        "FOR EACH STATEMENT EXECUTE FUNCTION quorate_append_only()"
    ),
)


def upgrade() -> None:
    """Make the table and its guards."""
    op.create_table(
        "cycles",
        sa.Column("desk", sa.Text, primary_key=True),
        sa.Column("k", _WHOLE_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("close_ms", _WHOLE_NUMBER, nullable=False),
        sa.Column("inputs", sa.LargeBinary, nullable=False),
        sa.Column("inputs_hash", sa.Text, nullable=False),
        sa.Column("decided_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in _POSTGRESQL:
            op.execute(statement)
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(verb=verb))
