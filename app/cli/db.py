"""`akiseki db …`"""

from __future__ import annotations

import click

from app import events, migrate
from app.bookings import guards
from app.cli.common import Failed, akiseki, engine_of, settings_of_env
from app.database import reading
from app.people import guards as sections
from app.telework import guards as day_log


@akiseki.group()
def db() -> None:
    """The database: migrate and check."""


@db.command()
@click.option("--revision", default="head", show_default=True)
def upgrade(revision: str) -> None:
    """Bring the database up to the newest schema."""
    settings = settings_of_env()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.database_url, revision)
    click.echo("The database stands at the newest schema.")


@db.command()
@click.option("--revision", default="-1", show_default=True)
def downgrade(revision: str) -> None:
    """Take the database back by one schema, or to a revision."""
    migrate.downgrade(settings_of_env().database_url, revision)
    click.echo(f"The database was taken back to {revision}.")


@db.command()
def check() -> None:
    """Whether the schema is current, and the guards of bookings, events, the day log and sections stand."""
    with engine_of(settings_of_env()) as engine:
        if not migrate.is_current(engine):
            raise Failed("The schema is not the newest. Run: akiseki db upgrade")
        with reading(engine) as session:
            missing = [
                *guards.missing(session),
                *events.missing_guards(session),
                *day_log.missing(session),
                *sections.missing(session),
            ]
    if missing:
        raise Failed(f"Guards of the database are missing: {', '.join(missing)}. Restore a backup.")
    click.echo("The schema is current and every guard stands.")
