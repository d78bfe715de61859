"""The day log: evidence of half-days, corrections, closed months guarded against change, the attendance mapping."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ENUM = sa.String(24)
FROZEN = "tr_half_days_frozen"
APPEND_ONLY = "tr_half_day_corrections_append_only"
WAITS = "tr_closed_months_wait"
MONTH = "hashtextextended('month:' || to_char({}, 'YYYYMM'), 0)"

# Whoever writes half-days of a month and whoever closes it wait for each other, or what was written beside the closing
# would be committed after it.
POSTGRESQL = (
    f"""CREATE FUNCTION month_must_be_open(day date) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM erasing) THEN
            RETURN;
        END IF;
        PERFORM pg_advisory_xact_lock_shared({MONTH.format("day")});
        IF EXISTS (SELECT 1 FROM closed_months WHERE day BETWEEN first_on AND last_on) THEN
            RAISE EXCEPTION 'the month is closed' USING ERRCODE = 'check_violation', CONSTRAINT = '{FROZEN}';
        END IF;
    END $$""",
    """CREATE FUNCTION half_days_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            PERFORM month_must_be_open(OLD.on_date);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM month_must_be_open(NEW.on_date);
        END IF;
        RETURN COALESCE(NEW, OLD);
    END $$""",
    (
        f"CREATE TRIGGER {FROZEN} BEFORE INSERT OR UPDATE OR DELETE ON half_days"
        " FOR EACH ROW EXECUTE FUNCTION half_days_frozen()"
    ),
    f"""CREATE FUNCTION half_days_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'half-days are not emptied' USING ERRCODE = 'check_violation', CONSTRAINT = '{FROZEN}';
    END $$""",
    f"CREATE TRIGGER {FROZEN}_truncate BEFORE TRUNCATE ON half_days EXECUTE FUNCTION half_days_stay()",
    f"""CREATE FUNCTION half_day_corrections_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM erasing) THEN
            RAISE EXCEPTION 'corrections stay' USING ERRCODE = 'check_violation', CONSTRAINT = '{APPEND_ONLY}';
        END IF;
        RETURN COALESCE(NEW, OLD);
    END $$""",
    (
        f"CREATE TRIGGER {APPEND_ONLY} BEFORE UPDATE OR DELETE ON half_day_corrections"
        " FOR EACH ROW EXECUTE FUNCTION half_day_corrections_append_only()"
    ),
    (
        f"CREATE TRIGGER {APPEND_ONLY}_truncate BEFORE TRUNCATE ON half_day_corrections"
        " EXECUTE FUNCTION half_day_corrections_append_only()"
    ),
    f"""CREATE FUNCTION closed_months_wait() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock({MONTH.format("NEW.first_on")});
        RETURN NEW;
    END $$""",
    f"CREATE TRIGGER {WAITS} BEFORE INSERT ON closed_months FOR EACH ROW EXECUTE FUNCTION closed_months_wait()",
)
CLOSED = "NOT EXISTS (SELECT 1 FROM erasing) AND EXISTS (SELECT 1 FROM closed_months WHERE {})"
WITHIN = "{}.on_date BETWEEN first_on AND last_on"
BEFORE = {
    "insert": CLOSED.format(WITHIN.format("NEW")),
    "update": CLOSED.format(f"{WITHIN.format('NEW')} OR {WITHIN.format('OLD')}"),
    "delete": CLOSED.format(WITHIN.format("OLD")),
}
SQLITE = (
    *(
        f"""CREATE TRIGGER {FROZEN}_{what} BEFORE {what.upper()} ON half_days WHEN {when}
        BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END"""
        for what, when in BEFORE.items()
    ),
    *(
        f"""CREATE TRIGGER {APPEND_ONLY}_{what} BEFORE {what.upper()} ON half_day_corrections
        WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END"""
        for what in ("update", "delete")
    ),
)


def upgrade() -> None:
    # ADD COLUMN, not a batch: that would copy the table and drop triggers on SQLite.
    op.add_column("half_days", sa.Column("form", ENUM, nullable=True))
    op.add_column("half_days", sa.Column("evidence", DOCUMENT, nullable=False, server_default="{}"))
    op.add_column("half_days", sa.Column("check_ins", DOCUMENT, nullable=True))
    op.create_table(
        "half_day_corrections",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("half_day_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("from_class", ENUM, nullable=False),
        sa.Column("to_class", ENUM, nullable=False),
        sa.Column("voice", ENUM, nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["half_day_id"], ["half_days.id"], name="fk_half_day_corrections_half_day_id"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_half_day_corrections_user_id"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_half_day_corrections_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_half_day_corrections"),
    )
    op.create_index("ix_half_day_corrections_half_day_id", "half_day_corrections", ["half_day_id"])
    op.create_table(
        "closed_months",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("closed_at", INSTANT, nullable=False),
        sa.Column("closed_by", BIG_ID, nullable=True),
        sa.CheckConstraint("first_on < last_on", name="ck_closed_months_span"),
        sa.ForeignKeyConstraint(["closed_by"], ["users.id"], name="fk_closed_months_closed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_closed_months"),
        sa.UniqueConstraint("first_on", name="uq_closed_months_first_on"),
    )
    op.create_table(
        "attendance_mappings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mapping", DOCUMENT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attendance_mappings"),
    )
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {FROZEN} ON half_days")
        op.execute(f"DROP TRIGGER {FROZEN}_truncate ON half_days")
        op.execute("DROP FUNCTION half_days_frozen()")
        op.execute("DROP FUNCTION half_days_stay()")
        op.execute("DROP FUNCTION month_must_be_open(date)")
    else:
        for what in BEFORE:
            op.execute(f"DROP TRIGGER {FROZEN}_{what}")
    op.drop_table("attendance_mappings")
    op.drop_table("closed_months")
    op.drop_table("half_day_corrections")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION half_day_corrections_append_only()")
        op.execute("DROP FUNCTION closed_months_wait()")
    op.drop_column("half_days", "check_ins")
    op.drop_column("half_days", "evidence")
    op.drop_column("half_days", "form")
