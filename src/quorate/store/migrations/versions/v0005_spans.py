"""Where and when each trial traded, booked with it: one that never ended is known by it too."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"
branch_labels: Final = None
depends_on: Final = None

_WHOLE_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns; a trial of before says none, and cannot be changed to."""
    for name in ("venues", "first_close", "last_close"):
        op.add_column("trials", sa.Column(name, sa.Text))
    op.add_column("trials", sa.Column("is_synthetic", _WHOLE_NUMBER))
