"""The queue: who waits for what, what is held for whom, numbers drawn at a reception desk."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
ENUM = sa.String(24)
IN_LINE = sa.text("state IN ('waiting', 'offered')")


def upgrade() -> None:
    op.create_table(
        "waitlist_entries",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=True),
        sa.Column("lane", ENUM, nullable=False),
        sa.Column("kind", ENUM, nullable=True),
        sa.Column("zone_id", BIG_ID, nullable=True),
        sa.Column("space_id", BIG_ID, nullable=True),
        sa.Column("start_at", INSTANT, nullable=False),
        sa.Column("end_at", INSTANT, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("drawn_on", sa.Date(), nullable=True),
        sa.Column("state", ENUM, nullable=False),
        sa.Column("booking_id", BIG_ID, nullable=True),
        sa.Column("hold_until", INSTANT, nullable=True),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=True),
        sa.CheckConstraint("start_at < end_at", name="ck_waitlist_entries_span"),
        sa.CheckConstraint(
            "(number IS NULL) = (drawn_on IS NULL)", name="ck_waitlist_entries_number_of_a_day"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_waitlist_entries_user_id"),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name="fk_waitlist_entries_zone_id"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_waitlist_entries_space_id"),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_waitlist_entries_booking_id"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_waitlist_entries_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_waitlist_entries"),
    )
    for name, column in (("in_line", "end_at"), ("hold", "hold_until")):
        op.create_index(
            f"ix_waitlist_{name}",
            "waitlist_entries",
            [column],
            postgresql_where=IN_LINE,
            sqlite_where=IN_LINE,
        )
    op.create_index("ix_waitlist_user", "waitlist_entries", ["user_id", "id"])
    op.create_index("uq_waitlist_number", "waitlist_entries", ["zone_id", "drawn_on", "number"], unique=True)
    op.create_index("uq_waitlist_booking", "waitlist_entries", ["booking_id"], unique=True)


def downgrade() -> None:
    # What was held for somebody in line is held for nobody any more.
    op.execute(
        "UPDATE bookings SET status = 'cancelled', reason = 'offer_withdrawn', version = version + 1"
        " WHERE status = 'held'"
    )
    op.drop_table("waitlist_entries")
