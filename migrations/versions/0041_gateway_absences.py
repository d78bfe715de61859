"""When nobody heard the broker under a gateway's name."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "gateway_absences",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gateway_absences"),
    )
    op.add_column("gateways", sa.Column("heard_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE gateways SET heard_at = beaten_at")
    op.add_column("gateways", sa.Column("is_missed", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("gateways") as gateways:
        gateways.alter_column("is_missed", server_default=None)


def downgrade() -> None:
    op.drop_column("gateways", "is_missed")
    op.drop_column("gateways", "heard_at")
    op.drop_table("gateway_absences")
