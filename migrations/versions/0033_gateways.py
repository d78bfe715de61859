"""What a gateway ever asked of its broker, so that it can be taken back, and how many messages a minute it takes."""

import sqlalchemy as sa
from alembic import op

from app.orm import Document

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.add_column("gateways", sa.Column("filters", Document, server_default=sa.text("'[]'"), nullable=False))
    op.add_column(
        "gateways", sa.Column("per_minute", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("gateways", "per_minute")
    op.drop_column("gateways", "filters")
