"""Sections that are closed, versions of sections, and the guard that none is above itself."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

GUARD = "tr_sections_circle"
# Whether the new row is among all that lie above the section that it is put under.
IS_CIRCLE = """NEW.id IN (
        WITH RECURSIVE above(id) AS (
            SELECT NEW.parent_id
            UNION SELECT sections.parent_id FROM above JOIN sections ON sections.id = above.id
            WHERE sections.parent_id IS NOT NULL
        ) SELECT id FROM above
    )"""
# One change of the tree at a time: two that are each harmless could close a circle together.
POSTGRESQL = (
    f"""CREATE FUNCTION sections_no_circle() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('sections:tree', 0));
        IF {IS_CIRCLE} THEN
            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = '{GUARD}',
                MESSAGE = 'a section cannot be above itself';
        END IF;
        RETURN NEW;
    END $$""",
    (
        f"CREATE TRIGGER {GUARD} BEFORE INSERT OR UPDATE ON sections FOR EACH ROW"
        " WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION sections_no_circle()"
    ),
)
SQLITE = tuple(
    f"""CREATE TRIGGER {GUARD}_{what} BEFORE {what.upper()} ON sections
    WHEN NEW.parent_id IS NOT NULL AND {IS_CIRCLE}
    BEGIN SELECT RAISE(ABORT, '{GUARD}'); END"""
    for what in ("insert", "update")
)


def upgrade() -> None:
    # ADD COLUMN, not a batch: that would copy the table, to which others refer.
    op.add_column("sections", sa.Column("until_on", sa.Date(), nullable=True))
    op.add_column("sections", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {GUARD} ON sections")
        op.execute("DROP FUNCTION sections_no_circle()")
    else:
        for what in ("insert", "update"):
            op.execute(f"DROP TRIGGER {GUARD}_{what}")
    op.drop_column("sections", "version")
    op.drop_column("sections", "until_on")
