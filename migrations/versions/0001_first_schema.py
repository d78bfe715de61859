"""The first schema: people, spaces, sensors, readings, bookings with their guards, usage, telework, events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ENUM = sa.String(24)

LIVE = "status IN ('held', 'booked', 'checked_in')"
PERSONS = "status IN ('booked', 'checked_in')"

# Half-open spans, so that back-to-back bookings do not clash. int8range over the id needs no extension (btree_gist).
POSTGRESQL_GUARDS = (
    f"""ALTER TABLE bookings ADD CONSTRAINT ex_bookings_space EXCLUDE USING gist (
        int8range(space_id, space_id, '[]') WITH &&, tstzrange(start_at, end_at) WITH &&) WHERE ({LIVE})""",
    *(
        f"""ALTER TABLE bookings ADD CONSTRAINT ex_bookings_person_{lane} EXCLUDE USING gist (
        int8range(user_id, user_id, '[]') WITH &&, tstzrange(start_at, end_at) WITH &&)
        WHERE ({PERSONS} AND lane = '{lane}' AND user_id IS NOT NULL)"""
        for lane in ("desk", "room")
    ),
)


def _sqlite_guards() -> list[str]:
    """The same on SQLite: triggers on INSERT and on UPDATE that name the clash as PostgreSQL would."""
    clash = "start_at < NEW.end_at AND end_at > NEW.start_at"
    made = []
    for when, event, other in (("insert", "INSERT", ""), ("update", "UPDATE", " AND id <> NEW.id")):
        made.append(
            f"""CREATE TRIGGER tr_bookings_space_{when} BEFORE {event} ON bookings
            WHEN NEW.{LIVE} AND EXISTS (
                SELECT 1 FROM bookings WHERE space_id = NEW.space_id AND {LIVE} AND {clash}{other})
            BEGIN SELECT RAISE(ABORT, 'ex_bookings_space'); END"""
        )
        # Two triggers a lane would do the same twice: the message is chosen by the lane.
        made.append(
            f"""CREATE TRIGGER tr_bookings_person_{when} BEFORE {event} ON bookings
            WHEN NEW.{PERSONS} AND NEW.user_id IS NOT NULL AND EXISTS (
                SELECT 1 FROM bookings WHERE user_id = NEW.user_id AND lane = NEW.lane AND {PERSONS}
                AND {LIVE} AND {clash}{other})
            BEGIN SELECT CASE NEW.lane WHEN 'desk' THEN RAISE(ABORT, 'ex_bookings_person_desk')
                ELSE RAISE(ABORT, 'ex_bookings_person_room') END; END"""
        )
    return made


def upgrade() -> None:

    op.create_table(
        "closed_days",
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("closed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("on_date", name="pk_closed_days"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=48), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
    )
    op.create_index("ix_dead_letters_received_at", "dead_letters", ["received_at"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_at", "events", ["at"], unique=False)
    op.create_index("ix_events_subject_id", "events", ["subject", "id"], unique=False)
    op.create_table(
        "policy_values",
        sa.Column("kind", ENUM, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_policy_values"),
    )
    op.create_table(
        "sections",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("parent_id", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["sections.id"], name="fk_sections_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sections"),
        sa.UniqueConstraint("code", name="uq_sections_code"),
    )
    op.create_table(
        "sensors",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("heartbeat_s", sa.Integer(), nullable=False),
        sa.Column("own_hold_s", sa.Integer(), nullable=False),
        sa.Column("holds_itself", sa.Boolean(), nullable=False),
        sa.Column("detection_delay_s", sa.Integer(), nullable=False),
        sa.CheckConstraint("heartbeat_s > 0", name="ck_sensors_heartbeat_positive"),
        sa.PrimaryKeyConstraint("id", name="pk_sensors"),
    )
    op.create_table(
        "sites",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
        sa.UniqueConstraint("code", name="uq_sites_code"),
    )
    op.create_table(
        "users",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kana", sa.String(length=80), nullable=False),
        sa.Column("extension", sa.String(length=16), nullable=False),
        sa.Column("role", ENUM, nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("left_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_tokens_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"], unique=False)
    op.create_table(
        "floors",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("site_id", BIG_ID, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_floors_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_floors"),
        sa.UniqueConstraint("code", name="uq_floors_code"),
    )
    op.create_table(
        "half_days",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("half", ENUM, nullable=False),
        sa.Column("day_class", ENUM, nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("classified_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_half_days_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_half_days"),
        sa.UniqueConstraint("user_id", "on_date", "half", name="uq_half_days_user_id_on_date_half"),
    )
    op.create_index("ix_half_days_on_date", "half_days", ["on_date"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("section_id", BIG_ID, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name="fk_memberships_section_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_memberships_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_section_id", "memberships", ["section_id"], unique=False)
    op.create_index("ix_memberships_user_id_from_on", "memberships", ["user_id", "from_on"], unique=False)
    op.create_table(
        "readings",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("sensor_id", sa.String(length=64), nullable=False),
        sa.Column("boot", sa.String(length=32), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("observed_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("occupied", sa.Boolean(), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=True),
        sa.Column("history", sa.Boolean(), nullable=False),
        sa.Column("battery_pct", sa.Integer(), nullable=True),
        sa.Column("rssi", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_readings_sensor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_readings"),
        sa.UniqueConstraint("sensor_id", "boot", "seq", name="uq_readings_sensor_id_boot_seq"),
    )
    op.create_index(
        "ix_readings_sensor_id_observed_at", "readings", ["sensor_id", "observed_at"], unique=False
    )
    op.create_table(
        "sensor_states",
        sa.Column("sensor_id", sa.String(length=64), nullable=False),
        sa.Column("state", ENUM, nullable=False),
        sa.Column("since_at", INSTANT, nullable=True),
        sa.Column("level", sa.Boolean(), nullable=True),
        sa.Column("signal_at", INSTANT, nullable=True),
        sa.Column("hit_at", INSTANT, nullable=True),
        sa.Column("last_hit_at", INSTANT, nullable=True),
        sa.Column("quiet_at", INSTANT, nullable=True),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("battery_pct", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_sensor_states_sensor_id"),
        sa.PrimaryKeyConstraint("sensor_id", name="pk_sensor_states"),
    )
    op.create_index("ix_sensor_states_due_at", "sensor_states", ["due_at"], unique=False)
    op.create_table(
        "telework_plans",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("half", ENUM, nullable=False),
        sa.Column("kind", ENUM, nullable=False),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("approved_by", BIG_ID, nullable=True),
        sa.Column("reported_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["approved_by"], ["users.id"], name="fk_telework_plans_approved_by"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_telework_plans_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_telework_plans"),
        sa.UniqueConstraint("user_id", "on_date", "half", name="uq_telework_plans_user_id_on_date_half"),
    )
    op.create_index("ix_telework_plans_on_date", "telework_plans", ["on_date"], unique=False)
    op.create_table(
        "zones",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("floor_id", BIG_ID, nullable=False),
        sa.Column("section_id", BIG_ID, nullable=True),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("free_seating", sa.Boolean(), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["floor_id"], ["floors.id"], name="fk_zones_floor_id"),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name="fk_zones_section_id"),
        sa.PrimaryKeyConstraint("id", name="pk_zones"),
        sa.UniqueConstraint("code", name="uq_zones_code"),
    )
    op.create_table(
        "spaces",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("zone_id", BIG_ID, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("kind", ENUM, nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("out_of_order", sa.Boolean(), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["zone_id"], ["zones.id"], name="fk_spaces_zone_id"),
        sa.PrimaryKeyConstraint("id", name="pk_spaces"),
        sa.UniqueConstraint("code", name="uq_spaces_code"),
    )
    op.create_index("ix_spaces_zone_id", "spaces", ["zone_id"], unique=False)
    op.create_table(
        "bookings",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("space_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=True),
        sa.Column("lane", ENUM, nullable=False),
        sa.Column("start_at", INSTANT, nullable=False),
        sa.Column("end_at", INSTANT, nullable=False),
        sa.Column("status", ENUM, nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("origin", ENUM, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=True),
        sa.Column("checked_in_at", INSTANT, nullable=True),
        sa.Column("checked_in_by", ENUM, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("reclaimed", sa.Boolean(), nullable=False),
        sa.Column("release_check_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("start_at < end_at", name="ck_bookings_span"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_bookings_made_by"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_bookings_space_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_bookings_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bookings"),
    )
    op.create_index(
        "ix_bookings_live_end",
        "bookings",
        ["end_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('held', 'booked', 'checked_in')"),
        sqlite_where=sa.text("status IN ('held', 'booked', 'checked_in')"),
    )
    op.create_index(
        "ix_bookings_live_person",
        "bookings",
        ["user_id", "lane", "start_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('held', 'booked', 'checked_in')"),
        sqlite_where=sa.text("status IN ('held', 'booked', 'checked_in')"),
    )
    op.create_index(
        "ix_bookings_live_space",
        "bookings",
        ["space_id", "start_at", "end_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('held', 'booked', 'checked_in')"),
        sqlite_where=sa.text("status IN ('held', 'booked', 'checked_in')"),
    )
    op.create_index(
        "ix_bookings_release_check",
        "bookings",
        ["release_check_at"],
        unique=False,
        postgresql_where=sa.text("status = 'booked'"),
        sqlite_where=sa.text("status = 'booked'"),
    )
    op.create_index(
        "ix_bookings_space_day",
        "bookings",
        ["space_id", "start_at"],
        unique=False,
        postgresql_include=["end_at", "status", "user_id"],
    )
    op.create_index("ix_bookings_user_day", "bookings", ["user_id", "start_at"], unique=False)
    op.create_table(
        "occupancy_changes",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("space_id", BIG_ID, nullable=False),
        sa.Column("sensor_id", sa.String(length=64), nullable=False),
        sa.Column("state", ENUM, nullable=False),
        sa.Column("since_at", INSTANT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_occupancy_changes_space_id"),
        sa.PrimaryKeyConstraint("id", name="pk_occupancy_changes"),
    )
    op.create_index(
        "ix_occupancy_changes_space_id_since_at", "occupancy_changes", ["space_id", "since_at"], unique=False
    )
    op.create_table(
        "sensor_bindings",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("sensor_id", sa.String(length=64), nullable=False),
        sa.Column("space_id", BIG_ID, nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("until_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_sensor_bindings_sensor_id"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_sensor_bindings_space_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sensor_bindings"),
    )
    op.create_index(
        "uq_sensor_bindings_sensor",
        "sensor_bindings",
        ["sensor_id"],
        unique=True,
        postgresql_where=sa.text("until_at IS NULL"),
        sqlite_where=sa.text("until_at IS NULL"),
    )
    op.create_index(
        "uq_sensor_bindings_space",
        "sensor_bindings",
        ["space_id"],
        unique=True,
        postgresql_where=sa.text("until_at IS NULL"),
        sqlite_where=sa.text("until_at IS NULL"),
    )
    op.create_table(
        "usage_sessions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("space_id", BIG_ID, nullable=False),
        sa.Column("start_at", INSTANT, nullable=False),
        sa.Column("end_at", INSTANT, nullable=True),
        sa.Column("flag", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_usage_sessions_space_id"),
        sa.PrimaryKeyConstraint("id", name="pk_usage_sessions"),
    )
    op.create_index(
        "ix_usage_sessions_space_id_start_at", "usage_sessions", ["space_id", "start_at"], unique=False
    )
    op.create_index(
        "uq_usage_sessions_open",
        "usage_sessions",
        ["space_id"],
        unique=True,
        postgresql_where=sa.text("end_at IS NULL"),
        sqlite_where=sa.text("end_at IS NULL"),
    )

    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL_GUARDS:
            op.execute(statement)
    else:
        for statement in _sqlite_guards():
            op.execute(statement)


def downgrade() -> None:
    for table in (
        "usage_sessions",
        "sensor_bindings",
        "occupancy_changes",
        "bookings",
        "spaces",
        "zones",
        "telework_plans",
        "sensor_states",
        "readings",
        "memberships",
        "half_days",
        "floors",
        "api_tokens",
        "users",
        "sites",
        "sensors",
        "sections",
        "policy_values",
        "events",
        "dead_letters",
        "closed_days",
    ):
        op.drop_table(table)
