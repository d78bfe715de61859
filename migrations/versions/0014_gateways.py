"""Which gateway of a name is at work, and what went through it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

INSTANT = sa.DateTime(timezone=True)
COUNTS = (
    "messages",
    "stored",
    "repeated",
    "dead",
    "changes",
    "lag_ms",
    "broker_holds",
    "broker_dropped",
)


def upgrade() -> None:
    op.create_table(
        "gateways",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("beaten_at", INSTANT, nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        sa.PrimaryKeyConstraint("name", name="pk_gateways"),
    )


def downgrade() -> None:
    op.drop_table("gateways")
