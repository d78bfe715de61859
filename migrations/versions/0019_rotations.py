"""Rotations: what a section's must hold, searches and their plans, locks, and what was published."""

import sqlalchemy as sa
from alembic import op

from app.orm import Document

revision = "0019"
down_revision = "0018"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
ENUM = sa.String(24)
OPEN = sa.text("state IN ('waiting', 'searching')")
PUBLISHED = sa.text("state = 'published'")


def upgrade() -> None:
    op.create_table(
        "rotation_settings",
        sa.Column("section_id", BIG_ID, nullable=False),
        sa.Column("data", Document, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("changed_by", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name="fk_rotation_settings_section_id"),
        sa.ForeignKeyConstraint(["changed_by"], ["users.id"], name="fk_rotation_settings_changed_by"),
        sa.PrimaryKeyConstraint("section_id", name="pk_rotation_settings"),
    )
    op.create_table(
        "rotations",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("section_id", BIG_ID, nullable=True),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("state", ENUM, nullable=False),
        sa.Column("problem", Document, nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("work", sa.Integer(), nullable=True),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("plan", Document, nullable=True),
        sa.Column("figures", Document, nullable=True),
        sa.Column("progress", Document, nullable=True),
        sa.Column("conflict", Document, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=True),
        sa.Column("beat_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("published_by", BIG_ID, nullable=True),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_rotations_days")),
        sa.CheckConstraint(
            "state <> 'published' OR (plan IS NOT NULL AND published_at IS NOT NULL)",
            name=op.f("ck_rotations_published"),
        ),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name="fk_rotations_section_id"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_rotations_made_by"),
        sa.ForeignKeyConstraint(["published_by"], ["users.id"], name="fk_rotations_published_by"),
        sa.PrimaryKeyConstraint("id", name="pk_rotations"),
    )
    op.create_index("ix_rotations_open", "rotations", ["id"], postgresql_where=OPEN, sqlite_where=OPEN)
    op.create_index(
        "uq_rotations_published",
        "rotations",
        ["section_id", "first_on"],
        unique=True,
        postgresql_where=PUBLISHED,
        sqlite_where=PUBLISHED,
    )
    op.create_index("ix_rotations_section_id_first_on", "rotations", ["section_id", "first_on"])
    op.create_index("ix_rotations_made_by", "rotations", ["made_by"])
    op.create_index("ix_rotations_last_on", "rotations", ["last_on"])
    op.create_table(
        "rotation_locks",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("section_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("half", ENUM, nullable=False),
        sa.Column("kind", ENUM, nullable=False),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name="fk_rotation_locks_section_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_rotation_locks_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rotation_locks"),
        sa.UniqueConstraint(
            "section_id",
            "user_id",
            "on_date",
            "half",
            name="uq_rotation_locks_section_id_user_id_on_date_half",
        ),
    )
    op.create_index("ix_rotation_locks_user_id", "rotation_locks", ["user_id"])
    op.create_index("ix_rotation_locks_on_date", "rotation_locks", ["on_date"])
    op.create_table(
        "rotation_bookings",
        sa.Column("booking_id", BIG_ID, nullable=False),
        sa.Column("rotation_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_rotation_bookings_booking_id"),
        sa.ForeignKeyConstraint(["rotation_id"], ["rotations.id"], name="fk_rotation_bookings_rotation_id"),
        sa.PrimaryKeyConstraint("booking_id", name="pk_rotation_bookings"),
    )
    op.create_index("ix_rotation_bookings_rotation_id", "rotation_bookings", ["rotation_id"])
    op.create_table(
        "rotation_cells",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("rotation_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("half", ENUM, nullable=False),
        sa.Column("kind", ENUM, nullable=False),
        sa.ForeignKeyConstraint(["rotation_id"], ["rotations.id"], name="fk_rotation_cells_rotation_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_rotation_cells_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rotation_cells"),
        sa.UniqueConstraint(
            "rotation_id",
            "user_id",
            "on_date",
            "half",
            name="uq_rotation_cells_rotation_id_user_id_on_date_half",
        ),
    )
    op.create_index("ix_rotation_cells_on_date", "rotation_cells", ["on_date"])
    op.create_index("ix_rotation_cells_user_id_on_date", "rotation_cells", ["user_id", "on_date"])


def downgrade() -> None:
    for table in ("rotation_cells", "rotation_bookings", "rotation_locks", "rotations", "rotation_settings"):
        op.drop_table(table)
