"""What ids in calendars end with: the office's for good, wherever it is reached."""

import os
from urllib.parse import urlsplit
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    table = op.create_table(
        "calendar_domain",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_domain"),
        sa.CheckConstraint("id = 1", name="ck_calendar_domain_one"),
    )
    name = f"{uuid4()}.akiseki.invalid"
    if op.get_bind().execute(sa.text("SELECT 1 FROM bookings LIMIT 1")).first():
        # What was sent until now ends with it.
        name = urlsplit(os.environ.get("AKISEKI_PUBLIC_URL", "")).hostname or "akiseki.local"
    op.bulk_insert(table, [{"id": 1, "name": name}])


def downgrade() -> None:
    op.drop_table("calendar_domain")
