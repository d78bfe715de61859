"""Keeping: events guarded as append-only, marks of what was erased, corrections, figures of old half-days."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
GUARD = "tr_events_append_only"

POSTGRESQL = (
    f"""CREATE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM erasing) THEN
            RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'check_violation', CONSTRAINT = '{GUARD}';
        END IF;
        RETURN COALESCE(NEW, OLD);
    END $$""",
    f"CREATE TRIGGER {GUARD} BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION events_append_only()",
    f"CREATE TRIGGER {GUARD}_truncate BEFORE TRUNCATE ON events EXECUTE FUNCTION events_append_only()",
)
SQLITE = tuple(
    f"""CREATE TRIGGER {GUARD}_{event.lower()} BEFORE {event} ON events WHEN NOT EXISTS (SELECT 1 FROM erasing)
    BEGIN SELECT RAISE(ABORT, '{GUARD}'); END"""
    for event in ("UPDATE", "DELETE")
)


def upgrade() -> None:
    # ADD COLUMN, not a batch: that would drop the guards on SQLite.
    op.add_column("bookings", sa.Column("erased_at", INSTANT, nullable=True))
    op.add_column("events", sa.Column("erased", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "erasing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasing"),
    )
    op.create_table(
        "keepings",
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.Column("counts", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("on_date", name="pk_keepings"),
    )
    op.create_table(
        "half_day_figures",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("section_id", BIG_ID, nullable=True),
        sa.Column("half", sa.String(24), nullable=False),
        sa.Column("day_class", sa.String(24), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name="fk_half_day_figures_section_id"),
        sa.PrimaryKeyConstraint("id", name="pk_half_day_figures"),
    )
    op.create_index("ix_half_day_figures_on_date", "half_day_figures", ["on_date"])
    op.create_table(
        "usage_corrections",
        sa.Column("booking_id", BIG_ID, nullable=False),
        sa.Column("start_at", INSTANT, nullable=True),
        sa.Column("end_at", INSTANT, nullable=True),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=True),
        sa.CheckConstraint(
            "(start_at IS NULL) = (end_at IS NULL) AND (start_at IS NULL OR start_at < end_at)",
            name="ck_usage_corrections_span",
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_usage_corrections_booking_id"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_usage_corrections_made_by"),
        sa.PrimaryKeyConstraint("booking_id", name="pk_usage_corrections"),
    )
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {GUARD} ON events")
        op.execute(f"DROP TRIGGER {GUARD}_truncate ON events")
        op.execute("DROP FUNCTION events_append_only()")
    else:
        for event in ("update", "delete"):
            op.execute(f"DROP TRIGGER {GUARD}_{event}")
    op.drop_table("usage_corrections")
    op.drop_table("half_day_figures")
    op.drop_table("keepings")
    op.drop_table("erasing")
    op.drop_column("events", "erased")
    op.drop_column("bookings", "erased_at")
