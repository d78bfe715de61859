"""What a gateway asks for now, and of which broker: two that ask the same one for the same would count words twice."""

import sqlalchemy as sa
from alembic import op

from app.orm import Document

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.add_column(
        "gateways", sa.Column("broker", sa.String(320), server_default=sa.text("''"), nullable=False)
    )
    op.add_column("gateways", sa.Column("asked", Document, server_default=sa.text("'[]'"), nullable=False))


def downgrade() -> None:
    op.drop_column("gateways", "asked")
    op.drop_column("gateways", "broker")
