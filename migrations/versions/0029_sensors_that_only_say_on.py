"""Sensors that never say vacant, and devices that announced themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "sensors", sa.Column("clears_after_s", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.create_table(
        "sensor_announcements",
        sa.Column("topic", sa.String(256), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("part", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("speaks_on", sa.Text(), nullable=False),
        sa.Column("clears_after_s", sa.Integer(), nullable=False),
        sa.Column("announced_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("topic", "device", "part", name="pk_sensor_announcements"),
    )


def downgrade() -> None:
    op.drop_table("sensor_announcements")
    op.drop_column("sensors", "clears_after_s")
