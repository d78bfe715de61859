"""Days on which the office works or is closed otherwise than the national calendar says."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "calendar_days",
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("on_date", name="pk_calendar_days"),
    )


def downgrade() -> None:
    op.drop_table("calendar_days")
