"""Where sensors will watch from a time on, of which parts a device tells, and what sensors numbered that never came."""

import sqlalchemy as sa
from alembic import op

from app.orm import Document

revision = "0022"
down_revision = "0021"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sensor_moves",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("sensor_id", sa.String(64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("space_ids", Document, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_sensor_moves_sensor_id_sensors"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_sensor_moves_made_by_users"),
        sa.PrimaryKeyConstraint("id", name="pk_sensor_moves"),
        sa.UniqueConstraint("sensor_id", "at", name="uq_sensor_moves_sensor_id_at"),
    )
    op.create_index("ix_sensor_moves_at", "sensor_moves", ["at"])
    op.create_table(
        "sensor_parts",
        sa.Column("sensor_id", sa.String(64), nullable=False),
        sa.Column("part", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_sensor_parts_sensor_id_sensors"),
        sa.PrimaryKeyConstraint("sensor_id", "part", name="pk_sensor_parts"),
    )
    op.create_table(
        "sensor_gaps",
        sa.Column("sensor_id", sa.String(64), nullable=False),
        sa.Column("missing", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_sensor_gaps_sensor_id_sensors"),
        sa.PrimaryKeyConstraint("sensor_id", name="pk_sensor_gaps"),
    )


def downgrade() -> None:
    op.drop_table("sensor_gaps")
    op.drop_table("sensor_parts")
    op.drop_table("sensor_moves")
