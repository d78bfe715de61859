"""What a gateway ever asked of its broker is known, so that it can be taken back."""

import sqlalchemy as sa
from alembic import op

from app.orm import Document

revision = "0033"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("gateways", sa.Column("filters", Document, server_default=sa.text("'[]'"), nullable=False))


def downgrade() -> None:
    op.drop_column("gateways", "filters")
