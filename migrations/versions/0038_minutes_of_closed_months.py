"""How many minutes of office hours a half-day of a closed month has; empty: as many as the setting says."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.add_column("closed_months", sa.Column("am_minutes", sa.Integer()))
    op.add_column("closed_months", sa.Column("pm_minutes", sa.Integer()))


def downgrade() -> None:
    op.drop_column("closed_months", "pm_minutes")
    op.drop_column("closed_months", "am_minutes")
