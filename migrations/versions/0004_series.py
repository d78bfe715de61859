"""Bookings that repeat."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "series",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=True),
        sa.Column("rule", DOCUMENT, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BIG_ID, nullable=True),
        sa.Column("answer_until", INSTANT, nullable=True),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_series_made_by"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_series_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
    )
    op.create_index("ix_series_user_id", "series", ["user_id"])
    op.create_index(
        "ix_series_asked",
        "series",
        ["answer_until"],
        postgresql_where=sa.text("answer_until IS NOT NULL AND ended_at IS NULL"),
        sqlite_where=sa.text("answer_until IS NOT NULL AND ended_at IS NULL"),
    )
    # ADD COLUMN with REFERENCES, not a batch: that would drop the guards of bookings on SQLite.
    id_type = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    op.execute(
        f"ALTER TABLE bookings ADD COLUMN series_id {id_type}"
        " CONSTRAINT fk_bookings_series_id REFERENCES series (id)"
    )
    op.create_index(
        "ix_bookings_series",
        "bookings",
        ["series_id", "start_at"],
        postgresql_where=sa.text("series_id IS NOT NULL"),
        sqlite_where=sa.text("series_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_bookings_series", "bookings")
    op.drop_column("bookings", "series_id")
    op.drop_table("series")
