"""Who may book what: opening hours, guests, overflow, fixed seats, outages, closures, policies of a zone, attendees."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
ENUM = sa.String(24)


def upgrade() -> None:
    op.add_column("sites", sa.Column("opens", sa.Time(), nullable=True))
    op.add_column("sites", sa.Column("closes", sa.Time(), nullable=True))
    op.add_column(
        "sites", sa.Column("working_days_only", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "zone_guests",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("zone_id", BIG_ID, nullable=False),
        sa.Column("section_id", BIG_ID, nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("on_date", sa.Date(), nullable=True),
        sa.CheckConstraint("(weekday IS NULL) <> (on_date IS NULL)", name="ck_zone_guests_one_day"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="ck_zone_guests_weekday"),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name="fk_zone_guests_section_id"),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name="fk_zone_guests_zone_id"),
        sa.PrimaryKeyConstraint("id", name="pk_zone_guests"),
    )
    op.create_index("ix_zone_guests_zone_id", "zone_guests", ["zone_id"])
    op.create_table(
        "zone_overflows",
        sa.Column("zone_id", BIG_ID, nullable=False),
        sa.Column("overflow_id", BIG_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["overflow_id"], ["zones.id"], name="fk_zone_overflows_overflow_id"),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name="fk_zone_overflows_zone_id"),
        sa.PrimaryKeyConstraint("zone_id", "overflow_id", name="pk_zone_overflows"),
    )
    op.create_index("ix_zone_overflows_overflow_id", "zone_overflows", ["overflow_id"])
    op.create_table(
        "fixed_seats",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("space_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_fixed_seats_space_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_fixed_seats_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_fixed_seats"),
    )
    op.create_index("ix_fixed_seats_space_id", "fixed_seats", ["space_id"])
    op.create_index("ix_fixed_seats_user_id", "fixed_seats", ["user_id"])
    op.create_table(
        "space_outages",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("space_id", BIG_ID, nullable=False),
        sa.Column("start_at", INSTANT, nullable=False),
        sa.Column("end_at", INSTANT, nullable=True),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=True),
        sa.CheckConstraint("start_at < end_at", name="ck_space_outages_span"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_space_outages_made_by"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_space_outages_space_id"),
        sa.PrimaryKeyConstraint("id", name="pk_space_outages"),
    )
    op.create_index("ix_space_outages_space_id", "space_outages", ["space_id"])
    op.create_table(
        "closures",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("site_id", BIG_ID, nullable=False),
        sa.Column("zone_id", BIG_ID, nullable=True),
        sa.Column("start_at", INSTANT, nullable=False),
        sa.Column("end_at", INSTANT, nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=True),
        sa.Column("lifted_at", INSTANT, nullable=True),
        sa.CheckConstraint("start_at < end_at", name="ck_closures_span"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_closures_made_by"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_closures_site_id"),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name="fk_closures_zone_id"),
        sa.PrimaryKeyConstraint("id", name="pk_closures"),
    )
    op.create_index("ix_closures_site_id_end_at", "closures", ["site_id", "end_at"])
    op.create_table(
        "zone_policy_values",
        sa.Column("zone_id", BIG_ID, nullable=False),
        sa.Column("kind", ENUM, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name="fk_zone_policy_values_zone_id"),
        sa.PrimaryKeyConstraint("zone_id", "kind", "key", name="pk_zone_policy_values"),
    )
    op.add_column(
        "bookings", sa.Column("guest_name", sa.String(length=80), nullable=False, server_default="")
    )
    op.create_index(
        "ix_bookings_host",
        "bookings",
        ["made_by"],
        postgresql_where=sa.text("guest_name <> ''"),
        sqlite_where=sa.text("guest_name <> ''"),
    )
    op.create_table(
        "booking_attendees",
        sa.Column("booking_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_booking_attendees_booking_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_booking_attendees_user_id"),
        sa.PrimaryKeyConstraint("booking_id", "user_id", name="pk_booking_attendees"),
    )
    op.create_index("ix_booking_attendees_user_id", "booking_attendees", ["user_id"])
    _keep_what_is_out_of_order()
    op.drop_column("spaces", "out_of_order")


def _keep_what_is_out_of_order() -> None:
    """What was out of order by a mark is so from now on, until it is mended."""
    spaces = sa.table("spaces", sa.column("id"), sa.column("out_of_order", sa.Boolean()))
    outages = sa.table(
        "space_outages",
        sa.column("space_id"),
        sa.column("start_at", INSTANT),
        sa.column("reason"),
        sa.column("made_at", INSTANT),
    )
    now = datetime.now(UTC)  # noqa: TID251  a migration runs once, on the operator's clock
    if op.get_bind().dialect.name == "sqlite":
        now = now.replace(tzinfo=None)
    broken = op.get_bind().scalars(sa.select(spaces.c.id).where(spaces.c.out_of_order.is_(True))).all()
    if broken:
        op.bulk_insert(
            outages, [{"space_id": one, "start_at": now, "reason": "", "made_at": now} for one in broken]
        )


def downgrade() -> None:
    op.add_column(
        "spaces", sa.Column("out_of_order", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute("UPDATE spaces SET out_of_order = TRUE WHERE id IN (SELECT space_id FROM space_outages)")
    op.drop_table("booking_attendees")
    op.drop_index("ix_bookings_host", "bookings")
    op.drop_column("bookings", "guest_name")
    for table in (
        "zone_policy_values",
        "closures",
        "space_outages",
        "fixed_seats",
        "zone_overflows",
        "zone_guests",
    ):
        op.drop_table(table)
    for column in ("working_days_only", "closes", "opens"):
        op.drop_column("sites", column)
