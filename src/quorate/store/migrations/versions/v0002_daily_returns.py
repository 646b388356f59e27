"""Daily returns of every trial that ended: what says how many of them were trials of their own."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None

_WHOLE_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE_FORBID = """
CREATE TRIGGER daily_no_{verb} BEFORE {verb} ON daily
BEGIN SELECT RAISE(ABORT, 'daily are append-only'); END
"""

_SQLITE_NO_REPLACE = """
CREATE TRIGGER daily_no_replace BEFORE INSERT ON daily
WHEN EXISTS (SELECT 1 FROM daily WHERE run_id = NEW.run_id)
BEGIN SELECT RAISE(ABORT, 'daily are append-only: this row is there'); END
"""

# the function is that of revision 0001
_POSTGRESQL = (
    (
        "CREATE TRIGGER daily_append_only BEFORE UPDATE OR DELETE ON daily "
        "FOR EACH ROW EXECUTE FUNCTION quorate_append_only()"
    ),
    (
        "CREATE TRIGGER daily_no_truncate BEFORE TRUNCATE ON daily "
        "FOR EACH STATEMENT EXECUTE FUNCTION quorate_append_only()"
    ),
)


def upgrade() -> None:
    """Make the table and its guards; trials of before have no row and count one each."""
    op.create_table(
        "daily",
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.run_id"), primary_key=True),
        sa.Column("first", _WHOLE_NUMBER, nullable=False),
        sa.Column("step_days", _WHOLE_NUMBER, nullable=False),
        sa.Column("returns", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        for trigger in _POSTGRESQL:
            op.execute(trigger)
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(_SQLITE_FORBID.format(verb=verb))
    op.execute(_SQLITE_NO_REPLACE)
