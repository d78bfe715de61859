"""Who waits for any space waits at one site: nobody is offered a seat in another building."""

from alembic import op

revision = "0026"
down_revision = "0025"

OF_ZONE = "SELECT floors.site_id FROM zones JOIN floors ON floors.id = zones.floor_id WHERE zones.id = {zone}"
OF_SPACE = "SELECT spaces.zone_id FROM spaces WHERE spaces.id = waitlist_entries.space_id"


def upgrade() -> None:
    # ADD COLUMN with REFERENCES, not a batch: SQLite needs no copy of the table for it.
    id_type = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    op.execute(
        f"ALTER TABLE waitlist_entries ADD COLUMN site_id {id_type}"
        " CONSTRAINT fk_waitlist_entries_site_id REFERENCES sites (id)"
    )
    for name, zone in (("zone_id", "waitlist_entries.zone_id"), ("space_id", f"({OF_SPACE})")):
        op.execute(
            f"UPDATE waitlist_entries SET site_id = ({OF_ZONE.format(zone=zone)}) WHERE {name} IS NOT NULL"
        )


def downgrade() -> None:
    op.drop_column("waitlist_entries", "site_id")
