"""Since when the owner of a series is asked: whoever came after that has answered."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("series", sa.Column("asked_at", INSTANT, nullable=True))
    # Of those that are asked now the log says it.
    op.execute(
        "UPDATE series SET asked_at = (SELECT max(at) FROM events"
        " WHERE subject = 'series:' || series.id AND kind = 'series.unused') WHERE answer_until IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("series", "asked_at")
