"""`akiseki keep`: erase what need not be kept."""

from __future__ import annotations

import click

from app.cli.common import akiseki, engine_of, settings_of_env
from app.database import reading
from app.records import erasing


@akiseki.command()
@click.option("--dry-run", is_flag=True, help="only count")
def keep(dry_run: bool) -> None:
    """Erase what is linked to people and older than the settings KEEP_… say; the figures stay."""
    settings = settings_of_env()
    now = settings.clock()
    limits = erasing.limits_of(settings.keeping, now, now.astimezone(settings.timezone).date())
    with engine_of(settings) as engine:
        if dry_run:
            with reading(engine) as session:
                counts = erasing.due_counts(session, limits)
        else:
            counts = erasing.erase(engine, limits, now=now)
    for name, count in counts.items():
        click.echo(f"{name:16} {count}")
    click.echo("Would be erased; nothing was." if dry_run else "Erased.")
