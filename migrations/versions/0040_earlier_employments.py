"""How people were employed until a day; what an account says holds from the beginning where nothing is here."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "earlier_employments",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("employment", sa.String(24), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_earlier_employments_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_earlier_employments"),
        sa.UniqueConstraint("user_id", "until_on", name="uq_earlier_employments_user_id_until_on"),
    )


def downgrade() -> None:
    op.drop_table("earlier_employments")
