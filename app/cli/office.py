"""Accounts, tokens and policies."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

import click

from app import pipeline
from app.cli.common import (
    EMAIL,
    PASSWORD,
    Failed,
    Line,
    akiseki,
    engine_of,
    reading_of,
    settings_of_env,
    transaction_of,
)
from app.database import rehearsal, transaction
from app.people import passwords, tokens
from app.people import service as people
from app.people.models import Role
from app.spaces import service as spaces
from app.spaces.rules import Kind, Policy, value_text


@akiseki.group()
def user() -> None:
    """People with an account."""


@user.command("add")
@click.argument("email", type=EMAIL)
@click.option("--name", required=True, type=Line(80))
@click.option("--section", required=True, type=Line(32), help="the section's code")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.STAFF.value)
@click.option("--password", type=PASSWORD, help="asked for where it is not given")
def user_add(email: str, name: str, section: str, role: str, password: str | None) -> None:
    """Add an account; the section is made where it is new."""
    settings = settings_of_env()
    password = password or _asked_password()
    now = settings.clock()
    on = now.astimezone(settings.timezone).date()
    with transaction_of(settings) as session:
        if section not in {one.code for one in people.list_sections(session)}:
            people.add_section(session, section, name=section)
        added = people.add_user(
            session, email, name=name, section_code=section, role=Role(role), now=now, on=on
        )
        people.set_password(added, password)
    click.echo(f"{email} can sign in.")


def _asked_password() -> str:
    """Typed twice, unseen; from a pipe without a terminal the first line."""
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, type=PASSWORD)
        return typed
    line = sys.stdin.readline().rstrip("\n") if sys.stdin.readable() else ""
    if not line:
        raise Failed("Give --password, or the password as a line on standard input.")
    return PASSWORD.convert(line, None, None)


@user.command("password")
@click.argument("email", type=EMAIL)
@click.option("--password", type=PASSWORD, help="asked for where it is not given")
def user_password(email: str, password: str | None) -> None:
    """Set somebody's password; their browsers are signed out."""
    settings = settings_of_env()
    password = password or _asked_password()
    with transaction_of(settings) as session:
        passwords.set_by_operator(
            session, people.get_by_email(session, email), password, now=settings.clock()
        )
    click.echo(f"{email} signs in with the new password.")


@user.command("leave")
@click.argument("email", type=EMAIL)
@click.option("--dry-run", is_flag=True, help="tell what would be freed, do nothing")
def user_leave(email: str, dry_run: bool) -> None:
    """Somebody has left: bookings are freed, tokens and browser sessions die, in one step."""
    settings = settings_of_env()
    with engine_of(settings) as engine, (rehearsal if dry_run else transaction)(engine) as session:
        user = people.get_by_email(session, email)
        freed = len(pipeline.leave(session, user.id, actor=None, now=settings.clock()))
    click.echo(f"{email} {'would leave' if dry_run else 'has left'}; bookings freed: {freed}.")


@akiseki.group()
def token() -> None:
    """Bearer tokens of the API."""


@token.command("issue")
@click.option("--user", "email", required=True, type=EMAIL)
@click.option("--label", default="", type=Line(80, least=0))
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="the last day on which it works")
def token_issue(email: str, label: str, until: datetime | None) -> None:
    """Print a new token; it is shown this once."""
    settings = settings_of_env()
    with transaction_of(settings) as session:
        issued = people.issue_token(
            session,
            people.get_by_email(session, email),
            now=settings.clock(),
            label=label,
            expires_on=until.date() if until else None,
        )
    click.echo(issued)


@token.command("list")
@click.option("--user", "email", required=True, type=EMAIL)
def token_list(email: str) -> None:
    """Somebody's tokens that work: number, last day, day of last use, label."""
    settings = settings_of_env()
    on = settings.clock().astimezone(settings.timezone).date()
    with reading_of(settings) as session:
        for one in tokens.working(session, people.get_by_email(session, email).id, on):
            click.echo(f"{one.id:6} {one.expires_on or '-'!s:10} {one.last_used_on or '-'!s:10} {one.label}")


@token.command("revoke")
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
def token_revoke(number: int) -> None:
    """A token, by its number in `token list`, dies at once."""
    settings = settings_of_env()
    with transaction_of(settings) as session:
        tokens.revoke(session, number, actor=None, now=settings.clock())
    click.echo("The token is dead.")


@akiseki.group()
def policy() -> None:
    """What holds for each kind of space."""


@policy.command("show")
def policy_show() -> None:
    """Every policy with its value."""
    with reading_of(settings_of_env()) as session:
        found = spaces.policies(session)
    for kind, values in found.kinds.items():
        for key in Policy.__dataclass_fields__:
            click.echo(f"{kind.value:14} {key:20} {value_text(getattr(values, key))}")


@policy.command("set")
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE…")
def policy_set(kind: str, values: Sequence[str]) -> None:
    """Set policies of a kind, such as: akiseki policy set booth no_show_grace=15m"""
    settings = settings_of_env()
    with transaction_of(settings) as session:
        for pair in values:
            key, equals, value = pair.partition("=")
            if not equals:
                raise Failed(f"'{pair}' is not of the form key=value.")
            spaces.set_policy(session, Kind(kind), key, value, now=settings.clock(), actor_id=None)
    click.echo("Set.")
