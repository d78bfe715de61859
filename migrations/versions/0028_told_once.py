"""What wires tell only once is known after the gateway began anew: names behind numbers, children, who speaks where."""

import sqlalchemy as sa
from alembic import op

from app.orm import Document

revision = "0028"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "told_once",
        sa.Column("name", sa.String(320), nullable=False),
        sa.Column("said", Document, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_told_once"),
    )


def downgrade() -> None:
    op.drop_table("told_once")
