"""Since when a webhook fails, and when it is called once more: a short outage switches none off."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("failing_since", INSTANT, nullable=True))
    op.add_column("webhooks", sa.Column("probe_at", INSTANT, nullable=True))
    op.add_column("webhooks", sa.Column("error", sa.String(200), nullable=False, server_default=""))
    # Those that fail begin anew: nobody knows since when they did.
    op.execute("UPDATE webhooks SET failures = 0 WHERE disabled_at IS NULL")


def downgrade() -> None:
    op.drop_column("webhooks", "error")
    op.drop_column("webhooks", "probe_at")
    op.drop_column("webhooks", "failing_since")
