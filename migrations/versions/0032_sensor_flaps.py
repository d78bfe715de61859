"""When a sensor was last found to flap."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "sensor_flaps",
        sa.Column("sensor_id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_sensor_flaps_sensor_id_sensors"),
        sa.PrimaryKeyConstraint("sensor_id", name="pk_sensor_flaps"),
    )


def downgrade() -> None:
    op.drop_table("sensor_flaps")
