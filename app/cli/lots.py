"""`akiseki lots …`"""

from __future__ import annotations

import json
from pathlib import Path

import click

from app.cli.common import Failed, akiseki
from app.lots.rules.record import check


@akiseki.group()
def lots() -> None:
    """Draws by lot."""


@lots.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """Repeat a draw from its published record alone; fails where seed or result is not what was published."""
    try:
        record = json.loads(file.read_text("utf-8-sig"))
        checked = check(record)
    except (OSError, ValueError, RecursionError) as error:
        raise Failed(f"{file} cannot be checked: {error}.") from error
    if not checked.seed_holds:
        raise Failed("The seed is not the one that was committed to.")
    if not checked.result_holds:
        raise Failed("The draw repeated gives other seats than the record.")
    seated = sum(one["seat"] is not None for one in record["result"])
    click.echo(
        f"The draw holds: zone {record['zone']}, {record['on']}, {len(record['result'])} wishes, {seated} seated."
    )
