"""What is taken out of the layout keeps its row, and when that was."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for table in ("zones", "spaces"):
        op.add_column(table, sa.Column("removed_at", INSTANT, nullable=True))


def downgrade() -> None:
    for table in ("spaces", "zones"):
        op.drop_column(table, "removed_at")
