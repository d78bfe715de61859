"""`akiseki …`: every command; one clear line on bad input, never a traceback for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from alembic.util import CommandError
from sqlalchemy.exc import DatabaseError

from app.cli import broker, db, lots, office, processes, records, rotation, sensors
from app.cli.common import akiseki
from app.errors import DomainError
from app.settings import SettingsError

__all__ = [
    "akiseki",
    "broker",
    "db",
    "lots",
    "main",
    "office",
    "processes",
    "records",
    "rotation",
    "sensors",
]  # importing a module registers its commands


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command; bad input ends with one line and a status that is not zero."""
    try:
        akiseki.main(args=list(argv) if argv is not None else None, prog_name="akiseki", standalone_mode=True)
    except SettingsError as error:
        _fail(str(error))
    except DomainError as error:
        _fail(f"{error.code}: {', '.join(f'{name} {value}' for name, value in error.facts.items())}")
    except CommandError as error:
        _fail(f"{error}. This version knows other schemas than the database, or none of that name.")
    except DatabaseError as error:
        _fail(
            f"The database does not answer, or needs `akiseki db upgrade`: {str(error.orig).splitlines()[0]}"
        )


def _fail(message: str) -> None:
    click.echo(f"akiseki: {message}", err=True)
    sys.exit(1)
