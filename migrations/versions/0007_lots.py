"""Zones drawn by lot, the draws, and what people wish for in them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ENUM = sa.String(24)


def upgrade() -> None:
    op.add_column("zones", sa.Column("lots_at", sa.Time(), nullable=True))
    op.add_column("zones", sa.Column("lots_no_repeat", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("zones", sa.Column("lots_together", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("zones", sa.Column("lots_drawn_on", sa.Date(), nullable=True))
    op.create_table(
        "lot_draws",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("zone_id", BIG_ID, nullable=False),
        sa.Column("zone_code", sa.String(32), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("draw_at", INSTANT, nullable=False),
        sa.Column("state", ENUM, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("drawn_at", INSTANT, nullable=True),
        sa.Column("commitment", sa.String(64), nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(32), nullable=False),
        sa.Column("inputs", DOCUMENT, nullable=True),
        sa.Column("result", DOCUMENT, nullable=True),
        sa.CheckConstraint("(state = 'drawn') = (result IS NOT NULL)", name="ck_lot_draws_result"),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name="fk_lot_draws_zone_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lot_draws"),
        sa.UniqueConstraint("zone_id", "on_date", name="uq_lot_draws_zone_id_on_date"),
    )
    op.create_index("ix_lot_draws_state_draw_at", "lot_draws", ["state", "draw_at"])
    op.create_table(
        "lot_wishes",
        sa.Column("draw_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("prefers", DOCUMENT, nullable=False),
        sa.Column("beside", DOCUMENT, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("outcome", ENUM, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("choice", sa.Integer(), nullable=True),
        sa.Column("repeated", sa.Boolean(), nullable=False),
        sa.Column("booking_id", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_lot_wishes_booking_id"),
        sa.ForeignKeyConstraint(["draw_id"], ["lot_draws.id"], name="fk_lot_wishes_draw_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_lot_wishes_user_id"),
        sa.PrimaryKeyConstraint("draw_id", "user_id", name="pk_lot_wishes"),
        sa.UniqueConstraint("draw_id", "number", name="uq_lot_wishes_draw_id_number"),
    )
    op.create_index("ix_lot_wishes_user_id_draw_id", "lot_wishes", ["user_id", "draw_id"])


def downgrade() -> None:
    op.drop_table("lot_wishes")
    op.drop_table("lot_draws")
    op.drop_column("zones", "lots_drawn_on")
    op.drop_column("zones", "lots_together")
    op.drop_column("zones", "lots_no_repeat")
    op.drop_column("zones", "lots_at")
