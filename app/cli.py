"""`akiseki …`: every command; one clear line on bad input, never a traceback for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click
from sqlalchemy.exc import OperationalError

from app import jobs as jobs_process
from app import logs, migrate
from app.bookings import guards
from app.database import create_engine, reading, transaction
from app.errors import DomainError
from app.people import service as people
from app.people.models import Role
from app.settings import Settings, SettingsError
from app.spaces import service as spaces
from app.spaces.rules import Kind, Policy, duration_text


class Failed(click.ClickException):
    """A command that could not do what was asked; its message is the one line shown."""


def _settings() -> Settings:
    settings = Settings.from_env(os.environ)
    logs.configure(settings.log_format)
    return settings


@click.group(help="Akiseki (空き席): an office without fixed desks.")
def akiseki() -> None:
    """The group of all commands."""


@akiseki.command()
def jobs() -> None:
    """Sweep and close days, until told to stop."""
    jobs_process.run(_settings())


@akiseki.group()
def db() -> None:
    """The database: migrate and check."""


@db.command()
@click.option("--revision", default="head", show_default=True)
def upgrade(revision: str) -> None:
    """Bring the database up to the newest schema."""
    settings = _settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.database_url, revision)
    click.echo("The database stands at the newest schema.")


@db.command()
@click.option("--revision", default="-1", show_default=True)
def downgrade(revision: str) -> None:
    """Take the database back by one schema, or to a revision."""
    migrate.downgrade(_settings().database_url, revision)
    click.echo(f"The database was taken back to {revision}.")


@db.command()
def check() -> None:
    """Whether the schema is current and the guards against double booking stand."""
    engine = create_engine(_settings().database_url)
    if not migrate.is_current(engine):
        raise Failed("The schema is not the newest. Run: akiseki db upgrade")
    with reading(engine) as session:
        missing = guards.missing(session)
    if missing:
        raise Failed(f"Guards against double booking are missing: {', '.join(missing)}. Restore a backup.")
    click.echo("The schema is current and every guard stands.")


@akiseki.group()
def user() -> None:
    """People with an account."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--section", required=True, help="the section's code")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.STAFF.value)
@click.option("--password", envvar=None, prompt=True, hide_input=True, confirmation_prompt=True)
def user_add(email: str, name: str, section: str, role: str, password: str) -> None:
    """Add an account; the section is made where it is new."""
    settings = _settings()
    now = settings.clock()
    on = now.astimezone(settings.timezone).date()
    with transaction(create_engine(settings.database_url)) as session:
        if section not in {one.code for one in people.list_sections(session)}:
            people.add_section(session, section, name=section)
        added = people.add_user(
            session, email, name=name, section_code=section, role=Role(role), now=now, on=on
        )
        people.set_password(added, password)
    click.echo(f"{email} can sign in.")


@akiseki.group()
def token() -> None:
    """Bearer tokens of the API."""


@token.command("issue")
@click.option("--user", "email", required=True)
@click.option("--label", default="")
def token_issue(email: str, label: str) -> None:
    """Print a new token; it is shown this once."""
    settings = _settings()
    with transaction(create_engine(settings.database_url)) as session:
        issued = people.issue_token(
            session, people.get_by_email(session, email), now=settings.clock(), label=label
        )
    click.echo(issued)


@akiseki.group()
def policy() -> None:
    """What holds for each kind of space."""


@policy.command("show")
def policy_show() -> None:
    """Every policy with its value."""
    with reading(create_engine(_settings().database_url)) as session:
        found = spaces.policies(session)
    for kind, values in found.items():
        for key in Policy.__dataclass_fields__:
            click.echo(f"{kind.value:14} {key:20} {duration_text(getattr(values, key))}")


@policy.command("set")
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE…")
def policy_set(kind: str, values: Sequence[str]) -> None:
    """Set policies of a kind, such as: akiseki policy set booth no_show_grace=15m"""
    settings = _settings()
    with transaction(create_engine(settings.database_url)) as session:
        for pair in values:
            key, equals, value = pair.partition("=")
            if not equals:
                raise Failed(f"'{pair}' is not of the form key=value.")
            spaces.set_policy(session, Kind(kind), key, value, now=settings.clock(), actor_id=None)
    click.echo("Set.")


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command; bad input ends with one line and a status that is not zero."""
    try:
        akiseki.main(args=list(argv) if argv is not None else None, prog_name="akiseki", standalone_mode=True)
    except SettingsError as error:
        _fail(str(error))
    except DomainError as error:
        _fail(f"{error.code}: {', '.join(f'{name} {value}' for name, value in error.facts.items())}")
    except OperationalError as error:
        _fail(
            f"The database does not answer, or needs `akiseki db upgrade`: {str(error.orig).splitlines()[0]}"
        )


def _fail(message: str) -> None:
    click.echo(f"akiseki: {message}", err=True)
    sys.exit(1)
