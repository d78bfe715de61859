"""A code on each desk, and a card for each person, to check in with."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ALPHABET = "34679ACDEFGHJKMNPQRTVWXY"


def upgrade() -> None:
    op.add_column("spaces", sa.Column("desk_code", sa.String(length=8), nullable=False, server_default=""))
    spaces = sa.table("spaces", sa.column("id"), sa.column("desk_code"))
    made: set[str] = set()
    for space_id in op.get_bind().scalars(sa.select(spaces.c.id)).all():
        code = "".join(secrets.choice(ALPHABET) for _ in range(8))
        while code in made:
            code = "".join(secrets.choice(ALPHABET) for _ in range(8))
        made.add(code)
        op.execute(spaces.update().where(spaces.c.id == space_id).values(desk_code=code))
    op.create_index(
        "uq_spaces_desk_code",
        "spaces",
        ["desk_code"],
        unique=True,
        postgresql_where=sa.text("desk_code <> ''"),
        sqlite_where=sa.text("desk_code <> ''"),
    )
    op.add_column("users", sa.Column("card_digest", sa.String(length=64), nullable=False, server_default=""))
    op.create_index(
        "uq_users_card_digest",
        "users",
        ["card_digest"],
        unique=True,
        postgresql_where=sa.text("card_digest <> ''"),
        sqlite_where=sa.text("card_digest <> ''"),
    )


def downgrade() -> None:
    op.drop_index("uq_users_card_digest", "users")
    op.drop_column("users", "card_digest")
    op.drop_index("uq_spaces_desk_code", "spaces")
    op.drop_column("spaces", "desk_code")
