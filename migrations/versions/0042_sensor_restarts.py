"""How often sensors restarted, beside what they numbered that never came."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("sensor_gaps", sa.Column("restarts", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.execute("DELETE FROM sensor_gaps WHERE missing = 0")
    op.drop_column("sensor_gaps", "restarts")
