"""The program `akiseki`."""

import click


@click.group()
def main() -> None:
    """Akiseki (空き席): a city office without fixed desks."""
