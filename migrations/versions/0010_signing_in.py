"""Signing in by the city's directory, sessions that end together, tokens that run out, leaving on an instant."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("users", sa.Column("session_epoch", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("users", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("users", sa.Column("leaves_at", INSTANT, nullable=True))
    op.create_index(
        "ix_users_leaves_at",
        "users",
        ["leaves_at"],
        postgresql_where=sa.text("leaves_at IS NOT NULL"),
        sqlite_where=sa.text("leaves_at IS NOT NULL"),
    )
    op.create_index(
        "ix_users_left_at",
        "users",
        ["left_at"],
        postgresql_where=sa.text("left_at IS NOT NULL"),
        sqlite_where=sa.text("left_at IS NOT NULL"),
    )
    op.add_column("api_tokens", sa.Column("expires_on", sa.Date(), nullable=True))
    op.add_column("api_tokens", sa.Column("last_used_on", sa.Date(), nullable=True))
    op.create_table(
        "identities",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("bound_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_identities_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.UniqueConstraint("issuer", "subject", name="uq_identities_issuer_subject"),
        sa.UniqueConstraint("user_id", "issuer", name="uq_identities_user_id_issuer"),
    )
    op.create_table(
        "password_codes",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_password_codes_user_id"),
        sa.PrimaryKeyConstraint("user_id", name="pk_password_codes"),
        sa.UniqueConstraint("code_hash", name="uq_password_codes_code_hash"),
    )


def downgrade() -> None:
    op.drop_table("password_codes")
    op.drop_table("identities")
    op.drop_column("api_tokens", "last_used_on")
    op.drop_column("api_tokens", "expires_on")
    op.drop_index("ix_users_left_at", "users")
    op.drop_index("ix_users_leaves_at", "users")
    op.drop_column("users", "leaves_at")
    op.drop_column("users", "version")
    op.drop_column("users", "session_epoch")
