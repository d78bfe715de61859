"""Several sensors may watch a space, one several spaces; what is known of a space is kept beside it."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

BOUND: dict[str, Any] = {
    "postgresql_where": sa.text("until_at IS NULL"),
    "sqlite_where": sa.text("until_at IS NULL"),
}
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for one in ("space", "sensor"):
        op.drop_index(f"uq_sensor_bindings_{one}", "sensor_bindings")
    op.create_index(
        "uq_sensor_bindings_sensor_space", "sensor_bindings", ["sensor_id", "space_id"], unique=True, **BOUND
    )
    op.create_index("ix_sensor_bindings_space", "sensor_bindings", ["space_id"], **BOUND)
    op.create_table(
        "space_states",
        sa.Column("space_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("since_at", INSTANT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_space_states_space_id_spaces"),
        sa.PrimaryKeyConstraint("space_id", name="pk_space_states"),
    )
    op.execute(
        "INSERT INTO space_states (space_id, state, since_at, at)"
        " SELECT b.space_id, s.state, s.since_at, s.since_at"
        " FROM sensor_bindings b JOIN sensor_states s ON s.sensor_id = b.sensor_id"
        " WHERE b.until_at IS NULL AND s.since_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("space_states")
    op.drop_index("ix_sensor_bindings_space", "sensor_bindings")
    op.drop_index("uq_sensor_bindings_sensor_space", "sensor_bindings")
    for one in ("space", "sensor"):
        op.create_index(f"uq_sensor_bindings_{one}", "sensor_bindings", [f"{one}_id"], unique=True, **BOUND)
