"""`akiseki keep`, `import` and `export`: letting go of records, files in and out."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

import click

from app import wording
from app.cli.common import Failed, akiseki, engine_of, reading_of, settings_of_env
from app.csv_text import ENCODINGS, UTF8
from app.database import reading, rehearsal, transaction
from app.records import erasing
from app.records.sheets import service
from app.records.sheets.rules import Diff
from app.records.sheets.sheet import Asked
from app.settings import Settings
from app.spaces.rules import Kind
from sensor_gateway.profiles import ProfileError, load

SHEET = click.Choice(list(service.SHEETS))


@akiseki.command()
@click.option("--dry-run", is_flag=True, help="only count")
def keep(dry_run: bool) -> None:
    """Erase what is linked to people and older than the settings KEEP_… say; the figures stay."""
    settings = settings_of_env()
    now = settings.clock()
    today = now.astimezone(settings.timezone).date()
    limits = erasing.limits_of(settings.keeping, now, today, settings.timezone)
    with engine_of(settings) as engine:
        if dry_run:
            with reading(engine) as session:
                counts = erasing.due_counts(session, limits)
        else:
            counts = erasing.erase(engine, limits, now=now)
    for name, count in counts.items():
        click.echo(f"{name:16} {count}")
    click.echo("Would be erased; nothing was." if dry_run else "Erased.")


@akiseki.command("export")
@click.argument("name", type=SHEET, metavar="|".join(service.SHEETS))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--encoding", type=click.Choice(ENCODINGS), default=UTF8, show_default=True)
def export(name: str, file: Path, encoding: str) -> None:
    """Write what is stored to a CSV file, which `import` reads again."""
    settings = settings_of_env()
    with reading_of(settings) as session:
        written = service.export(session, service.SHEETS[name], _asked(settings), encoding)
    try:
        file.write_bytes(written.content)
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}.") from error
    for line, column, character in written.lost:
        click.echo(f"line {line}, {column}: {character} (U+{ord(character):04X}) is not in CP932", err=True)
    click.echo(f"Written to {file}.")


def _columns() -> str:
    """The columns of each kind of file, as the help shows them."""
    told = ["\b", "Columns, in any order; each file must have those with *:"]
    for name, sheet in service.SHEETS.items():
        columns = [f"{one}{'*' * (one in sheet.needed)}" for one in sheet.columns]
        lines = wrap(", ".join(columns), 64)
        told += [f"  {name:9} {lines[0]}", *(f"{'':12}{line}" for line in lines[1:])]
    kinds = ", ".join(Kind)
    return "\n".join([*told, f"Kind of a space: {kinds}."])


@akiseki.command("import", epilog=_columns())
@click.argument("name", type=SHEET, metavar="|".join(service.SHEETS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="only show what would change")
def import_(name: str, file: Path, dry_run: bool) -> None:
    """Add and change what a CSV file says, all of it or nothing; what it does not name stays."""
    settings = settings_of_env()
    sheet, content, asked = service.SHEETS[name], file.read_bytes(), _asked(settings)
    with engine_of(settings) as engine, rehearsal(engine) as session:
        diff = (service.rehearse if dry_run else service.diff_of)(session, sheet, content, asked)
    if dry_run or diff.refused:
        _show(diff)
    if diff.refused:
        raise Failed(f"{len(diff.refused)} lines of {file} cannot be taken; nothing was changed.")
    if not dry_run:
        with engine_of(settings) as engine, transaction(engine) as session:
            diff = service.import_file(session, sheet, content, asked)
    for one in diff.doubtful:
        click.echo(f"line {one.line}: {one.column} {one.value!r}: {wording.REFUSALS[one.code]}", err=True)
    click.echo(
        f"{len(diff.added)} added, {len(diff.changed)} changed, {diff.unchanged} as they were"
        + ("; a dry run: nothing was changed." if dry_run else ".")
    )


def _asked(settings: Settings) -> Asked:
    now = settings.clock()
    try:
        models = load(settings.data_dir / "profiles")
    except ProfileError as error:
        raise Failed(str(error)) from error
    return Asked(
        now,
        now.astimezone(settings.timezone).date(),
        timezone=str(settings.timezone),
        timing=models.timing,
        knows=models.knows,
    )


def _show(diff: Diff) -> None:
    for one in diff.added:
        told = ", ".join(f"{name}: {is_!r}" for name, (_was, is_) in one.differs.items() if is_ != one.key)
        click.echo(f"line {one.line}: + {one.what} {one.key}{': ' * bool(told)}{told}")
    for one in diff.changed:
        told = ", ".join(f"{name}: {was!r} → {is_!r}" for name, (was, is_) in one.differs.items())
        since = f" (from {one.after['from_on']})" if one.after.get("from_on") else ""
        click.echo(f"line {one.line}: ~ {one.what} {one.key}: {told}{since}")
    for moving in diff.moves:
        click.echo(f"booking {moving.booking_id}: {moving.from_code} → {moving.to_code or 'ends'}")
    for refusal in diff.refused:
        allowed = f": it may be {', '.join(refusal.allowed)}" if refusal.allowed else ""
        click.echo(f"line {refusal.line}: ! {refusal.code} {refusal.column} {refusal.value!r}{allowed}")
