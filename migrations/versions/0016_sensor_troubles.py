"""What is wrong with a sensor since when."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "sensor_troubles",
        sa.Column("sensor_id", sa.String(64), nullable=False),
        sa.Column("trouble", sa.String(16), nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_sensor_troubles_sensor_id_sensors"),
        sa.PrimaryKeyConstraint("sensor_id", "trouble", name="pk_sensor_troubles"),
    )


def downgrade() -> None:
    op.drop_table("sensor_troubles")
