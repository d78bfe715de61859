"""When an outage was ended before its time, or taken back before it began: its row stays."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.add_column("space_outages", sa.Column("lifted_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    # What was lifted must not stand in the way again: it ends when it was lifted, or never was.
    op.execute("DELETE FROM space_outages WHERE lifted_at <= start_at")
    op.execute("UPDATE space_outages SET end_at = lifted_at WHERE lifted_at IS NOT NULL")
    op.drop_column("space_outages", "lifted_at")
