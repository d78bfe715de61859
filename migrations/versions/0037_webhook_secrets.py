"""The secret that a webhook had before its present one, and until when it still signs."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("old_secret", sa.String(80), server_default="", nullable=False))
    op.add_column("webhooks", sa.Column("old_secret_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("webhooks", "old_secret_until")
    op.drop_column("webhooks", "old_secret")
