"""The planned runs of every job: a row each, which its key keeps from being begun twice."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0007"
down_revision: Final = "0006"
branch_labels: Final = None
depends_on: Final = None

_WHOLE_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "job_run",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("planned_ms", _WHOLE_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by_hand", _WHOLE_NUMBER, nullable=False),
        sa.Column("started_ms", _WHOLE_NUMBER),
        sa.Column("ended_ms", _WHOLE_NUMBER),
        sa.Column("attempt", _WHOLE_NUMBER, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.CheckConstraint(
            "state IN ('started', 'done', 'failed', 'skipped', 'missed', 'lost')",
            name="job_run_state",
        ),
        sa.Index("job_run_planned", "planned_ms"),
        sqlite_strict=True,
    )
