"""What people ask of a desk by hand: append-only, chained."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"
branch_labels: Final = None
depends_on: Final = None

_WHOLE_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE = (
    "CREATE TRIGGER words_no_{verb} BEFORE {verb} ON words "
    "BEGIN SELECT RAISE(ABORT, 'words is append-only'); END"
)

# the function is that of revision 0001
_POSTGRESQL = (
    (
        "CREATE TRIGGER words_append_only BEFORE UPDATE OR DELETE ON words "
        "FOR EACH ROW EXECUTE FUNCTION quorate_append_only()"
    ),
    (
        "CREATE TRIGGER words_no_truncate BEFORE TRUNCATE ON words "
        "FOR EACH STATEMENT EXECUTE FUNCTION quorate_append_only()"
    ),
)


def upgrade() -> None:
    """Make the table and its guards."""
    op.create_table(
        "words",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("seq", _WHOLE_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in _POSTGRESQL:
            op.execute(statement)
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(verb=verb))
