"""Telling people: messages, choices, webhooks, what was told; the warning before a release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ENUM = sa.String(24)
DUE = sa.text("status = 'due'")
UNREAD = sa.text("read_at IS NULL AND on_page")


def upgrade() -> None:
    op.add_column("bookings", sa.Column("warned_at", INSTANT, nullable=True))
    op.add_column("bookings", sa.Column("coming_at", INSTANT, nullable=True))
    op.create_table(
        "told_events",
        sa.Column("event_id", BIG_ID, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_told_events"),
    )
    op.create_table(
        "told_mark",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("event_id", BIG_ID, nullable=False),
        sa.Column("next_id", BIG_ID, nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_told_mark"),
    )
    # What happened before there were messages is told to nobody.
    op.execute(
        "INSERT INTO told_mark (id, event_id, next_id)"
        " SELECT 1, COALESCE(MAX(id), 0), COALESCE(MAX(id), 0) FROM events"
    )
    op.create_table(
        "messages",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("event_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("topic", ENUM, nullable=False),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("on_page", sa.Boolean(), nullable=False),
        sa.Column("read_at", INSTANT, nullable=True),
        sa.Column("status", ENUM, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.String(length=120), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_messages_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("event_id", "user_id", name="uq_messages_event_id_user_id"),
    )
    op.create_index("ix_messages_due", "messages", ["due_at"], postgresql_where=DUE, sqlite_where=DUE)
    op.create_index(
        "ix_messages_unread", "messages", ["user_id"], postgresql_where=UNREAD, sqlite_where=UNREAD
    )
    op.create_index("ix_messages_user_id_id", "messages", ["user_id", "id"])
    op.create_table(
        "notification_choices",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("switched", DOCUMENT, nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("calendar_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_notification_choices_user_id"),
        sa.PrimaryKeyConstraint("user_id", name="pk_notification_choices"),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("secret", sa.String(length=80), nullable=False),
        sa.Column("kinds", DOCUMENT, nullable=False),
        sa.Column("shape", ENUM, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("disabled_at", INSTANT, nullable=True),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_webhooks_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_table(
        "webhook_calls",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("webhook_id", BIG_ID, nullable=False),
        sa.Column("event_id", BIG_ID, nullable=False),
        sa.Column("status", ENUM, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name="fk_webhook_calls_webhook_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_calls"),
        sa.UniqueConstraint("webhook_id", "event_id", name="uq_webhook_calls_webhook_id_event_id"),
    )
    op.create_index(
        "ix_webhook_calls_due", "webhook_calls", ["due_at"], postgresql_where=DUE, sqlite_where=DUE
    )


def downgrade() -> None:
    for table in (
        "webhook_calls",
        "webhooks",
        "notification_choices",
        "messages",
        "told_mark",
        "told_events",
    ):
        op.drop_table(table)
    op.drop_column("bookings", "coming_at")
    op.drop_column("bookings", "warned_at")
