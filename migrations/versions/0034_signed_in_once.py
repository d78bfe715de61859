"""Whose sign-in an erased event was, by a digest of the address, is erased with the rest of it."""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    # The log's guard lets only the eraser pass.
    op.execute("INSERT INTO erasing (id) VALUES (1)")
    op.execute("UPDATE events SET subject = 'sign_in' WHERE erased AND subject LIKE 'sign_in:%'")
    op.execute("DELETE FROM erasing")


def downgrade() -> None:
    """What is erased stays erased."""
