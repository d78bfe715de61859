"""Who was asked to come in for somebody who is absent."""

import sqlalchemy as sa
from alembic import op

from app.orm import Document

revision = "0020"
down_revision = "0019"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
OFFERED = sa.text("state = 'offered'")


def upgrade() -> None:
    op.create_table(
        "rotation_swaps",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("rotation_id", BIG_ID, nullable=False),
        sa.Column("absent_id", BIG_ID, nullable=False),
        sa.Column("person_id", BIG_ID, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("cells", Document, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("offered_at", INSTANT, nullable=False),
        sa.Column("offered_by", BIG_ID, nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["rotation_id"], ["rotations.id"], name="fk_rotation_swaps_rotation_id"),
        sa.ForeignKeyConstraint(["absent_id"], ["users.id"], name="fk_rotation_swaps_absent_id"),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name="fk_rotation_swaps_person_id"),
        sa.ForeignKeyConstraint(["offered_by"], ["users.id"], name="fk_rotation_swaps_offered_by"),
        sa.PrimaryKeyConstraint("id", name="pk_rotation_swaps"),
    )
    op.create_index(
        "uq_rotation_swaps_offered",
        "rotation_swaps",
        ["person_id", "on_date"],
        unique=True,
        postgresql_where=OFFERED,
        sqlite_where=OFFERED,
    )
    for column in ("rotation_id", "absent_id", "on_date"):
        op.create_index(f"ix_rotation_swaps_{column}", "rotation_swaps", [column])


def downgrade() -> None:
    op.drop_table("rotation_swaps")
